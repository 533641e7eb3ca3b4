# amaranth: UnusedElaboratable=no
"""Runs the cocotb benches on Verilated components."""

from bench_runner import run_bench
import pytest

from hw.axi.axi_accelerator import AxiAccelerator
from hw.axi.memory_port import MemoryPort
from hw.axi.shape import AxiShape
from hw.config import CONFIGS
from hw.output_writer import OutputWriter

pytest.importorskip("cocotb", reason="needs the test extra")

TINY = CONFIGS["tiny"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("seed", [1, 2])
def test_output_writer_under_back_pressure(tmp_path, monkeypatch, seed):
    writer = OutputWriter(TINY.with_changes(code_bits=8), 17)
    assert run_bench(writer, "output_writer", "bench_output_writer", tmp_path,
                     monkeypatch, BENCH_SEED=str(seed), BENCH_DEPTH="17") == (1, 0)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("outstanding", "write_burst"), [
    (4, 16), pytest.param(1, 1, marks=pytest.mark.long)])
def test_memory_port_against_an_independent_memory(tmp_path, monkeypatch, outstanding,
                                                   write_burst):
    shape = AxiShape(address_bits=40, outstanding_reads=outstanding,
                     outstanding_writes=outstanding, write_burst_beats=write_burst)
    assert run_bench(MemoryPort(shape), "memory_port", "bench_memory_port", tmp_path, monkeypatch,
                     BENCH_OUTSTANDING=str(outstanding),
                     BENCH_WRITE_BURST=str(write_burst)) == (8, 0)


def run_accelerator_bench(folder, monkeypatch, family, seed):
    component = AxiAccelerator(TINY, AxiShape(address_bits=40))
    assert run_bench(component, "bitrow_axi", "bench_axi_accelerator", folder, monkeypatch,
                     BENCH_SEED=str(seed), BENCH_FAMILY=family) == (10, 0)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_accelerator_on_axi(tmp_path, monkeypatch):
    run_accelerator_bench(tmp_path, monkeypatch, "ternary", 20)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("family", "seed"), [
    ("xnor", 20), ("xnor", 45), ("sign", 33), ("sign", 39), ("ternary", 58), ("lut", 39),
    ("lut", 46)])
def test_accelerator_on_axi_with_other_networks(tmp_path, monkeypatch, family, seed):
    run_accelerator_bench(tmp_path, monkeypatch, family, seed)
