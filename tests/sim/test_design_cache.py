"""What the caches are keyed by, and that stores are never read where they are written."""

from pathlib import Path
from shutil import copytree

from amaranth import Module, Signal
from amaranth.lib import memory
import pytest
from random_networks import FAMILIES, random_network

import hw
from hw.config import CONFIGS
from hw.store import Store
from hw.verilog import accelerator_verilog
from sim import verilator_backend
from sim.design_cache import cached_verilog, design_key
from sim.errors import CompileError
from sim.run import run_network

TINY = CONFIGS["tiny"]
SOURCES = Path(hw.__file__).parent


def test_a_key_follows_shape_and_sources_but_not_names(tmp_path):
    key = design_key(TINY)
    assert design_key(TINY.with_changes(name="other")) == key
    assert design_key(TINY.with_changes(rows=4)) != key
    copy = copytree(SOURCES, tmp_path / "hw", ignore=lambda *_: ["__pycache__"])
    assert design_key(TINY, copy) == key
    element = copy / "processing_element.py"
    element.write_text(element.read_text() + "\n")
    assert design_key(TINY, copy) != key


def test_kept_verilog_is_what_a_new_elaboration_gives(tmp_path, monkeypatch):
    monkeypatch.setenv("BITROW_CACHE", str(tmp_path))
    config = TINY.with_changes(bank_words=128)
    new, _ = accelerator_verilog(config)
    assert cached_verilog(config) == new
    (kept,) = (tmp_path / "verilog").iterdir()
    assert kept.read_text() == new


def corrupt(store, platform):
    """A store whose word comes inverted where it is written in the cycle it is read."""
    m = Module()
    m.submodules.inner = inner = memory.Memory(store.data)
    (write,) = store.write_ports
    port = inner.write_port()
    m.d.comb += [port.addr.eq(write.addr), port.data.eq(write.data), port.en.eq(write.en)]
    for index, read in enumerate(store.read_ports):
        inside = inner.read_port()
        hit = Signal(name=f"hit_{index}")
        with m.If(read.en):
            m.d.sync += hit.eq(write.en & (write.addr == read.addr))
        m.d.comb += [inside.addr.eq(read.addr), inside.en.eq(read.en)]
        bits = Signal.like(inside.data.as_value() if hasattr(inside.data, "as_value")
                           else inside.data, name=f"bits_{index}")
        m.d.comb += bits.eq(inside.data)
        target = read.data.as_value() if hasattr(read.data, "as_value") else read.data
        with m.If(hit):
            m.d.comb += target.eq(~bits)
        with m.Else():
            m.d.comb += target.eq(bits)
    return m


@pytest.fixture(name="corrupted", scope="module")
def fixture_corrupted():
    """The Verilog of ``TINY`` with such stores."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "elaborate", corrupt)
        text, _ = accelerator_verilog(TINY)
    assert text != cached_verilog(TINY)
    return text


@pytest.mark.parametrize("family", FAMILIES)
def test_no_word_is_used_that_was_read_while_it_was_written(family, monkeypatch, corrupted):
    monkeypatch.setattr(verilator_backend, "cached_verilog", lambda config: corrupted)
    fitting = 0
    for seed in range(12):
        network, images = random_network(seed, family, TINY)
        try:
            result = run_network(network, images, config=TINY)
        except CompileError:
            continue
        fitting += 1
        assert result.exact, seed
    assert fitting
