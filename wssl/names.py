"""Look-up of registered names, with an error that helps."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TypeVar

T = TypeVar("T")


def unknown_name_error(kind: str, name: object, known: list[str], command: str = "") -> ValueError:
    """The error for a name that is not known, naming the nearest one that is.

    Parameters
    ----------
    kind : str
        What the name stands for, in words, such as ``"pretext task"``.
    name : object
        What was received.
    known : list of str
        Every accepted name.
    command : str, optional
        What lists them, where they are many: the error names it instead.
    """
    nearest = get_close_matches(str(name), known, n=1, cutoff=0.5)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    listed = f"`{command}` shows those there are" if command else f"Known: {', '.join(known)}"
    return ValueError(f"Unknown {kind} {name!r}.{hint} {listed}.")


def lookup(kind: str, name: str, known: Mapping[str, T]) -> T:
    """The registered value of ``name``.

    Parameters
    ----------
    kind : str
        What the name stands for, for the message.
    name : str
    known : mapping of str to any

    Raises
    ------
    ValueError
        If ``name`` is not registered; the message names the nearest known name.

    Examples
    --------
    >>> lookup("loss", "l1", {"l1": 1, "mse": 2})
    1
    """
    try:
        return known[name]
    except (KeyError, TypeError):
        raise unknown_name_error(kind, name, list(known)) from None
