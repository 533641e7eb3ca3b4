"""Max pooling that follows a layer becomes part of it."""

from dataclasses import replace

from model.layer import Layer
from model.pooling import Pooling

__all__ = ["merge_pools"]


def merge_pools(nodes):
    """Square max pooling right behind a layer that nothing else reads goes inside it."""
    reads = {}
    for node in nodes:
        for name in node.inputs:
            reads[name] = reads.get(name, 0) + 1
    merged = []
    for node in nodes:
        before = merged[-1] if merged else None
        if (isinstance(node, Pooling) and node.kind == "max" and isinstance(before, Layer)
                and before.pool == 1 and node.inputs == (before.name,) and reads[before.name] == 1
                and node.kernel == node.stride == node.kernel[:1] * 2 and not any(node.padding)
                and node.kernel[0] <= 255 and before.output_format is not None):
            merged[-1] = replace(before, name=node.name, pool=node.kernel[0])
        else:
            merged.append(node)
    return tuple(merged)
