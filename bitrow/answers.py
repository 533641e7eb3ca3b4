"""One sentence or two for each question of a report, with this network's figures."""

from itertools import groupby

from energy.events import LEVELS, OPERANDS
from energy.layer_roofs import layer_roofs
from energy.occupancy import mean_occupancy, pass_occupancies
from energy.search.evaluation import OBJECTIVES
from energy.search.neighbours import refusals

__all__ = ["accuracy_answer", "bound_answer", "dataflow_answer", "energy_answer", "left_out",
           "neighbour_answer", "occupancy_answer", "refusal_lines", "savings_answer"]

_RUN = ("energy", "cycles")
_SAME = 0.0005
"""Share below which a difference is none in a sentence."""

_TENTH, _MANY_TIMES = 0.0995, 2


def energy_answer(energy):
    """Which layer, level and operand take most of a ``NetworkEnergy``."""
    whole = energy.total.value
    if not whole:
        return "None: nothing costs energy in this table."
    layer = max(energy.layers, key=lambda one: one.total.value)
    parts = [f"layer {_of_whole(layer.name, layer.total.value, whole)}"]
    for names, key in ((LEVELS, "level"), (OPERANDS, "operand")):
        values = {name: energy.at(**{key: name}).value for name in names}
        most = max(values, key=values.get)
        parts.append(f"{key} {_of_whole(most, values[most], whole)}")
    return f"Most of it is in {', '.join(parts[:-1])} and {parts[-1]}."


def savings_answer(comparison, program):
    """What a ``Comparison`` of a program says of precision and of zero skipping."""
    own = comparison.unskipped.per_inference
    if not own:
        return "Nothing costs energy in this table."
    times = comparison.eight_bits.per_inference / own
    precision = (f"On the same mapping, 8 bits take {times:.3g} times the energy of the network's "
                 "own precision.")
    dense, built = comparison.cannot_skip, comparison.built
    if dense is None:
        return f"{precision} No zeros are skipped."
    skipping = [layer.name for layer in program.layers if layer.skipping]
    cycles = _change("cycles", built.cycles_per_inference / dense.cycles_per_inference - 1)
    energy = _change("energy", built.per_inference / dense.per_inference - 1)
    return (f"{precision} Against an array that cannot skip zeros, with the mapping that the "
            f"mapper chooses for it, skipping in {', '.join(skipping)} {cycles} and {energy}.")


def bound_answer(counts):
    """What bounds the layers of a ``NetworkCounts``, and how near the longest is to its roof."""
    roofs = layer_roofs(counts)
    if not roofs:
        return "No layer multiplies."
    longest = max(roofs, key=lambda roof: roof.cycles)
    bounds = [f"{kind}: {', '.join(names)}" for kind, names in (
        (kind, [roof.name for roof in roofs if roof.bound_by == kind])
        for kind in ("memory", "array")) if names]
    return (f"Bound by {'; by '.join(bounds)}. {longest.name} takes most cycles, "
            f"{longest.cycles / counts.cycles:.0%}, and is at {longest.share:.0%} of its roof.")


def occupancy_answer(program):
    """How many elements have work while passes run, in all and in the layer with fewest."""
    passes, config = pass_occupancies(program), program.config
    shares = {name: mean_occupancy([one for one in passes if one.layer == name], config)
              for name in dict.fromkeys(one.layer for one in passes)}
    least = min(shares, key=shares.get)
    return (f"While passes run, {mean_occupancy(passes, config):.0%} of the elements have work on "
            f"average; {least} leaves most of them idle, {1 - shares[least]:.0%}.")


def accuracy_answer(points, own, unit):
    """How a network stands among ``PrecisionPoint``; ``unit`` is a ``ReadableUnit``."""
    best = max(points, key=lambda point: point.accuracy)
    least = min(points, key=lambda point: point.energy.per_inference)
    this = next((point for point in points if point.network == own), None)
    roles = (("this one", this), ("most accurate", best), ("least energy", least))
    text = "; ".join(
        f"{point.network} ({', '.join(role for role, one in roles if one is point)}): "
        f"{point.accuracy:.1%} for {unit.text(point.energy.per_inference)} {unit.name}"
        for point in dict.fromkeys(point for _, point in roles if point is not None))
    near = [point.network for point in points
            if point is not best and point.interval[1] >= best.interval[0]]
    if near:
        text += (f"; {best.images:,} images do not tell the best accuracy from that of "
                 f"{', '.join(near)}")
    return f"{text}."


def dataflow_answer(found, macs):
    """Which dataflow of those that fit takes least, and by how much."""
    totals = sorted((sum(best.total_energy for best in bests) / macs, name)
                    for name, bests in found.items() if bests is not None)
    if not totals:
        return "None: no dataflow's machine can hold these layers."
    (least, name), others = totals[0], totals[1:]
    text = f"{name} takes least, {least:.3g} MAC energies for one MAC"
    if others:
        text += f"; {others[0][1]}, next, takes {others[0][0] / least:.3g} times that"
    return f"{text}."


def neighbour_answer(points, own):
    """How the best of some ``ExploredPoint`` compares with that of the configuration itself."""
    others = [found for found in points if found.evaluation is not None and found is not own]
    for name, keys in (("energy, cycles and area", OBJECTIVES), ("energy and cycles", _RUN)):
        better = [found for found in others if _beats(found.evaluation, own.evaluation, keys)]
        if better:
            best = min(better, key=lambda found: found.evaluation.energy * found.evaluation.cycles)
            return f"Better in {name}: {_against(best, own.evaluation)}."
    if not others:
        return "There is none to compare with."
    best = {key: min(others, key=lambda found, key=key: getattr(found.evaluation, key))
            for key in _RUN}
    named = [_against(found, own.evaluation) for key, found in best.items()
             if _beats(found.evaluation, own.evaluation, (key,))]
    return "; ".join(["None is better in both energy and cycles", *named]) + "."


def refusal_lines(points):
    """Why neighbours are left out, most frequent first."""
    return [f"{count} {'is' if count == 1 else 'are'} left out: {reason}"
            for reason, count in refusals(points).items()]


def left_out(refused):
    """One line about networks that are left out, by name, with those of one reason together."""
    def reason(name):
        return refused[name].rpartition(", not ")[0] or refused[name]

    groups = groupby(sorted(refused, key=reason), reason)
    return "Left out: " + "; ".join(f"{', '.join(names)} ({why})" for why, names in groups) + "."


def _of_whole(name, value, whole):
    return f"{name} ({value / whole:.0%})"


def _change(what, share):
    if abs(share) < _SAME:
        return f"leaves the {what} as {'they are' if what == 'cycles' else 'it is'}"
    if share < 0:
        return f"saves {_percent(share)} of the {what}"
    return f"costs {_percent(share)} more {what}"


def _percent(share):
    return f"{abs(share):.1%}" if abs(share) < _TENTH else f"{abs(share):.0%}"


def _beats(there, here, keys):
    """Whether an ``Evaluation`` is as small as another in all figures, and smaller in one."""
    pairs = [(getattr(there, key), getattr(here, key)) for key in keys]
    return all(one <= other for one, other in pairs) and any(one < other for one, other in pairs)


def _against(found, here):
    """A point, and its three figures against those of the configuration itself."""
    point = ", ".join(f"{name} {value}" for name, value in found.point.items())
    cycles, energy, area = (
        _less_or_more(what, getattr(found.evaluation, key), getattr(here, key))
        for what, key in (("cycles", "cycles"), ("energy", "energy"), ("area", "area_mm2")))
    return f"trial {found.number} ({point}) takes {cycles}, {energy} and {area}"


def _less_or_more(what, there, here):
    times = there / here if here else 1
    if abs(times - 1) < _SAME:
        return f"as {'many' if what == 'cycles' else 'much'} {what}"
    if times >= _MANY_TIMES:
        return f"{times:.2g} times the {what}"
    less = "fewer" if what == "cycles" else "less"
    return f"{_percent(times - 1)} {less if times < 1 else 'more'} {what}"
