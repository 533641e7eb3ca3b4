"""Units: parts of a joule are turned into each other, other units are counted."""

from hypothesis import given
from hypothesis import strategies as st
import pytest

from energy.units import ENERGY_UNITS, ReadableUnit, conversion


@pytest.mark.parametrize(("unit", "largest", "factor", "name"), (
    ("pJ", 85.4e6, 1e6, "µJ"), ("pJ", 12, 1, "pJ"), ("J", 85.4e-6, 1e-6, "µJ"),
    ("nJ", 85.4e3, 1e3, "µJ"), ("nJ", 0.5, 1e-3, "pJ"),
    ("\N{GREEK SMALL LETTER MU}J", 2e3, 1e3, "mJ"),
    ("fJ", 3e9, 1e9, "µJ"), ("MAC", 2.5e6, 1e6, "million MAC energies"),
    ("pj", 2.5e3, 1e3, "thousand pj"),
    ("J", 0, 1, "J"), ("PJ", 5, 1, "PJ")))
def test_numbers_are_read_in_a_unit_of_their_size(unit, largest, factor, name):
    assert ReadableUnit.of(unit, largest).factor == pytest.approx(factor, rel=1e-12)
    assert ReadableUnit.of(unit, largest).name == name


@given(st.sampled_from(list(ENERGY_UNITS)), st.sampled_from(list(ENERGY_UNITS)))
def test_there_and_back_is_the_same(one, other):
    assert conversion(one, other) * conversion(other, one) == pytest.approx(1)
    assert conversion(one, "MAC") is None and conversion("MAC", one) is None
