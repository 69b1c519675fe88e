"""Lesson 03: the ways to get the training of skip-gram wrong."""

from collections.abc import Callable

import torch
import torch.nn.functional as F

from course_lib.practice.exercise import Mistake


def _loop(
    *,
    log_true: Callable = F.logsigmoid,
    log_noise: Callable = lambda scores: F.logsigmoid(-scores).sum(dim=1),
    score: Callable = lambda w, c: (w * c).sum(dim=-1),
    true_scores: Callable | None = None,
    tables_of: str = "WCC",
    noise_with: str = "words",
    noise_learns: bool = True,
    shared: bool = False,
    tables: str = "WC",
    reduce: Callable = torch.mean,
    sign: float = 1.0,
    zero: bool = True,
    one_optimizer: bool = True,
    make: Callable = torch.optim.Adam,
    copy: bool = False,
    keep: bool = False,
    one: bool = False,
    step: bool = True,
    before_step: Callable = lambda tables: None,
    late: bool = False,
    told: Callable = lambda losses: losses,
) -> Callable:
    """The training with one thing done wrong. tables_of: whose rows stand for words, neighbours and noise."""

    def loss_of(W, C, words, neighbours, noise):
        by_name = {"W": W, "C": C}
        for_words, for_neighbours, for_noise = (by_name[name] for name in tables_of)
        w, c = for_words[words], for_neighbours[neighbours]  # (batch, d_model)
        centre = {"words": w, "neighbours": c, "a copy": w.detach()}[noise_with]
        for_noise = for_noise if noise_learns else for_noise.detach()
        if shared:
            noise_scores = centre @ for_noise[noise].flatten(0, 1).T  # (batch, batch * k)
        else:
            noise_scores = score(for_noise[noise], centre[:, None])  # (batch, k)
        scores = (true_scores or score)(w, c)
        if log_true is None:
            return -reduce(log_noise(torch.cat([scores[:, None], noise_scores], dim=1)))
        return -sign * reduce(log_true(scores) + log_noise(noise_scores))

    def train(W, C, batches, lr):
        if copy:
            W, C = (table.detach().clone().requires_grad_() for table in (W, C))
        learning = [table for name, table in (("W", W), ("C", C)) if name in tables]
        W.grad = C.grad = None
        optimizer, losses = make(learning, lr=lr), []
        for batch in batches:
            loss = loss_of(W, C, *batch)
            optimizer = optimizer if one_optimizer else make(learning, lr=lr)
            if zero:
                optimizer.zero_grad()
            loss.backward()
            before_step(learning)
            if step:
                optimizer.step()
            if late:
                loss = loss_of(W, C, *batch)
            losses.append(loss if keep else loss.item())
            if one:
                break
        return told(losses)

    return train


def _all_first(W, C, batches, lr):
    return _loop()(W, C, list(batches), lr)


def _by_number(W, C, batches, lr):
    return _loop()(W, C, [batches[n] for n in range(len(batches))], lr)


def _one_step(W, C, batches, lr):
    """All batches' losses are added up before a single step."""
    optimizer = torch.optim.Adam([W, C], lr=lr)
    losses = [_one_loss(W, C, batch) for batch in batches]
    sum(losses).backward()
    optimizer.step()
    return [loss.item() for loss in losses]


def _one_loss(W, C, batch):
    words, neighbours, noise = batch
    true = F.logsigmoid((W[words] * C[neighbours]).sum(dim=-1))
    return -(true + F.logsigmoid(-(C[noise] * W[words][:, None]).sum(dim=-1)).sum(dim=1)).mean()


MISTAKES = [
    Mistake(
        "noise rewarded",
        _loop(log_noise=lambda scores: F.logsigmoid(scores).sum(dim=1)),
        "The minus inside the noise words' sigmoid is missing, so training pulls noise closer.",
    ),
    Mistake(
        "mean over the noise",
        _loop(log_noise=lambda scores: F.logsigmoid(-scores).mean(dim=1)),
        "You averaged over a pair's noise words. Sum over these, and average over the pairs only.",
    ),
    Mistake(
        "sum before the sigmoid",
        _loop(log_noise=lambda scores: F.logsigmoid(-scores.sum(dim=1))),
        "You added up a pair's noise scores before the sigmoid, so one very low score makes up for a high one.",
    ),
    Mistake(
        "every word with every neighbour",
        _loop(true_scores=lambda w, c: w @ c.T),
        "Your true scores have shape (batch, batch): every word with every neighbour of the batch. Row n belongs "
        "to row n only: multiply element by element and sum over d_model.",
    ),
    Mistake(
        "noise scored with the neighbour",
        _loop(noise_with="neighbours"),
        "You scored the noise words with the neighbour's vector. They are scored with w = W[words].",
    ),
    Mistake(
        "noise from W",
        _loop(tables_of="WCW"),
        "You took the noise words' vectors from W. A noise word plays the part of a context: C[noise].",
    ),
    Mistake(
        "neighbours from W",
        _loop(tables_of="WWC"),
        "You took the neighbours' vectors from W. A neighbour is a context: C[neighbours].",
    ),
    Mistake(
        "sum over the batch",
        _loop(reduce=torch.sum),
        "You summed over the pairs of the batch. Take the mean, so that the loss does not depend on its size.",
    ),
    Mistake(
        "C left out",
        _loop(tables="W"),
        "Your optimiser has W only, so the context vectors never change. Hand it both tables.",
    ),
    Mistake(
        "gradients accumulate",
        _loop(zero=False),
        "You never reset the gradients. `backward` adds to `.grad`: call `optimizer.zero_grad()` before it.",
    ),
    Mistake(
        "a new optimiser in every step",
        _loop(one_optimizer=False),
        "You make the optimiser inside the loop, so Adam forgets its running means at every step. Make it once.",
    ),
    Mistake(
        "plain gradient descent",
        _loop(make=torch.optim.SGD),
        "Your loss is right, but the step is that of plain gradient descent. Use torch.optim.Adam.",
    ),
    Mistake(
        "on a copy",
        _loop(copy=True),
        "You trained copies. Change W and C themselves; the caller goes on using them.",
    ),
    Mistake(
        "graphs kept",
        _loop(keep=True),
        "You stored the loss tensors, and with them the graph of every step. Append loss.item().",
    ),
    Mistake(
        "one step",
        _loop(one=True),
        "Your loop returns after its first step: is `return` indented too far?",
    ),
    Mistake(
        "logarithm of the sigmoid",
        _loop(
            log_true=lambda scores: scores.sigmoid().log(),
            log_noise=lambda scores: (-scores).sigmoid().log().sum(dim=1),
        ),
        "The formula is right, but the sigmoid of a large negative score rounds to 0, and its logarithm is −∞. "
        "F.logsigmoid computes both in one step.",
    ),
    Mistake(
        "noise of the whole batch summed",
        _loop(log_noise=lambda scores: F.logsigmoid(-scores).sum()),
        "You summed the noise words of the whole batch and added that to every pair. Sum over dim=1 alone: each pair "
        "has k noise words of its own.",
    ),
    Mistake(
        "noise words shared",
        _loop(shared=True),
        "You scored each word with the noise words of all pairs. Pair n has row n of noise: multiply element by "
        "element and sum over d_model.",
    ),
    Mistake(
        "sign of the loss",
        _loop(sign=-1.0),
        "You minimise the log-likelihood, which makes it worse. The loss is its negative.",
    ),
    Mistake(
        "no noise",
        _loop(log_noise=lambda scores: 0.0),
        "The noise words are missing. With true pairs alone, all vectors could point in the same direction.",
    ),
    Mistake(
        "softmax",
        _loop(log_true=None, log_noise=lambda scores: scores.log_softmax(dim=1)[:, 0]),
        "You took a softmax over the neighbour and its noise words. Negative sampling asks about each word by itself: "
        "a sigmoid each.",
    ),
    Mistake(
        "tables exchanged",
        _loop(tables_of="CWW"),
        "You exchanged the tables. words are rows of W, neighbours and noise are rows of C.",
    ),
    Mistake(
        "one table",
        _loop(tables_of="WWW"),
        "You took all vectors from W. Neighbours and noise words are contexts: rows of C.",
    ),
    Mistake(
        "cosines",
        _loop(score=lambda w, c: F.cosine_similarity(w, c, dim=-1)),
        "Your scores are cosines. Here the score of a pair is the dot product itself.",
    ),
    Mistake(
        "weight decay",
        _loop(make=torch.optim.AdamW),
        "AdamW also shrinks all vectors at every step. Use torch.optim.Adam.",
    ),
    Mistake(
        "learning rate ignored",
        _loop(make=lambda tables, lr: torch.optim.Adam(tables)),
        "Your optimiser has its own learning rate, 0.001. Hand it the argument: lr=lr.",
    ),
    Mistake(
        "no step",
        _loop(step=False),
        "The vectors never change: optimizer.step() must follow loss.backward(), and zero_grad() not come between.",
    ),
    Mistake(
        "gradients clipped",
        _loop(before_step=lambda tables: torch.nn.utils.clip_grad_norm_(tables, 1.0)),
        "You clipped the gradients, which changes what Adam's averages remember. Take the step without it.",
    ),
    Mistake(
        "word cut off from its noise",
        _loop(noise_with="a copy"),
        "Noise words do not move w: you detached it from their scores. Both kinds of pairs train it.",
    ),
    Mistake(
        "noise not trained",
        _loop(noise_learns=False),
        "You detached the noise words' vectors, so only w moves away. They are rows of C, and are trained as well.",
    ),
    Mistake(
        "batches by number",
        _by_number,
        "batches is a generator, which has no length and no batch number 0. Loop over it: for … in batches.",
    ),
    Mistake(
        "all batches first",
        _all_first,
        "You collected all batches before the first step. Loop over the generator itself: take a step on each batch "
        "before you ask for the next.",
    ),
    Mistake(
        "one step for all batches",
        _one_step,
        "You took a single step for all batches together. Take one after each.",
    ),
    Mistake(
        "losses after the step",
        _loop(late=True),
        "Your losses are computed anew after each step. Keep the loss that the step was made from.",
    ),
    Mistake(
        "the last loss alone",
        _loop(told=lambda losses: losses[-1:]),
        "You returned the last loss. Return one for each batch.",
    ),
    Mistake(
        "running mean",
        _loop(told=lambda losses: [sum(losses[:n]) / n for n in range(1, len(losses) + 1)]),
        "Each of your numbers is the mean of all losses so far. Return the loss of each batch by itself.",
    ),
    Mistake(
        "the mean loss",
        _loop(told=lambda losses: sum(losses) / len(losses)),
        "You returned the mean over all batches. Return a list with one loss for each.",
    ),
]
