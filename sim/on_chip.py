"""What is on chip while the parts of a layer run one after the other."""

from sim.banks import Banks

__all__ = ["OnChip"]


class OnChip:
    """The double-banked stores, so that a run's first loads come while the one before lasts.

    Parameters
    ----------
    builder : ProgramBuilder
    runs : int
        Parts of the layer, each once for every image that it takes on its own.
    parameter_rows : int
        Rows of the threshold memory that the largest filter group of a part takes.

    Members
    -------
    filters, maps, parameters, buffer : Banks
        Filters, stream ids, parameters of output stages, and halves of the global buffer (all of
        it where there is but one run).
    part, run : int
        The part and the run at hand.
    """

    def __init__(self, builder, runs, parameter_rows):
        config = builder.config
        halves = 1 + (2 * parameter_rows <= config.threshold_rows)
        self.filters, self.maps = Banks(builder.passes), Banks(builder.passes)
        self.parameters = Banks(builder.final_passes, halves)
        self.buffer = Banks(builder.passes, min(runs, 2))
        self.part = self.run = 0
