"""Figures, made from records and arrays."""
