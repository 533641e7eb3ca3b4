"""Waveforms, read by a reader that is not ours: they show what the RTL counted."""

from dataclasses import replace

import numpy as np
import pytest

from hw.config import CONFIGS
from model import reference
from sim.errors import SimulationError
from sim.run import run_network

CONFIG = CONFIGS["tiny"].with_changes(name="odd", rows=1, cols=1, lanes=1)


def last_layer():
    """The last layer of a reference network, and two images for it."""
    network = reference.load("fashion-bnn")
    layer = network.layers[-1]
    network = replace(network, name="last", input_shape=(1, 1, 256),
                      input_format=layer.input_format, layers=(layer,))
    return network, np.arange(512, dtype=np.uint8).reshape(2, 1, 1, 256) % 2


class Waveform:
    """Signals of the top module as the registers see them, just before each rising edge."""

    def __init__(self, path):
        pywellen = pytest.importorskip("pywellen", reason="needs the test extra")
        self.signals = {signal.full_name: signal.tv
                        for signal in pywellen.Waveform(str(path)).all_vars()}
        self.edges = [time - 1 for time, value in self.signals["TOP.clk"] if time and value]

    def samples(self, name):
        """Values of a signal, by cycle."""
        signal = self.signals[f"TOP.{name}"]
        return [signal.value_at(time) for time in self.edges]

    def transfers(self, stream):
        """Cycles in which a stream is valid and ready."""
        return sum(map(int.__and__, self.samples(f"{stream}__valid"),
                       self.samples(f"{stream}__ready")))


def test_a_waveform_shows_the_cycles_and_transfers_that_the_rtl_counts(tmp_path):
    network, images = last_layer()
    path = tmp_path / "run.fst"
    result = run_network(network, images, config=CONFIG, trace_path=path)
    wave = Waveform(path)
    counts = result.layers[0].counts_rtl
    assert result.exact
    assert sum(wave.samples("done")) == 2
    assert sum(wave.samples("busy")) == result.cycles_rtl
    assert wave.transfers("read_data") == sum(counts[f"dram_{kind}_beats"]
                                              for kind in ("filter", "ifmap", "control"))


def test_just_verilator_writes_waveforms(tmp_path):
    network, images = last_layer()
    with pytest.raises(SimulationError, match="backend must be verilator"):
        run_network(network, images, config=CONFIG, backend="amaranth",
                    trace_path=tmp_path / "run.fst")
