"""01.train, answered from the prompt alone."""

import copy

import numpy as np
import torch
from torch import nn

from answers import right, wrong

ID = "01.train"


@right(ID)
def sgd_and_the_librarys_clipping(model, batches, loss, lr, max_norm):
    optimiser = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for batch in batches:
        optimiser.zero_grad()
        value = loss(model, batch)
        value.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimiser.step()
        losses.append(value.item())
    return losses


@right(ID)
def by_hand_with_grad(model, batches, loss, lr, max_norm):
    losses = []
    for batch in batches:
        value = loss(model, batch)
        gradients = torch.autograd.grad(value, list(model.parameters()))
        norm = torch.cat([gradient.flatten() for gradient in gradients]).norm()
        factor = min(1.0, max_norm / (norm.item() + 1e-12))
        with torch.no_grad():
            for parameter, gradient in zip(model.parameters(), gradients, strict=True):
                parameter.sub_(lr * factor * gradient)
        losses.append(float(value))
    return losses


@right(ID)
def backward_with_gradients_set_to_none_afterwards(model, batches, loss, lr, max_norm):
    model.zero_grad()
    losses = []
    for batch in batches:
        value = loss(model, batch)
        value.backward()
        norm = sum((parameter.grad**2).sum() for parameter in model.parameters()).sqrt()
        for parameter in model.parameters():
            parameter.data -= lr * parameter.grad * torch.clamp(max_norm / norm, max=1)
            parameter.grad = None
        losses.append(value.detach().tolist())
    return losses


@right(ID)
def parameters_as_one_long_vector(model, batches, loss, lr, max_norm):
    losses = []
    for batch in batches:
        model.zero_grad()
        value = loss(model, batch)
        value.backward()
        with torch.no_grad():
            gradient = nn.utils.parameters_to_vector([parameter.grad for parameter in model.parameters()])
            if gradient.norm() > max_norm:
                gradient = gradient * max_norm / gradient.norm()
            moved = nn.utils.parameters_to_vector(model.parameters()) - lr * gradient
            nn.utils.vector_to_parameters(moved, model.parameters())
        losses.append(value.item())
    return losses


class Trainer:
    def __init__(self, model, loss, lr, max_norm):
        self.model, self.loss, self.max_norm = model, loss, max_norm
        self.optimiser = torch.optim.SGD([{"params": model.parameters(), "lr": lr}])

    def step(self, batch):
        value = self.loss(self.model, batch)
        self.optimiser.zero_grad(set_to_none=False)
        value.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), max_norm=self.max_norm, norm_type=2.0)
        self.optimiser.step()
        return value.item()


@right(ID)
def a_trainer_class_and_a_comprehension(model, batches, loss, lr, max_norm):
    trainer = Trainer(model, loss, lr, max_norm)
    return [trainer.step(batch) for batch in batches]


@right(ID)
def new_values_loaded_as_a_state(model, batches, loss, lr, max_norm):
    losses = []
    names = [name for name, _ in model.named_parameters()]
    for batch in batches:
        value = loss(model, batch)
        gradients = torch.autograd.grad(value, [parameter for _, parameter in model.named_parameters()])
        norm = sum(gradient.pow(2).sum().item() for gradient in gradients) ** 0.5
        scale = max_norm / norm if norm > max_norm else 1.0
        moved = {
            name: parameter.detach() - lr * scale * gradient
            for name, parameter, gradient in zip(names, model.parameters(), gradients, strict=True)
        }
        model.load_state_dict(moved, strict=False)
        losses.append(value.item())
    return losses


@right(ID)
def foreach_operations(model, batches, loss, lr, max_norm):
    parameters, losses = list(model.parameters()), []
    for index in range(len(batches)):
        value = loss(model, batches[index])
        gradients = torch.autograd.grad(value, parameters)
        norm = torch.stack(torch._foreach_norm(gradients)).norm().item()
        with torch.no_grad():
            torch._foreach_add_(parameters, gradients, alpha=-lr * (max_norm / max(norm, max_norm)))
        losses += [value.item()]
    return losses


@right(ID)
def a_new_optimiser_for_every_batch(model, batches, loss, lr, max_norm):
    losses = []
    for batch in batches:
        optimiser = torch.optim.SGD(model.parameters(), lr)
        optimiser.zero_grad()
        (value := loss(model, batch)).backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimiser.step()
        losses.append(float(value))
    return losses


@right(ID)
def data_replaced_and_numpy_numbers(model, batches, loss, lr, max_norm):
    losses = np.zeros(len(batches))
    for n, batch in enumerate(batches):
        gradients = torch.autograd.grad(value := loss(model, batch), tuple(model.parameters()))
        norm = torch.sqrt(sum(gradient.pow(2).sum() for gradient in gradients))
        for parameter, gradient in zip(model.parameters(), gradients, strict=True):
            parameter.data = parameter.data - lr * gradient * min(1.0, float(max_norm / norm))
        losses[n] = value.item()
    return list(losses)


@right(ID)
def a_generator_of_losses(model, batches, loss, lr, max_norm):
    def steps():
        for batch in batches:
            model.zero_grad()
            (value := loss(model, batch)).backward()
            factor = max_norm / max(max_norm, nn.utils.get_total_norm([p.grad for p in model.parameters()]).item())
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter.sub_(parameter.grad, alpha=lr * factor)
            yield value.tolist()

    return list(steps())


def train(model, batches, loss, lr, max_norm, order="zero first", clip="norm", step="minus", record="before"):
    """Training with its parts as switches; the defaults are what is asked for."""
    losses, parameters = [], list(model.parameters())
    for batch in batches:
        if order == "zero first":
            model.zero_grad()
        value = loss(model, batch)
        (lr * value if clip == "step" else value).backward()
        if order == "zero late":
            model.zero_grad()
        if clip in ("norm", "step"):
            nn.utils.clip_grad_norm_(parameters, max_norm)
        elif clip == "value":
            nn.utils.clip_grad_value_(parameters, max_norm)
        elif clip == "each":
            for parameter in parameters:
                nn.utils.clip_grad_norm_([parameter], max_norm)
        elif clip == "always":
            norm = nn.utils.clip_grad_norm_(parameters, float("inf"))
            for parameter in parameters:
                parameter.grad *= max_norm / norm
        with torch.no_grad():
            for parameter in parameters:
                if parameter.grad is None:
                    continue
                if clip == "step":
                    parameter -= parameter.grad
                elif step == "minus":
                    parameter -= lr * parameter.grad
                elif step == "plus":
                    parameter += lr * parameter.grad
                elif step == "no lr":
                    parameter -= parameter.grad
                elif step == "rebound":
                    parameter = parameter - lr * parameter.grad
                elif step == "weights only":
                    parameter -= lr * parameter.grad * (parameter.dim() > 1)
        if clip == "late":
            nn.utils.clip_grad_norm_(parameters, max_norm)
        losses.append(value.item() if record == "before" else loss(model, batch).item())
    return losses


def broken(words, named=None, **parts):
    wrong(ID, words, named=named)(
        lambda model, batches, loss, lr, max_norm: train(model, batches, loss, lr, max_norm, **parts)
    )


broken("gradients never set to zero", named="gradients accumulate", order="never")
broken("gradients set to zero after backward", named="no step", order="zero late")
broken("not clipped", named="no clipping", clip="none")
broken("each number clipped", named="clipped by value", clip="value")
broken("each parameter clipped by itself", named="each parameter clipped by itself", clip="each")
broken("every gradient scaled to max_norm", named="always scaled", clip="always")
broken("clipped after the step", named="no clipping", clip="late")
broken("learning rate before the clipping", named="step clipped", clip="step")
broken("up the slope", named="uphill", step="plus")
broken("learning rate forgotten", named="no learning rate", step="no lr")
broken("a name bound to the new value, the parameter as it was", named="no step", step="rebound")
broken("biases left out", named="weights only", step="weights only")
broken("loss measured after the step", named="loss after the step", record="after")


def with_optimiser(make, **parts):
    def answer(model, batches, loss, lr, max_norm):
        optimiser, losses = make(model.parameters(), lr), []
        for batch in batches:
            optimiser.zero_grad()
            value = loss(model, batch)
            value.backward()
            nn.utils.clip_grad_norm_(model.parameters(), max_norm)
            optimiser.step()
            losses.append(value.item())
        return losses

    return answer


wrong(ID, "Adam in place of SGD", named="Adam")(with_optimiser(torch.optim.Adam))
wrong(ID, "SGD with momentum", named="momentum")(
    with_optimiser(lambda parameters, lr: torch.optim.SGD(parameters, lr, momentum=0.9))
)
wrong(ID, "default learning rate of SGD", named="default learning rate")(
    with_optimiser(lambda parameters, lr: torch.optim.SGD(parameters))
)


@wrong(ID, named="graphs kept")
def losses_as_tensors(model, batches, loss, lr, max_norm):
    optimiser = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for batch in batches:
        optimiser.zero_grad()
        value = loss(model, batch)
        value.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimiser.step()
        losses.append(value)
    return losses


@wrong(ID, named="one step")
def returned_inside_the_loop(model, batches, loss, lr, max_norm):
    losses = []
    for batch in batches:
        losses += train(model, [batch], loss, lr, max_norm)
        return losses


@wrong(ID, named="mean loss")
def mean_of_the_losses(model, batches, loss, lr, max_norm):
    losses = train(model, batches, loss, lr, max_norm)
    return sum(losses) / len(losses)


@wrong(ID, named="outside of no_grad")
def outside_of_no_grad(model, batches, loss, lr, max_norm):
    losses = []
    for batch in batches:
        value = loss(model, batch)
        model.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        for parameter in model.parameters():
            parameter -= lr * parameter.grad
        losses.append(value.item())
    return losses


@wrong(ID, named="no step")
def never_a_step(model, batches, loss, lr, max_norm):
    losses = [loss(model, batch) for batch in batches]
    for value in losses:
        value.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    return [value.item() for value in losses]


@wrong(ID, named="one step for all batches")
def all_losses_first_and_one_step(model, batches, loss, lr, max_norm):
    optimiser = torch.optim.SGD(model.parameters(), lr=lr)
    optimiser.zero_grad()
    values = [loss(model, batch) for batch in batches]
    sum(values).backward()
    nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimiser.step()
    return [value.item() for value in values]


wrong(ID, "nothing returned", named="nothing returned")(lambda *given: train(*given) and None)
wrong(ID, "only the last loss", named="last loss only")(lambda *given: train(*given)[-1:])


@wrong(ID, named="on a copy")
def a_copy_of_the_model_trained(model, batches, loss, lr, max_norm):
    return train(copy.deepcopy(model), batches, loss, lr, max_norm)


@wrong(ID, named="running mean")
def mean_so_far(model, batches, loss, lr, max_norm):
    losses = train(model, batches, loss, lr, max_norm)
    return [sum(losses[: n + 1]) / (n + 1) for n in range(len(losses))]
