"""How a network runs on the hardware: mapping, compiling, predicting, and the RTL back ends."""
