"""Importers: networks of other formats as integer networks."""
