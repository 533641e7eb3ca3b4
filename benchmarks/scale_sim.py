"""SCALE-Sim beside our search: cycles of three systolic dataflows with its one mapping each.

It has no search; what it maps to its elements is judged by the rule that ours is: MACs over
elements in use, one MAC a cycle. The cycles that it simulates, with filling and draining, stand
beside that.
"""

from contextlib import chdir, redirect_stdout
from dataclasses import dataclass
import io
from pathlib import Path
from tempfile import TemporaryDirectory
import time

__all__ = ["DATAFLOWS", "SimulatedLayer", "simulate"]

DATAFLOWS = ("os", "ws", "is")
_CONFIG = """[general]
run_name = run
[architecture_presets]
ArrayHeight: {rows}
ArrayWidth: {cols}
IfmapSramSzkB: 36
FilterSramSzkB: 36
OfmapSramSzkB: 36
IfmapOffset: 0
FilterOffset: 10000000
OfmapOffset: 20000000
Bandwidth: 10
Dataflow: {dataflow}
MemoryBanks: 1
ReadRequestBuffer: 32
WriteRequestBuffer: 32
[layout]
IfmapCustomLayout: False
IfmapSRAMBankBandwidth: 10
IfmapSRAMBankNum: 10
IfmapSRAMBankPort: 2
FilterCustomLayout: False
FilterSRAMBankBandwidth: 10
FilterSRAMBankNum: 10
FilterSRAMBankPort: 2
[sparsity]
SparsitySupport: false
SparseRep: ellpack_block
OptimizedMapping: false
BlockSize: 8
RandomNumberGeneratorSeed: 40
[run_presets]
InterfaceBandwidth: CALC
UseRamulatorTrace: False
"""
_TOPOLOGY = "name, ifmap rows, columns, filter rows, columns, channels, filters, stride,"
_LAYOUT_COLUMNS = 20


@dataclass(frozen=True)
class SimulatedLayer:
    """One layer, one dataflow.

    Parameters
    ----------
    seconds : float
        That simulating took.
    used : float
        Share of the elements that its mapping uses, over the layer.
    cycles : int
        Simulated, with filling and draining.
    """

    seconds: float
    used: float
    cycles: int


def simulate(shape, rows, cols, dataflow):
    """A layer of one group on an array, one image.

    Parameters
    ----------
    shape : ConvShape
    rows, cols : int
    dataflow : str
        One of ``DATAFLOWS``.

    Returns
    -------
    SimulatedLayer
    """
    from scalesim.scale_sim import scalesim

    sizes = (shape.padded_height, shape.padded_width, shape.kernel_height, shape.kernel_width,
             shape.channels, shape.filters, shape.stride)
    began = time.perf_counter()
    with TemporaryDirectory() as folder, chdir(folder), redirect_stdout(io.StringIO()):
        files = {"config.cfg": _CONFIG.format(rows=rows, cols=cols, dataflow=dataflow),
                 "topology.csv": f"{_TOPOLOGY}\nlayer, {', '.join(map(str, sizes))},\n",
                 "layout.csv": f"{'column, ' * _LAYOUT_COLUMNS}\nlayer, {'1, ' * 6}"
                               f"{'0, 1, 2, ' * 2}{'0, 1, 2, 3, ' * 2}\n"}
        for name, text in files.items():
            Path(name).write_text(text, encoding="utf-8")
        simulator = scalesim(save_disk_space=True, verbose=False, config="config.cfg",
                             topology="topology.csv", layout="layout.csv")
        simulator.run_scale(top_path=".")
        layer = simulator.runner.single_layer_sim_object_list[0]
        _, cycles, _, _, used, _ = layer.get_compute_report_items()
    return SimulatedLayer(time.perf_counter() - began, used / 100, int(cycles))
