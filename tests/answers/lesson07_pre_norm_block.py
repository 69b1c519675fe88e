"""07.pre_norm_block, answered from the prompt alone."""

from functools import reduce

import torch

from answers import right, wrong

ID = "07.pre_norm_block"


@right(ID)
def one_name_for_the_middle(x, attention, feed_forward, norm_1, norm_2):
    middle = attention(norm_1(x)) + x
    return feed_forward(norm_2(middle)) + middle


@right(ID)
def loop_over_the_sublayers(x, attention, feed_forward, norm_1, norm_2):
    for sublayer, norm in ((attention, norm_1), (feed_forward, norm_2)):
        x = x + sublayer(norm(x))
    return x


@right(ID)
def reduced_over_the_sublayers(x, attention, feed_forward, norm_1, norm_2):
    pairs = [(attention, norm_1), (feed_forward, norm_2)]
    return reduce(lambda stream, pair: stream + pair[0](pair[1](stream)), pairs, x)


@right(ID)
def a_function_that_wraps_a_sublayer(x, attention, feed_forward, norm_1, norm_2):
    def residual(sublayer, norm):
        return lambda y: torch.add(y, sublayer(norm(y)))

    return residual(feed_forward, norm_2)(residual(attention, norm_1)(x))


@right(ID)
def every_step_named(x, attention, feed_forward, norm_1, norm_2):
    normalised = norm_1(x)
    found = attention(normalised)
    with_attention = x + found
    normalised = norm_2(with_attention)
    computed = feed_forward(normalised)
    return with_attention + computed


@right(ID)
def all_contributions_summed_at_the_end(x, attention, feed_forward, norm_1, norm_2):
    contributions = [x, attention(norm_1(x))]
    contributions.append(feed_forward(norm_2(sum(contributions))))
    return torch.stack(contributions).sum(0)


@right(ID)
def in_place_on_a_copy(x, attention, feed_forward, norm_1, norm_2):
    stream = x.clone()
    stream += attention(norm_1(x))
    return stream + feed_forward(norm_2(stream))


@right(ID)
def recursion_over_the_sublayers(x, attention, feed_forward, norm_1, norm_2):
    def run(stream, rest):
        return run(stream + rest[0](rest[1](stream)), rest[2:]) if rest else stream

    return run(x, [attention, norm_1, feed_forward, norm_2])


@right(ID)
def one_expression(x, attention, feed_forward, norm_1, norm_2):
    return (y := x + attention(norm_1(x))) + feed_forward(norm_2(y))


@right(ID)
def subtracted_twice(x, attention, feed_forward, norm_1, norm_2):
    middle = torch.sub(x, attention(norm_1(x)), alpha=-1)
    return torch.einsum("s...->...", torch.stack((middle, feed_forward(norm_2(middle)))))


class Block:
    def __call__(self, x, attention, feed_forward, norm_1, norm_2):
        self.stream = x
        self.add(attention, norm_1)
        self.add(feed_forward, norm_2)
        return self.stream

    def add(self, sublayer, norm):
        self.stream = self.stream + sublayer(norm(self.stream))


right(ID, "an object that is called")(Block())


@wrong(ID, named="post-norm")
def post_norm(x, attention, feed_forward, norm_1, norm_2):
    x = norm_1(x + attention(x))
    return norm_2(x + feed_forward(x))


@wrong(ID, named="residual after the norm")
def stream_overwritten_by_its_norm(x, attention, feed_forward, norm_1, norm_2):
    x = norm_1(x)
    x = x + attention(x)
    x = norm_2(x)
    return x + feed_forward(x)


@wrong(ID, named="no residual")
def no_residual_connections(x, attention, feed_forward, norm_1, norm_2):
    return feed_forward(norm_2(attention(norm_1(x))))


@wrong(ID, named="only attention is added")
def residual_around_attention_only(x, attention, feed_forward, norm_1, norm_2):
    x = x + attention(norm_1(x))
    return feed_forward(norm_2(x))


@wrong(ID, named="only the network is added")
def residual_around_the_feed_forward_only(x, attention, feed_forward, norm_1, norm_2):
    x = attention(norm_1(x))
    return x + feed_forward(norm_2(x))


@wrong(ID, named="one residual around both")
def one_residual_around_both(x, attention, feed_forward, norm_1, norm_2):
    return x + feed_forward(norm_2(attention(norm_1(x))))


@wrong(ID, named="original input again")
def second_sum_starts_from_the_old_x(x, attention, feed_forward, norm_1, norm_2):
    y = x + attention(norm_1(x))
    return x + feed_forward(norm_2(y))


@wrong(ID, named="side by side")
def both_sublayers_read_the_same_x(x, attention, feed_forward, norm_1, norm_2):
    return x + attention(norm_1(x)) + feed_forward(norm_2(x))


@wrong(ID, named="norm_1 twice")
def one_norm_for_both(x, attention, feed_forward, norm_1, norm_2):
    x = x + attention(norm_1(x))
    return x + feed_forward(norm_1(x))


@wrong(ID, named="norms exchanged")
def norms_exchanged(x, attention, feed_forward, norm_1, norm_2):
    x = x + attention(norm_2(x))
    return x + feed_forward(norm_1(x))


@wrong(ID, named="feed-forward first")
def feed_forward_first(x, attention, feed_forward, norm_1, norm_2):
    x = x + feed_forward(norm_2(x))
    return x + attention(norm_1(x))


@wrong(ID, named="feed-forward first, norms in place")
def feed_forward_first_with_the_first_norm(x, attention, feed_forward, norm_1, norm_2):
    x = x + feed_forward(norm_1(x))
    return x + attention(norm_2(x))


@wrong(ID, named="norm after the sublayer")
def norm_on_what_a_sublayer_returns(x, attention, feed_forward, norm_1, norm_2):
    x = x + norm_1(attention(x))
    return x + norm_2(feed_forward(x))


@wrong(ID, named="one norm")
def feed_forward_reads_the_stream_itself(x, attention, feed_forward, norm_1, norm_2):
    x = x + attention(norm_1(x))
    return x + feed_forward(x)


@wrong(ID, named="attention without norm")
def attention_reads_the_stream_itself(x, attention, feed_forward, norm_1, norm_2):
    x = x + attention(x)
    return x + feed_forward(norm_2(x))


@wrong(ID, named="no norms")
def no_norms(x, attention, feed_forward, norm_1, norm_2):
    x = x + attention(x)
    return x + feed_forward(x)


@wrong(ID, named="second half post-norm")
def first_norm_before_and_second_norm_after(x, attention, feed_forward, norm_1, norm_2):
    x = x + attention(norm_1(x))
    return norm_2(x + feed_forward(x))


@wrong(ID, named="residual after the norm")
def normalised_copy_is_added(x, attention, feed_forward, norm_1, norm_2):
    y = norm_1(x)
    x = y + attention(y)
    y = norm_2(x)
    return y + feed_forward(y)


@wrong(ID, named="second half overwritten")
def second_sum_starts_from_the_normalised_copy(x, attention, feed_forward, norm_1, norm_2):
    x = x + attention(norm_1(x))
    y = norm_2(x)
    return y + feed_forward(y)


@wrong(ID)
def stream_changed_in_place(x, attention, feed_forward, norm_1, norm_2):
    x += attention(norm_1(x))
    x += feed_forward(norm_2(x))
    return x


@wrong(ID, named="x + x")
def sublayer_added_to_itself(x, attention, feed_forward, norm_1, norm_2):
    x = attention(norm_1(x))
    x = x + x
    y = feed_forward(norm_2(x))
    return y + y


@wrong(ID, named="attention only")
def feed_forward_forgotten(x, attention, feed_forward, norm_1, norm_2):
    return x + attention(norm_1(x))


@wrong(ID, named="stream detached")
def gradient_cut_at_the_residual(x, attention, feed_forward, norm_1, norm_2):
    x = x.detach() + attention(norm_1(x))
    return x.detach() + feed_forward(norm_2(x))


@wrong(ID, named="normalised at the end")
def one_more_norm_at_the_end(x, attention, feed_forward, norm_1, norm_2):
    x = x + attention(norm_1(x))
    return norm_2(x + feed_forward(norm_2(x)))


@wrong(ID)
def both_norms_before_each_sublayer(x, attention, feed_forward, norm_1, norm_2):
    x = x + attention(norm_2(norm_1(x)))
    return x + feed_forward(norm_2(norm_1(x)))
