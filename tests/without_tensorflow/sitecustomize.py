"""With this folder on its path, a Python process is one in which TensorFlow is not installed."""

import sys

sys.modules["tensorflow"] = None  # type: ignore[assignment]
