"""What a float network does on calibration images: values of tensors, moments of inputs."""

from dataclasses import dataclass

import numpy as np

from model.network import INPUT

__all__ = ["CalibrationRun", "LayerMoments", "calibrate"]

_SAMPLES = 1 << 15
"""About so many values of each tensor are kept, spread evenly, and its extremes."""


@dataclass(frozen=True, eq=False)
class LayerMoments:
    """Of the inputs that a layer's filters see, over the windows of some images.

    Parameters
    ----------
    mean : ndarray of float64, shape [groups, taps]
    second : ndarray of float64, shape [groups, taps, taps]
        Means of the products of each two.
    """

    mean: np.ndarray
    second: np.ndarray


@dataclass(frozen=True, eq=False)
class CalibrationRun:
    """What was seen.

    Parameters
    ----------
    samples : dict of str to ndarray
        Values of each node's output.
    moments : dict of str to LayerMoments
        Of each layer with weights.
    """

    samples: dict[str, np.ndarray]
    moments: dict[str, LayerMoments]


def calibrate(network, values):
    """Runs a ``FloatNetwork`` on values [images, height, width, channels] and keeps notes.

    Returns
    -------
    CalibrationRun
    """
    recorder = _Recorder(network, len(values))
    network.scores(values, recorder.visit)
    return CalibrationRun(recorder.samples(), recorder.moments())


_MOMENT_IMAGES = 512
"""Moments are taken over so many images at most."""


class _Recorder:
    """Collects chunk after chunk."""

    def __init__(self, network, images):
        self._readers = {name: [node for node in network.linear if name in node.inputs]
                         for name in network.shapes}
        self._step = {name: max(1, images * int(np.prod(shape)) // _SAMPLES)
                      for name, shape in network.shapes.items()}
        self._kept, self._sums, self._seen = {}, {}, {}

    def visit(self, name, values):
        """Takes note of a tensor's values for some images."""
        if name != INPUT:
            flat = values.reshape(-1)
            self._kept.setdefault(name, []).append(np.concatenate(
                [flat[::self._step[name]], [flat.min(), flat.max()]]))
        for node in self._readers[name]:
            self._seen[node.name] = self._seen.get(node.name, 0) + len(values)
            if self._seen[node.name] - len(values) >= _MOMENT_IMAGES:
                continue
            patches = node.patches(values)
            rows = patches.reshape(-1, *patches.shape[3:])
            added = [len(rows), rows.sum(axis=0, dtype=np.float64),
                     np.stack([(part.T @ part).astype(np.float64)
                               for part in rows.transpose(1, 0, 2)])]
            before = self._sums.get(node.name, [0, 0, 0])
            self._sums[node.name] = [a + b for a, b in zip(before, added, strict=True)]

    def samples(self):
        """Values of each node's output."""
        return {name: np.concatenate(parts) for name, parts in self._kept.items()}

    def moments(self):
        """``LayerMoments`` of each layer with weights."""
        return {name: LayerMoments(mean / count, second / count)
                for name, (count, mean, second) in self._sums.items()}
