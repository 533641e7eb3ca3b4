"""Tables of dataflows: who pays for what, reuse, what other costs change, searches and proofs."""

from rich.table import Table

from energy.dataflows.accesses import LEVELS, OPERANDS
from energy.dataflows.operand_energy import operand_energy

__all__ = ["cost_change_table", "objective_table", "operand_level_table", "proof_table",
           "reuse_table"]

_LEVEL_NAMES = {"dram": "DRAM", "buffer": "global buffer", "array": "array", "rf": "scratchpads"}


def _mapping(found):
    return " ".join(f"{name}={value}" for name, value in found.items())


def operand_level_table(found, machines, macs):
    """For each dataflow one row for each operand, in MAC energies for each MAC.

    Parameters
    ----------
    found : dict of list of BestMapping
        From ``compare_dataflows``.
    machines : dict of SpatialMachine
        Whose costs the energy is in.
    macs : int
        Of all layers and the batch.
    """
    table = Table(title="Energy for one MAC by operand, without the MAC, in MAC energies",
                  title_justify="left")
    for name in ("dataflow", "operand"):
        table.add_column(name)
    for name in (*_LEVEL_NAMES.values(), "all"):
        table.add_column(name, justify="right")
    for dataflow, bests in found.items():
        if bests is not None:
            energies = operand_energy(bests, machines[dataflow], macs)
            for operand, levels in energies.items():
                cells = (*(levels[level] for level in LEVELS), sum(levels.values()))
                table.add_row(dataflow, operand, *(f"{cell:.2f}" if cell else "–"
                                                   for cell in cells))
            table.add_section()
    return table


def reuse_table(found, place):
    """How the uses of one datum split into reuse at the levels, and the mapping of this layer.

    Parameters
    ----------
    found : dict of list of BestMapping
    place : int
        Of the layer.
    """
    table = Table(title="Uses of one datum: their product is how often it is used",
                  title_justify="left")
    for name in ("dataflow", "operand"):
        table.add_column(name)
    for name in _LEVEL_NAMES.values():
        table.add_column(name, justify="right")
    table.add_column("mapping")
    for dataflow, bests in found.items():
        for operand in OPERANDS:
            reuse = getattr(bests[place].accesses, operand).reuse()
            table.add_row(dataflow, operand, *(f"{float(times):,.1f}" for times in reuse),
                          _mapping(bests[place].mapping) if operand == OPERANDS[0] else "")
        table.add_section()
    return table


def cost_change_table(before, after, macs, place):
    """Energy for one MAC under two sets of costs, and one layer's mapping under both.

    Parameters
    ----------
    before, after : dict of list of BestMapping
        From ``compare_dataflows`` with the same levels minimized.
    macs : int
        Of all layers and the batch.
    place : int
        Of the layer.
    """
    table = Table(title="Energy for one MAC, in MAC energies, and the mapping of one layer",
                  title_justify="left")
    for name in ("dataflow", "costs"):
        table.add_column(name)
    table.add_column("all", justify="right")
    table.add_column("mapping")
    for dataflow in before:
        for name, found in (("before", before), ("after", after)):
            whole = sum(best.total_energy for best in found[dataflow]) / macs
            table.add_row(dataflow, name, f"{whole:.2f}", _mapping(found[dataflow][place].mapping))
        table.add_section()
    return table


def objective_table(bests):
    """One row for each objective, from ``find_each_objective``."""
    table = Table(title="The best row-stationary mapping", title_justify="left")
    for name in ("least", "mapping"):
        table.add_column(name)
    for name in ("energy, MAC energies", "cycles", "evaluated"):
        table.add_column(name, justify="right")
    for objective, best in bests.items():
        table.add_row(objective, _mapping(best.mapping), f"{best.energy:.4g}",
                      f"{best.cycles:,.0f}", f"{best.tried:,}")
    return table


def proof_table(proofs):
    """One row for each ``energy.search.brute_force.SearchProof``."""
    table = Table(title="The search against every mapping", title_justify="left")
    table.add_column("least")
    for name in ("mappings that fit", "evaluated by the search", "found by the search",
                 "least of all"):
        table.add_column(name, justify="right")
    for proof in proofs:
        table.add_row(proof.objective, f"{proof.legal:,}", f"{proof.tried:,}",
                      f"{proof.found:,.0f}", f"{proof.least:,.0f}")
    return table
