"""Lets the tests of the claims share their worlds."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
