"""03.train, answered from the prompt alone."""

import statistics

import torch
import torch.nn.functional as F

from answers import right, wrong

ID = "03.train"


def mean_loss(true, noise):
    return -(F.logsigmoid(true) + F.logsigmoid(-noise).sum(dim=1)).mean()


def by_products(W, C, words, neighbours, noise):
    w = W[words]
    return (w * C[neighbours]).sum(-1), (C[noise] * w.unsqueeze(1)).sum(-1)


def by_einsum(W, C, words, neighbours, noise):
    w = W[words]
    return torch.einsum("bd,bd->b", w, C[neighbours]), torch.einsum("bd,bkd->bk", w, C[noise])


def by_bmm(W, C, words, neighbours, noise):
    w = W[words].unsqueeze(2)
    true = torch.bmm(C[neighbours].unsqueeze(1), w).reshape(-1)
    return true, torch.bmm(C[noise], w).squeeze(2)


def by_embedding(W, C, words, neighbours, noise):
    w = F.embedding(words, W)
    contexts = F.embedding(torch.cat([neighbours[:, None], noise], dim=1), C)
    scores = (contexts @ w[:, :, None])[..., 0]
    return scores[:, 0], scores[:, 1:]


def by_index_select(W, C, words, neighbours, noise):
    w = W.index_select(0, words)
    true = torch.linalg.vecdot(w, C.index_select(0, neighbours))
    return true, C.index_select(0, noise.flatten()).view(*noise.shape, -1).matmul(w[..., None]).squeeze(-1)


def by_one_hot(W, C, words, neighbours, noise):
    size = len(W)
    w = F.one_hot(words, size).to(W.dtype) @ W
    true = (w * (F.one_hot(neighbours, size).to(W.dtype) @ C)).sum(1)
    return true, ((F.one_hot(noise, size).to(W.dtype) @ C) * w[:, None]).sum(2)


def train(
    W, C, batches, lr, scores=by_products, loss_of=mean_loss, make=torch.optim.Adam, tables="both", zero="before",
    kept=torch.Tensor.item,
):  # fmt: skip
    """The training, one part replaced at a time."""
    optimizer = make([W, C] if tables == "both" else [W], lr=lr)
    losses = []
    for words, neighbours, noise in batches:
        loss = loss_of(*scores(W, C, words, neighbours, noise))
        if zero == "before":
            optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if zero == "behind":
            optimizer.zero_grad(set_to_none=False)
        losses.append(kept(loss))
    return losses


def variant(**options):
    return lambda W, C, batches, lr: train(W, C, batches, lr, **options)


def by_softplus(true, noise):
    return F.softplus(-true).mean() + F.softplus(noise).sum(dim=1).mean()


def by_cross_entropy(true, noise):
    scores = torch.cat([true[:, None], noise], dim=1)
    target = torch.zeros_like(scores)
    target[:, 0] = 1
    return F.binary_cross_entropy_with_logits(scores, target, reduction="none").sum(1).mean()


right(ID, "products summed")(train)
right(ID, "einsum, gradients cleared behind the step")(variant(scores=by_einsum, zero="behind"))
right(ID, "bmm and softplus")(variant(scores=by_bmm, loss_of=by_softplus))
right(ID, "contexts joined, cross-entropy")(variant(scores=by_embedding, loss_of=by_cross_entropy))
right(ID, "index_select")(variant(scores=by_index_select, kept=float))
right(ID, "one-hot products")(variant(scores=by_one_hot))
right(ID, "numbers kept as tensors without gradient")(variant(kept=lambda loss: loss.detach().clone()))


@right(ID)
def gradients_from_autograd_grad(W, C, batches, lr):
    optimizer = torch.optim.Adam([W, C], lr)
    losses = []
    for batch in batches:
        loss = mean_loss(*by_einsum(W, C, *batch))
        W.grad, C.grad = torch.autograd.grad(loss, (W, C))
        optimizer.step()
        losses += [loss.item()]
    return losses


@right(ID)
def two_groups_of_parameters_and_a_generator(W, C, batches, lr):
    optimizer = torch.optim.Adam([{"params": [W]}, {"params": [C]}], lr=lr)

    def steps():
        for words, neighbours, noise in batches:
            W.grad = C.grad = None
            loss = mean_loss(*by_bmm(W, C, words, neighbours, noise))
            loss.backward()
            optimizer.step()
            yield loss.item()

    return list(steps())


@right(ID)
def adam_by_hand(W, C, batches, lr):
    state = [[torch.zeros_like(table), torch.zeros_like(table)] for table in (W, C)]
    losses = []
    for t, batch in enumerate(batches, start=1):
        loss = mean_loss(*by_products(W, C, *batch))
        gradients = torch.autograd.grad(loss, [W, C])
        losses.append(loss.item())
        with torch.no_grad():
            for table, moments, gradient in zip((W, C), state, gradients, strict=True):
                moments[0] = 0.9 * moments[0] + 0.1 * gradient
                moments[1] = 0.999 * moments[1] + 0.001 * gradient**2
                mean, square = moments[0] / (1 - 0.9**t), moments[1] / (1 - 0.999**t)
                table -= lr * mean / (square.sqrt() + 1e-8)
    return losses


class Trainer:
    def __call__(self, W, C, batches, lr):
        self.tables, self.optimizer = (W, C), torch.optim.Adam((W, C), lr=lr)
        return [self.step(*batch) for batch in batches]

    def step(self, *batch):
        self.optimizer.zero_grad()
        loss = mean_loss(*by_embedding(*self.tables, *batch))
        loss.backward()
        self.optimizer.step()
        return loss.item()


right(ID, "a class with a step")(Trainer())


def scored(change):
    """Scores with a fault: change(W, C, words, neighbours, noise) → other arguments."""
    return lambda *arguments: by_products(*change(*arguments))


def every_word_with_every_neighbour(W, C, words, neighbours, noise):
    return (W[words] @ C[neighbours].T).flatten(), (C[noise] * W[words][:, None]).sum(2)


def all_noise_for_all(W, C, words, neighbours, noise):
    return (W[words] * C[neighbours]).sum(1), W[words] @ C[noise].flatten(0, 1).T


def one_optimizer_a_batch(W, C, batches, lr):
    losses = []
    for batch in batches:
        losses += train(W, C, [batch], lr)
    return losses


def trained_copies(W, C, batches, lr):
    return train(W.detach().clone().requires_grad_(), C.detach().clone().requires_grad_(), batches, lr)


def evaluated_after_the_step(W, C, batches, lr):
    optimizer = torch.optim.Adam([W, C], lr=lr)
    losses = []
    for batch in batches:
        optimizer.zero_grad()
        mean_loss(*by_products(W, C, *batch)).backward()
        optimizer.step()
        with torch.no_grad():
            losses.append(mean_loss(*by_products(W, C, *batch)).item())
    return losses


def no_step(W, C, batches, lr):
    losses = []
    for batch in batches:
        loss = mean_loss(*by_products(W, C, *batch))
        loss.backward()
        losses.append(loss.item())
    return losses


def one_sum_over_all_batches(W, C, batches, lr):
    optimizer = torch.optim.Adam([W, C], lr=lr)
    losses = [mean_loss(*by_products(W, C, *batch)) for batch in batches]
    sum(losses).backward()
    optimizer.step()
    return [loss.item() for loss in losses]


def clipped(W, C, batches, lr):
    optimizer = torch.optim.Adam([W, C], lr=lr)
    losses = []
    for batch in batches:
        loss = mean_loss(*by_einsum(W, C, *batch))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([W, C], max_norm=1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


def by_number(W, C, batches, lr):
    return train(W, C, (batches[n] for n in range(len(batches))), lr)


def prefixes(losses):
    return [losses[: n + 1] for n in range(len(losses))]


def cleared_before_the_step(W, C, batches, lr):
    optimizer = torch.optim.Adam([W, C], lr=lr)
    losses = []
    for batch in batches:
        loss = mean_loss(*by_bmm(W, C, *batch))
        loss.backward()
        optimizer.zero_grad()
        optimizer.step()
        losses.append(loss.item())
    return losses


WRONG = {
    "gradients clipped": (clipped, "gradients clipped"),
    "batches looked up by their number": (by_number, "batches by number"),
    "all batches in a list first": (lambda W, C, batches, lr: train(W, C, list(batches), lr), "all batches first"),
    "gradients cleared before the step": (cleared_before_the_step, "no step"),
    "word detached for its noise": (
        variant(scores=lambda W, C, *b: (by_products(W, C, *b)[0], by_products(W.detach(), C, *b)[1])),
        "word cut off from its noise",
    ),
    "gradients never cleared": (variant(zero="never"), "gradients accumulate"),
    "stochastic gradient descent": (variant(make=torch.optim.SGD), "plain gradient descent"),
    "decoupled weight decay": (variant(make=torch.optim.AdamW), "weight decay"),
    "learning rate not passed on": (
        variant(make=lambda tables, lr: torch.optim.Adam(tables)), "learning rate ignored",
    ),
    "W alone is trained": (variant(tables="first"), "C left out"),
    "a new optimiser for each batch": (one_optimizer_a_batch, "a new optimiser in every step"),
    "copies are trained": (trained_copies, "on a copy"),
    "losses after the step": (evaluated_after_the_step, "losses after the step"),
    "never a step": (no_step, "no step"),
    "one step for all batches": (one_sum_over_all_batches, "one step for all batches"),
    "summed over the batch": (
        variant(loss_of=lambda t, n: -(F.logsigmoid(t) + F.logsigmoid(-n).sum(1)).sum()), "sum over the batch",
    ),
    "mean over the noise": (
        variant(loss_of=lambda t, n: -F.logsigmoid(t).mean() - F.logsigmoid(-n).mean()), "mean over the noise",
    ),
    "noise scores summed first": (
        variant(loss_of=lambda t, n: -(F.logsigmoid(t) + F.logsigmoid(-n.sum(1))).mean()), "sum before the sigmoid",
    ),
    "noise summed over the whole batch": (
        variant(loss_of=lambda t, n: -F.logsigmoid(t).mean() - F.logsigmoid(-n).sum()),
        "noise of the whole batch summed",
    ),
    "minus of the noise forgotten": (
        variant(loss_of=lambda t, n: -(F.logsigmoid(t) + F.logsigmoid(n).sum(1)).mean()), "noise rewarded",
    ),
    "objective instead of loss": (
        variant(loss_of=lambda t, n: (F.logsigmoid(t) + F.logsigmoid(-n).sum(1)).mean()), "sign of the loss",
    ),
    "logarithm of a sigmoid": (
        variant(loss_of=lambda t, n: -(t.sigmoid().log() + (-n).sigmoid().log().sum(1)).mean()),
        "logarithm of the sigmoid",
    ),
    "true pairs alone": (variant(loss_of=lambda t, n: -F.logsigmoid(t).mean()), "no noise"),
    "softmax over the candidates": (
        variant(loss_of=lambda t, n: -torch.cat([t[:, None], n], 1).log_softmax(1)[:, 0].mean()), "softmax",
    ),
    "tables exchanged": (variant(scores=scored(lambda W, C, *batch: (C, W, *batch))), "tables exchanged"),
    "one table for both": (variant(scores=scored(lambda W, C, *batch: (W, W, *batch))), "one table"),
    "noise from the table of words": (
        variant(scores=lambda W, C, w, n, k: (by_products(W, C, w, n, k)[0], by_products(W, W, w, n, k)[1])),
        "noise from W",
    ),
    "noise against the neighbours": (
        variant(scores=lambda W, C, w, n, k: (by_products(W, C, w, n, k)[0], by_products(C, C, n, n, k)[1])),
        "noise scored with the neighbour",
    ),
    "every word with every neighbour": (variant(scores=every_word_with_every_neighbour,
        loss_of=lambda t, n: -F.logsigmoid(t).mean() - F.logsigmoid(-n).sum(1).mean()),
        "every word with every neighbour"),
    "noise of the whole batch": (variant(scores=all_noise_for_all), "noise words shared"),
    "tensors with their graphs kept": (variant(kept=lambda loss: loss), "graphs kept"),
    "last loss alone": (lambda *arguments: train(*arguments)[-1:], "the last loss alone"),
    "mean of the losses": (lambda *arguments: statistics.mean(train(*arguments)), "the mean loss"),
    "running means": (
        lambda *arguments: [statistics.mean(losses) for losses in prefixes(train(*arguments))], "running mean",
    ),
    "noise vectors detached": (
        variant(scores=lambda W, C, *b: (by_products(W, C, *b)[0], by_products(W, C.detach(), *b)[1])),
        "noise not trained",
    ),
    "nothing returned": (lambda *arguments: train(*arguments) and None, None),
    "cosines for scores": (
        variant(scores=lambda W, C, *batch: by_products(F.normalize(W, dim=1), F.normalize(C, dim=1), *batch)),
        "cosines",
    ),
}  # fmt: skip
for words, (answer, mistake) in WRONG.items():
    wrong(ID, words, named=mistake)(answer)
