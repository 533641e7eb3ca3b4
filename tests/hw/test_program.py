"""Instructions and configurations: round trips, and one clear sentence for what cannot be."""

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from hw.config import CONFIGS, ConfigError
from hw.mode import Mode
from hw.program import INSTRUCTION_BYTES, LAYOUTS, Opcode, ProgramError, decode, encode

TINY = CONFIGS["tiny"]


def ranges(opcode):
    """Name to (least, greatest) of each field but the opcode."""
    for name, field in LAYOUTS[opcode].members.items():
        if name != "opcode":
            width = field if isinstance(field, int) else field.width
            signed = not isinstance(field, int) and field.signed
            low = -(1 << (width - 1)) if signed else 0
            yield name, low, low + (1 << width) - 1


@pytest.mark.parametrize("opcode", Opcode)
@settings(derandomize=True, deadline=None, max_examples=50)
@given(data=st.data())
def test_what_is_encoded_is_decoded(opcode, data):
    fields = {name: data.draw(st.integers(low, high)) for name, low, high in ranges(opcode)}
    instruction = encode(opcode, **fields)
    assert len(instruction) == INSTRUCTION_BYTES
    found, decoded = decode(instruction)
    assert found is opcode
    assert decoded == fields | {"opcode": opcode}


@pytest.mark.parametrize("opcode", [Opcode.LOAD, Opcode.PASS, Opcode.MARK])
def test_a_value_that_does_not_fit_is_named(opcode):
    for name, low, high in ranges(opcode):
        for value in (low - 1, high + 1):
            fields = {other: 0 for other, _, _ in ranges(opcode)} | {name: value}
            with pytest.raises(ProgramError, match=f"{name}.* must be .*, not {value}"):
                encode(opcode, **fields)


def test_bytes_that_are_no_instruction_are_refused():
    with pytest.raises(ProgramError, match=f"must be {INSTRUCTION_BYTES} bytes"):
        decode(b"x")
    with pytest.raises(ProgramError, match="opcode must be one of"):
        decode(bytes([15]) + bytes(INSTRUCTION_BYTES - 1))


BAD_FIELDS = [
    ("rows", 0), ("rows", 17), ("cols", 0), ("cols", 2.0), ("lanes", 3), ("act_bits", 5),
    ("weight_bits", 1), ("psum_bits", 64), ("ifmap_words", 12), ("filter_words", 1),
    ("bank_words", 3), ("buffer_words", 1 << 17), ("threshold_rows", 0), ("modes", ()),
    ("modes", (Mode.LUT, Mode.LUT)), ("modes", (Mode.LUT,)), ("thresholds_per_cycle", 5),
    ("lanes", 64), ("unheard_of", 1),
]


@pytest.mark.parametrize("field,value", BAD_FIELDS)
def test_a_bad_configuration_is_one_sentence(field, value):
    with pytest.raises(ConfigError, match="must (be|contain) .*not") as caught:
        TINY.with_changes(**{field: value})
    assert "\n" not in str(caught.value)


def test_named_configurations_are_what_their_names_say():
    assert (CONFIGS["eyeriss"].rows, CONFIGS["eyeriss"].cols) == (12, 14)
    assert CONFIGS["small"].multiplier_count == 3 * 4 * 16
    assert all(name == config.name for name, config in CONFIGS.items())


@pytest.mark.parametrize("opcode", Opcode)
def test_every_field_holds_the_ends_of_its_range_and_nothing_beyond(opcode):
    for name, low, high in ranges(opcode):
        for value in (low, high):
            assert decode(encode(opcode, **{name: value}))[1][name] == value, name
        for value in (low - 1, high + 1):
            with pytest.raises(ProgramError, match=f"field {name} must be from {low} to {high}"):
                encode(opcode, **{name: value})
