"""Tables of studies: sequences and zeros, precisions, levels under several cost tables.

A star marks energies with derived costs.
"""

from rich.table import Table

from energy.units import ReadableUnit

__all__ = ["level_share_table", "named_energy_table", "sequence_table", "skipping_table"]


def _of_ways(energies):
    """A unit for several ``NetworkEnergy`` of one table."""
    return ReadableUnit.of(energies[0].table.unit, max(one.per_inference for one in energies))


def sequence_table(studies):
    """One row for each way of each ``energy.sequences.SequenceStudy``; changes are against the way
    without sequences."""
    unit = _of_ways([study.built for study in studies])
    table = Table(title="One image; changes against the same build without sequences",
                  title_justify="left")
    for name in ("network", "way"):
        table.add_column(name)
    for name in ("cycles", f"energy, {unit.name}", "in DRAM", "on chip", "cycles", "energy"):
        table.add_column(name, justify="right")
    for study in studies:
        for name, energy in study.ways:
            table.add_row(
                energy.counts.network, name, f"{energy.counts.cycles:,}", *_parts(energy, unit),
                f"{energy.counts.cycles / study.plain.counts.cycles - 1:+.1%}",
                f"{energy.per_inference / study.plain.per_inference - 1:+.1%}")
        table.add_section()
    return table


def skipping_table(study):
    """Two rows for each layer of a ``SequenceStudy``: zeros skipped, and kept."""
    unit = _of_ways([study.built])
    table = Table(title="Zeros of a layer skipped and kept, on the mapping that is built",
                  title_justify="left")
    table.add_column("layer")
    table.add_column("zeros", justify="right")
    table.add_column("they are")
    for name in ("cycles", f"energy, {unit.name}", "in DRAM", "on chip"):
        table.add_column(name, justify="right")
    for layer in study.layers:
        for name, energy, built in (("skipped", layer.skipped, layer.built_skipping),
                                    ("kept", layer.kept, not layer.built_skipping)):
            what = f"{name}, as built" if built else name
            table.add_row(layer.name, f"{layer.zeros:.0%}", what,
                          *_layer_cells(energy, unit, layer.fault))
        table.add_section()
    return table


def _layer_cells(energy, unit, fault):
    return (fault,) if energy is None else (f"{energy.cycles:,}", *_parts(energy, unit))


def _parts(energy, unit):
    """All of the energy of a network or layer, that in DRAM, and that on chip."""
    dram, whole = energy.at(level="DRAM").value, energy.total.value
    star = "*" if energy.total.derived else ""
    return [f"{value / unit.factor:,.2f}{star}" for value in (whole, dram, whole - dram)]


def named_energy_table(named, layer, title):
    """One row for each ``energy.precision_builds.NamedEnergy``, with one of its layers.

    Parameters
    ----------
    named : list of NamedEnergy
    layer : str
        Name of the layer.
    title : str
    """
    unit = _of_ways([one.energy for one in named])
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for name in (f"energy, {unit.name}", "cycles", f"{layer}: energy, {unit.name}",
                 f"{layer}: cycles"):
        table.add_column(name, justify="right")
    table.add_column(f"{layer}: mode")
    for one in named:
        own = next(found for found in one.energy.layers if found.name == layer)
        table.add_row(one.name, _parts(one.energy, unit)[0], f"{one.energy.counts.cycles:,}",
                      _parts(own, unit)[0], f"{own.cycles:,}", own.mode)
    return table


def level_share_table(energies, levels):
    """One row for each level: its share of the energy by each cost table.

    Parameters
    ----------
    energies : list of NetworkEnergy
        Of the same counts.
    levels : list of str
    """
    table = Table(title="Share of the energy", title_justify="left")
    table.add_column("level")
    for energy in energies:
        table.add_column(energy.table.name, justify="right")
    for level in levels:
        table.add_row(level, *(f"{one.at(level=level).value / one.total.value:.0%}"
                               for one in energies))
    return table
