"""``wssl data``: list, fetch, prepare, verify and show images and masks."""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

from wssl.checks.names import lookup
from wssl.cli.options import at_least_1


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the actions of the command.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    """
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list all sources of images and masks")
    listing.set_defaults(command=_data_list)
    fetch = actions.add_parser(
        "fetch",
        help="download the public data sets before they are needed",
        description="Download the public data sets, or resume the download. Data in the folder "
        "WSSL_DATA are only checked. Without this command, each data set is downloaded when it "
        "is first used.",
    )
    fetch.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"{', '.join(_fetchers())} (default: all)",
    )
    fetch.set_defaults(command=_data_fetch)
    prepare = actions.add_parser(
        "prepare",
        help="decode the images of a source once, so that training is fast and needs little memory",
        description="Decode, crop and resize the images of a source once, in parallel, into one "
        "array on disk that training maps into memory. An interrupted preparation resumes.",
        epilog="example: wssl data prepare celeba-hq:~/CelebAMask-HQ --size 256",
    )
    prepare.add_argument("source", help="such as folder:PATH, celeba-hq:PATH or hub:PATH_OR_NAME")
    prepare.add_argument(
        "--size",
        type=at_least_1,
        default=256,
        help="side of the images in pixels: 256 for the presets gpu and paper, 73 for quick and "
        "desktop (default: 256)",
    )
    prepare.add_argument(
        "-o", "--output", type=Path, help="a folder (default: prepared/SOURCE-SIZE)"
    )
    prepare.add_argument(
        "--workers", type=at_least_1, help="number of processes that decode (default: one per core)"
    )
    prepare.add_argument(
        "--max-unreadable",
        type=float,
        metavar="SHARE",
        default=0.05,
        help="largest share of unreadable files, which are skipped (default: 0.05)",
    )
    prepare.set_defaults(command=_data_prepare)
    verify = actions.add_parser("verify", help="compare prepared images with their digests")
    verify.add_argument("folder", type=Path, help="folder that `wssl data prepare` wrote")
    verify.set_defaults(command=_data_verify)
    sheet = actions.add_parser("sheet", help="draw images or masks of a source as one picture")
    sheet.add_argument("source", help="such as synthetic, open-faces-2, quickdraw or folder:PATH")
    sheet.add_argument("-o", "--output", type=Path, required=True, help="the image file to write")
    sheet.add_argument("--masks", action="store_true", help="show masks instead of images")
    sheet.add_argument("--recipe", default="dense", help="recipe of the masks (default: dense)")
    sheet.add_argument("--split", default="test", help="train, val or test (default: test)")
    sheet.add_argument("--size", type=int, default=128, help="side of the images in pixels")
    sheet.add_argument("--columns", type=at_least_1, default=10)
    sheet.add_argument("--rows", type=at_least_1, default=6)
    sheet.set_defaults(command=_data_sheet)


def _data_list(options: argparse.Namespace) -> None:
    from wssl import data

    print("images  " + ", ".join([*data.SOURCES, *data.FORMS]))
    print("masks   " + ", ".join([*data.STROKES, *data.MASK_FORMS]))
    print("recipes " + ", ".join(data.RECIPES))


def _fetchers() -> dict[str, Callable[[], object]]:
    """The function that downloads each public data set, by name."""
    from wssl.data import download
    from wssl.data.manifests import MANIFESTS

    return {
        **{name: partial(download.image_folder, name) for name in MANIFESTS},
        "quickdraw": download.quickdraw,
    }


def _data_fetch(options: argparse.Namespace) -> None:
    fetchers = _fetchers()
    for name in options.names or fetchers:
        lookup("data set to fetch", name, fetchers)()
        print(f"{name}: complete")


def _data_prepare(options: argparse.Namespace) -> None:
    from wssl import data

    kind, _, place = options.source.partition(":")
    name = "-".join(filter(None, (kind, Path(place).name, str(options.size))))
    folder = options.output or Path("prepared", name)
    index = data.prepare(
        options.source, folder, options.size, options.workers, options.max_unreadable
    )
    counts = ", ".join(f"{stop - start:,} {s}" for s, (start, stop) in index.splits.items())
    print(f"{folder}: {index.shape[0]:,} images of {index.size} px ({counts})")
    if index.enlarged:
        print(f"smaller than {index.size} px, and enlarged: {index.enlarged:,}")
    if index.dim:
        print(
            f"almost black, as from 16-bit files with 14 significant bits or fewer: {index.dim:,}. "
            "Scale their values to the full range, 65,535, and prepare them again."
        )
    for message in index.unreadable:
        print(f"skipped: {message}")
    print(f"to use them: --dataset prepared:{folder}")


def _data_verify(options: argparse.Namespace) -> None:
    from wssl import data

    prepared = data.Prepared(options.folder)
    index = prepared.index()
    if damaged := list(prepared.damaged()):
        raise ValueError(
            f"{options.folder}: {len(damaged)} of {len(index.blocks)} blocks fail their checksum: "
            f"{'; '.join(damaged)}. Remove the folder and prepare {index.source} again."
        )
    print(f"{options.folder}: the checksums of all {index.shape[0]:,} images are correct")


def _data_sheet(options: argparse.Namespace) -> None:
    import numpy as np
    from PIL import Image

    from wssl import data

    output = options.output
    if output.suffix.lower() not in Image.registered_extensions() or not output.parent.is_dir():
        raise ValueError(
            "--output: expected an image file in a folder that exists, such as sheet.png; received "
            f"{output}."
        )
    count = options.columns * options.rows
    if options.masks:
        images: np.ndarray = data.masks(
            options.source, count, options.size, split=options.split, recipe=options.recipe
        )
    else:
        images = data.images(options.source, options.split, options.size, count)
    margin = max(2, options.size // 32)
    step = options.size + margin
    sheet = Image.new(
        "RGB", (options.columns * step + margin, options.rows * step + margin), "white"
    )
    for i, image in enumerate(images):
        place = (margin + i % options.columns * step, margin + i // options.columns * step)
        sheet.paste(Image.fromarray(image), place)
    sheet.save(output)
    print(f"{output}: {len(images)} of {options.source}")
