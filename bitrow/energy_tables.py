"""Tables of energy; a star marks what was derived."""

from rich.table import Table

from energy.dataflows.accesses import LEVELS as STORAGE_LEVELS
from energy.events import LEVELS, NOT_COUNTED, OPERANDS
from energy.network_energy import used_costs
from energy.units import ReadableUnit

__all__ = ["comparison_table", "dataflow_table", "energy_notes", "front_table",
           "layer_energy_table", "operand_energy_table", "operation_cost_table"]

_SOURCES = {"prediction": "predicted counts", "rtl": "counts of the RTL"}


def _cell(energy, images, unit):
    if not energy.value:
        return "–"
    text = f"{energy.value / images / unit.factor:,.2f}"
    return f"{text}*" if energy.derived else text


def _unit(energy):
    return ReadableUnit.of(energy.table.unit, energy.per_inference)


def _with_levels(table, *more):
    for level in (*LEVELS, *more):
        table.add_column(level, justify="right")
    return table


def layer_energy_table(energy):
    """One row for each layer, one column for each level; for one image."""
    counts, unit = energy.counts, _unit(energy)
    table = Table(title=f"{counts.network} on {counts.config.name}: {unit.name} for one image, "
                        f"{_SOURCES[counts.counted_by]}", title_justify="left")
    table.add_column("layer")
    _with_levels(table, "all", f"{energy.table.unit}/MAC")
    for layer in energy.layers:
        table.add_row(layer.name,
                      *(_cell(layer.at(level=level), counts.images, unit) for level in LEVELS),
                      _cell(layer.total, counts.images, unit),
                      "–" if layer.per_mac is None else f"{layer.per_mac:.3f}")
    table.add_section()
    table.add_row("all", *(_cell(energy.at(level=level), counts.images, unit)
                           for level in LEVELS),
                  _cell(energy.total, counts.images, unit), f"{energy.per_mac:.3f}")
    return table


def operand_energy_table(energy):
    """One row for each operand, one column for each level; for one image."""
    images, unit = energy.counts.images, _unit(energy)
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
    first = comparison.ways[0].energy
    unit = _unit(first)
    table = Table(title="What low precision and zero skipping save, for one image",
                  title_justify="left")
    table.add_column("way")
    for name in (f"energy, {unit.name}", "cycles", "of the first"):
        table.add_column(name, justify="right")
    for way in comparison.ways:
        table.add_row(way.name, _cell(way.energy.total, 1, unit),
                      "–" if way.energy.cycles_per_inference is None
                      else f"{way.energy.cycles_per_inference:,.0f}",
                      f"{way.energy.per_inference / first.per_inference:.1%}")
    return table


def operation_cost_table(energy):
    """One row for each cost behind the energy of a network, with its sources."""
    table = Table(title=f"What one operation costs, {energy.table.unit} ({energy.table.node})",
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
        table.add_row(charge.operation, bits, size,
                      f"{cost.value:.4g}{'*' if cost.derived else ''}",
                      "; ".join(cost.derived) or "published", "; ".join(cost.sources))
    return table


def energy_notes(energy):
    """Lines to go below: the figures of the whole network, and what a star means."""
    unit = energy.table.unit
    lines = [f"table: {energy.table.title} ({energy.table.node})",
             f"energy x delay of one image: {energy.energy_delay:.4g} {unit} x cycles"]
    if energy.operations_per_joule is not None:
        lines.append(f"operations per joule: {energy.operations_per_joule:.4g} "
                     "(two for each MAC)")
    lines.append(f"in no figure: {', '.join(NOT_COUNTED)}")
    return lines + [f"* derived: {how}" for how in energy.total.derived]


def front_table(points, unit):
    """The ``ExploredPoint`` on the front, least energy first; equal configurations once."""
    front = sorted({tuple(found.point.items()): found for found in points if found.pareto}.values(),
                   key=lambda found: found.evaluation.values)
    scale = ReadableUnit.of(unit, max((found.evaluation.energy for found in front), default=1))
    table = Table(title="Pareto front, one image", title_justify="left")
    for header in ("trial", f"energy, {scale.name}", "cycles", "area, mm² (estimate)"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("configuration")
    for found in front:
        star = "*" if found.evaluation.derived else ""
        table.add_row(str(found.number), f"{found.evaluation.energy / scale.factor:,.2f}{star}",
                      f"{found.evaluation.cycles:,}", f"{found.evaluation.area_mm2:.2f}",
                      ", ".join(f"{name} {value}" for name, value in found.point.items()))
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
