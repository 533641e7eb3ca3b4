"""The report of a network: where its energy goes, what bounds it, what precision gives."""

from bitrow.energy_tables import (
    comparison_table,
    energy_notes,
    layer_energy_table,
    operand_energy_table,
    operation_cost_table,
)
from bitrow.html_page import HtmlPage
from energy.plots.energy_bars import energy_by_layer, energy_by_way
from energy.plots.occupancy import occupancy
from energy.plots.precision import accuracy_against_energy
from energy.plots.roofline import roofline
from energy.plots.style import figure_svg

__all__ = ["report_page"]


def report_page(program, comparison, points):
    """The report.

    Parameters
    ----------
    program : sim.program_image.Program
    comparison : energy.savings.Comparison
        Of the program's network on its configuration.
    points : list of energy.precision_study.PrecisionPoint
        Networks to compare; may be empty.

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
    page.heading("What the figures rest on")
    page.table(operation_cost_table(energy))
    page.lines(energy_notes(energy))
    return page


def _picture(page, figure, text):
    page.picture(figure_svg(figure), text)
