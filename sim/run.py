"""Runs a network on RTL and holds every layer against the golden model and the prediction."""

from collections import Counter

import numpy as np

from hw.counter_record import COUNTER_NAMES
from hw.sequencer import Status
from model import golden
from model.errors import InputError
from sim.amaranth_backend import AmaranthBackend
from sim.compiler import compile_network
from sim.errors import SimulationError
from sim.predict import predict
from sim.raw_run import MemoryModel
from sim.result import Difference, LayerResult, RunResult
from sim.verilator_backend import VerilatorBackend

__all__ = ["BACKENDS", "run_network"]

BACKENDS = ("verilator", "amaranth")
"""Names of the back ends."""

_WORD_BYTES = 4


def _open(backend, config, trace_path, progress):
    if backend == "verilator":
        return VerilatorBackend(config, trace_path, progress)
    if backend == "amaranth":
        if trace_path is not None:
            raise SimulationError("backend must be verilator where a waveform is wanted, "
                                  "not amaranth")
        return AmaranthBackend(config)
    raise SimulationError(f"backend must be one of {', '.join(BACKENDS)}, not {backend}")


def run_network(network, images, *, config, labels=None, backend="verilator",
                memory=MemoryModel(), progress=None, trace_path=None, mappings=None, batch=1):
    """Runs images through a network, so many in each run of the accelerator.

    Parameters
    ----------
    network : model.network.Network
    images : ndarray of uint8, shape [images, height, width, channels]
    config : AcceleratorConfig
    labels : ndarray or None
    backend : str
        One of ``BACKENDS``.
    memory : MemoryModel
    progress : callable or None
        Called with (a line about what is under way, images done).
    trace_path : path or None
        Where an FST waveform goes.
    mappings : NetworkMapping or None
        As ``compile_network`` takes them.
    batch : int
        Images of a run; it must divide how many there are.

    Returns
    -------
    RunResult

    Raises
    ------
    CompileError, SimulationError, model.errors.InputError
        If the configuration cannot run the network, a run fails, or the images do not fit.
    """
    say = progress or (lambda line, done: None)
    if batch < 1 or len(images) % batch:
        raise InputError(f"batch must be one that divides the {len(images)} images, "
                         f"not {batch}")
    say("golden model", 0)
    expected = golden.run(network, images, keep_activations=True)
    say("compiling", 0)
    program = compile_network(network, config, mappings, batch)
    prediction = predict(program, memory)
    watch = _Comparison(program, expected)
    cycles = 0
    with _open(backend, config, trace_path, lambda line: say(line, 0)) as engine:
        for first in range(0, len(images), batch):
            say("running", first)
            raw = engine.run(program.memory_with(images[first:first + batch]),
                             program.start_address, memory, 4 * prediction.cycles + 10_000)
            if raw.status != Status.OK:
                raise SimulationError(f"status must be OK after image {first + batch - 1}, "
                                      f"not {Status(raw.status).name}")
            cycles += raw.cycles
            watch.add(first, raw.memory)
    say("done", len(images))
    accuracy = None
    if labels is not None:
        accuracy = float((watch.scores.argmax(axis=1) == np.asarray(labels)).mean())
    return RunResult(
        network=network.name, family=network.family, config=config.name, backend=backend,
        images=len(images), batch=batch, layers=watch.layers(prediction, config),
        cycles_predicted=prediction.cycles * (len(images) // batch), cycles_rtl=cycles,
        scores=watch.scores, accuracy=accuracy, peak_macs_per_cycle=config.multiplier_count)


class _Comparison:
    """What the runs left, image after image, against what they should have left."""

    def __init__(self, program, expected):
        self._program = program
        self._expected = expected
        self._images = len(expected.scores)
        self._records = [Counter() for _ in program.layers]
        self._differences = [None] * len(program.layers)
        self.scores = np.zeros_like(expected.scores)

    def add(self, first, memory):
        """Takes the outputs of a run's images, from the ``first`` on, and records out of memory."""
        before = np.zeros(len(COUNTER_NAMES), dtype=np.int64)
        for index, layer in enumerate(self._program.layers):
            output = layer.read_output(memory)
            if index == len(self._expected.activations) and layer.output_format is not None:
                output = layer.output_format.decode(output)
            self._compare(index, first, output)
            raw = memory[layer.record_address:][:len(COUNTER_NAMES) * _WORD_BYTES]
            record = np.frombuffer(raw.tobytes(), "<u4").astype(np.int64)
            for name, value in zip(COUNTER_NAMES, record - before, strict=True):
                self._records[index][name] += int(value)
            before = record
        self.scores[first:first + len(output)] = output.reshape(len(output), -1)

    def _compare(self, index, first, output):
        images = slice(first, first + len(output))
        if index < len(self._expected.activations):
            right = self._expected.activations[index][images]
        else:
            right = self._expected.scores[images].reshape(output.shape)
        if self._differences[index] is None and not np.array_equal(output, right):
            place = tuple(map(int, np.argwhere(output != right)[0]))
            self._differences[index] = Difference(
                first + place[0], *place[1:], int(right[place]), int(output[place]))

    def layers(self, prediction, config):
        """The results of all layers."""
        results, runs = [], self._images // self._program.images
        for index, (layer, predicted) in enumerate(zip(self._program.layers, prediction.layers,
                                                       strict=True)):
            should = {name: value * runs for name, value in predicted.items()}
            did = {name: self._records[index][name] for name in COUNTER_NAMES}
            beats = sum(did[name] for name in did if name.startswith("dram_"))
            results.append(LayerResult(
                name=layer.name, mode=layer.mode, macs=layer.macs * runs,
                lane_slots=layer.lane_slots * runs,
                cycles_predicted=should.pop("cycles"), cycles_rtl=did.pop("cycles"),
                counts_predicted=should, counts_rtl=did,
                peak_macs_per_cycle=config.multiplier_count, skipping=layer.skipping,
                dram_bound=beats * config.rows * config.cols > did["mac_words"],
                first_difference=self._differences[index]))
        return tuple(results)
