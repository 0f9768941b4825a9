"""How long a reader waits for an edition of their own: `make book` in a fresh clone, in minutes.

Installing depends on the network as much as on the machine and is timed apart. The clone is of what
is committed.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from table import Row, parser_of, show

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Print the minutes of both parts."""
    parser = parser_of("An edition of your own, from a fresh clone, in minutes")
    show(parser.description or "", measure(), parser.parse_args().record)


def measure() -> Iterator[Row]:
    """Yield a row for each part."""
    settings = {name: value for name, value in os.environ.items() if name != "WSSL_RESULTS"}
    with TemporaryDirectory() as folder:
        subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
        for target in ("install", "book"):
            began = time.perf_counter()
            subprocess.run(["make", "--silent", target], cwd=folder, env=settings, check=True)
            yield Row(f"make {target}", (time.perf_counter() - began) / 60, "—")


if __name__ == "__main__":
    main()
