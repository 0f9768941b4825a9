"""``wssl list``: the stored records."""

import argparse
from collections.abc import Mapping
from typing import Any

from wssl.cli.options import start_keras
from wssl.records.fields import describe, is_pretext, is_run, trained_experiment


def add_options(parser: argparse.ArgumentParser) -> None:
    """Describe the command and add its options.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    """
    parser.description = (
        "List the runs of the results folder: fingerprint, time of the run (UTC), preset, images, "
        "PSNR and SSIM on the test images, and the settings that differ from the defaults. "
        "`wssl inpaint --model` and `wssl export` take the fingerprint. Records that the present "
        "code would not make again, because a loss, network, task or fill has changed since, are "
        "marked (retired); those of your own entries only with --import."
    )
    parser.epilog = "example: wssl list desktop rotation"
    parser.add_argument(
        "words", nargs="*", metavar="WORD", help="show only lines that contain all of these words"
    )
    parser.add_argument(
        "--all", action="store_true", help="also list pretext phases and evaluations"
    )
    parser.set_defaults(command=_list)


def _list(options: argparse.Namespace) -> None:
    start_keras(devices=False)
    from wssl.records.store import Store
    from wssl.study import retired

    store = Store()
    records = [r for r in store.records() if options.all or is_run(r)]
    old = retired(store)
    lines = sorted(_line(record, record["fingerprint"] in old) for record in records)
    words = [word.lower() for word in options.words]
    shown = [line for line in lines if all(word in " ".join(line).lower() for word in words)]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for *cells, last in (line[1:] for line in shown):
        padded = (text.ljust(width) for text, width in zip(cells, widths[1:], strict=False))
        print("  ".join([*padded, last]))
    if not lines:
        print(f"{store.root} contains no records yet; `wssl run` creates one.")
    elif not shown:
        print(f"None of the {len(lines)} records contains all of these words.")


def _line(record: Mapping[str, Any], old: bool) -> tuple[str, ...]:
    """The sort key of a line, then its cells: fingerprint, time, preset, images, scores, words."""
    trained, own = trained_experiment(record), record["experiment"]
    words = describe(record["kind"], own) + " (retired)" * old
    scores = _accuracies(record) if is_pretext(record) else _scores(record)
    cells = (trained["preset"], own["dataset"], scores, words)
    finished = str(record["provenance"].get("finished", ""))[:16].replace("T", " ")
    key = f"{record['kind'] != 'inpainting'} {' '.join(cells)}"
    return (key, record["fingerprint"], finished, *cells)


def _scores(record: Mapping[str, Any]) -> str:
    psnr, ssim = (record["metrics"].get(name) for name in ("psnr", "ssim"))
    known = psnr is not None and ssim is not None
    return f"{psnr:5.2f} dB  {ssim:.4f}" if known else "undefined"


def _accuracies(record: Mapping[str, Any]) -> str:
    return " ".join(f"{value:.0%}" for value in record["metrics"].values())
