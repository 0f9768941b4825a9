"""``wssl inpaint``: fill the holes of pictures."""

import argparse
from pathlib import Path

from wssl.cli.models import find_model
from wssl.cli.options import start_keras

_LOSSLESS = (".png", ".tif", ".tiff", ".bmp", ".ppm")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Describe the command and add its options.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    """
    parser.description = (
        "Fill the hole of a picture, or of each picture in a folder; the known pixels stay as "
        "they are. The network sees the part around the hole, or all of the picture if the hole is "
        "large or wide, resized to the network's own size. Without --model, the default experiment "
        "is used, and trained first if it has not been (about a minute)."
    )
    parser.epilog = (
        "examples: wssl inpaint photo.jpg mask.png -o filled.png --model model.npz; wssl inpaint "
        "photos masks -o filled. Existing files of these names are overwritten. A picture of a "
        "folder that cannot be filled is named and skipped, and the exit status is 1."
    )
    parser.add_argument(
        "image", type=Path, metavar="IMAGE", help="a picture of any size, or a folder of them"
    )
    parser.add_argument(
        "mask",
        type=Path,
        metavar="MASK",
        help="a black and white picture of that size, white = hole; for a folder, one such "
        "picture, or a folder with one for each, of the same name but for the ending",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="OUT",
        help="the result, as .png or another lossless format; for a folder, a folder of .png",
    )
    parser.add_argument(
        "--model",
        metavar="MODEL",
        help="the FINGERPRINT of a record, as `wssl list` shows it, or an .npz file that "
        "`wssl export` wrote",
    )
    parser.add_argument(
        "--threshold",
        type=int,
        metavar="GREY",
        help="from which grey value, 1 to 255, a pixel of a mask is hole, if the mask is not black "
        "and white only, as one saved as JPEG (default: such masks are refused)",
    )
    parser.set_defaults(command=_inpaint, again="fills every picture again")


def _inpaint(options: argparse.Namespace) -> None:
    start_keras()
    from wssl import inpainting

    if options.image.is_dir():
        _inpaint_folder(options)
        return
    _check_output(options.output)
    inpainting.check_apart(options.image, options.mask, options.output)
    mask_of = inpainting.one_mask(options.mask, options.threshold)
    photo, mask = inpainting.read_pair(options.image, mask_of)
    inpainting.check_ending(photo, options.output)
    filled = inpainting.fill(photo, mask, find_model(options.model))
    inpainting.write(filled, options.output, photo)
    share = f"{mask.mean():.1%}" if mask.mean() >= 0.001 else f"{mask.sum():,} pixels"
    print(f"{options.output}: {share} of {options.image} filled")


def _inpaint_folder(options: argparse.Namespace) -> None:
    from wssl.inpainting import check_apart, inpaint_folder, pictures

    if options.output.suffix.lower() in _LOSSLESS or options.output.is_file():
        raise ValueError(
            f"--output: expected a folder, as {options.image} is one; received {options.output}."
        )
    check_apart(options.image, options.mask, options.output)
    count = len(pictures(options.image))
    model = find_model(options.model)
    skipped = inpaint_folder(options.image, options.mask, options.output, model, options.threshold)
    print(f"{options.output}: {count - len(skipped)} of {count} pictures filled")
    if skipped:
        raise ValueError(f"{len(skipped)} skipped: {', '.join(skipped)}")


def _check_output(path: Path) -> None:
    """Raise a ValueError, before any work, if a picture cannot be written without loss."""
    if path.suffix.lower() not in _LOSSLESS:
        raise ValueError(
            f"--output: expected a format that keeps every known pixel ({', '.join(_LOSSLESS)}); "
            f"received {path.name!r}."
        )
    if not path.absolute().parent.is_dir():
        raise ValueError(f"--output: there is no folder {path.parent}; make it first.")
