"""Who pays for what: energy of dataflows by operand and level, for each MAC."""

from dataclasses import replace

from energy.dataflows.accesses import LEVELS, OPERANDS

__all__ = ["batch_macs", "operand_energy", "with_dram_cost"]


def batch_macs(shapes, batch):
    """Multiply-accumulates of all layers and images.

    Parameters
    ----------
    shapes : list of ConvShape
    batch : int
    """
    return batch * sum(shape.macs for shape in shapes)


def operand_energy(bests, machine, macs):
    """Energy for each MAC, without the MACs' own.

    Parameters
    ----------
    bests : list of BestMapping
        Of all layers, with one dataflow.
    machine : SpatialMachine
        Whose costs the energy is in.
    macs : int
        Of all layers and the batch.

    Returns
    -------
    dict of dict of float
        By operand, then by level.
    """
    return {operand: {
        level: float(sum(best.accesses.words(level, operand) for best in bests)
                     * getattr(machine.costs, level) / macs) for level in LEVELS}
        for operand in OPERANDS}


def with_dram_cost(machines, cost):
    """Machines that differ from those given only in what a word from or to DRAM costs.

    Parameters
    ----------
    machines : dict of SpatialMachine
    cost : float
    """
    return {name: replace(machine, costs=replace(machine.costs, dram=cost))
            for name, machine in machines.items()}
