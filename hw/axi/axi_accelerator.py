# amaranth: UnusedElaboratable=no
"""The accelerator as an AXI peripheral."""

from amaranth import Cat, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from hw.accelerator import Accelerator
from hw.axi.memory_port import MemoryPort
from hw.axi.register_file import RegisterFile
from hw.axi.register_map import ADDRESS_BITS, EVENT_NAMES, IDENTITY, VERSION
from hw.axi.run_guard import RunGuard
from hw.axi.shape import AxiShape
from hw.axi.signals import (
    PAGE_BITS,
    axi4_signature,
    axi_lite_signature,
    connect_prefixed,
    prefixed,
)
from hw.counter_record import COUNTER_NAMES
from hw.shared_module import SharedModule

__all__ = ["AxiAccelerator"]


class AxiAccelerator(wiring.Component):
    """Registers on AXI4-Lite, memory on AXI4, an interrupt. One clock domain, ``sync``.

    A program's addresses count from the register ``memory_base``.

    Parameters
    ----------
    config : AcceleratorConfig
    shape : AxiShape

    Members
    -------
    s_axil_* : In
        The register map (``hw.axi.register_map``).
    m_axi_* : Out
        Memory.
    irq : Out
        High while an enabled flag is set.
    """

    def __init__(self, config, shape=AxiShape()):
        self._config, self._shape = config, shape
        super().__init__(prefixed("s_axil", axi_lite_signature(ADDRESS_BITS).flip())
                         | prefixed("m_axi", axi4_signature(shape)) | {"irq": Out(1)})

    def elaborate(self, platform):
        m = Module()
        core = Accelerator(self._config)
        m.submodules.registers = registers = RegisterFile()
        m.submodules.guard = guard = RunGuard()
        m.submodules.memory = memory = MemoryPort(self._shape)
        m.submodules.core = SharedModule(core, guard.core_reset)
        connect_prefixed(m, "s_axil", self, registers.axi)
        connect_prefixed(m, "m_axi", self, memory.axi)
        self._control(m, registers, guard, core)
        self._move(m, registers, guard, memory, core)
        self._describe(m, registers)
        return m

    def _control(self, m, registers, guard, core):
        """Registers to the guard and back, the guard to the accelerator and back."""
        m.d.comb += [
            guard.start.eq(registers.start), guard.stop.eq(registers.stop),
            guard.clear.eq(registers.clear_run), guard.cycle_limit.eq(registers.cycle_limit),
            registers.clear.eq(registers.clear_run), registers.busy.eq(guard.busy),
            registers.finished.eq(guard.finished), registers.code.eq(guard.status),
            registers.read_failed.eq(guard.reads_failed),
            registers.write_failed.eq(guard.writes_failed), registers.cycles.eq(guard.cycles),
            registers.run_finished_set.eq(guard.ended),
            registers.run_error_set.eq(guard.ended_badly),
            core.start.eq(guard.core_start),
            core.program_address[4:].eq(registers.program_address),
            guard.core_done.eq(core.done), guard.core_status.eq(core.status),
            guard.core_cycles.eq(core.cycles),
        ]
        m.d.comb += [getattr(registers, name).eq(core.counters.word_select(index, 32))
                     for index, name in enumerate(COUNTER_NAMES) if name in EVENT_NAMES]
        m.d.sync += self.irq.eq((registers.enable_finished & registers.run_finished)
                                      | (registers.enable_error & registers.run_error))

    def _move(self, m, registers, guard, memory, core):
        """Data between accelerator and memory; what a run that is being ended writes is dropped."""
        base = Cat(registers.memory_base, registers.memory_base_high)
        with m.If(guard.core_start):
            m.d.sync += memory.base.eq(base[:self._shape.address_bits - PAGE_BITS])
        m.d.comb += [
            memory.halt.eq(guard.halt), memory.flush.eq(guard.flush),
            guard.read_failed.eq(memory.read_failed), guard.write_failed.eq(memory.write_failed),
            guard.memory_idle.eq(memory.idle),
            memory.requests.valid.eq(core.read_requests.valid),
            memory.requests.payload.eq(core.read_requests.payload),
            core.read_requests.ready.eq(memory.requests.ready),
            core.read_data.valid.eq(memory.data.valid),
            core.read_data.payload.eq(memory.data.payload),
            memory.data.ready.eq(core.read_data.ready),
            memory.writes.valid.eq(core.writes.valid & ~guard.halt),
            memory.writes.payload.eq(core.writes.payload),
            core.writes.ready.eq(memory.writes.ready),
        ]

    def _describe(self, m, registers):
        """What the build is."""
        config = self._config
        m.d.comb += [
            registers.identity.eq(IDENTITY), registers.map_version.eq(VERSION),
            registers.address_width.eq(self._shape.address_bits),
            registers.modes.eq(sum(1 << mode for mode in config.modes)),
        ]
        m.d.comb += [getattr(registers, name).eq(getattr(config, name)) for name in (
            "rows", "cols", "lanes", "act_bits", "weight_bits", "psum_bits", "buffer_words")]
