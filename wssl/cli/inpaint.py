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
        "Fill the hole of a picture, or of each picture in a folder; known pixels are unchanged. "
        "The network sees the region around the hole, or the whole picture if the hole is large "
        "or wide, resized to the network's own size. Without --model, the network of the default "
        "experiment is used, which is trained first if necessary (about a minute)."
    )
    parser.epilog = (
        "examples: wssl inpaint photo.jpg mask.png -o filled.png --model model.npz; wssl inpaint "
        "photos masks -o filled. Existing files of these names are overwritten. Pictures of a "
        "folder that cannot be filled are reported and skipped, and the exit status is then 1."
    )
    parser.add_argument(
        "image", type=Path, metavar="IMAGE", help="a picture of any size, or a folder of them"
    )
    parser.add_argument(
        "mask",
        type=Path,
        metavar="MASK",
        help="a black and white picture of that size, white = hole; for a folder, one such "
        "picture, or a folder with one for each picture, of the same name apart from the "
        "extension",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="OUT",
        help="the result, in .png or another lossless format; for a folder, a folder of .png files",
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
        help="grey value, 1 to 255, from which a pixel counts as hole in a mask that is not purely "
        "black and white, such as a JPEG file (default: such masks are rejected)",
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
    """Raise a ValueError, before any work, if the output format is lossy or its folder missing."""
    if path.suffix.lower() not in _LOSSLESS:
        raise ValueError(
            f"--output: expected a format that keeps every known pixel ({', '.join(_LOSSLESS)}); "
            f"received {path.name!r}."
        )
    if not path.absolute().parent.is_dir():
        raise ValueError(
            f"--output: expected a file in an existing folder; received {str(path)!r}. Create the "
            f"folder {path.parent} first."
        )
