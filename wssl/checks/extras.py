"""Optional packages, which only some parts of the study need."""

import importlib
from typing import Any


def optional_module(module: str, name: str) -> Any:
    """Import a module of an optional dependency.

    Parameters
    ----------
    module : str
        Its name, such as ``"sklearn.datasets"``.
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
            f"{error.name}: expected this package to be installed; it is not. "
            f'Install it: pip install "wssl[{name}]"',
            name=error.name,
        ) from error
