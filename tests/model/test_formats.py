"""Every code of every format: its level, its bits in bytes, and its name."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from model import formats
from model.errors import InputError

SETTINGS = settings(derandomize=True, deadline=None, max_examples=100)

ALL = [formats.bipolar(), formats.ternary(), formats.quinary(),
       *(formats.dorefa(bits) for bits in range(1, 5)),
       *(formats.uint(bits) for bits in range(1, 9)),
       *(formats.int_(bits, zero) for bits in range(2, 9)
         for zero in sorted({-(1 << bits - 1), -1, 0, 1, (1 << bits - 1) - 1})),
       formats.shared(2, [-3, 0, 1, 5]), formats.shared(2, [7, 7, 7, 7]),
       formats.shared(3, [5, -2, 5, 0, 0, 9, -2, 1]),
       *(formats.shared(bits, [(7 * i) % 101 - 50 for i in range(1 << bits)])
         for bits in range(4, 9))]
IDS = [each.name[:24] for each in ALL]
every_format = pytest.mark.parametrize("each", ALL, ids=IDS)

HOSTILE = ["", " ", "uint", "uint0", "uint9", "uint08", "uint4 ", " uint4", "uint4\n", "UINT4",
           "uint-4", "uint4.0", "uint4@1", "uint4[1]", "uint44", "int1", "int9", "int8@",
           "int8@128", "int8@-129", "int8@1e1", "int8@9999", "int8@--1", "int8@1@1",
           "int8[1,2]", "dorefa5", "dorefa0", "dorefa2@1", "ternary2", "bipolar\x00", "shared2",
           "shared2[]",
           "shared2[,,,]", "shared2[1,2,3]", "shared2[1,2,3,4,5]", "shared2[1,2,3,-]",
           "shared2[1,2,3,--4]", "shared2[1,2,3,4", "shared2[1,2,3,9999999999]", "shared1[1,2]",
           "shared2@1[1,2,3,4]",
           "shared9[1]", "uint٤", "uint4" * 10_000, "shared2[" + "9" * 3000 + "]",
           "__import__('os')", "../uint4", "%s", None, 4, 4.0, b"uint4", ("uint4",)]


def stray_bit_set(packed, bits_used):
    """The bytes with the first bit behind the codes set."""
    changed = bytearray(packed)
    changed[-1] |= 1 << (bits_used % 8)
    return bytes(changed)


def assert_one_sentence(error, name=""):
    """In at most 250 characters beside a format's own name."""
    text = str(error.value)
    assert "\n" not in text and text.strip() == text and 10 < len(text) < 250 + len(name)


@every_format
def test_table_is_total_over_all_codes(each):
    assert len(each.table) == 2 ** each.bits
    for code in range(2 ** each.bits):
        if each.table[code] is None:
            assert code not in each.codes
            with pytest.raises(InputError, match=f"not {code}$"):
                each.decode(np.array([code], np.uint8))
        else:
            assert code in each.codes
            assert each.decode(np.array([code], np.uint8)).tolist() == [each.table[code]]
    assert each.min_level == min(level for level in each.table if level is not None)
    assert each.max_level == max(level for level in each.table if level is not None)


@every_format
def test_encoding_a_decoded_code_gives_the_first_code_of_its_level(each):
    for code in each.codes:
        level = each.table[code]
        again = each.encode(each.decode(np.array([[code]], np.uint8)))
        assert again.dtype == np.uint8 and again.shape == (1, 1)
        assert again.tolist() == [[each.table.index(level)]]


@every_format
def test_no_level_outside_the_table_is_encoded(each):
    around = range(each.min_level - 3, each.max_level + 4)
    for level in around:
        if level not in each.table:
            with pytest.raises(InputError, match=f"not {level}$"):
                each.encode(np.array([each.min_level, level]))
    with pytest.raises(InputError):
        each.encode(np.array([each.max_level - 0.5]))


@every_format
def test_codes_beyond_the_bits_are_named(each):
    for code in (-1, 2 ** each.bits, 2 ** 40):
        with pytest.raises(InputError, match=f"not {code}$") as error:
            each.decode(np.array([each.codes[0], code]))
        assert_one_sentence(error, each.name)
    with pytest.raises(InputError, match="integers"):
        each.decode(np.array([0.0]))


@every_format
def test_name_reads_back_to_the_same_format(each):
    again = formats.parse_format(each.name)
    assert again == each and again.name == each.name


def test_levels_are_those_of_the_definitions():
    assert formats.bipolar().table == (-1, 1)
    assert formats.ternary().table == (0, 1, None, -1)
    assert formats.quinary().table == (0, 1, 2, None, None, None, -2, -1)
    assert formats.dorefa(1).table == (-1, 1)
    assert formats.dorefa(2).table == (-3, -1, 1, 3)
    assert formats.dorefa(4).table == tuple(range(-15, 16, 2))
    assert formats.uint(8).table == tuple(range(256))
    assert formats.int_(3).table == (0, 1, 2, 3, -4, -3, -2, -1)
    assert formats.int_(8, -128).table == (*range(128, 256), *range(128))
    assert formats.int_(2, 1).table == (-1, 0, -3, -2)


@SETTINGS
@given(st.sampled_from(ALL), st.data())
def test_packed_codes_are_their_bits_lowest_first_and_read_back(each, data):
    codes = data.draw(st.lists(st.sampled_from(each.codes), max_size=40))
    packed = each.pack(np.array(codes, np.uint8))
    number = sum(code << (index * each.bits) for index, code in enumerate(codes))
    assert int.from_bytes(packed, "little") == number
    assert len(packed) == each.packed_bytes(len(codes)) == (len(codes) * each.bits + 7) // 8
    again = each.unpack(packed, len(codes))
    assert again.dtype == np.uint8 and again.tolist() == codes


@SETTINGS
@given(st.sampled_from(ALL), st.data())
def test_stray_bits_and_wrong_byte_counts_are_rejected(each, data):
    codes = data.draw(st.lists(st.sampled_from(each.codes), min_size=1, max_size=20))
    packed = each.pack(np.array(codes, np.uint8))
    for wrong in (packed[:-1], packed + b"\0", b""):
        with pytest.raises(InputError, match="bytes") as error:
            each.unpack(wrong, len(codes))
        assert_one_sentence(error, each.name)
    if len(codes) * each.bits % 8:
        with pytest.raises(InputError, match="must be zero"):
            each.unpack(stray_bit_set(packed, len(codes) * each.bits), len(codes))


@pytest.mark.parametrize("each", [formats.ternary(), formats.quinary()], ids=lambda f: f.name)
def test_unused_codes_are_neither_packed_nor_unpacked(each):
    unused = each.table.index(None)
    with pytest.raises(InputError, match=f"not {unused}$"):
        each.pack(np.array([unused], np.uint8))
    with pytest.raises(InputError, match=f"not {unused}$"):
        each.unpack(bytes([unused]), 1)


@pytest.mark.parametrize("code", [-1, 256, 300])
def test_codes_beyond_a_byte_are_not_packed(code):
    with pytest.raises(InputError, match=f"not {code}$"):
        formats.uint(8).pack(np.array([code]))


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: ascii(name)[:24])
def test_hostile_names_are_rejected_in_one_sentence(name):
    with pytest.raises(InputError) as error:
        formats.parse_format(name)
    assert_one_sentence(error)


@SETTINGS
@given(st.text(alphabet="uintsharedobqy0123456789@-[],\n ٣", max_size=24))
def test_any_text_is_a_format_or_an_input_error(text):
    try:
        assert isinstance(formats.parse_format(text), formats.Format)
    except InputError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize("name", [[], {}, ["uint4"]], ids=repr)
def test_names_that_cannot_be_hashed_are_rejected(name):
    with pytest.raises(InputError):
        formats.parse_format(name)


@pytest.mark.parametrize("name", ["int8@١", "shared2[١,٢,٣,٤]"])
def test_digits_of_other_scripts_are_rejected(name):
    with pytest.raises(InputError):
        formats.parse_format(name)


@pytest.mark.parametrize(
    "levels", [range(10 ** 8, 10 ** 8 + 256), [10 ** 9] * 256, [2 ** 70] * 256],
    ids=["name of 2,500 characters", "ten digits", "beyond int64"])
def test_a_codebook_that_cannot_be_named_is_rejected(levels):
    try:
        each = formats.shared(8, levels)
    except InputError:
        return
    assert formats.parse_format(each.name) == each


@pytest.mark.parametrize("make", [
    lambda: formats.uint(0), lambda: formats.uint(9), lambda: formats.uint(2.0),
    lambda: formats.int_(1), lambda: formats.int_(4, 8), lambda: formats.int_(4, -9),
    lambda: formats.dorefa(5), lambda: formats.shared(1, [0, 1]),
    lambda: formats.shared(2, [0, 1, 2]), lambda: formats.Format("odd", 1, (0,)),
    lambda: formats.Format("odd", 9, (0,) * 512), lambda: formats.Format("odd", 1, (None, None))])
def test_impossible_formats_are_rejected_in_one_sentence(make):
    with pytest.raises(InputError) as error:
        make()
    assert_one_sentence(error)
