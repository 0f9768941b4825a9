"""The command ``wssl``: run experiments, fill holes and inspect data from the shell.

Each command has a module with its options and its action. The options are created when the command
is called, after ``--import``, so that they list everything that is registered.
"""

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path

from wssl.cli.options import start_keras

COMMANDS = {
    "run": ("run", "train and evaluate one experiment, or show its stored record"),
    "study": ("study", "run the study, whole or in parts"),
    "list": ("listing", "list the stored records: settings, scores, fingerprint"),
    "inpaint": ("inpaint", "fill the hole of a picture, or of each in a folder"),
    "export": ("export", "write a trained network to a file"),
    "data": ("data", "list, fetch, prepare or look at images and masks"),
}
"""The module and a summary of each command."""

_NAMED_BY_REGISTRIES = ("run", "study")
_WITHOUT_KERAS = ("data",)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        As from the shell, without the program's name; ``sys.argv`` if not given.
    """
    # It opens no windows; and matplotlib would refuse an unknown backend that nothing here needs.
    os.environ["MPLBACKEND"] = "agg"
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names that it cannot show
    named, _ = parser().parse_known_args(arguments)
    options = named
    warnings.formatwarning = lambda message, *_, **__: f"wssl: {message}\n"
    # Pillow calls half of its limit an attack; beyond the limit itself, the picture is refused.
    warnings.filterwarnings("ignore", message=r"Image size \(\d+ pixels\) exceeds limit")
    try:
        if named.name in _NAMED_BY_REGISTRIES or (
            named.imports and named.name not in _WITHOUT_KERAS
        ):
            start_keras(devices=False)
        for name in named.imports:
            _import(name)
        options = parser(named.name).parse_args(arguments)
        status = int(options.command(options) or 0)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # What reads the output, such as head, has seen enough; Python would flush the rest on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, OSError, ArithmeticError, ModuleNotFoundError) as error:
        print(f"wssl: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        again = getattr(options, "again", "resumes from here")
        print(f"\nwssl: interrupted; the same command {again}.", file=sys.stderr)
        return 130


def parser(command: str | None = None) -> argparse.ArgumentParser:
    """The parser of the command line, with the options of one command.

    Parameters
    ----------
    command : str, optional
        One of `COMMANDS`; without it, the parser knows the names of the commands only, which
        `argparse.ArgumentParser.parse_known_args` is enough for.
    """
    made = argparse.ArgumentParser(
        prog="wssl",
        description="A reproducible study of weighted self-supervised learning for inpainting.",
        epilog="Records are written to the folder results/, or to the folder that WSSL_RESULTS "
        "names. Real data are read from the folder that WSSL_DATA names, and downloaded if "
        "they are not there.",
    )
    made.add_argument(
        "--import",
        action="append",
        default=[],
        dest="imports",
        metavar="MODULE",
        help="a module or .py file of your own to import first, which registers pretext tasks, "
        "losses, methods or data sources; may be repeated",
    )
    commands = made.add_subparsers(title="commands", required=True, metavar="COMMAND", dest="name")
    for name, (module, summary) in COMMANDS.items():
        added = commands.add_parser(name, help=summary, add_help=name == command)
        if name == command:
            import_module(f"wssl.cli.{module}").add_options(added)
    return made


def _import(name: str) -> None:
    """Import a user's module, given as a file or by name, so that its entries are registered."""
    path = Path(name)
    file = path.suffix == ".py"
    if file and not path.is_file():
        raise ValueError(
            f"--import: expected a .py file that exists; received {name!r}. Check the path."
        )
    folder = path.absolute().parent if file else Path.cwd()
    sys.path.insert(0, str(folder))
    module = path.stem if file else name
    try:
        found = import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise ValueError(
            f"--import: expected a module in {folder} or on Python's search path; received "
            f"{name!r}. Give the name of a module, or the path of a .py file."
        ) from None
    if file and Path(str(found.__file__)).resolve() != path.resolve():
        raise ValueError(
            f"--import: expected a file whose name no other module has; received {name}, but "
            f"Python has loaded {module} from {found.__file__}. Rename the file."
        )
