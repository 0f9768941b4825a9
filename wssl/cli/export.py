"""``wssl export``: a trained network as a file."""

import argparse
from pathlib import Path

from wssl.cli.models import stored_result
from wssl.cli.options import start_keras


def add_options(parser: argparse.ArgumentParser) -> None:
    """Describe the command and add its options.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    """
    parser.description = (
        "Write the network of a record to a file: .npz for `wssl inpaint` on another machine, "
        "without a results folder and without executing code from the file; .onnx for other "
        "runtimes (requires the package onnx)."
    )
    parser.epilog = "example: wssl export 131ecab3df78545c -o model.npz"
    parser.add_argument(
        "model", metavar="FINGERPRINT", help="fingerprint of a record, as `wssl list` shows it"
    )
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT", help="the .npz or .onnx file"
    )
    parser.add_argument(
        "--full", action="store_true", help="32-bit weights in .onnx (default: 16-bit), as in .npz"
    )
    parser.set_defaults(command=_export)


def _export(options: argparse.Namespace) -> None:
    start_keras()
    from wssl.export import export, save_model

    kind = options.output.suffix.lower()
    if kind not in (".npz", ".onnx"):
        raise ValueError(
            "--output: expected a name that ends in .npz, for wssl inpaint, or .onnx, for other "
            f"runtimes; received {options.output.name!r}."
        )
    result = stored_result(options.model)
    if kind == ".npz":
        save_model(result, options.output)
    else:
        export(result.model(), options.output, half=not options.full)
    print(f"{options.output}: {options.output.stat().st_size / 1e6:.1f} MB")
