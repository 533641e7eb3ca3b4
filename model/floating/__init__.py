"""Networks in real numbers, before they are quantized."""
