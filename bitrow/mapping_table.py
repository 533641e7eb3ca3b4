"""The mappings of a program, as a table and as plain values."""

from dataclasses import asdict

from rich.table import Table

from energy.occupancy import mean_occupancy, pass_occupancies

__all__ = ["mapping_json", "mapping_table"]


def _shares(program):
    """Of each step of each layer: the share of elements with work over its passes' cycles."""
    passes, first, shares = pass_occupancies(program), 0, []
    for layer in program.layers:
        own = []
        for step in layer.steps:
            own.append(mean_occupancy(passes[first:first + step.passes], program.config))
            first += step.passes
        shares.append(own)
    return shares


def mapping_json(program, prediction, forced):
    """A dict of plain values: what ``mapping_table`` shows, and all of each mapping.

    Parameters
    ----------
    program : sim.program_image.Program
    prediction : sim.predict.Prediction
    forced : set of (str, int)
        Layers and steps whose mapping was given.
    """
    peak, layers = program.config.multiplier_count, []
    for layer, counts, shares in zip(program.layers, prediction.layers, _shares(program),
                                     strict=True):
        steps = [{"step": number, "forced": (layer.name, number) in forced,
                  "folds": len(step.mapping.folds),
                  "rows_of_a_unit": max(fold.shares for fold in step.mapping.folds),
                  "runs": step.runs, "passes": step.passes,
                  "planes": len({one.plane for one in step.order}), "active_share": share,
                  "mapping": asdict(step.mapping)}
                 for number, (step, share) in enumerate(zip(layer.steps, shares, strict=True), 1)]
        layers.append({"name": layer.name, "mode": layer.mode, "macs": layer.macs,
                       "cycles_predicted": counts["cycles"],
                       "utilization": layer.macs / (peak * counts["cycles"]), "steps": steps})
    macs = sum(layer.macs for layer in program.layers)
    return {"network": program.network, "config": program.config.name,
            "images": program.images, "macs": macs,
            "cycles_predicted": prediction.cycles,
            "utilization": macs / (peak * prediction.cycles), "layers": layers}


def mapping_table(whole):
    """One row for each step of each layer; ``whole`` is as ``mapping_json`` gives it."""
    together = f", {whole['images']} images a run" if whole["images"] > 1 else ""
    table = Table(title=f"{whole['network']} on {whole['config']}{together}; a star marks a forced "
                        "mapping", title_justify="left", show_footer=True)
    table.add_column("layer", no_wrap=True, min_width=8, footer="all")
    for name in ("folds x\nunits", "planes", "groups x\nwords", "filter\ngroups", "strips"):
        table.add_column(name, no_wrap=True)
    table.add_column("passes", justify="right", no_wrap=True,
                     footer=f"{sum(step['passes'] for step in _steps(whole)):,}")
    table.add_column("inner\nloop", no_wrap=True)
    table.add_column("zeros", no_wrap=True)
    table.add_column("PEs\nactive", justify="right", no_wrap=True)
    for name, value in (("MACs", f"{whole['macs']:,}"),
                        ("cycles", f"{whole['cycles_predicted']:,}"),
                        ("of\npeak", f"{whole['utilization']:.1%}")):
        table.add_column(name, justify="right", no_wrap=True, footer=value)
    for layer in whole["layers"]:
        for step in layer["steps"]:
            totals = ("", "", "")
            if step is layer["steps"][-1]:
                totals = (f"{layer['macs']:,}", f"{layer['cycles_predicted']:,}",
                          f"{layer['utilization']:.1%}")
            table.add_row(_name(layer, step), *_cells(step), *totals)
    return table


def _steps(whole):
    return [step for layer in whole["layers"] for step in layer["steps"]]


def _name(layer, step):
    number = f", step {step['step']}" if len(layer["steps"]) > 1 else ""
    return f"{layer['name']}{number}{' *' if step['forced'] else ''}"


def _cells(step):
    """What the table says of a mapping."""
    mapping = step["mapping"]
    _, filters, bands = (max(column) for column in zip(*mapping["filter_groups"], strict=True))
    runs = f"\nin {step['runs']} runs" if step["runs"] > 1 else ""
    rows = f"\nin {step['rows_of_a_unit']} rows" if step["rows_of_a_unit"] > 1 else ""
    side = "".join(f"\n{count} {name}" for name, count in
                   (("blocks", mapping["blocks"]), ("bands", bands)) if count > 1)
    strip = max(mapping["strips"], key=lambda one: one["rows"] * one["positions"])
    return (f"{step['folds']} x {mapping['fold_units']}{rows}", str(step["planes"]),
            f"{mapping['groups']} x {mapping['group_words']}{runs}",
            f"{len(mapping['filter_groups'])} x {filters}",
            f"{len(mapping['strips'])} x {strip['rows']} x {strip['positions']}{side}",
            f"{step['passes']:,}",
            "strips" if mapping["strips_inside"] else "folds",
            "skip" if mapping["skipping"] else "–", f"{step['active_share']:.0%}")
