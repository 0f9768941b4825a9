"""What the rules of decision are worth under the campaign's own noise.

Writes ``book/characteristics.json``, which the page of the verdicts prints.
"""

import argparse
import json
import sys
from pathlib import Path

from wssl.claims.characteristics import summary
from wssl.study import Study, campaign

BOOK = Path(__file__).parents[1] / "book"


def main() -> None:
    """Simulate studies and write their summary."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=400, help="for each world and noise")
    parser.add_argument("--output", type=Path, default=BOOK / "characteristics.json")
    options = parser.parse_args()
    found = summary(
        Study(**campaign.DATA).findings().campaign,
        studies=options.studies,
        progress=lambda line: print(line, file=sys.stderr),
    )
    options.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
