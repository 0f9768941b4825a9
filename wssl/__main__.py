"""``python -m wssl`` is the command ``wssl``."""

import sys

from wssl.cli import main

if __name__ == "__main__":
    sys.exit(main())
