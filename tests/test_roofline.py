"""The roofline: its arithmetic, and that one row waits for the memory while many do not."""

import pytest

from course_lib.roofline import Point, Roofline, measure_roofline


def test_the_arithmetic():
    roof = Roofline((Point(1, 0.5, 1.0, 5.0, 10.0), Point(64, 32.0, 2.0, 80.0, 2.5)))
    assert (roof.gigabytes, roof.gigaflops, roof.ridge) == (10.0, 80.0, 8.0)
    assert roof.limit(0.5) == 5.0 and roof.limit(8.0) == 80.0 == roof.limit(100.0)


def test_many_rows_do_more_with_a_byte(device):
    roof = measure_roofline((64, 1), n=1024, device=device, rounds=9)
    one, many = roof.points
    assert (one.rows, one.intensity, many.intensity) == (1, 0.5, 32.0)
    assert one.gigaflops == pytest.approx(0.5 * one.gigabytes)
    assert many.gigaflops > 1.5 * one.gigaflops and many.seconds > one.seconds
    assert roof.limit(one.intensity) >= one.gigaflops


@pytest.mark.parametrize("rows", [(), (0, 1)])
def test_rows_that_are_none(rows):
    with pytest.raises(ValueError, match="expected whole numbers of at least 1"):
        measure_roofline(rows)
