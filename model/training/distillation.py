"""Distillation: a student learns from a larger teacher's scores beside the labels.

Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network" (arXiv 1503.02531, Sec. 2).
"""

import torch
from torch.nn import functional

from model.errors import InputError

__all__ = ["DistillationLoss", "teacher_scores"]

_BATCH = 500


def teacher_scores(teacher, images):
    """A teacher's scores, Tensor [n, classes], of images that do not change while training."""
    teacher.eval()
    with torch.no_grad():
        return torch.cat([teacher(part) for part in images.split(_BATCH)])


class DistillationLoss:
    """Cross entropy with the teacher's softened classes, and with the labels.

    share T^2 CE(softmax(teacher / T), softmax(student / T)) + (1 - share) CE(labels, student): T^2
    keeps the share of the gradient as T changes (Sec. 2).

    Parameters
    ----------
    taught : Tensor [images, classes]
        The teacher's scores of all training images.
    temperature : float
        T, over 0.
    share : float
        0 to 1.
    """

    def __init__(self, taught, temperature=4.0, share=0.9):
        if not temperature > 0:
            raise InputError(f"temperature must be over 0, not {temperature}")
        if not 0 <= share <= 1:
            raise InputError(f"share of the teacher must be from 0 to 1, not {share}")
        self.classes = functional.softmax(taught / temperature, dim=1)
        self.temperature = temperature
        self.share = share

    def __call__(self, scores, labels, chosen):
        """The loss of scores of the training images ``chosen``, an index each."""
        soft = functional.cross_entropy(scores / self.temperature, self.classes[chosen])
        hard = functional.cross_entropy(scores, labels)
        return self.share * self.temperature**2 * soft + (1 - self.share) * hard
