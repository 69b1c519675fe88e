"""13.calibrated_label, answered from the prompt alone."""

import numpy as np
import torch

from answers import right, wrong

ID = "13.calibrated_label"


@right(ID)
def difference_and_argmax(log_p, log_p_neutral):
    return torch.argmax(log_p - log_p_neutral[None, :], dim=1)


@right(ID)
def index_of_max(log_p, log_p_neutral):
    return torch.max(log_p.sub(log_p_neutral), dim=-1).indices


@right(ID)
def exponential_of_the_difference(log_p, log_p_neutral):
    q = torch.softmax(log_p - log_p_neutral, dim=-1)
    return q.argmax(-1)


@right(ID)
def probabilities_divided_in_double_precision(log_p, log_p_neutral):
    p, p_neutral = log_p.double().exp(), log_p_neutral.double().exp()
    return (p / p_neutral).argmax(dim=-1)


@right(ID)
def row_by_row(log_p, log_p_neutral):
    return torch.stack([(row - log_p_neutral).argmax() for row in log_p])


@right(ID)
def number_by_number(log_p, log_p_neutral):
    labels = []
    for row in log_p.tolist():
        best = 0
        calibrated = [value - neutral for value, neutral in zip(row, log_p_neutral.tolist(), strict=True)]
        for label, value in enumerate(calibrated):
            if value > calibrated[best]:
                best = label
        labels.append(best)
    return torch.tensor(labels)


@right(ID)
def numpy_inside(log_p, log_p_neutral):
    return torch.from_numpy(np.argmax(log_p.numpy() - log_p_neutral.numpy(), axis=1))


@right(ID)
def sorted_down(log_p, log_p_neutral):
    return (log_p - log_p_neutral).sort(dim=-1, descending=True).indices[:, 0]


@right(ID)
def largest_of_top_k(log_p, log_p_neutral):
    return (log_p - log_p_neutral).topk(1, dim=-1).indices.squeeze(-1)


@right(ID)
def normalised_over_the_labels_first(log_p, log_p_neutral):
    return (log_p.log_softmax(-1) - log_p_neutral.log_softmax(-1)).log_softmax(-1).argmax(-1)


@right(ID)
def smallest_surprise(log_p, log_p_neutral):
    return (log_p_neutral - log_p).argmin(dim=-1)


@right(ID)
def in_place_on_a_copy(log_p, log_p_neutral):
    q = log_p.clone()
    for label in range(len(log_p_neutral)):
        q[:, label] -= log_p_neutral[label]
    return q.argmax(dim=1)


@right(ID)
def labels_first(log_p, log_p_neutral):
    return (log_p.T - log_p_neutral.unsqueeze(1)).argmax(dim=0)


@right(ID)
def a_diagonal_matrix_as_in_the_paper(log_p, log_p_neutral):
    p = log_p.double().softmax(dim=-1)
    W = torch.diag(1 / log_p_neutral.double().softmax(dim=-1))
    return torch.einsum("kl,nl->nk", W, p).argmax(-1)


@wrong(ID, named="not calibrated")
def no_calibration(log_p, log_p_neutral):
    return log_p.argmax(dim=-1)


@wrong(ID, named="added")
def added(log_p, log_p_neutral):
    return (log_p + log_p_neutral).argmax(dim=-1)


@wrong(ID, named="difference of probabilities")
def difference_of_probabilities(log_p, log_p_neutral):
    return (log_p.exp() - log_p_neutral.exp()).argmax(dim=-1)


@wrong(ID, named="logarithms divided")
def logarithms_divided(log_p, log_p_neutral):
    return (log_p / log_p_neutral).argmax(dim=-1)


@wrong(ID, named="smallest quotient of logarithms")
def logarithms_divided_and_smallest(log_p, log_p_neutral):
    return (log_p / log_p_neutral).argmin(dim=-1)


@wrong(ID, named="argmin")
def argmin(log_p, log_p_neutral):
    return (log_p - log_p_neutral).argmin(dim=-1)


@wrong(ID, named="argmin")
def subtracted_the_other_way(log_p, log_p_neutral):
    return (log_p_neutral - log_p).argmax(dim=-1)


@wrong(ID, named="over the inputs")
def over_the_inputs(log_p, log_p_neutral):
    return (log_p - log_p_neutral).argmax(dim=0)


@wrong(ID, named="of everything")
def argmax_of_everything(log_p, log_p_neutral):
    return (log_p - log_p_neutral).argmax()


@wrong(ID, named="scores")
def calibrated_scores(log_p, log_p_neutral):
    return log_p - log_p_neutral


@wrong(ID, named="probabilities")
def calibrated_probabilities(log_p, log_p_neutral):
    return (log_p - log_p_neutral).softmax(dim=-1)


@wrong(ID, named="largest value")
def values_of_max(log_p, log_p_neutral):
    return (log_p - log_p_neutral).max(dim=-1).values


@wrong(ID, named="values and indices")
def values_and_indices(log_p, log_p_neutral):
    return (log_p - log_p_neutral).max(dim=-1)


@wrong(ID, named="centred by the inputs")
def centred_by_the_inputs(log_p, log_p_neutral):
    return (log_p - log_p.mean(dim=0)).argmax(dim=-1)


@wrong(ID, named="not calibrated")
def mean_of_the_neutral_ones(log_p, log_p_neutral):
    return (log_p - log_p_neutral.mean()).argmax(dim=-1)


@wrong(ID, named="logarithm less a probability")
def probability_of_the_neutral_one_from_a_logarithm(log_p, log_p_neutral):
    return (log_p - log_p_neutral.exp()).argmax(dim=-1)


@wrong(ID, named="probability less a logarithm")
def probability_less_a_logarithm(log_p, log_p_neutral):
    return (log_p.exp() - log_p_neutral).argmax(dim=-1)


@wrong(ID, named="probability by a logarithm")
def probabilities_divided_by_logarithms(log_p, log_p_neutral):
    return (log_p.exp() / log_p_neutral).argmax(dim=-1)


@wrong(ID, named="multiplied")
def multiplied_probabilities(log_p, log_p_neutral):
    return (log_p.exp() * log_p_neutral.exp()).argmax(dim=-1)


@wrong(ID, named="probabilities that underflow")
def probabilities_divided_in_single_precision(log_p, log_p_neutral):
    return (log_p.exp() / log_p_neutral.exp()).argmax(dim=-1)


@wrong(ID, named="one number for each input")
def one_neutral_number_an_input(log_p, log_p_neutral):
    return (log_p - log_p_neutral[:, None]).argmax(dim=-1)


@wrong(ID, named="a column")
def label_kept_as_a_column(log_p, log_p_neutral):
    return (log_p - log_p_neutral).argmax(dim=-1, keepdim=True)


@wrong(ID, named="a list")
def a_list_of_numbers(log_p, log_p_neutral):
    return (log_p - log_p_neutral).argmax(dim=-1).tolist()


@wrong(ID, named="not calibrated")
def first_label_always_the_neutral_one(log_p, log_p_neutral):
    return (log_p - log_p_neutral.max()).argmax(dim=-1)


@wrong(ID, named="neutral label forbidden")
def neutral_label_forbidden(log_p, log_p_neutral):
    q = log_p.clone()
    q[:, log_p_neutral.argmax()] = -torch.inf
    return q.argmax(dim=-1)


@wrong(ID, named="softmax over the inputs")
def softmax_over_the_inputs(log_p, log_p_neutral):
    return (log_p.softmax(dim=0) / log_p_neutral.exp()).argmax(dim=-1)


@wrong(ID, named="in place")
def subtracted_in_place(log_p, log_p_neutral):
    log_p -= log_p_neutral
    return log_p.argmax(dim=-1)


@wrong(ID, named="one-hot")
def one_hot(log_p, log_p_neutral):
    return torch.nn.functional.one_hot((log_p - log_p_neutral).argmax(dim=-1), log_p.shape[1])


@right(ID)
def normalised_probabilities_divided(log_p, log_p_neutral):
    return (log_p.softmax(dim=-1) / log_p_neutral.softmax(dim=-1)).argmax(dim=-1)


@wrong(ID, named="difference of normalised probabilities")
def normalised_probabilities_subtracted(log_p, log_p_neutral):
    return (log_p.softmax(dim=-1) - log_p_neutral.softmax(dim=-1)).argmax(dim=-1)


@wrong(ID, named="largest change")
def largest_change_of_either_sign(log_p, log_p_neutral):
    return (log_p - log_p_neutral).abs().argmax(dim=-1)


@wrong(ID, named="argmin")
def first_of_sorted_up(log_p, log_p_neutral):
    return (log_p - log_p_neutral).sort(dim=-1).indices[:, 0]


@wrong(ID, named="first two labels")
def two_labels_alone(log_p, log_p_neutral):
    return (log_p[:, 1] - log_p_neutral[1] > log_p[:, 0] - log_p_neutral[0]).long()
