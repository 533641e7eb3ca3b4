"""The accelerator as an AXI peripheral: memory master, registers, and what ends a run cleanly."""
