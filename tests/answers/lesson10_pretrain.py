"""10.pretrain, answered from the prompt alone."""

import torch
import torch.nn.functional as F
from torch import nn

from answers import right, wrong

ID = "10.pretrain"


def mlm_loss(logits, ids, selected):
    return F.cross_entropy(logits[selected], ids[selected])


def variant(
    *,
    optimizer=lambda model, lr: torch.optim.AdamW(model.parameters(), lr=lr),
    read=lambda inputs, ids: inputs,
    target=lambda inputs, ids: ids,
    total=lambda mlm, nsp: mlm + nsp,
    nsp_loss=F.cross_entropy,
    names=("segments", "lengths"),
    zero=True,
    step_first=False,
    mask_twice=False,
    before=lambda model: None,
    record=lambda mlm, nsp: (mlm.item(), nsp.item()),
    where=lambda selected: selected,
):
    """A training loop with one thing done otherwise."""

    def pretrain(model, batches, mask, lr):
        before(model)
        adam = optimizer(model, lr)
        losses = []
        for ids, segments, lengths, not_next in batches:
            inputs, selected = mask(ids)
            if mask_twice:
                selected = mask(ids)[1]
            given = {"segments": segments, "lengths": lengths}
            mlm_logits, nsp_logits = model(read(inputs, ids), **{name: given[name] for name in names})
            mlm = mlm_loss(mlm_logits, target(inputs, ids), where(selected))
            nsp = nsp_loss(nsp_logits, not_next)
            if zero:
                adam.zero_grad()
            if step_first:
                adam.step()
            total(mlm, nsp).backward()
            if not step_first:
                adam.step()
            losses.append(record(mlm, nsp))
        return [mlm for mlm, _ in losses], [nsp for _, nsp in losses]

    return pretrain


@right(ID)
def everything_written_out(model, batches, mask, lr):
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    first, second = [], []
    for batch in batches:
        ids, segments, lengths, not_next = batch
        inputs, selected = mask(ids)
        mlm_logits, nsp_logits = model(inputs, segments=segments, lengths=lengths)
        labels = torch.where(selected, ids, -100)
        mlm = F.cross_entropy(mlm_logits.transpose(1, 2), labels)
        nsp = -nsp_logits.log_softmax(dim=1).gather(1, not_next[:, None]).mean()
        loss = mlm + nsp
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        first.append(float(mlm))
        second.append(float(nsp))
    return first, second


@right(ID)
def one_backward_for_each_loss(model, batches, mask, lr):
    optimizer = torch.optim.AdamW(params=model.parameters(), lr=lr)
    criterion, losses = nn.CrossEntropyLoss(), []
    _ = model.train()
    for ids, segments, lengths, not_next in batches:
        optimizer.zero_grad(set_to_none=False)
        inputs, selected = mask(ids)
        mlm_logits, nsp_logits = model(inputs, lengths=lengths, segments=segments)
        mlm, nsp = mlm_loss(mlm_logits, ids, selected), criterion(nsp_logits, not_next)
        mlm.backward(retain_graph=True)
        nsp.backward()
        optimizer.step()
        losses += [(mlm.item(), nsp.item())]
    return tuple(map(list, zip(*losses, strict=True)))


@right(ID)
def closure_handed_to_the_optimiser(model, batches, mask, lr):
    optimizer = torch.optim.AdamW(model.parameters(), lr)
    history = {"mlm": [], "nsp": []}
    for ids, segments, lengths, not_next in batches:
        inputs, selected = mask(ids)

        def closure(inputs=inputs, selected=selected, ids=ids, rest=(segments, lengths, not_next)):
            model.zero_grad()
            mlm_logits, nsp_logits = model(inputs, segments=rest[0], lengths=rest[1])
            parts = mlm_loss(mlm_logits, ids, selected), F.cross_entropy(nsp_logits, rest[2])
            sum(parts).backward()
            for name, part in zip(history, parts, strict=True):
                history[name].append(part.detach().item())
            return sum(parts)

        optimizer.step(closure)
    return history["mlm"], history["nsp"]


class Trainer:
    """State in an object, gradients by torch.autograd.grad."""

    def __init__(self, model, lr):
        self.model, self.parameters = model, list(model.parameters())
        self.optimizer = torch.optim.AdamW(self.parameters, lr=lr, foreach=False)

    def step(self, ids, segments, lengths, not_next, mask):
        inputs, selected = mask(ids)
        mlm_logits, nsp_logits = self.model(inputs, segments=segments, lengths=lengths)
        mlm, nsp = mlm_loss(mlm_logits, ids, selected), F.cross_entropy(nsp_logits, not_next)
        gradients = torch.autograd.grad(mlm + nsp, self.parameters, allow_unused=True)
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.grad = gradient
        self.optimizer.step()
        return mlm.item(), nsp.item()


@right(ID)
def a_trainer_class(model, batches, mask, lr):
    trainer = Trainer(model, lr)
    losses = [trainer.step(*batch, mask) for batch in batches]
    return [pair[0] for pair in losses], [pair[1] for pair in losses]


@right(ID)
def batches_listed_and_counted(model, batches, mask, lr):
    everything = list(batches)
    mlm_losses, nsp_losses = torch.zeros(len(everything)), torch.zeros(len(everything))
    optimizer = torch.optim.AdamW([{"params": list(model.parameters()), "lr": lr}])
    for number in range(len(everything)):
        ids, segments, lengths, not_next = everything[number]
        inputs, selected = mask(ids)
        out = model(inputs, segments=segments, lengths=lengths)
        mlm = mlm_loss(out[0], ids, selected)
        nsp = F.cross_entropy(out[1], F.one_hot(not_next, 2).float())
        for parameter in model.parameters():
            parameter.grad = None
        torch.stack([mlm, nsp]).sum().backward()
        optimizer.step()
        mlm_losses[number], nsp_losses[number] = mlm.item(), nsp.item()
    return mlm_losses.tolist(), nsp_losses.tolist()


@right(ID)
def a_copy_of_the_ids_is_masked(model, batches, mask, lr):
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    mlm_losses, nsp_losses, batches = [], [], iter(batches)
    while (batch := next(batches, None)) is not None:
        ids, segments, lengths, not_next = batch
        inputs, selected = mask(ids.clone())
        mlm_logits, nsp_logits = model(inputs, segments=segments, lengths=lengths)
        losses = F.cross_entropy(mlm_logits.flatten(0, 1), ids.flatten(), reduction="none")
        mlm = (losses * selected.flatten()).sum() / selected.sum()
        nsp = F.nll_loss(F.log_softmax(nsp_logits, dim=-1), not_next)
        optimizer.zero_grad()
        (1.0 * mlm + 1.0 * nsp).backward()
        optimizer.step()
        mlm_losses.append(mlm.detach().numpy().item())
        nsp_losses.append(nsp.detach().tolist())
    return [mlm_losses, nsp_losses]


right(ID, "each step recorded as numbers of NumPy")(
    variant(record=lambda mlm, nsp: (mlm.detach().numpy(), nsp.detach().numpy()))
)
right(ID, "each step recorded as detached tensors")(
    variant(record=lambda mlm, nsp: (mlm.detach(), nsp.detach()))
)

right(ID, "sum of the next-sentence losses divided by the batch size")(
    variant(
        nsp_loss=lambda logits, not_next: F.cross_entropy(logits, not_next, reduction="sum") / len(not_next)
    )
)
right(ID, "next-sentence loss from the difference of the two logits")(
    variant(
        nsp_loss=lambda logits, not_next: F.softplus(
            (logits[:, 0] - logits[:, 1]) * (2 * not_next - 1)
        ).mean()
    )
)

wrong(ID, "the model reads the original ids", named="reads the answers")(
    variant(read=lambda inputs, ids: ids)
)
wrong(ID, "what was shown is the target", named="learns the corruption")(
    variant(target=lambda inputs, ids: inputs)
)
wrong(ID, "gradients never set to zero", named="gradients accumulate")(variant(zero=False))
wrong(ID, "only the masked-language-model loss is trained", named="next sentence not trained")(
    variant(total=lambda mlm, nsp: mlm)
)
wrong(ID, "only the next-sentence loss is trained", named="masked tokens not trained")(
    variant(total=lambda mlm, nsp: nsp)
)
wrong(ID, "lengths left out", named="no lengths")(variant(names=("segments",)))
wrong(ID, "segments left out", named="no segments")(variant(names=("lengths",)))
wrong(ID, "masked twice", named="corrupted twice")(variant(mask_twice=True))
wrong(ID, "step before backward", named="no step")(variant(step_first=True))
wrong(ID, "class 0 ignored in the next-sentence loss", named="class 0 ignored")(
    variant(nsp_loss=lambda logits, not_next: F.cross_entropy(logits, not_next, ignore_index=0))
)
wrong(ID, "next-sentence classes turned round", named="next-sentence labels inverted")(
    variant(nsp_loss=lambda logits, not_next: F.cross_entropy(logits, 1 - not_next))
)
wrong(ID, "plain gradient descent", named="plain gradient descent")(
    variant(optimizer=lambda model, lr: torch.optim.SGD(model.parameters(), lr=lr))
)
wrong(ID, "Adam without weight decay", named="Adam")(
    variant(optimizer=lambda model, lr: torch.optim.Adam(model.parameters(), lr=lr))
)
wrong(ID, "learning rate left at its default", named="default learning rate")(
    variant(optimizer=lambda model, lr: torch.optim.AdamW(model.parameters()))
)
wrong(ID, "loss at every position", named="loss on all tokens")(
    variant(where=lambda selected: torch.ones_like(selected))
)
wrong(ID, "the total recorded twice", named="total recorded")(
    variant(record=lambda mlm, nsp: ((mlm + nsp).item(), (mlm + nsp).item()))
)
wrong(ID, "evaluation mode", named="evaluation mode")(variant(before=lambda model: model.eval()))


wrong(ID, "binary cross-entropy of the second logit", named="one logit of two")(
    variant(
        nsp_loss=lambda logits, not_next: F.binary_cross_entropy_with_logits(logits[:, 1], not_next.float())
    )
)


@wrong(ID, named="loss on all but padding")
def every_token_that_is_not_padding(model, batches, mask, lr):
    def inputs_and_places(ids):
        return mask(ids)[0], ids != 0

    return variant()(model, batches, inputs_and_places, lr)


@wrong(ID, named="a step for each loss")
def one_step_for_each_loss(model, batches, mask, lr):
    optimizer, lists = torch.optim.AdamW(model.parameters(), lr=lr), ([], [])
    for ids, segments, lengths, not_next in batches:
        inputs, selected = mask(ids)
        for task in range(2):
            logits = model(inputs, segments=segments, lengths=lengths)[task]
            loss = F.cross_entropy(logits, not_next) if task else mlm_loss(logits, ids, selected)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            lists[task].append(loss.item())
    return lists


@wrong(ID, named="gradients clipped")
def gradients_clipped(model, batches, mask, lr):
    def total(mlm, nsp):
        (mlm + nsp).backward(retain_graph=True)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        return 0 * mlm  # adds nothing to what was clipped

    return variant(total=total)(model, batches, mask, lr)


@wrong(ID, named="recorded after the step")
def losses_of_the_trained_model(model, batches, mask, lr):
    optimizer, lists = torch.optim.AdamW(model.parameters(), lr=lr), ([], [])
    for ids, segments, lengths, not_next in batches:
        inputs, selected = mask(ids)
        for after in (False, True):
            mlm_logits, nsp_logits = model(inputs, segments=segments, lengths=lengths)
            losses = mlm_loss(mlm_logits, ids, selected), F.cross_entropy(nsp_logits, not_next)
            if not after:
                optimizer.zero_grad()
                sum(losses).backward()
                optimizer.step()
        for part, loss in zip(lists, losses, strict=True):
            part.append(loss.item())
    return lists


@wrong(ID, named="lists exchanged")
def next_sentence_losses_first(model, batches, mask, lr):
    return variant()(model, batches, mask, lr)[::-1]


@wrong(ID, named="a new optimiser for each batch")
def new_optimiser_for_each_batch(model, batches, mask, lr):
    losses = [variant()(model, [batch], mask, lr) for batch in batches]
    return [mlm[0] for mlm, _ in losses], [nsp[0] for _, nsp in losses]


@wrong(ID, named="one step at the end")
def one_step_at_the_end(model, batches, mask, lr):
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    mlm_losses, nsp_losses = [], []
    for ids, segments, lengths, not_next in batches:
        inputs, selected = mask(ids)
        mlm_logits, nsp_logits = model(inputs, segments=segments, lengths=lengths)
        mlm, nsp = mlm_loss(mlm_logits, ids, selected), F.cross_entropy(nsp_logits, not_next)
        (mlm + nsp).backward()
        mlm_losses.append(mlm.item())
        nsp_losses.append(nsp.item())
    optimizer.step()
    return mlm_losses, nsp_losses


@wrong(ID, named="means returned")
def the_mean_losses_of_the_epoch(model, batches, mask, lr):
    mlm_losses, nsp_losses = variant()(model, batches, mask, lr)
    return sum(mlm_losses) / len(mlm_losses), sum(nsp_losses) / len(nsp_losses)
