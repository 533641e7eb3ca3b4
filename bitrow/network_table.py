"""Every node of a network, as a table and as plain values."""

from rich.table import Table

from model.layer import Layer

__all__ = ["network_json", "node_table"]


def _stage(node):
    """The output stage as plain values: its kind, and rows of its own for how many channels."""
    if node.requantize is not None:
        return {"kind": "requantize", "rows": len(node.requantize.multiplier),
                "rounding": node.requantize.rounding}
    if node.thresholds is not None:
        return {"kind": "thresholds", "rows": len(node.thresholds),
                "thresholds": node.thresholds.shape[1]}
    return {"kind": "sums" if node.output_format is None else "none", "rows": 0}


def _node_json(network, index, shapes):
    node, sources = network.layers[index], network.sources[index]
    found = {
        "name": node.name, "kind": node.kind(shapes[0]) if isinstance(node, Layer)
        else getattr(node, "kind", "add"),
        "inputs": [network.layers[source].name if source >= 0 else "input" for source in sources],
        "input_shape": list(shapes[0]), "output_shape": list(shapes[1]),
        "output_format": node.output_format and node.output_format.name, "stage": _stage(node),
        "macs": node.macs(shapes[0]), "parameters": 0}
    if isinstance(node, Layer):
        found |= {"weight_format": node.weight_format.name, "kernel": list(node.weights.shape[1:3]),
                  "groups": node.groups, "dilation": list(node.dilation), "pool": node.pool,
                  "parameters": node.weights.size}
    for key in ("kernel", "stride", "padding"):
        if hasattr(node, key):
            found[key] = list(getattr(node, key))
    return found


def network_json(network):
    """A dict of plain values: what ``node_table`` shows, and more."""
    layers = [_node_json(network, index, shapes)
              for index, shapes in enumerate(network.shapes())]
    return {"network": network.name, "family": network.family,
            "input_shape": list(network.input_shape), "input_format": network.input_format.name,
            "macs": network.macs, "parameters": sum(layer["parameters"] for layer in layers),
            "score_scale": network.score_scale, "score_offset": network.score_offset,
            "layers": layers}


def _by(values):
    return "x".join(map(str, values))


def node_table(network):
    """One row for each node."""
    whole = network_json(network)
    table = Table(title=f"{network.name}: {_by(network.input_shape)} {network.input_format.name}, "
                        f"{len(network.layers)} layers", title_justify="left", show_footer=True)
    for name in ("layer", "kind", "reads", "kernel", "weights", "output", "format", "stage"):
        table.add_column(name, no_wrap=name != "reads")
    for name in ("MACs", "parameters"):
        table.add_column(name, justify="right", no_wrap=True, footer=f"{whole[name.lower()]:,}")
    for node in whole["layers"]:
        table.add_row(
            node["name"], node["kind"], ", ".join(node["inputs"]), _by(node.get("kernel", ())),
            node.get("weight_format", ""), _by(node["output_shape"]),
            node["output_format"] or "scores", node["stage"]["kind"], f"{node['macs']:,}",
            f"{node['parameters']:,}")
    return table
