"""How numbers are written."""

import math

import pytest

from ctpet.evaluate.report import numbers
from ctpet.evaluate.statistics import Interval

NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.34567, "0.346"),
        (0.9996, "1.00"),
        (0.0012345, "0.0012"),
        (12.345, "12.3"),
        (123.45, "123"),
        (1234.5, "1\N{NARROW NO-BREAK SPACE}234"),
        (-0.25, "−0.250"),
        (0.0, "0"),
        (-0.0, "0"),
        (0.00004, "0"),
        (1e-17, "0"),
        (-1e-17, "0"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (NAN, "–"),
    ],
)
def test_three_digits_count(value, written):
    assert numbers.number(value) == written


def test_differences_have_a_sign_but_zero_has_none():
    assert numbers.number(0.5, "+") == "+0.500"
    assert numbers.number(-0.5, "+") == "−0.500"
    assert numbers.number(0.0, "+") == "0"


def test_suv_has_its_unit_where_there_is_one():
    assert numbers.suv(1.234) == "1.23\N{NARROW NO-BREAK SPACE}g/mL"
    assert numbers.suv(NAN) == "–"


@pytest.mark.parametrize(
    ("p", "written"), [(0.0004, "< 0.001"), (0.03125, "= 0.031"), (1.0, "= 1.000"), (NAN, "")]
)
def test_p_is_not_written_smaller_than_it_is_known(p, written):
    assert numbers.p_value(p) == written


@pytest.mark.parametrize(
    ("share", "written"), [(-0.4651, "−46.5 %"), (1.4, "+140 %"), (0.0003, "0.0 %"), (NAN, "–")]
)
def test_shares_are_per_cent(share, written):
    assert numbers.percent(share, "+").replace("\N{NARROW NO-BREAK SPACE}", " ") == written


@pytest.mark.parametrize(
    ("found", "mean", "ends"),
    [
        (Interval(0.35, 0.2, 0.5, 6), "0.350", "[0.200; 0.500]"),
        (Interval(0.982, 0.93, 1.04, 6), "0.982", "[0.930; 1.040]"),
        (Interval(-0.0002, -0.034, 0.031, 6), "−0.0002", "[−0.0340; 0.0310]"),
        (Interval(0.35, NAN, NAN, 6), "0.350", ""),
        (Interval(NAN, NAN, NAN, 6), "–", ""),
    ],
)
def test_a_mean_and_its_ends_have_the_same_decimals(found, mean, ends):
    assert (numbers.mean_of(found), numbers.ends_of(found)) == (mean, ends)


def test_a_range_needs_both_ends():
    assert numbers.range_of(-1.234, 0.05, "+") == "[−1.23; +0.05]"
    assert numbers.range_of(NAN, NAN) == ""
