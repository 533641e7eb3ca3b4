"""The numbers of a configuration, in words."""

from rich.table import Table

__all__ = ["configuration_table"]


def configuration_table(config, memory):
    """One row for each part of an ``AcceleratorConfig``, and one for a ``MemoryModel``."""
    table = Table(title=f"Configuration {config.name}: {config.purpose}", title_justify="left")
    table.add_column("part")
    table.add_column("numbers")
    words = f"of {config.lanes} x {config.act_bits} bits"
    rows = {
        "array": f"{config.rows} rows x {config.cols} columns of elements, {config.lanes} lanes "
                 f"each: {config.multiplier_count:,} multipliers",
        "operands": f"activations of {config.act_bits} and weights of {config.weight_bits} bits, "
                    f"psums of {config.psum_bits} bits",
        "modes": ", ".join(mode.name for mode in config.modes),
        "zero skipping": f"lane by lane, reach {config.reach}" if config.lane_addresses else "none",
        "scratchpads of an element": f"{config.filter_words:,} filter words in each of two banks, "
                                     f"{config.ifmap_words:,} ifmap words, {config.psum_words:,} "
                                     "psums in each half",
        "psum bank of a column": f"{config.bank_words:,} psums",
        "global buffer": f"{config.buffer_words:,} words {words}",
        "memory": f"latency of {memory.latency_cycles} cycles, {memory.bytes_per_cycle} bytes a "
                  "cycle",
    }
    for row in rows.items():
        table.add_row(*row)
    return table
