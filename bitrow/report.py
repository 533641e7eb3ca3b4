"""The report of a network: where its energy goes, what bounds it, what else would suit it."""

from bitrow.answers import (
    accuracy_answer,
    bound_answer,
    dataflow_answer,
    energy_answer,
    left_out,
    neighbour_answer,
    occupancy_answer,
    refusal_lines,
    savings_answer,
)
from bitrow.configuration_table import configuration_table
from bitrow.energy_tables import (
    accuracy_table,
    comparison_table,
    cost_footnotes,
    dataflow_table,
    energy_figures,
    energy_unit,
    front_table,
    layer_energy_table,
    operand_energy_table,
    operation_cost_table,
)
from bitrow.html_page import HtmlPage
from energy.dataflows.machine import ISCA_2016
from energy.plots.dataflow_bars import DATAFLOW_NAMES, energy_by_dataflow
from energy.plots.energy_bars import energy_by_layer, energy_by_way
from energy.plots.occupancy import occupancy
from energy.plots.pareto import pareto_front
from energy.plots.precision import accuracy_against_energy
from energy.plots.roofline import roofline
from energy.units import unit_in_words
from sim.raw_run import MemoryModel

__all__ = ["FIGURES", "report_figures", "report_page"]

FIGURES = ("energy-by-layer", "savings", "roofline", "occupancy", "precision", "dataflows",
           "neighbours")
"""Names of all figures that a report may have, in order."""


def report_figures(study):
    """The figures of a ``NetworkStudy``.

    Returns
    -------
    dict of matplotlib.figure.Figure
        By name, of ``FIGURES``; without those that there is nothing to show in.
    """
    energy = study.energy
    figures = {"energy-by-layer": energy_by_layer(energy),
               "savings": energy_by_way(study.comparison),
               "roofline": roofline(energy.counts),
               "occupancy": occupancy(study.program, energy.counts.cycles)}
    if study.accuracies.points:
        figures["precision"] = accuracy_against_energy(study.accuracies.points)
    if study.dataflows.found:
        figures["dataflows"] = energy_by_dataflow(
            study.dataflows.found, ISCA_2016, _macs(energy),
            f"{energy.counts.network}, one image: energy of each dataflow")
    if study.neighbours:
        title = f"{energy.counts.network}, near {energy.counts.config.name}"
        figures["neighbours"] = pareto_front(study.neighbours, energy.table.unit, title,
                                             study.own.number)
    return figures


def report_page(study, figures, made_by):
    """The report.

    Parameters
    ----------
    study : energy.network_study.NetworkStudy
    figures : dict of str
        The SVG texts of ``report_figures``.
    made_by : str
        What made it: version and command line.

    Returns
    -------
    HtmlPage
    """
    energy = study.energy
    page = HtmlPage(f"{study.program.network} on {study.program.config.name}")
    _head(page, study, made_by)
    _this_accelerator(page, study, figures)
    if study.accuracies.points or study.accuracies.refused:
        _accuracies(page, study, figures)
    if study.dataflows.found:
        _dataflows(page, study, figures)
    if study.neighbours:
        _neighbours(page, study, figures)
    page.heading("What the figures rest on")
    page.table(operation_cost_table(energy))
    page.notes(cost_footnotes(energy))
    page.lines(energy_figures(energy))
    return page


def _this_accelerator(page, study, figures):
    energy = study.energy
    page.heading("Where does the energy go?")
    _answered(page, energy_answer(energy), figures, "energy-by-layer",
              "Energy of each layer by memory level.")
    page.table(layer_energy_table(energy))
    page.table(operand_energy_table(energy))
    page.heading("What do low precision and zero skipping save or cost?")
    _answered(page, savings_answer(study.comparison, study.program), figures, "savings",
              "Energy in 16 bits, 8 bits, own precision, as built.")
    page.table(comparison_table(study.comparison))
    page.heading("What bounds each layer?")
    _answered(page, bound_answer(energy.counts), figures, "roofline", "Layers under the roofline.")
    page.heading("Which passes leave elements idle?")
    _answered(page, occupancy_answer(study.program), figures, "occupancy",
              "Elements with work in each pass.")


def _macs(energy):
    """Of one image."""
    return energy.macs // energy.counts.images


def _head(page, study, made_by):
    energy, unit = study.energy, energy_unit(study.energy)
    images = energy.counts.images
    star = "*" if energy.total.derived else ""
    page.answer(f"{unit.text(energy.per_inference)}{star} {unit.name} "
                f"({energy.per_inference:,.0f} {unit_in_words(energy.table.unit)}) and "
                f"{energy.cycles_per_inference:,.0f} cycles for one image"
                + (f" of the {images} that share a run." if images > 1 else "."))
    page.paragraph("From predicted counts, which are those of the RTL. A star marks what was "
                   "derived; how is said at the end.")
    if study.forced:
        others = ["other networks", "other configurations", "an array that cannot skip zeros",
                  *(["runs of one image"] if images > 1 else [])]
        page.paragraph(f"The mapping of {', '.join(study.forced)} is forced, in all figures of "
                       f"{study.program.network} on {study.program.config.name}; "
                       f"{', '.join(others[:-1])} and {others[-1]} have the mapper's mappings.")
    page.table(configuration_table(study.program.config, MemoryModel()))
    page.paragraph(f"Made by {made_by}")


def _accuracies(page, study, figures):
    found, unit = study.accuracies, energy_unit(study.energy)
    page.heading("Which precision is worth its energy?")
    if found.points:
        _answered(page, accuracy_answer(found.points, study.program.network, unit), figures,
                  "precision", "Accuracy against energy.")
        _one_image(page, study)
        page.table(accuracy_table(found.points, unit))
    if found.refused:
        page.paragraph(left_out(found.refused))


def _dataflows(page, study, figures):
    found, macs = study.dataflows.found, _macs(study.energy)
    page.heading("Which dataflow would suit these layers?")
    _answered(page, dataflow_answer(found, macs), figures, "dataflows",
              "Energy for a MAC by dataflow.")
    page.paragraph("Not this accelerator: 256 elements of 16 bits and equal storage area for each "
                   "dataflow, best mappings, one image, costs relative to a MAC, as in Chen et "
                   "al., ISCA 2016.")
    page.table(dataflow_table(found, macs))
    page.lines([f"{name}: {DATAFLOW_NAMES[name]}" for name in found]
               + [f"{name} does not fit: {why}" for name, why in study.dataflows.reasons.items()
                  if why])


def _neighbours(page, study, figures):
    points, own = study.neighbours, study.own
    page.heading("Are there better configurations nearby?")
    _answered(page, neighbour_answer(points, own), figures, "neighbours",
              "Energy against cycles, marks as large as the area.")
    page.paragraph(f"Half, the same and twice the rows, columns and lanes: {len(points)} "
                   f"configurations. Trial {own.number} is this one.")
    _one_image(page, study)
    page.table(front_table(points, study.energy.table.unit, energy_unit(study.energy), own))
    page.lines(refusal_lines(points))


def _one_image(page, study):
    """Says so where other figures are of a batch."""
    if study.energy.counts.images > 1:
        page.paragraph("Here each image is a run of its own.")


def _answered(page, answer, figures, name, what):
    """A sentence that answers the heading, and the figure, in words the same for those who cannot
    see it."""
    page.answer(answer)
    page.picture(figures[name], f"{what} {answer}")
