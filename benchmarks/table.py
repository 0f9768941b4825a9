"""The table that every benchmark prints, and the record that it may leave."""

import argparse
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple


class Row(NamedTuple):
    """A line of the table: what was measured, the ratio, and the target at the default preset."""

    name: str
    ratio: float
    target: str


def parser_of(description: str) -> argparse.ArgumentParser:
    """A command line that may name the file of a record."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--record", type=Path, metavar="FILE", help="write a JSON file, too")
    return parser


def show(title: str, rows: Iterable[Row], record: Path | None = None) -> None:
    """Print rows as they come; if asked for, write them with the machine and the versions."""
    print(f"{title:<66}{'ratio':>7}  target")
    began, found = time.perf_counter(), []
    for row in rows:
        print(f"  {row.name:<64}{row.ratio:>7.2f}  {row.target}", flush=True)
        found.append(row._asdict())
    if record:
        from wssl.machine.provenance import provenance

        facts = provenance(time.perf_counter() - began)
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(
            json.dumps({"title": title, "rows": found, "provenance": facts}, indent=1) + "\n"
        )
