"""Channel pruning with reconstruction: which input channels of a layer stay, and its new weights.

He, Zhang and Sun, "Channel Pruning for Accelerating Very Deep Neural Networks" (arXiv 1707.06168,
Sec. 3.1): channels are chosen by LASSO on one factor for each, so that the layer's outputs stay
near what they were (Eq. 2); then least squares gives weights over the channels that are left (Eq.
3). Both need only second moments of inputs and outputs, which are kept here without their means, so
that the bias is fitted too.
"""

from dataclasses import dataclass

import numpy as np

from model.errors import InputError

__all__ = ["LayerMoments", "choose_channels", "lasso", "reconstruct"]

_STEP = 0.9
_ROUNDS = 2000
_TOLERANCE = 1e-10


@dataclass(frozen=True, eq=False)
class LayerMoments:
    """Means and second moments of a layer's inputs and of the outputs it should have.

    Parameters
    ----------
    channels : int
    input_mean : ndarray of float64, shape [channels x taps]
    output_mean : ndarray of float64, shape [filters]
    inputs : ndarray of float64, shape [channels x taps, channels x taps]
        Mean products of centred inputs.
    cross : ndarray of float64, shape [filters, channels x taps]
        Mean products of centred outputs and inputs.
    """

    channels: int
    input_mean: np.ndarray
    output_mean: np.ndarray
    inputs: np.ndarray
    cross: np.ndarray

    @classmethod
    def measured(cls, inputs, outputs):
        """From samples.

        Parameters
        ----------
        inputs : ndarray, shape [samples, channels, taps]
            Windows that the layer sees, in the network as it is by now.
        outputs : ndarray, shape [samples, filters]
            What the layer gave there in the network before.
        """
        inputs, outputs = np.asarray(inputs, np.float64), np.asarray(outputs, np.float64)
        if inputs.ndim != 3 or outputs.ndim != 2 or len(inputs) != len(outputs) or not inputs.size:
            raise InputError("samples must be inputs [samples, channels, taps] and outputs "
                             f"[samples, filters], not {inputs.shape} and {outputs.shape}")
        flat = inputs.reshape(len(inputs), -1)
        means = flat.mean(axis=0), outputs.mean(axis=0)
        flat, outputs = flat - means[0], outputs - means[1]
        return cls(inputs.shape[1], *means, flat.T @ flat / len(flat),
                   outputs.T @ flat / len(flat))

    def columns(self, channels):
        """Indices of the inputs of some channels."""
        taps = len(self.input_mean) // self.channels
        return (np.asarray(channels)[:, None] * taps + np.arange(taps)).reshape(-1)


def lasso(gram, correlations, penalty, start):
    """Coefficients b that make b G b / 2 - c b + penalty |b|_1 least, by coordinate descent.

    Parameters
    ----------
    gram : ndarray, shape [n, n]
        G, positive semidefinite.
    correlations : ndarray, shape [n]
        c.
    penalty : float
    start : ndarray, shape [n]
        Coefficients to begin with.
    """
    found = start.copy()
    for _ in range(_ROUNDS):
        before = found.copy()
        for index in np.flatnonzero(np.diag(gram) > 0):
            rest = correlations[index] - gram[index] @ found + gram[index, index] * found[index]
            found[index] = np.sign(rest) * max(abs(rest) - penalty, 0.0) / gram[index, index]
        if np.abs(found - before).max() <= _TOLERANCE * max(1.0, np.abs(found).max()):
            break
    return found


def choose_channels(moments, weights, keep):
    """The channels that stay, ascending, by LASSO with a penalty that falls until so many are in.

    Parameters
    ----------
    moments : LayerMoments
    weights : ndarray, shape [filters, channels, taps]
        Of the layer as it is.
    keep : int
        How many; of more that enter at once, those whose part of the output is largest.
    """
    weights = np.asarray(weights, np.float64)
    filters, channels, taps = weights.shape
    if not isinstance(keep, int) or not 1 <= keep <= channels:
        raise InputError(f"channels to keep must be from 1 to {channels}, not {keep!r}")
    products = np.einsum("fit,fju->itju", weights, weights)
    gram = (products * moments.inputs.reshape(channels, taps, channels, taps)).sum(axis=(1, 3))
    correlations = (weights * moments.cross.reshape(filters, channels, taps)).sum(axis=(0, 2))
    penalty = np.abs(correlations).max()
    found = np.zeros(channels)
    least = penalty * 1e-9
    while np.count_nonzero(found) < keep and penalty > least:
        penalty *= _STEP
        found = lasso(gram, correlations, penalty, found)
    part = np.abs(found) * np.sqrt(np.maximum(np.diag(gram), 0))
    return np.sort(np.argsort(-part, kind="stable")[:keep])


def reconstruct(moments, channels):
    """Weights over some channels, and biases, that bring outputs nearest to what they were.

    Returns
    -------
    weights : ndarray of float64, shape [filters, channels, taps]
    bias : ndarray of float64, shape [filters]
    """
    columns = moments.columns(channels)
    solved = np.linalg.lstsq(moments.inputs[np.ix_(columns, columns)],
                             moments.cross[:, columns].T, rcond=None)[0].T
    bias = moments.output_mean - solved @ moments.input_mean[columns]
    return solved.reshape(len(solved), len(channels), -1), bias
