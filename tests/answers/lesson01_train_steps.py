"""01.train, answered from the prompt alone: loops whose steps are not those that were asked for."""

import torch
from torch import nn

from answers import wrong

ID = "01.train"


@wrong(ID, named="parameters clipped")
def parameters_clipped_and_not_their_gradients(model, batches, loss, lr, max_norm):
    losses, parameters = [], list(model.parameters())
    for batch in batches:
        value = loss(model, batch)
        gradients = torch.autograd.grad(value, parameters)
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter -= lr * gradient
            norm = sum((parameter**2).sum() for parameter in parameters).sqrt()
            for parameter in parameters:
                parameter *= min(1.0, max_norm / norm.item())
        losses.append(value.item())
    return losses


@wrong(ID, named="learning rate falls")
def learning_rate_that_falls(model, batches, loss, lr, max_norm):
    losses, optimiser = [], torch.optim.SGD(model.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimiser, gamma=0.99)
    for batch in batches:
        optimiser.zero_grad()
        value = loss(model, batch)
        value.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimiser.step()
        schedule.step()
        losses.append(value.item())
    return losses


@wrong(ID, named="weights only, their norm too")
def matrices_only(model, batches, loss, lr, max_norm):
    matrices = [parameter for parameter in model.parameters() if parameter.dim() > 1]
    losses, optimiser = [], torch.optim.SGD(matrices, lr=lr)
    for batch in batches:
        model.zero_grad()
        value = loss(model, batch)
        value.backward()
        nn.utils.clip_grad_norm_(matrices, max_norm)
        optimiser.step()
        losses.append(value.item())
    return losses


@wrong(ID, named="one step")
def stopped_when_the_loss_rises(model, batches, loss, lr, max_norm):
    losses, optimiser = [], torch.optim.SGD(model.parameters(), lr=lr)
    for batch in batches:
        optimiser.zero_grad()
        value = loss(model, batch)
        if losses and value.item() > losses[-1]:
            break
        value.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimiser.step()
        losses.append(value.item())
    return losses
