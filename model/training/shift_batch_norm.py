"""Shift-based batch normalization as a layer (BNN, arXiv 1602.02830, Alg. 3)."""

import torch
from torch import nn

from model.quantizers.shift_norm import ShiftNorm, power_of_two
from model.training.straight_through import straight_through

__all__ = ["ShiftBatchNorm"]


def _power_of_two(values):
    """AP2 forward, the gradient as it is backward."""
    nearest = torch.from_numpy(power_of_two(values.detach().double().numpy()))
    return straight_through(values, nearest.to(values.dtype))


class ShiftBatchNorm(nn.Module):
    """Batch normalization whose factors are powers of two; [n, channels, ...].

    Statistics are computed in float64. Backward, the power of two near a number counts as that
    number.

    Parameters
    ----------
    channels : int
    epsilon : float
    momentum : float
        Share of the way that the running statistics move for a batch.
    """

    def __init__(self, channels, epsilon=1e-4, momentum=0.1):
        super().__init__()
        self.epsilon = epsilon
        self.momentum = momentum
        self.gamma = nn.Parameter(torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels, dtype=torch.float64))
        self.register_buffer("running_variance", torch.ones(channels, dtype=torch.float64))

    def forward(self, values):
        """Normalized values, by the batch's statistics in training mode, else the running ones."""
        others = [0, *range(2, values.ndim)]
        shape = [1, -1] + [1] * (values.ndim - 2)
        exact = values.double()
        if self.training:
            mean = exact.mean(dim=others)
            centred = exact - mean.reshape(shape)
            variance = (centred * _power_of_two(centred)).mean(dim=others)
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_variance += self.momentum * (variance - self.running_variance)
        else:
            mean, variance = self.running_mean, self.running_variance
            centred = exact - mean.reshape(shape)
        inverse = _power_of_two((variance + self.epsilon).rsqrt())
        gain = _power_of_two(self.gamma.double())
        normalized = centred * (inverse * gain).reshape(shape)
        return (normalized + self.beta.double().reshape(shape)).to(values.dtype)

    def exported(self):
        """The ``ShiftNorm`` of the running statistics."""
        inverse = (self.running_variance + self.epsilon).rsqrt()
        return ShiftNorm(self.running_mean.numpy(), power_of_two(inverse.numpy()),
                         power_of_two(self.gamma.detach().double().numpy()),
                         self.beta.detach().double().numpy())
