"""Training of the reference networks; needs PyTorch (the ``train`` extra)."""
