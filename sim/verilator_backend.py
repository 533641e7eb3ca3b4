"""The Verilator back end: the compiled accelerator behind a few C functions."""

import ctypes

from sim.design_cache import cached_verilog
from sim.errors import SimulationError
from sim.raw_run import RawRun
from sim.verilator_build import build_library

__all__ = ["VerilatorBackend"]

_CHUNK_CYCLES = 200_000
_RUNNING, _READ_OUTSIDE, _WRITE_OUTSIDE = 1, 2, 3
_SIGNATURES = {
    "bitrow_new": (ctypes.c_void_p, [ctypes.c_char_p]),
    "bitrow_delete": (None, [ctypes.c_void_p]),
    "bitrow_reset": (None, [ctypes.c_void_p]),
    "bitrow_begin": (None, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint32,
                            ctypes.c_uint32, ctypes.c_uint32, ctypes.c_int64]),
    "bitrow_advance": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_uint64]),
    "bitrow_spin": (None, [ctypes.c_void_p, ctypes.c_uint64]),
    "bitrow_cycle": (ctypes.c_uint64, [ctypes.c_void_p]),
    "bitrow_cycles": (ctypes.c_uint32, [ctypes.c_void_p]),
    "bitrow_status": (ctypes.c_uint32, [ctypes.c_void_p]),
}


class VerilatorBackend:
    """One simulated accelerator; runs follow each other without a reset. A context manager.

    Parameters
    ----------
    config : AcceleratorConfig
    trace_path : path or None
        Where an FST waveform goes.
    progress : callable or None
        Called with a line about each step of a build.

    Raises
    ------
    SimulationError
        If the build fails.
    """

    name = "verilator"

    def __init__(self, config, trace_path=None, progress=None):
        path = build_library(cached_verilog(config), trace_path is not None, progress)
        self._library = ctypes.CDLL(str(path))
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(self._library, name)
            function.restype, function.argtypes = result, arguments
        trace = None if trace_path is None else str(trace_path).encode()
        self._harness = self._library.bitrow_new(trace)
        self._memory = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends the simulation and closes the waveform."""
        if self._harness is not None:
            self._library.bitrow_delete(self._harness)
            self._harness = None

    def reset(self):
        """Resets the design for one cycle, whatever it is doing; memory keeps what it holds."""
        self._library.bitrow_reset(self._harness)

    def begin(self, memory, start_address, memory_model):
        """Starts a program, which ``advance`` runs; ``memory`` is changed."""
        self._memory = memory  # The harness has its address only.
        self._library.bitrow_begin(
            self._harness, memory.ctypes.data, memory.size, start_address,
            memory_model.latency_cycles, memory_model.beat_cycles,
            -1 if memory_model.stall_seed is None else memory_model.stall_seed)

    def advance(self, cycles):
        """Runs so many cycles; whether the program is still running."""
        return self._library.bitrow_advance(self._harness, cycles) == _RUNNING

    def spin(self, cycles):
        """Runs the clock alone, without memory: what the model takes. For measurements."""
        self._library.bitrow_spin(self._harness, cycles)

    def run(self, memory, start_address, memory_model, limit_cycles, progress=None):
        """Runs a program.

        Parameters
        ----------
        memory : ndarray of uint8
            Is changed.
        start_address : int
        memory_model : MemoryModel
        limit_cycles : int
            A run that takes longer is given up.
        progress : callable or None
            Called with the cycles so far.

        Returns
        -------
        RawRun

        Raises
        ------
        SimulationError
            If the run takes too long or leaves memory.
        """
        library, harness = self._library, self._harness
        self.begin(memory, start_address, memory_model)
        outcome = _RUNNING
        while outcome == _RUNNING:
            outcome = library.bitrow_advance(harness, _CHUNK_CYCLES)
            cycle = library.bitrow_cycle(harness)
            if progress is not None:
                progress(cycle)
            if outcome == _RUNNING and cycle > limit_cycles:
                raise SimulationError(f"run must end within {limit_cycles} cycles, and does not")
        if outcome in (_READ_OUTSIDE, _WRITE_OUTSIDE):
            what = "reads" if outcome == _READ_OUTSIDE else "writes"
            raise SimulationError(f"program must stay within memory; it {what} outside in cycle "
                                  f"{library.bitrow_cycle(harness)}")
        return RawRun(memory, library.bitrow_cycles(harness), library.bitrow_status(harness))
