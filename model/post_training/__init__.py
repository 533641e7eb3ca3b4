"""Post-training quantization: float networks to integer ones, without training."""
