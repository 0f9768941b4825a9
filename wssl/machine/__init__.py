"""The machine and Keras on it: cores and memory, precision, devices, and what records say of it."""
