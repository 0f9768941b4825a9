"""Packages that only some sources need, and how to get them."""

import importlib
from typing import Any


def optional_module(module: str, name: str) -> Any:
    """Import a module of an optional dependency.

    Parameters
    ----------
    module : str
        Such as ``"sklearn.datasets"``.
    name : str
        The extra of this package that installs it.

    Raises
    ------
    ModuleNotFoundError
        If it is not installed; the message says how to install it.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"This needs the package {error.name!r}, which is not installed: "
            f'pip install "wssl[{name}]"',
            name=error.name,
        ) from error
