"""A single run: its inputs, training, scores, the analysis of its blocks, and its record."""
