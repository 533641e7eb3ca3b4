"""The sources beside the design: repeated modules share code, and reset comes out of a register."""

from collections import Counter
import re

from hw.config import CONFIGS
from sim.design_cache import cached_verilog
from sim.verilator_build import verilate
from sim.verilator_sources import kept_whole, registered_reset


def _instances(verilog, parent):
    body = re.search(rf"^module {parent}\(.*?^endmodule", verilog, re.DOTALL | re.MULTILINE)
    return Counter(re.findall(r"^  (bitrow_\w+) \w+ \(", body.group(0), re.MULTILINE))


def test_every_module_that_array_and_output_path_repeat_is_kept_whole():
    verilog = cached_verilog(CONFIGS["tiny"])
    repeated = {name for parent in ("bitrow_array", "bitrow_post")
                for name, count in _instances(verilog, parent).items()
                if count in (CONFIGS["tiny"].rows, CONFIGS["tiny"].cols,
                             CONFIGS["tiny"].rows * CONFIGS["tiny"].cols)}
    kept = set(re.findall(r'no_inline -module "(\w+)"', kept_whole(verilog)))
    assert kept == repeated


def test_a_build_without_counters_names_no_module_that_is_not_there():
    verilog = cached_verilog(CONFIGS["tiny"].with_changes(counters=False))
    assert "row_counters" not in kept_whole(verilog)


def test_code_of_elements_does_not_grow_with_the_array(tmp_path):
    counts = []
    for cols in (7, 9):
        folder = tmp_path / str(cols)
        folder.mkdir()
        verilate(folder, cached_verilog(CONFIGS["tiny"].with_changes(cols=cols, rows=5)), False)
        text = "".join(path.read_text() for path in folder.glob("obj/*processing_element*.cpp"))
        counts.append(len(re.findall(r"^void \w+___nba_sequent__", text, re.MULTILINE)))
    assert counts[0] == counts[1] < 5 * 7


def test_reset_reaches_the_design_one_cycle_later_and_nothing_else_changes():
    top = registered_reset("module bitrow(a, clk, rst, o);\n  input a;\n  input clk;\n"
                           "  input rst;\n  output signed [3:0] o;\nendmodule\n")
    assert "bitrow bitrow (.a(a), .clk(clk), .rst(held_rst), .o(o));" in top
    assert "output signed [3:0] o;" in top and "always @(posedge clk) held_rst <= rst;" in top
