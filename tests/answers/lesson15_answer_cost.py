"""Lesson 15, exercise 1: what a pass costs."""

from answers import right, wrong

ID = "15.answer_cost"


@right(ID)
def step_by_step(n_weights, bits, rows, gigabytes, gigaflops):
    n_bytes = n_weights * bits / 8
    operations = 2 * n_weights * rows
    memory = n_bytes / gigabytes / 1e9
    arithmetic = operations / gigaflops / 1e9
    return n_bytes, operations, max(memory, arithmetic)


@right(ID)
def a_list(n_weights, bits, rows, gigabytes, gigaflops):
    return [*step_by_step(n_weights, bits, rows, gigabytes, gigaflops)]


@right(ID)
def a_branch(n_weights, bits, rows, gigabytes, gigaflops):
    size, work = bits / 8 * n_weights, n_weights * rows * 2
    if size / gigabytes > work / gigaflops:
        return size, work, size / (gigabytes * 10**9)
    return size, work, work / (gigaflops * 10**9)


@right(ID)
def whole_bytes_where_they_are_whole(n_weights, bits, rows, gigabytes, gigaflops):
    size = n_weights * bits // 8
    return size, 2 * rows * n_weights, max(size / gigabytes, 2 * rows * n_weights / gigaflops) * 1e-9


@right(ID)
def sorted_times(n_weights, bits, rows, gigabytes, gigaflops):
    size, work = n_weights * bits / 8, 2 * n_weights * rows
    return size, work, sorted([size / (1e9 * gigabytes), work / (1e9 * gigaflops)])[-1]


@right(ID)
def by_the_ridge(n_weights, bits, rows, gigabytes, gigaflops):
    size, work = n_weights * bits * 0.125, 2 * n_weights * rows
    possible = min(gigaflops, work / size * gigabytes)
    return size, work, work / possible / 1e9


@right(ID)
def per_weight(n_weights, bits, rows, gigabytes, gigaflops):
    each = max(bits / 8 / gigabytes, 2 * rows / gigaflops)
    return n_weights * bits / 8, 2.0 * n_weights * rows, n_weights * each / 1e9


@right(ID)
def multiplications_and_additions(n_weights, bits, rows, gigabytes, gigaflops):
    multiplications = additions = n_weights * rows
    work, size = multiplications + additions, n_weights * (bits / 8)
    return size, work, max(work / (gigaflops * 1e9), size / (gigabytes * 1e9))


@right(ID)
def in_giga(n_weights, bits, rows, gigabytes, gigaflops):
    giga = n_weights / 1e9
    return giga * bits / 8 * 1e9, giga * 2 * rows * 1e9, max(giga * bits / 8 / gigabytes, giga * 2 * rows / gigaflops)


@right(ID)
def maximum_of_a_generator(n_weights, bits, rows, gigabytes, gigaflops):
    costs = (n_weights * bits / 8, 2 * n_weights * rows)
    rates = (gigabytes * 1e9, gigaflops * 1e9)
    return (*costs, max(cost / rate for cost, rate in zip(costs, rates, strict=True)))


@wrong(ID, named="bytes for each row")
def reads_again_and_again(n_weights, bits, rows, gigabytes, gigaflops):
    return step_by_step(n_weights, bits, 1, gigabytes, gigaflops)[0] * rows, 2 * n_weights * rows, max(
        n_weights * bits / 8 * rows / (gigabytes * 1e9), 2 * n_weights * rows / (gigaflops * 1e9)
    )


@wrong(ID, named="both added")
def one_after_the_other(n_weights, bits, rows, gigabytes, gigaflops):
    size, work = n_weights * bits / 8, 2 * n_weights * rows
    return size, work, size / gigabytes / 1e9 + work / gigaflops / 1e9


@wrong(ID, named="bits for bytes")
def counted_bits(n_weights, bits, rows, gigabytes, gigaflops):
    size, work = n_weights * bits, 2 * n_weights * rows
    return size, work, max(size / gigabytes / 1e9, work / gigaflops / 1e9)


@wrong(ID, named="multiplications alone")
def half_of_the_work(n_weights, bits, rows, gigabytes, gigaflops):
    size, work = n_weights * bits / 8, n_weights * rows
    return size, work, max(size / gigabytes / 1e9, work / gigaflops / 1e9)


@wrong(ID, named="no giga")
def billions_of_seconds(n_weights, bits, rows, gigabytes, gigaflops):
    size, work = n_weights * bits / 8, 2 * n_weights * rows
    return size, work, max(size / gigabytes, work / gigaflops)
