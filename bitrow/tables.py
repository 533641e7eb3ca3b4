"""Tables of results; texts are plain, without markup."""

from rich.table import Table
from rich.text import Text

from hw.ecp5 import luts

__all__ = ["cells_table", "element_table", "layer_table", "network_table", "structure_table",
           "summary_table"]


def _yes(value):
    return Text("yes", "green") if value else Text("no", "bold red")


def _equal(predicted, counted):
    if predicted == counted:
        return f"{counted:,}"
    return Text(f"{counted:,} (predicted {predicted:,})", "bold red")


def _percent(value):
    return "–" if value is None else f"{value:.1%}"


def summary_table(results):
    """One row for each run."""
    table = Table(title="On the RTL", title_justify="left")
    table.add_column("network", no_wrap=True)
    for name in ("bit exact", "accuracy", "cycles predicted", "cycles counted", "counts equal",
                 "MACs/cycle", "of peak", "zeros skipped"):
        table.add_column(name, justify="right", min_width=min(len(name), 9))
    for result in results:
        counts = all(layer.counts_predicted == layer.counts_rtl for layer in result.layers)
        skipped = result.zero_share_skipped
        table.add_row(
            result.network, _yes(result.bit_exact), _percent(result.accuracy),
            f"{result.cycles_predicted:,}", f"{result.cycles_rtl:,}", _yes(counts),
            f"{result.macs_per_cycle:.0f}", f"{result.peak_macs_per_cycle:,}",
            f"{skipped:.0%}" if skipped else "–")
    return table


def layer_table(result):
    """One row for each layer of a run."""
    images = "1 image" if result.images == 1 else f"{result.images} images"
    table = Table(title=f"{result.network} on {result.config}, {images}, {result.backend}",
                  title_justify="left")
    table.add_column("layer")
    table.add_column("mode")
    for name in ("MACs", "cycles", "of peak", "MACs skipped", "bit exact", "counts equal"):
        table.add_column(name, justify="right")
    table.add_column("bound by")
    for layer in result.layers:
        table.add_row(
            layer.name, layer.mode, f"{layer.macs:,}",
            _equal(layer.cycles_predicted, layer.cycles_rtl), f"{layer.utilization:.1%}",
            f"{layer.macs_skipped:,}" if layer.skipping else "–", _yes(layer.bit_exact),
            _yes(layer.counts_predicted == layer.counts_rtl),
            "memory" if layer.dram_bound else "array")
    return table


def network_table(networks, accuracies):
    """One row for each reference network."""
    table = Table(title="Reference networks", title_justify="left")
    for name in ("network", "weights", "activations"):
        table.add_column(name)
    for name in ("layers", "MACs", "parameters", "accuracy"):
        table.add_column(name, justify="right")
    for network in networks:
        hidden = network.layers[-1]
        table.add_row(
            network.name, hidden.weight_format.name.split("[")[0], hidden.input_format.name,
            str(len(network.layers)), f"{network.macs:,}",
            f"{sum(layer.weights.size for layer in network.layers):,}",
            "–" if accuracies.get(network.name) is None else f"{accuracies[network.name]:.2%}")
    return table


def structure_table(structure, config):
    """One row for each module of a design."""
    instances = structure.instances()
    table = Table(title=f"{config.name}: {config.rows} x {config.cols} elements of {config.lanes} "
                        f"lanes, {len(instances)} modules", title_justify="left")
    table.add_column("module")
    table.add_column("instances", justify="right")
    for name, count in sorted(instances.items(), key=lambda item: (-item[1], item[0])):
        table.add_row(name, f"{count:,}")
    return table


def cells_table(modules):
    """One row for each module: instances, and the cells of all of them; most look-up tables first.

    ``modules`` is as ``hw.ecp5.component_cells`` gives it.
    """
    table = Table(title="ECP5-85F, speed grade 6", title_justify="left")
    table.add_column("module")
    for name in ("instances", "LUTs", "registers", "block RAMs", "DSPs"):
        table.add_column(name, justify="right")
    for name, (count, cells) in sorted(modules.items(),
                                       key=lambda item: -item[1][0] * luts(item[1][1])):
        numbers = (luts(cells), *(cells.get(cell, 0) for cell in
                                  ("TRELLIS_FF", "DP16KD", "MULT18X18D")))
        table.add_row(name, f"{count:,}", *(f"{count * number:,}" for number in numbers))
    return table


def element_table(cycles):
    """One row for each ``sim.element_stepper.ElementCycle``; a star marks a whole sum."""
    table = Table(title="What goes into an element, and what is where at the end of the cycle",
                  title_justify="left")
    table.add_column("cycle", justify="right")
    table.add_column("given", no_wrap=True)
    for name in ("filter word", "ifmap word", "product", "accumulator", "psum out"):
        table.add_column(name, justify="right")
    for one in cycles:
        cells = [_known(value) for value in (one.weight, one.pixel, one.product)]
        table.add_row(str(one.cycle), "; ".join(one.given), *cells,
                      _known(one.accumulator) + ("*" if one.ends_sum else " "),
                      _known(one.psum_out))
    return table


def _known(value):
    return "" if value is None else f"{value:,}"
