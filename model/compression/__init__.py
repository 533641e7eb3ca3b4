"""Deep Compression (arXiv 1510.00149): pruning, weight sharing, relative indices, Huffman codes."""
