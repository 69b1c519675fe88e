"""Generated memory tasks: how far back can a network remember?

Every sample is drawn fresh from a ``torch.Generator``, on that generator's device, so a task never runs out
of data and nothing can be learnt by heart. All tasks are free of noise: the best possible loss is 0.
What a model without memory can reach is given beside each task (``*_chance…``), to draw into its learning
curve.

Sources: S. Hochreiter and J. Schmidhuber, "Long Short-Term Memory", Neural Computation 9(8), 1997, section 5
(recall follows its experiment 2, a first symbol and then a lag full of distractors; adding its experiment 4);
M. Arjovsky, A. Shah and Y. Bengio, "Unitary Evolution Recurrent Neural Networks", ICML 2016, sections 5.1
(copy) and 5.2 (adding).
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

BEST_LOSS = 0.0


def recall(batch: int, lag: int, n_symbols: int = 8, *, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Name, when asked, the symbol that was shown ``lag`` steps ago.

    Each sequence is one symbol, then ``lag - 1`` distractors, then the query marker. Distractors come from an
    alphabet of their own, so position 0 alone tells the answer:

        symbol ids        0 … n_symbols - 1
        distractor ids    n_symbols … 2 * n_symbols - 1
        query marker      2 * n_symbols

    Returns ``inputs`` (batch, lag + 1) and ``target`` (batch,), both int64; ``target`` is to be predicted
    from the output at the last position. Without memory: accuracy :func:`recall_chance`, loss
    :func:`recall_chance_loss`.
    Raises ValueError for sizes below 1 (``n_symbols`` below 2).
    """
    _check_at_least(1, batch=batch, lag=lag)
    _check_at_least(2, n_symbols=n_symbols)
    _check_generator(generator)
    device = generator.device
    target = torch.randint(n_symbols, (batch,), generator=generator, device=device)
    inputs = torch.randint(n_symbols, 2 * n_symbols, (batch, lag + 1), generator=generator, device=device)
    inputs[:, 0] = target
    inputs[:, -1] = 2 * n_symbols
    return inputs, target


def recall_vocab_size(n_symbols: int = 8) -> int:
    """How many different ids :func:`recall` writes: symbols, as many distractors, and the query marker."""
    return 2 * n_symbols + 1


def recall_chance(n_symbols: int = 8) -> float:
    """Accuracy of a guess: 1 / n_symbols."""
    return 1 / n_symbols


def recall_chance_loss(n_symbols: int = 8) -> float:
    """Cross-entropy, in nats, of knowing the alphabet but not the symbol: ln(n_symbols)."""
    return math.log(n_symbols)


def adding(batch: int, length: int, *, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Add the two marked numbers of a sequence (regression; the loss is the mean squared error).

    Returns ``inputs`` (batch, length, 2) and ``target`` (batch,), float32. ``inputs[..., 0]`` are numbers
    drawn uniformly from [0, 1); ``inputs[..., 1]`` is 1 at two positions, one in the first half (the first
    ``length // 2``) and one in the second, and 0 elsewhere. ``target`` is the sum of the two marked numbers.
    Without memory: :func:`adding_chance_loss`. Raises ValueError for ``batch`` below 1 or ``length`` below 2.
    """
    _check_at_least(1, batch=batch)
    _check_at_least(2, length=length)
    _check_generator(generator)
    device = generator.device
    numbers = torch.rand(batch, length, generator=generator, device=device)
    half = length // 2
    first = torch.randint(half, (batch, 1), generator=generator, device=device)
    second = torch.randint(half, length, (batch, 1), generator=generator, device=device)
    marked = torch.cat([first, second], dim=1)  # (batch, 2)
    marks = torch.zeros_like(numbers).scatter_(1, marked, 1.0)
    target = numbers.gather(1, marked).sum(dim=1)  # (batch, 2) -> (batch,)
    return torch.stack([numbers, marks], dim=-1), target  # (batch, length, 2)


def adding_chance_loss() -> float:
    """Mean squared error of always answering 1: the variance of a sum of two uniform numbers, 2/12 = 1/6."""
    return 1 / 6


def copy(
    batch: int, n_items: int, lag: int, n_symbols: int = 8, *, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Repeat a whole list of symbols after a lag.

    Each sequence is ``n_items`` symbols, ``lag - 1`` blanks, the marker "now", and ``n_items`` blanks in
    which the answer is to be written; so each symbol has to be kept for ``lag + n_items`` steps.

        symbol ids    0 … n_symbols - 1
        blank         n_symbols
        marker        n_symbols + 1

    Returns ``inputs`` and ``targets``, both (batch, lag + 2 * n_items), int64. ``targets`` are blank up to
    and with the marker, then the symbols in order. Without memory: :func:`copy_chance_loss` over all
    positions.
    Raises ValueError for sizes below 1 (``n_symbols`` below 2).
    """
    _check_at_least(1, batch=batch, n_items=n_items, lag=lag)
    _check_at_least(2, n_symbols=n_symbols)
    _check_generator(generator)
    device = generator.device
    items = torch.randint(n_symbols, (batch, n_items), generator=generator, device=device)
    inputs = torch.full((batch, lag + 2 * n_items), n_symbols, device=device)
    targets = inputs.clone()
    inputs[:, :n_items] = items
    inputs[:, n_items + lag - 1] = n_symbols + 1
    targets[:, -n_items:] = items
    return inputs, targets


def copy_vocab_size(n_symbols: int = 8) -> int:
    """How many different ids :func:`copy` writes: symbols, blank and marker."""
    return n_symbols + 2


def copy_chance_loss(n_items: int, lag: int, n_symbols: int = 8) -> float:
    """Cross-entropy, in nats and averaged over all positions, of blanks known and symbols guessed.

    n_items · ln(n_symbols) / (lag + 2 · n_items): Arjovsky et al. 2016, section 5.1.
    """
    return n_items * math.log(n_symbols) / (lag + 2 * n_items)


class Lookup(NamedTuple):
    """A batch of lists of pairs, each with a question about one or several names.

    names      (batch, n_pairs) ids of letters
    contents   (batch, n_pairs) ids of digits
    asked      (batch, n_asked) the names asked for, in order
    target     (batch, n_asked) the digits that belong to them
    place      (batch, n_asked) where their pairs are in the list: the true places to attend to
    """

    names: Tensor
    contents: Tensor
    asked: Tensor
    target: Tensor
    place: Tensor


def lookup(
    batch: int,
    n_pairs: int,
    n_asked: int = 1,
    n_names: int = 26,
    n_contents: int = 10,
    *,
    generator: torch.Generator,
) -> Lookup:
    """Look names up in a list of pairs: "b3 a7 d1", asked for a → 7; asked for d and b → 1, 3.

    Names are drawn without repetition, so one pair is right for each name asked for; every order of the pairs is
    equally likely, and no name is asked for twice. Name ids are 0 … n_names - 1, content ids 0 … n_contents - 1.
    Without reading the list: accuracy 1 / n_contents.
    Raises ValueError for sizes below 1, more pairs than names, or more names asked for than pairs.
    """
    _check_at_least(1, batch=batch, n_pairs=n_pairs, n_asked=n_asked, n_names=n_names, n_contents=n_contents)
    _check_generator(generator)
    if n_pairs > n_names:
        raise ValueError(f"n_pairs is {n_pairs}, but there are only n_names = {n_names} different names.")
    if n_asked > n_pairs:
        raise ValueError(f"n_asked is {n_asked}, but a list has only n_pairs = {n_pairs} pairs.")
    device = generator.device
    names = torch.rand(batch, n_names, generator=generator, device=device).argsort(dim=1)[:, :n_pairs]
    contents = torch.randint(n_contents, (batch, n_pairs), generator=generator, device=device)
    place = torch.rand(batch, n_pairs, generator=generator, device=device).argsort(dim=1)[:, :n_asked]
    return Lookup(names, contents, names.gather(1, place), contents.gather(1, place), place)


def _check_at_least(smallest: int, **sizes: int) -> None:
    for name, value in sizes.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < smallest:
            raise ValueError(f"{name} is {value!r}; it must be a whole number of at least {smallest}.")


def _check_generator(generator: torch.Generator) -> None:
    if not isinstance(generator, torch.Generator):
        raise TypeError(
            f"generator is {generator!r}; pass a torch.Generator, for example "
            f"torch.Generator().manual_seed(0), so that the same batches come again."
        )
