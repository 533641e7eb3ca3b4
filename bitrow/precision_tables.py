"""Tables of mixed precision: the front, and why each layer has its bits. A star: derived costs."""

from rich.table import Table

from energy.units import ReadableUnit

__all__ = ["front_table", "held_back_table", "reason_table"]


def _star(evaluation):
    return "*" if evaluation.derived else ""


def _energy(evaluation, unit):
    return f"{evaluation.energy / unit.factor:,.3f}{_star(evaluation)}"


def _figures(evaluation, unit):
    return (f"{evaluation.accuracy:.2%}", f"{evaluation.divergence:.4f}",
            _energy(evaluation, unit), f"{evaluation.cycles:,}", f"{evaluation.bits:.2f}")


def _figure_columns(table, unit):
    for header in ("accuracy", "divergence", f"energy, {unit.name}", "cycles", "bits"):
        table.add_column(header, justify="right", no_wrap=True)


def _choices(problem, point):
    return " ".join(str(point[knob.name]) for knob in problem.knobs)


def front_table(problem, front, chosen, unit):
    """The precisions on the front, cheapest first; the chosen one is marked.

    Parameters
    ----------
    problem : PrecisionProblem
    front : list of TriedPrecision
    chosen : TriedPrecision or None
    unit : str
        Of the energy.
    """
    largest = max((one.evaluation.energy for one in front), default=1)
    readable = ReadableUnit.of(unit, largest)
    names = ", ".join(knob.name.replace("activations", "out") if knob.what != "weights"
                      else knob.layer for knob in problem.knobs)
    table = Table(title="Front: divergence from the float network against cost, one image; "
                        f"choices: {names}", title_justify="left")
    table.add_column("", no_wrap=True)
    table.add_column("trial", justify="right", no_wrap=True)
    table.add_column("tried as", no_wrap=True)
    _figure_columns(table, readable)
    table.add_column("choices")
    for one in front:
        mark = "→" if chosen is not None and one.point == chosen.point else ""
        table.add_row(mark, str(one.number), one.origin, *_figures(one.evaluation, readable),
                      _choices(problem, one.point))
    return table


def reason_table(reasons, chosen, kind, unit):
    """For each choice, what one step finer or coarser would change.

    Parameters
    ----------
    reasons : list of KnobReason
    chosen : TriedPrecision
    kind : str
        ``energy``, ``cycles`` or ``bits``.
    unit : str
        Of the energy.
    """
    readable = ReadableUnit.of(unit, chosen.evaluation.energy)
    name = {"energy": f"energy, {readable.name}", "cycles": "cycles", "bits": "bits"}[kind]
    table = Table(title=f"Why: one step finer or coarser, all else as chosen; {name}, divergence "
                        "and accuracy change by", title_justify="left")
    for header in ("layer", "what", "chosen", "finer", "coarser"):
        table.add_column(header, no_wrap=True)
    for reason in reasons:
        table.add_row(reason.knob.layer, reason.knob.what, str(reason.option),
                      *(_step(step, chosen.evaluation, kind, readable)
                        for step in (reason.finer, reason.coarser)))
    return table


def _step(step, chosen, kind, readable):
    if step is None:
        return "–"
    found = step.evaluation
    change = found.cost(kind) - chosen.cost(kind)
    star = _star(found) or _star(chosen)
    cost = {"energy": f"{change / readable.factor:+,.3f}{star}", "cycles": f"{change:+,}",
            "bits": f"{change:+.2f}"}[kind]
    return (f"{step.option}: {cost}, {found.divergence - chosen.divergence:+.4f}, "
            f"{100 * (found.accuracy - chosen.accuracy):+.2f} %")


def held_back_table(rows, unit):
    """Accuracy on images that nothing was chosen by.

    Parameters
    ----------
    rows : list of (str, float, PrecisionEvaluation or None)
        What, accuracy, and cost.
    unit : str
        Of the energy.
    """
    readable = ReadableUnit.of(unit, max(found.energy for _, _, found in rows if found))
    table = Table(title="On images held back", title_justify="left")
    table.add_column("network", no_wrap=True)
    for header in ("accuracy", f"energy, {readable.name}", "cycles", "bits"):
        table.add_column(header, justify="right", no_wrap=True)
    for name, accuracy, found in rows:
        table.add_row(name, f"{accuracy:.2%}", *(
            ("–", "–", "–") if found is None else
            (_energy(found, readable), f"{found.cycles:,}", f"{found.bits:.2f}")))
    return table
