"""The Verilog: the same each time, one module for each kind, no word of where it was made."""

import re

import pytest

from hw.config import CONFIGS
from hw.module_merge import merge_equal_modules
from hw.verilog import accelerator_verilog

TINY = CONFIGS["tiny"]


@pytest.fixture(name="tiny", scope="module")
def fixture_tiny():
    return accelerator_verilog(TINY)


def test_the_text_is_the_same_each_time(tiny):
    assert accelerator_verilog(TINY)[0] == tiny[0]


def test_no_source_path_is_left(tiny):
    assert "(* src" not in tiny[0]
    assert ".py" not in tiny[0]
    assert "/hw/" not in tiny[0]


def test_elements_are_one_module_instantiated_many_times(tiny):
    text, structure = tiny
    instances = structure.instances()
    count = TINY.rows * TINY.cols
    assert instances["bitrow_processing_element"] == count
    assert instances["bitrow_processing_element_multiplier"] == count * TINY.lanes
    assert instances["bitrow_row_edge"] == TINY.rows
    assert instances["bitrow_post_column"] == TINY.cols
    assert len(re.findall(r"^module bitrow_processing_element\(", text, re.M)) == 1
    assert len(re.findall(r"^  bitrow_processing_element pe_\d+_\d+ \(", text, re.M)) == count


def test_a_larger_array_has_no_more_modules(tiny):
    _, larger = accelerator_verilog(TINY.with_changes(rows=5, cols=4))
    assert set(larger.instances()) == set(tiny[1].instances())


def test_every_module_that_is_used_is_there_once(tiny):
    text, structure = tiny
    modules = re.findall(r"^module (\S+?)\(", text, re.M)
    assert sorted(modules) == sorted(structure.instances())


def test_only_equal_modules_are_merged():
    text = ("module \\top.a_0\nwire width 1 \\x\nend\nmodule \\top.a_1\nwire width 2 \\x\nend\n"
            "module \\top.a_2\nwire width 1 \\x\nend\n"
            "module \\top\ncell \\top.a_0 \\a_0\nend\ncell \\top.a_1 \\a_1\nend\n"
            "cell \\top.a_2 \\a_2\nend\n")
    text = text.replace("\\a_0\nend", "\\a_0").replace("\\a_1\nend", "\\a_1")
    merged, structure = merge_equal_modules(text, "top")
    assert structure.instances() == {"top": 1, "top_a": 2, "top_a_2": 1}
    assert merged.count("module ") == 3
