"""What is computed: number formats, quantizers, the integer network and its golden model."""
