"""11.precision_recall_f1, answered from the prompt alone."""

from typing import NamedTuple

import numpy as np
import torch

from answers import right, wrong

ID = "11.precision_recall_f1"


@right(ID)
def a_python_loop(targets, predictions):
    tp = fp = fn = 0
    for t, p in zip(targets.tolist(), predictions.tolist(), strict=True):
        tp += t == 1 and p == 1
        fp += t == 0 and p == 1
        fn += t == 1 and p == 0
    precision = tp / (tp + fp) if tp + fp else 0
    recall = tp / (tp + fn) if tp + fn else 0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0
    return precision, recall, f1


@right(ID)
def tensors_returned(targets, predictions):
    tp = (targets * predictions).sum().float()
    zero = torch.tensor(0.0)
    precision = tp / predictions.sum() if predictions.any() else zero
    recall = tp / targets.sum() if targets.any() else zero
    f1 = 2 * precision * recall / (precision + recall) if tp > 0 else zero
    return precision, recall, f1


@right(ID)
def zero_by_zero_made_zero(targets, predictions):
    t, p = targets.double(), predictions.double()
    precision = (t @ p / p.sum()).nan_to_num(0.0)
    recall = (t @ p / t.sum()).nan_to_num(0.0)
    f1 = (2 * precision * recall / (precision + recall)).nan_to_num(0.0)
    return precision.item(), recall.item(), f1.item()


@right(ID)
def sets_of_positions(targets, predictions):
    real = set(targets.nonzero().flatten().tolist())
    predicted = set(predictions.nonzero().flatten().tolist())
    both = len(real & predicted)
    return (
        both / max(len(predicted), 1),
        both / max(len(real), 1),
        2 * both / max(len(real) + len(predicted), 1),
    )


@right(ID)
def numpy_with_where(targets, predictions):
    t, p = targets.numpy() == 1, predictions.numpy() == 1
    counts = np.array([(t & p).sum()] * 2, dtype=float)
    sizes = np.array([p.sum(), t.sum()], dtype=float)
    precision, recall = np.divide(counts, sizes, out=np.zeros(2), where=sizes > 0)
    both = precision + recall
    return precision, recall, 2 * precision * recall / both if both > 0 else np.float64(0)


@right(ID)
def a_bincount_of_the_four_cells(targets, predictions):
    _, fp, fn, tp = torch.bincount(2 * targets.long() + predictions.long(), minlength=4).tolist()
    if tp == 0:
        return 0.0, 0.0, 0.0
    return tp / (tp + fp), tp / (tp + fn), 2 * tp / (2 * tp + fp + fn)


@right(ID)
def an_exception_caught(targets, predictions):
    def share(a, b):
        try:
            return a / b
        except ZeroDivisionError:
            return 0.0

    tp = sum(1 for t, p in zip(targets, predictions, strict=True) if t == p == 1)
    precision, recall = share(tp, int(predictions.sum())), share(tp, int(targets.sum()))
    return [precision, recall, share(2 * precision * recall, precision + recall)]


@right(ID)
def a_named_tuple(targets, predictions):
    class Scores(NamedTuple):
        precision: float
        recall: float
        f1: float

    on_predicted, on_real = targets[predictions == 1].float(), predictions[targets == 1].float()
    precision = on_predicted.mean().item() if len(on_predicted) else 0.0
    recall = on_real.mean().item() if len(on_real) else 0.0
    return Scores(precision, recall, 0.0 if precision + recall == 0 else 2 / (1 / precision + 1 / recall))


@right(ID)
def a_tiny_number_in_each_denominator(targets, predictions):
    tp = ((targets == 1) & (predictions == 1)).sum().item()
    precision = tp / (predictions.sum().item() + 1e-12)
    recall = tp / (targets.sum().item() + 1e-12)
    return precision, recall, 2 * precision * recall / (precision + recall + 1e-12)


@right(ID)
def an_array_made_a_tuple(targets, predictions):
    tp, predicted, real = (targets & predictions).sum(), predictions.sum(), targets.sum()
    counts = torch.stack([tp, tp, 2 * tp]).double()
    return tuple(counts / torch.stack([predicted, real, predicted + real]).clamp(min=1))


@wrong(ID, named="exchanged")
def the_two_swapped(targets, predictions):
    tp = int((targets * predictions).sum())
    precision, recall = tp / max(int(targets.sum()), 1), tp / max(int(predictions.sum()), 1)
    return precision, recall, 2 * precision * recall / (precision + recall) if tp else 0.0


@wrong(ID, named="division by 0")
def no_guard_for_zero(targets, predictions):
    tp = int((targets * predictions).sum())
    precision, recall = tp / int(predictions.sum()), tp / int(targets.sum())
    return precision, recall, 2 * precision * recall / (precision + recall)


@wrong(ID, named="division by 0")
def f1_not_guarded(targets, predictions):
    tp = int((targets * predictions).sum())
    precision = tp / int(predictions.sum()) if predictions.any() else 0.0
    recall = tp / int(targets.sum()) if targets.any() else 0.0
    return precision, recall, 2 * precision * recall / (precision + recall)


@wrong(ID, named="plain mean")
def the_arithmetic_mean(targets, predictions):
    tp = int((targets * predictions).sum())
    precision, recall = tp / max(int(predictions.sum()), 1), tp / max(int(targets.sum()), 1)
    return precision, recall, (precision + recall) / 2


@wrong(ID, named="accuracy for precision")
def accuracy_for_precision(targets, predictions):
    tp = int((targets * predictions).sum())
    precision, recall = (targets == predictions).double().mean().item(), tp / max(int(targets.sum()), 1)
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0


@wrong(ID, named="the other class")
def class_0_as_the_positive_one(targets, predictions):
    tp = int(((targets == 0) & (predictions == 0)).sum())
    predicted, real = int((predictions == 0).sum()), int((targets == 0).sum())
    return tp / max(predicted, 1), tp / max(real, 1), 2 * tp / max(predicted + real, 1)


@wrong(ID, named="every agreement a true positive")
def agreements_counted_as_true_positives(targets, predictions):
    tp = int((targets == predictions).sum())
    predicted, real = int(predictions.sum()), int(targets.sum())
    return tp / max(predicted, 1), tp / max(real, 1), 2 * tp / max(predicted + real, 1)


@wrong(ID, named="two forgotten")
def the_factor_2_forgotten(targets, predictions):
    tp = int((targets * predictions).sum())
    precision, recall = tp / max(int(predictions.sum()), 1), tp / max(int(targets.sum()), 1)
    return precision, recall, precision * recall / (precision + recall) if tp else 0.0


@wrong(ID, named="specificity for recall")
def specificity_for_recall(targets, predictions):
    tp, tn = int((targets * predictions).sum()), int(((1 - targets) * (1 - predictions)).sum())
    precision, recall = tp / max(int(predictions.sum()), 1), tn / max(int((1 - targets).sum()), 1)
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0


@wrong(ID, named="geometric mean")
def the_geometric_mean(targets, predictions):
    right = int((targets * predictions).sum())
    precision, recall = right / max(1, int(predictions.sum())), right / max(1, int(targets.sum()))
    return precision, recall, (precision * recall) ** 0.5


@wrong(ID, named="intersection over union")
def intersection_over_union_for_f1(targets, predictions):
    right, union = int((targets & predictions).sum()), int((targets | predictions).sum())
    return right / max(1, int(predictions.sum())), right / max(1, int(targets.sum())), right / max(1, union)


@wrong(ID, named="1 where there is nothing")
def one_where_a_denominator_is_0(targets, predictions):
    right, called, there = int((targets & predictions).sum()), int(predictions.sum()), int(targets.sum())
    f1 = 2 * right / (called + there) if called + there else 1.0
    return right / called if called else 1.0, right / there if there else 1.0, f1


@wrong(ID, named="mean of both classes")
def the_macro_average(targets, predictions):
    columns = []
    for spam, called in ((targets, predictions), (1 - targets, 1 - predictions)):
        right, n_called, n_spam = int((spam * called).sum()), int(called.sum()), int(spam.sum())
        f1 = 2 * right / max(1, n_called + n_spam)
        columns.append((right / max(1, n_called), right / max(1, n_spam), f1))
    return tuple(sum(column) / 2 for column in zip(*columns, strict=True))


@wrong(ID, named="F1 first")
def f1_before_precision_and_recall(targets, predictions):
    right, called, there = int((targets & predictions).sum()), int(predictions.sum()), int(targets.sum())
    return 2 * right / max(1, called + there), right / max(1, called), right / max(1, there)
