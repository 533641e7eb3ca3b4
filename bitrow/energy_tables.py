"""Tables of energy; a star marks what was derived."""

from rich.table import Table

from energy.dataflows.accesses import LEVELS as STORAGE_LEVELS
from energy.events import LEVELS, NOT_COUNTED, OPERANDS
from energy.network_energy import used_costs
from energy.units import ReadableUnit, unit_in_words

__all__ = ["accuracy_table", "comparison_table", "cost_footnotes", "dataflow_table",
           "energy_figures", "energy_notes", "energy_unit", "front_table", "layer_energy_table",
           "operand_energy_table", "operation_cost_table"]

_SMALL = 0.1
_SOURCES = {"prediction": "predicted counts", "rtl": "counts of the RTL"}


def _cell(energy, images, unit):
    if not energy.value:
        return "–"
    return _starred(unit.text(energy.value / images), energy)


def _starred(text, energy):
    return f"{text}*" if energy.derived else text


def _for_each_mac(value, energy):
    if value is None:
        return "–"
    return _starred(f"{value:.3f}" if value >= _SMALL or not value else f"{value:.3g}", energy)


def energy_unit(energy):
    """The ``ReadableUnit`` of a network's energy, by that of one image."""
    return ReadableUnit.of(energy.table.unit, energy.per_inference)


def _with_levels(table, *more):
    for level in (*LEVELS, *more):
        table.add_column(level, justify="right")
    return table


def layer_energy_table(energy):
    """One row for each layer, one column for each level; for one image."""
    counts, unit = energy.counts, energy_unit(energy)
    table = Table(title=f"{counts.network} on {counts.config.name}: {unit.name} for one image, "
                        f"{_SOURCES[counts.counted_by]}", title_justify="left")
    table.add_column("layer")
    _with_levels(table, "all", f"{unit_in_words(energy.table.unit)}/MAC")
    for layer in energy.layers:
        table.add_row(layer.name,
                      *(_cell(layer.at(level=level), counts.images, unit) for level in LEVELS),
                      _cell(layer.total, counts.images, unit),
                      _for_each_mac(layer.per_mac, layer.total))
    table.add_section()
    table.add_row("all", *(_cell(energy.at(level=level), counts.images, unit)
                           for level in LEVELS),
                  _cell(energy.total, counts.images, unit),
                  _for_each_mac(energy.per_mac, energy.total))
    return table


def operand_energy_table(energy):
    """One row for each operand, one column for each level; for one image."""
    images, unit = energy.counts.images, energy_unit(energy)
    table = Table(title=f"By operand, {unit.name} for one image", title_justify="left")
    table.add_column("operand")
    _with_levels(table, "all")
    for operand in OPERANDS:
        table.add_row(operand,
                      *(_cell(energy.at(level=level, operand=operand), images, unit)
                        for level in LEVELS),
                      _cell(energy.at(operand=operand), images, unit))
    return table


def comparison_table(comparison):
    """One row for each way to run the network."""
    first, unit = comparison.ways[0].energy, energy_unit(comparison.built)
    table = Table(title="Low precision and zero skipping, for one image",
                  title_justify="left")
    table.add_column("way")
    for name in (f"energy, {unit.name}", "cycles", "of the first"):
        table.add_column(name, justify="right")
    for way in comparison.ways:
        table.add_row(way.name, _cell(way.energy.total, way.energy.counts.images, unit),
                      "–" if way.energy.cycles_per_inference is None
                      else f"{way.energy.cycles_per_inference:,.0f}",
                      _starred(f"{way.energy.per_inference / first.per_inference:.1%}",
                               way.energy.total) if first.per_inference else "–")
    return table


def operation_cost_table(energy):
    """One row for each cost behind the energy of a network, with numbers of ``cost_footnotes``."""
    notes = cost_footnotes(energy)
    table = Table(title="What one operation costs, "
                        f"{unit_in_words(energy.table.unit)} ({energy.table.node})",
                  title_justify="left")
    table.add_column("operation")
    for name in ("bits", "memory, bytes", "cost"):
        table.add_column(name, justify="right")
    for name in ("derived", "from"):
        table.add_column(name)
    for charge, cost in used_costs(energy):
        bits = f"{charge.bits:g}" if charge.by_bits is None else \
            f"{charge.bits:g} x {charge.by_bits:g}"
        size = "–" if charge.size_bytes is None else f"{charge.size_bytes:,.0f}"
        derived, sources = (", ".join(str(1 + notes.index(text)) for text in texts)
                            for texts in (cost.derived, cost.sources))
        table.add_row(charge.operation, bits, size,
                      f"{cost.value:.4g}{'*' if cost.derived else ''}",
                      f"note {derived}" if derived else "published", f"note {sources}")
    return table


def cost_footnotes(energy):
    """Sources and derivations of the costs behind the energy of a network, each once."""
    costs = [cost for _, cost in used_costs(energy)]
    return list(dict.fromkeys([*(text for cost in costs for text in cost.sources),
                               *(text for cost in costs for text in cost.derived)]))


def energy_figures(energy):
    """Lines with the figures of the whole network."""
    unit = unit_in_words(energy.table.unit)
    lines = [f"table: {energy.table.title} ({energy.table.node})",
             "energy x delay of one image: "
             + _starred(f"{energy.energy_delay:.4g}", energy.total) + f" {unit} x cycles"]
    if energy.operations_per_joule is not None:
        lines.append("operations per joule: "
                     + _starred(f"{energy.operations_per_joule:.4g}", energy.total)
                     + " (two for each MAC)")
    return [*lines, f"in no figure: {', '.join(NOT_COUNTED)}"]


def energy_notes(energy):
    """Lines to go below: the figures of the whole network, and what a star means."""
    return energy_figures(energy) + [f"* derived: {how}" for how in energy.total.derived]


def front_table(points, unit, scale=None, own=None):
    """The ``ExploredPoint`` on the front, least energy first; equal configurations once.

    Parameters
    ----------
    points : list of ExploredPoint
    unit : str
        Of the cost table.
    scale : ReadableUnit or None
        By default one for the most energy on the front.
    own : ExploredPoint or None
        One that is named, and shown where it is not on the front too.
    """
    front = {tuple(found.point.items()): found for found in points if found.pareto}
    if own is not None:
        front[tuple(own.point.items())] = own
    shown = sorted(front.values(), key=lambda found: found.evaluation.values)
    scale = scale or ReadableUnit.of(
        unit, max((found.evaluation.energy for found in shown), default=1))
    table = Table(title="Pareto front, one image", title_justify="left")
    for header in ("trial", f"energy, {scale.name}", "cycles", "area, mm² (estimate, 65 nm)"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("configuration")
    for found in shown:
        star = "*" if found.evaluation.derived else ""
        table.add_row(str(found.number), f"{scale.text(found.evaluation.energy)}{star}",
                      f"{found.evaluation.cycles:,}", f"{found.evaluation.area_mm2:.2f}",
                      _point(found) + (_which(found) if found is own else ""))
    return table


def _point(found):
    return ", ".join(f"{name} {value}" for name, value in found.point.items())


def _which(own):
    return " (this one)" if own.pareto else " (this one, not on the front)"


def accuracy_table(points, unit):
    """One row for each ``PrecisionPoint``; ``unit`` is a ``ReadableUnit``."""
    table = Table(title="Accuracy and energy, one image a run", title_justify="left")
    for header in ("network", "weights", "activations"):
        table.add_column(header)
    for header in ("right", "images", "accuracy", "95% interval", f"energy, {unit.name}"):
        table.add_column(header, justify="right")
    for point in points:
        low, high = point.interval
        table.add_row(point.network, point.weights, point.activations, f"{point.right:,}",
                      f"{point.images:,}", f"{point.accuracy:.1%}", f"{low:.1%} to {high:.1%}",
                      _cell(point.energy.total, point.energy.counts.images, unit))
    return table


def dataflow_table(found, macs):
    """Energy for a MAC by level of each dataflow, from ``compare_dataflows``, in MAC energies."""
    table = Table(title="Energy for one MAC, in MAC energies", title_justify="left")
    for header in ("dataflow", "MAC", "DRAM", "global buffer", "array", "scratchpads", "all"):
        table.add_column(header, justify="left" if header == "dataflow" else "right")
    for dataflow, bests in found.items():
        if bests is None:
            table.add_row(dataflow, *["does not fit"] * 6)
            continue
        parts = [sum(best.energy[level] for best in bests) / macs
                 for level in ("alu", *STORAGE_LEVELS)]
        table.add_row(dataflow, *(f"{part:.3f}" for part in (*parts, sum(parts))))
    return table
