"""The loads and passes of a program, with the layer that each belongs to."""

import numpy as np

from hw.program import Opcode
from sim.decoded_program import DecodedProgram

__all__ = ["FIELDS", "layer_instructions"]

FIELDS = {
    Opcode.LOAD: ("target", "bank", "narrow", "all_columns", "words", "beats"),
    Opcode.PASS: ("lane_offsets", "bank", "columns", "rows_enable", "psums", "filter_length",
                  "window_cycles", "positions"),
}
"""The fields that ``layer_instructions`` gives."""


def layer_instructions(program):
    """Each ``LOAD`` and ``PASS`` of a program in order.

    Parameters
    ----------
    program : sim.program_image.Program

    Returns
    -------
    list of (int, Opcode, dict)
        Index of the layer, opcode, and the fields named in ``FIELDS``.
    """
    decoded = DecodedProgram(program)
    marks = decoded.places(Opcode.MARK)
    found = []
    for opcode, names in FIELDS.items():
        places = decoded.places(opcode)
        columns = [values.tolist() for values in decoded.fields(opcode, *names)]
        layers = np.searchsorted(marks, places).tolist()
        for place, layer, *values in zip(places.tolist(), layers, *columns, strict=True):
            found.append((place, layer, opcode, dict(zip(names, values, strict=True))))
    return [entry[1:] for entry in sorted(found, key=lambda entry: entry[0])]
