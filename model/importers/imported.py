"""What an importer of a graph gives."""

from dataclasses import dataclass

import numpy as np

from model.importers.input_codes import InputCodes
from model.network import Network

__all__ = ["Imported"]


@dataclass(frozen=True, eq=False)
class Imported:
    """A network of another format as an integer network.

    Parameters
    ----------
    network : Network
    input_codes : InputCodes
        What turns the source's input into codes.
    output_index : ndarray of int, of the shape of the source's output for one image
        Which score stands at each place.
    notes : tuple of str
        Where codes are not exactly those of the source, and by how much.
    """

    network: Network
    input_codes: InputCodes
    output_index: np.ndarray
    notes: tuple[str, ...] = ()

    def outputs(self, scores):
        """What the source gives, float64 [images, ...], for the network's scores."""
        real = scores * np.array(self.network.score_scale) + np.array(self.network.score_offset)
        return real[:, self.output_index]
