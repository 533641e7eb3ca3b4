"""What a configuration must satisfy, so that hardware can be built for it."""

from hw.codebook import CODE_BITS
from hw.mode import Mode

__all__ = ["ConfigError", "check_config"]


class ConfigError(ValueError):
    """A configuration that no hardware can be built for."""


def _is_power_of_two(value):
    return isinstance(value, int) and value >= 1 and value & (value - 1) == 0


def check_config(config):
    """Raises ConfigError for the first rule that an ``AcceleratorConfig`` breaks."""
    _check_ranges(config)
    _check_powers_of_two(config)
    _check_words_fit_a_beat(config)
    if not config.modes or len(set(config.modes)) != len(config.modes):
        raise ConfigError("modes must be a non-empty tuple without repeats, "
                          f"not {config.modes!r}")
    if config.lane_addresses and not {*config.modes} - {Mode.XNOR, Mode.SIGN, Mode.LUT}:
        raise ConfigError("modes must contain one with zero weights when lane_addresses is "
                          f"set, not {config.modes!r}")
    if Mode.SHIFT in config.modes and config.weight_bits < 3:
        raise ConfigError("weight_bits must be at least 3 where modes contain SHIFT, "
                          f"not {config.weight_bits!r}")
    if config.codebook and config.weight_bits != CODE_BITS:
        raise ConfigError(f"weight_bits must be {CODE_BITS} where codebook is set, "
                          f"not {config.weight_bits!r}")
    if config.thresholds_per_cycle not in (4, 8, 16):
        raise ConfigError("thresholds_per_cycle must be 4, 8 or 16, "
                          f"not {config.thresholds_per_cycle!r}")
    _check_output(config)


def _check_output(config):
    bits = config.output_code_bits
    if not isinstance(bits, int) or not config.act_bits <= bits <= 8:
        raise ConfigError(f"code_bits must be from act_bits, {config.act_bits}, to 8, "
                          f"not {config.code_bits!r}")
    if config.output_bits > 2 * config.BEAT_BITS:
        raise ConfigError(f"lanes x code_bits must be at most {2 * config.BEAT_BITS}, "
                          f"not {config.output_bits}")
    if config.requantize_digit not in (0, 8, 16):
        raise ConfigError("requantize_digit must be 0, 8 or 16, "
                          f"not {config.requantize_digit!r}")
    if config.requantize_digit and config.psum_bits < 24:
        raise ConfigError("psum_bits must be at least 24 where a requantizer is built, "
                          f"not {config.psum_bits}")


def _check_ranges(config):
    for field, low, high in (("rows", 1, 16), ("cols", 1, 16), ("act_bits", 1, 4),
                             ("weight_bits", 2, 4), ("psum_bits", 8, 32),
                             ("ifmap_words", 2, 128), ("filter_words", 2, 1 << 12),
                             ("psum_words", 2, 128), ("bank_words", 2, 1 << 14),
                             ("buffer_words", 2, 1 << 16), ("threshold_rows", 2, 1 << 12),
                             ("lane_reach", 1, 4), ("index_bits", 1, 9),
                             ("pool_window", 1, 4)):
        value = getattr(config, field)
        if not isinstance(value, int) or not low <= value <= high:
            raise ConfigError(f"{field} must be an integer from {low} to {high}, not {value!r}")


def _check_powers_of_two(config):
    for field in ("lanes", "lane_reach", "filter_words", "ifmap_words", "psum_words",
                  "bank_words", "buffer_words", "threshold_rows"):
        value = getattr(config, field)
        if not _is_power_of_two(value):
            raise ConfigError(f"{field} must be a power of two, not {value!r}")


def _check_words_fit_a_beat(config):
    if config.word_bits > config.BEAT_BITS:
        raise ConfigError(f"lanes x act_bits must be at most {config.BEAT_BITS}, "
                          f"not {config.word_bits}")
    if config.filter_word_bits > config.BEAT_BITS:
        raise ConfigError(f"lanes x weight_bits must be at most {config.BEAT_BITS}, "
                          f"not {config.filter_word_bits}")
    if config.lane_addresses and config.sequence_bits > config.BEAT_BITS:
        raise ConfigError("a sequence word (lanes x index_bits + lane count + last) must be "
                          f"at most {config.BEAT_BITS} bits, not {config.sequence_bits}")
