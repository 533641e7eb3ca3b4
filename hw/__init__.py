"""The hardware: configuration, Amaranth components, program encoding, Verilog output."""
