# amaranth: UnusedElaboratable=no
"""Every multiplier unit over all operand pairs, and the adders behind them."""

from amaranth import ClockDomain, Module
from amaranth.sim import Simulator
import numpy as np
import pytest

from hw.compressor import CompressorTree, tree_latency
from hw.config import CONFIGS
from hw.mode import Mode
from hw.multiplier import UNITS, Multiplier, product_bits

TINY = CONFIGS["tiny"]
CASES = [(unit, mode, act, weight) for unit in UNITS for mode in unit.modes
         for act in (1, 2, 3, 4) for weight in (2, 3, 4) if mode is not Mode.SHIFT or weight > 2]


def product(mode, weight, act, config):
    """The product of two fields, as hw.mode says it, in plain integers."""
    if mode is Mode.XNOR:
        off = weight >> 1 & 1 or (config.act_bits > 1 and act >> 1 & 1)
        return 0 if off else (1 if weight & 1 == act & 1 else -1)
    if mode is Mode.SIGN:
        return 0 if weight >> 1 & 1 else (act if weight & 1 else -act)
    if mode is Mode.TERNARY:
        return {0: 0, 1: act, 3: -act}[weight & 3]
    if mode is Mode.SHIFT:
        return {0: 0, 1: act, 2: 2 * act, 6: -2 * act, 7: -act}[weight & 7]
    if mode is Mode.INT_S:
        return (weight - (weight >> (config.weight_bits - 1) << config.weight_bits)) * act
    if mode is Mode.INT_U:
        return weight * act
    return (2 * weight - (2**config.weight_bits - 1)) * act


def weight_fields(mode, config):
    """The fields that a mode gives a meaning."""
    unused = {Mode.TERNARY: lambda field: field & 3 == 2,
              Mode.SHIFT: lambda field: field & 7 in (3, 4, 5)}.get(mode, lambda field: False)
    return [field for field in range(2**config.weight_bits) if not unused(field)]


def all_products(dut, config, mode):
    found = {}

    async def bench(ctx):
        ctx.set(dut.mode, mode)
        for weight in weight_fields(mode, config):
            for act in range(2**config.act_bits):
                ctx.set(dut.weight, weight)
                ctx.set(dut.act, act)
                await ctx.delay(1e-9)
                found[weight, act] = ctx.get(dut.product) - (1 << product_bits(config) - 1)

    simulator = Simulator(dut)
    simulator.add_testbench(bench)
    simulator.run()
    return found


@pytest.mark.parametrize("unit,mode,act_bits,weight_bits", CASES)
def test_each_unit_multiplies_all_pairs(unit, mode, act_bits, weight_bits):
    config = TINY.with_changes(act_bits=act_bits, weight_bits=weight_bits, modes=(mode,),
                               lane_addresses=False, codebook=False)
    for (weight, act), found in all_products(unit(config), config, mode).items():
        assert found == product(mode, weight, act, config), (weight, act)


@pytest.mark.parametrize("modes", [tuple(Mode), (Mode.SIGN, Mode.LUT), (Mode.XNOR,),
                                   (Mode.INT_U, Mode.TERNARY), (Mode.SHIFT, Mode.XNOR)])
def test_the_mode_chooses_the_unit(modes):
    config = TINY.with_changes(modes=modes, lane_addresses=False)
    for mode in modes:
        for (weight, act), found in all_products(Multiplier(config), config, mode).items():
            assert found == product(mode, weight, act, config), (mode, weight, act)


@pytest.mark.parametrize("lanes", [1, 2, 4, 8, 16, 32, 64])
def test_the_tree_adds_one_word_each_cycle(lanes):
    generator = np.random.default_rng(lanes)
    words = np.concatenate([generator.integers(-16, 16, (20, lanes)),
                            np.full((1, lanes), -16), np.full((1, lanes), 15)])
    dut = CompressorTree(lanes, 5)
    found = []

    async def bench(ctx):
        for word in (*words, *([words[0]] * tree_latency(lanes))):
            for lane in range(lanes):
                ctx.set(dut.i[lane], int(word[lane]) + 16)
            if tree_latency(lanes) == 0:
                await ctx.delay(1e-9)
            found.append(ctx.get(dut.o))
            await ctx.tick()

    m = Module()
    m.submodules.dut = dut
    m.domains.sync = ClockDomain()
    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    late = tree_latency(lanes)
    assert found[late:late + len(words)] == words.sum(axis=1).tolist()


@pytest.mark.parametrize("lanes", [0, 3, 12, 2.0])
def test_a_tree_of_lanes_that_are_no_power_of_two_is_refused(lanes):
    with pytest.raises(ValueError, match="lanes must be a power of two"):
        CompressorTree(lanes, 5)
