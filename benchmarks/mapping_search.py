"""How fast mappings are found, and how good they are beside ZigZag's and SCALE-Sim's.

``python -m benchmarks.mapping_search`` searches all layers of VGG-16 and ResNet-50. With
``--zigzag``, ``--layers`` of their different shapes are also given to ZigZag, if the packages
zigzag-dse and six are installed beside this one and its extra ``import``; with ``--scalesim`` to
SCALE-Sim, if scalesim and numpy<2.3 are.

Others on PyPI, of November 2026: accelforge, the successor of Timeloop and Accelergy, needs Python
3.12 (its dependency hwcomponents has no release for 3.11); stream-dse schedules several cores and
leaves one layer on one of them to ZigZag; Timeloop, MAESTRO, STONNE and CoSA are not there.
"""

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
import time
from typing import Annotated

from rich.console import Console
from rich.table import Table
import typer

from benchmarks.papers import Papers, layer_shapes
from benchmarks.scale_sim import DATAFLOWS, simulate
from bitrow.exits import clear_errors
from energy.dataflows.machine import RELATIVE_COSTS, SpatialMachine
from energy.search.layers import conv_shapes
from energy.search.mapping_search import OBJECTIVES, find_mapping, find_mappings
from model.errors import InputError
from model.importers import topology

__all__ = ["MACHINE", "main", "network_shapes"]

MACHINE = SpatialMachine(
    elements=168, buffer_words=108 * 512, rf_words=260,
    costs=replace(RELATIVE_COSTS, array=0.0))
"""Elements, buffer and scratchpads of the Eyeriss chip. Transfers in the array cost nothing, since
ZigZag does not count those of psums."""

_ROWS, _COLS = 12, 14
_SIMULATED_MACS = 60_000_000
"""SCALE-Sim writes down every access of every cycle: larger layers take minutes and gigabytes."""

_DIMENSIONS = ("B", "K", "C", "OY", "OX", "FY", "FX")


def network_shapes(data, papers=None):
    """All convolutions and dense layers of VGG-16 and of ResNet-50, by network."""
    resnet = topology.layer_shapes(data / "topologies" / "light_resnet50.onnx")
    return {"VGG-16": layer_shapes("vgg16", papers), "ResNet-50": conv_shapes(resnet)}


def search_table(networks, batch):
    """Seconds of searching all layers, once for each objective."""
    table = Table("objective", *(f"{name}, {len(shapes)} layers, s"
                                 for name, shapes in networks.items()), "all, s",
                  "of a core, s", title=f"Optimal mappings, batch {batch}, one core")
    machine = replace(MACHINE, dram_words_per_cycle=4.0)
    for objective in OBJECTIVES:
        seconds, used = [], time.process_time()
        for shapes in networks.values():
            began = time.perf_counter()
            find_mappings(shapes, batch, machine, objective)
            seconds.append(time.perf_counter() - began)
        table.add_row(objective, *(f"{value:.2f}" for value in seconds), f"{sum(seconds):.2f}",
                      f"{time.process_time() - used:.2f}")
    return table


def _memory(name, bits, cost, operands, served):
    """One memory of ZigZag's description: a read and a write port of a word for each operand."""
    ports = []
    for operand in operands:
        output = operand == "O"
        ports.append({"type": "read", "allocation": [f"{operand}, tl"]
                      + ([f"{operand}, th"] if output else [])})
        ports.append({"type": "write", "allocation": [f"{operand}, fh"]
                      + ([f"{operand}, fl"] if output else [])})
    counts = {"read": 0, "write": 0}
    for port in ports:
        counts[port["type"]] += 1
        port |= {"name": f"{port['type'][0]}_port_{counts[port['type']]}",
                 "bandwidth_min": 16, "bandwidth_max": 16}
    return name, {"size": bits, "r_cost": cost, "w_cost": cost, "area": 0, "latency": 1,
                  "operands": list(operands), "ports": ports, "served_dimensions": list(served)}


def _zigzag_files(folder):
    """The machine and an open mapping, as files."""
    import yaml

    costs = MACHINE.costs
    memories = dict((
        _memory("rf", MACHINE.rf_words * 16, costs.rf, ("I1", "I2", "O"), ()),
        _memory("buffer", MACHINE.buffer_words * 16, costs.buffer, ("I1", "O"), ("D1", "D2")),
        _memory("dram", 10 ** 12, costs.dram, ("I1", "I2", "O"), ("D1", "D2"))))
    files = {
        "machine.yaml": {"name": "machine", "memories": memories, "operational_array": {
            "unit_energy": costs.alu, "unit_area": 0, "dimensions": ["D1", "D2"],
            "sizes": [_COLS, _ROWS]}},
        "mapping.yaml": [{"name": "default",
                          "memory_operand_links": {"O": "O", "W": "I2", "I": "I1"}}]}
    for name, content in files.items():
        (folder / name).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def _zigzag_layer(shape, batch):
    step = shape.stride
    sizes = (batch, shape.filters, shape.channels, shape.out_height, shape.out_width,
             shape.kernel_height, shape.kernel_width)
    return {"id": 0, "name": shape.name, "operator_type": "Conv",
            "equation": "O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]",
            "dimension_relations": [f"ix={step}*ox+1*fx", f"iy={step}*oy+1*fy"],
            "loop_dims": list(_DIMENSIONS), "loop_sizes": list(sizes),
            "operand_precision": {"W": 16, "I": 16, "O": 16, "O_final": 16},
            "operand_source": {"I": 0, "W": 0}}


def _energy_of(moves, shape, batch):
    """The energy of ZigZag's word accesses by the rule that ours are counted by.

    Inputs are read once at a level for each word moved towards the elements, and from a scratchpad
    for each MAC (ZigZag lets them wait at its output); psums are written and read wherever they
    wait; ofmaps are written to DRAM.
    """
    costs, macs = MACHINE.costs, batch * shape.macs
    levels = {"I": (0.0, costs.buffer, costs.dram), "W": (0.0, costs.dram),
              "O": (2 * costs.rf, 2 * costs.buffer, 2 * costs.dram)}
    total = macs * (costs.alu + 2 * costs.rf) + batch * shape.outputs * costs.dram
    for operand, accesses in moves.items():
        for cost, access in zip(levels[str(operand)], accesses, strict=True):
            total += cost * next(words for direction, words in access.data.items()
                                 if direction.name == "RD_OUT_TO_LOW")
    return total


def zigzag_search(shape, batch, folder, mixed):
    """(seconds, energy, cycles) of the mapping that ZigZag finds with its defaults."""
    from zigzag.api import get_hardware_performance_zigzag

    began = time.perf_counter()
    _, _, found = get_hardware_performance_zigzag(
        [_zigzag_layer(shape, batch)], str(folder / "machine.yaml"),
        str(folder / "mapping.yaml"), opt="energy", enable_mix_spatial_mapping=mixed,
        dump_folder=str(folder / "out"), loma_show_progress_bar=False)
    seconds = time.perf_counter() - began
    best = found[0][1][0][0]
    return seconds, _energy_of(best.memory_word_access, shape, batch), best.ideal_temporal_cycle


def zigzag_table(shapes, batch, mixed):
    """Ours and ZigZag's, layer by layer."""
    table = Table("layer", "ours, ms", "ZigZag, s", "ours, energy / MAC", "ZigZag, energy / MAC",
                  "ours, MACs / cycle", "ZigZag, MACs / cycle",
                  title=f"Least energy, batch {batch}, {MACHINE.elements} elements, one evaluator")
    with TemporaryDirectory() as name:
        folder = Path(name)
        _zigzag_files(folder)
        for shape in shapes:
            macs = batch * shape.macs
            began = time.perf_counter()
            ours = find_mapping(shape, batch, MACHINE)
            milliseconds = (time.perf_counter() - began) * 1e3
            seconds, energy, cycles = zigzag_search(shape, batch, folder, mixed)
            table.add_row(shape.name, f"{milliseconds:.1f}", f"{seconds:.1f}",
                          f"{ours.energy / macs:.3f}", f"{energy / macs:.3f}",
                          f"{macs / ours.cycles:.0f}", f"{macs / cycles:.0f}")
    return table


def scalesim_table(shapes):
    """Ours for fewest cycles, and SCALE-Sim's three dataflows, layer by layer; one image."""
    table = Table("layer", "ours, ms", "SCALE-Sim, s", "ours, MACs / cycle",
                  *(f"{name}, MACs / cycle" for name in DATAFLOWS),
                  *(f"{name}, simulated" for name in DATAFLOWS),
                  title=f"Fewest cycles, {_ROWS} x {_COLS} elements, memory left out")
    for shape in shapes:
        began = time.perf_counter()
        ours = find_mapping(shape, 1, MACHINE, "cycles")
        milliseconds = (time.perf_counter() - began) * 1e3
        found = [simulate(shape, _ROWS, _COLS, dataflow) for dataflow in DATAFLOWS]
        table.add_row(shape.name, f"{milliseconds:.1f}",
                      f"{sum(one.seconds for one in found):.0f}",
                      f"{shape.macs / ours.cycles:.0f}",
                      *(f"{one.used * MACHINE.elements:.0f}" for one in found),
                      *(f"{shape.macs / one.cycles:.0f}" for one in found))
    return table


def main(
    data: Annotated[Path, typer.Option(help="Folder with topologies/.")] = Path("../shared/data"),
    papers: Papers = None,
    batch: Annotated[int, typer.Option(help="Images.")] = 1,
    zigzag: Annotated[bool, typer.Option("--zigzag", help="Run ZigZag too.")] = False,
    mixed: Annotated[bool, typer.Option("--mixed", help="Let ZigZag unroll several dimensions "
                                        "along one side of the array.")] = False,
    scalesim: Annotated[bool, typer.Option("--scalesim", help="Run SCALE-Sim too.")] = False,
    layers: Annotated[int, typer.Option(help="Different shapes for other tools.")] = 6,
):
    """Prints one table, and one for each other tool."""
    with clear_errors():
        for asked, option, modules in ((zigzag, "--zigzag", {"zigzag-dse": "zigzag", "six": "six"}),
                                       (scalesim, "--scalesim", {"scalesim": "scalesim"})):
            missing = [package for package, module in modules.items() if find_spec(module) is None]
            if asked and missing:
                raise InputError(f"package {' and '.join(missing)} must be installed for {option}, "
                                 "and is not")
        console = Console(width=120)
        networks = network_shapes(data, papers)
        console.print(search_table(networks, batch))
        different = {replace(shape, name=""): shape
                     for shapes in networks.values() for shape in shapes if shape.groups == 1}
        chosen = list(different.values())
        if zigzag:
            console.print(zigzag_table(_some(chosen, layers), batch, mixed))
        if scalesim:
            small = [shape for shape in chosen if shape.macs <= _SIMULATED_MACS]
            console.print(scalesim_table(_some(small, layers)))


def _some(shapes, count):
    """So many of them, from first to last."""
    return shapes[::max(1, len(shapes) // count)][:count]


if __name__ == "__main__":
    typer.run(main)
