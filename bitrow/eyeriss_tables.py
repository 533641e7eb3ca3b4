"""Tables of the Eyeriss chip: mappings, cycles of a pass, run-length code, deviations."""

from rich.table import Table

from energy.eyeriss.alexnet import ALEXNET, ALEXNET_BATCH, ALEXNET_MAPPINGS
from energy.eyeriss.chip import EYERISS
from energy.eyeriss.run_length import decode, encode, expected_share

__all__ = ["QUANTITIES", "alexnet_mapping_table", "code_table", "coded_size_table",
           "pass_cycles_table", "reproduction_table"]

QUANTITIES = {"buffer_mb": "buffer to array, MB",
              "dram_mb": "DRAM before coding, MB: published ratio x coded",
              "dram_derived_mb": "DRAM before coding, MB: as others derive it",
              "dram_coded_mb": "DRAM after coding, MB", "processing_ms": "processing, ms"}
"""What the keys of ``energy.eyeriss.reproduction.reproduce_alexnet`` stand for."""


def alexnet_mapping_table():
    """One row for each convolution of AlexNet: the mapping that the chip runs it with."""
    table = Table(title=f"AlexNet on the Eyeriss chip, batch {ALEXNET_BATCH}",
                  title_justify="left")
    table.add_column("layer")
    for name in (*"mnepqrt", "passes", f"elements, of {EYERISS.rows * EYERISS.cols}"):
        table.add_column(name, justify="right")
    for shape in ALEXNET:
        mapping = ALEXNET_MAPPINGS[shape.name]
        numbers = (*(getattr(mapping, name) for name in "mnepqrt"),
                   mapping.passes(shape, ALEXNET_BATCH), mapping.active_elements(shape))
        table.add_row(shape.name, *(f"{number:,}" for number in numbers))
    return table


def pass_cycles_table(passes):
    """One row for each pass: its cycles by what they go to.

    Parameters
    ----------
    passes : dict of PassCycles
        By name.
    """
    table = Table(title="Cycles of one whole pass: the longest of three streams, then chain and "
                        "filters", title_justify="left")
    table.add_column("pass of")
    for name in ("MACs", "psums", "ifmaps", "bound by", "chain", "filters", "all"):
        table.add_column(name, justify="left" if name == "bound by" else "right")
    for name, one in passes.items():
        table.add_row(name, f"{one.mac_cycles:,}", f"{one.psum_cycles:,}",
                      f"{one.ifmap_cycles:,}", one.bound_by, f"{one.chain_cycles:,}",
                      f"{one.filter_cycles:,}", f"{one.total_cycles:,}")
    return table


def code_table(values):
    """A sequence, the words of its run-length code, and what they decode to."""
    words = encode(values)
    table = Table(title="Run-length code", title_justify="left", show_header=False)
    table.add_row("values", " ".join(str(value) for value in values))
    table.add_row("words of 64 bits", " ".join(f"{int(word):016x}" for word in words))
    table.add_row("decoded", " ".join(str(value) for value in decode(words, len(values))))
    return table


def coded_size_table(zero_fractions):
    """The size of the code of values of which so many are zero."""
    table = Table(title="Size of the code, of 16 bits for each value", title_justify="left")
    for name in ("zeros", "size"):
        table.add_column(name, justify="right")
    for zeros in zero_fractions:
        table.add_row(f"{zeros:.1%}", f"{expected_share(zeros):.2f}")
    return table


def reproduction_table(results):
    """Model, reference and deviation, from ``reproduce_alexnet``."""
    table = Table(title=f"AlexNet on the Eyeriss chip, batch {ALEXNET_BATCH}; CONV3 with CONV4's "
                        "mapping", title_justify="left")
    for name in ("quantity", "layer"):
        table.add_column(name)
    for name in ("model", "reference", "rounding allows", "deviation"):
        table.add_column(name, justify="right")
    for quantity, text in QUANTITIES.items():
        for layer, found in results.items():
            one = found[quantity]
            table.add_row(text if layer == next(iter(results)) else "", layer,
                          f"{one.model:.2f}", f"{one.middle:.2f}",
                          f"{one.low:.3f} to {one.high:.3f}", f"{one.deviation:+.1%}")
        table.add_section()
    return table
