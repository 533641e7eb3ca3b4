"""Search for mappings and for machines."""
