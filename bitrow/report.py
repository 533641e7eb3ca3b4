"""The report of a network: where its energy goes, what bounds it, what else would suit it."""

from bitrow.energy_tables import (
    comparison_table,
    dataflow_table,
    energy_notes,
    front_table,
    layer_energy_table,
    operand_energy_table,
    operation_cost_table,
)
from bitrow.html_page import HtmlPage
from energy.dataflows.machine import ISCA_2016
from energy.plots.dataflow_bars import energy_by_dataflow
from energy.plots.energy_bars import energy_by_layer, energy_by_way
from energy.plots.occupancy import occupancy
from energy.plots.pareto import pareto_front
from energy.plots.precision import accuracy_against_energy
from energy.plots.roofline import roofline
from energy.plots.style import figure_svg

__all__ = ["report_page"]


def report_page(program, comparison, points, dataflows, neighbours):
    """The report.

    Parameters
    ----------
    program : sim.program_image.Program
    comparison : energy.savings.Comparison
        Of the program's network on its configuration.
    points : list of energy.precision_study.PrecisionPoint
        Networks to compare; may be empty.
    dataflows : dict of list of BestMapping, or None
        Of the layers on ``ISCA_2016``, one image; None where they are not ones it describes.
    neighbours : list of ExploredPoint
        Configurations near this one; may be empty.

    Returns
    -------
    HtmlPage
    """
    energy = comparison.built
    page = HtmlPage(f"{program.network} on {program.config.name}")
    page.paragraph(f"{energy.per_inference:,.0f} {energy.table.unit} and "
                   f"{energy.cycles_per_inference:,.0f} cycles for one image, from predicted "
                   "counts, which are those of the RTL. A star marks what was derived; how is "
                   "said at the end.")
    page.heading("Where does the energy go?")
    _picture(page, energy_by_layer(energy), "energy of each layer by memory level")
    page.table(layer_energy_table(energy))
    page.table(operand_energy_table(energy))
    page.heading("What do low precision and zero skipping save?")
    _picture(page, energy_by_way(comparison), "energy in 16 bits, 8 bits, own precision, as built")
    page.table(comparison_table(comparison))
    page.heading("What bounds each layer?")
    _picture(page, roofline(energy.counts), "layers under the roofline")
    page.heading("Which passes leave elements idle?")
    _picture(page, occupancy(program), "elements with work in each pass")
    if points:
        page.heading("Which precision is worth its energy?")
        _picture(page, accuracy_against_energy(points), "accuracy against energy")
    if dataflows:
        _dataflows(page, dataflows, energy.macs // energy.counts.images)
    if any(found.evaluation for found in neighbours):
        _neighbours(page, neighbours, energy)
    page.heading("What the figures rest on")
    page.table(operation_cost_table(energy))
    page.lines(energy_notes(energy))
    return page


def _dataflows(page, found, macs):
    page.heading("Which dataflow would suit these layers?")
    page.paragraph("Not this accelerator: 256 elements of 16 bits and equal storage area for each "
                   "dataflow, best mappings, one image, costs relative to a MAC, as in Chen et "
                   "al., ISCA 2016.")
    _picture(page, energy_by_dataflow(found, ISCA_2016, macs), "energy for a MAC by dataflow")
    page.table(dataflow_table(found, macs))


def _neighbours(page, neighbours, energy):
    page.heading("Are there better configurations nearby?")
    refused = sum(found.evaluation is None for found in neighbours)
    page.paragraph(f"Half, the same and twice the rows, columns and lanes: {len(neighbours)} "
                   f"configurations, of which {refused} cannot be built or cannot run the "
                   "network.")
    title = f"{energy.counts.network}, near {energy.counts.config.name}"
    _picture(page, pareto_front(neighbours, energy.table.unit, title),
             "energy against cycles, marks as large as the area")
    page.table(front_table(neighbours, energy.table.unit))


def _picture(page, figure, text):
    page.picture(figure_svg(figure), text)
