"""03.pair_loss, answered from the prompt alone."""

import math

import torch
import torch.nn.functional as F

from answers import right, wrong

ID = "03.pair_loss"


@right(ID)
def softplus(w, c, noise):
    return F.softplus(-(w @ c)) + F.softplus(noise @ w).sum()


@right(ID)
def binary_cross_entropy(w, c, noise):
    scores = torch.cat([c[None], noise]) @ w
    target = torch.zeros_like(scores)
    target[0] = 1.0
    return F.binary_cross_entropy_with_logits(scores, target, reduction="sum")


@right(ID)
def a_loop_over_the_noise_words(w, c, noise):
    loss = -F.logsigmoid(torch.dot(w, c))
    for word in noise:
        loss = loss - F.logsigmoid(-torch.dot(w, word))
    return loss


@right(ID)
def one_logsigmoid_of_signed_scores(w, c, noise):
    signs = w.new_ones(len(noise) + 1)
    signs[1:] = -1
    return -F.logsigmoid(signs * (torch.vstack([c, noise]) @ w)).sum()


@right(ID)
def logaddexp(w, c, noise):
    zero = torch.zeros((), dtype=w.dtype)
    return torch.logaddexp(zero, -(w * c).sum()) + torch.logaddexp(zero, (noise * w).sum(dim=1)).sum()


@right(ID)
def einsum_and_the_module(w, c, noise):
    log_sigmoid = torch.nn.LogSigmoid()
    return -(log_sigmoid(torch.einsum("d,d->", w, c)) + log_sigmoid(-torch.einsum("d,kd->k", w, noise)).sum())


@right(ID)
def log_softmax_of_two_classes(w, c, noise):
    scores = torch.cat([(w @ c).view(1), -(noise @ w)])
    return -torch.stack([scores, torch.zeros_like(scores)]).log_softmax(dim=0)[0].sum()


@right(ID)
def a_stable_formula_by_hand(w, c, noise):
    signed = torch.cat([-(c @ w).reshape(1), noise.mv(w)])
    return (signed.clamp(min=0) + torch.log1p(torch.exp(-signed.abs()))).sum()


@right(ID)
def noise_negated_instead_of_its_scores(w, c, noise):
    return -sum(F.logsigmoid(w @ vector) for vector in [c, *(-noise)])


@right(ID)
def double_precision_inside(w, c, noise):
    w, c, noise = w.double(), c.double(), noise.double()
    return (-F.logsigmoid(w @ c) - F.logsigmoid(-(noise @ w)).sum()).float()


@right(ID)
def matmul_with_columns(w, c, noise):
    true = torch.matmul(w[None], c[:, None])
    false = torch.matmul(noise, w[:, None])
    return -(F.logsigmoid(true).squeeze() + F.logsigmoid(false.neg()).sum())


@wrong(ID, named="logarithm of the sigmoid")
def soft_margin_loss_whose_exponential_overflows(w, c, noise):
    scores = torch.cat([c.unsqueeze(0), noise]).matmul(w)
    target = torch.full_like(scores, -1.0)
    target[0] = 1.0
    return F.soft_margin_loss(scores, target, reduction="sum")


@wrong(ID, named="logarithm of the sigmoid")
def logarithm_of_a_sigmoid(w, c, noise):
    return -torch.sigmoid(w @ c).log() - torch.sigmoid(-(noise @ w)).log().sum()


@wrong(ID)
def a_tiny_number_inside_the_logarithm(w, c, noise):
    return -torch.log(torch.sigmoid(w @ c) + 1e-10) - torch.log(torch.sigmoid(-(noise @ w)) + 1e-10).sum()


@wrong(ID, named="logarithm of the sigmoid")
def one_minus_the_sigmoid(w, c, noise):
    return -F.logsigmoid(w @ c) - torch.log(1 - torch.sigmoid(noise @ w)).sum()


@wrong(ID)
def scores_clamped(w, c, noise):
    scores = torch.cat([w @ c[:, None], -(noise @ w)]).clamp(-20, 20)
    return -F.logsigmoid(scores).sum()


@wrong(ID, named="mean over the noise")
def mean_over_the_noise(w, c, noise):
    return -F.logsigmoid(w @ c) - F.logsigmoid(-(noise @ w)).mean()


@wrong(ID, named="mean over all pairs")
def mean_over_all_pairs(w, c, noise):
    return -torch.cat([F.logsigmoid(w @ c)[None], F.logsigmoid(-(noise @ w))]).mean()


@wrong(ID, named="sum before the sigmoid")
def noise_scores_summed_first(w, c, noise):
    return -F.logsigmoid(w @ c) - F.logsigmoid(-(noise @ w).sum())


@wrong(ID, named="noise rewarded")
def minus_of_the_noise_forgotten(w, c, noise):
    return -F.logsigmoid(w @ c) - F.logsigmoid(noise @ w).sum()


@wrong(ID, named="sign of the loss")
def objective_instead_of_loss(w, c, noise):
    return F.logsigmoid(w @ c) + F.logsigmoid(-(noise @ w)).sum()


@wrong(ID, named="noise subtracted")
def noise_added_with_the_wrong_sign(w, c, noise):
    return -F.logsigmoid(w @ c) + F.logsigmoid(-(noise @ w)).sum()


@wrong(ID, named="noise against c")
def noise_compared_with_the_context(w, c, noise):
    return -F.logsigmoid(w @ c) - F.logsigmoid(-(noise @ c)).sum()


@wrong(ID, named="not summed")
def not_summed(w, c, noise):
    return -F.logsigmoid(w @ c) - F.logsigmoid(-(noise @ w))


@wrong(ID, named="softmax")
def softmax_over_all_words(w, c, noise):
    return -(torch.cat([c[None], noise]) @ w).log_softmax(dim=0)[0]


@wrong(ID, named="no noise")
def true_pair_only(w, c, noise):
    return -F.logsigmoid(w @ c)


@wrong(ID, named="no logarithm")
def sigmoid_without_logarithm(w, c, noise):
    return -torch.sigmoid(w @ c) - torch.sigmoid(-(noise @ w)).sum()


@wrong(ID)
def a_python_number(w, c, noise):
    return (-F.logsigmoid(w @ c) - F.logsigmoid(-(noise @ w)).sum()).item()


@wrong(ID, named="gradient cut off")
def in_a_new_tensor(w, c, noise):
    return torch.tensor((-F.logsigmoid(w @ c) - F.logsigmoid(-(noise @ w)).sum()).item())


@wrong(ID, named="contexts cut off")
def noise_without_gradient(w, c, noise):
    return -F.logsigmoid(w @ c) - F.logsigmoid(-(noise.detach() @ w)).sum()


@wrong(ID, named="cosines")
def cosines_for_scores(w, c, noise):
    true, false = F.cosine_similarity(w, c, dim=0), F.cosine_similarity(noise, w[None])
    return -F.logsigmoid(true) - F.logsigmoid(-false).sum()


@wrong(ID, named="squared error")
def squares_of_the_probabilities_errors(w, c, noise):
    scores = torch.cat([c[None], noise]) @ w
    target = torch.zeros(len(scores))
    target[0] = 1
    return F.mse_loss(torch.sigmoid(scores), target, reduction="sum")


@wrong(ID, named="scaled scores")
def scores_scaled_as_in_attention(w, c, noise):
    scale = math.sqrt(w.shape[0])
    return -F.logsigmoid(w @ c / scale) - F.logsigmoid(-(noise @ w) / scale).sum()


@wrong(ID, named="true score minus noise scores")
def true_score_against_each_noise_score(w, c, noise):
    return F.softplus(noise @ w - w @ c).sum()


@wrong(ID, named="one noise word")
def hardest_noise_word_alone(w, c, noise):
    return -F.logsigmoid(w @ c) - F.logsigmoid(-(noise @ w).max())
