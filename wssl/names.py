"""Look-up of registered names, with an error that helps."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TypeVar

T = TypeVar("T")


def unknown_name_error(kind: str, name: object, known: list[str], command: str = "") -> ValueError:
    """The error for an unknown name, which suggests the nearest known one.

    Parameters
    ----------
    kind : str
        The kind of name, in words, such as ``"pretext task"``.
    name : object
        The received name.
    known : list of str
        Every accepted name.
    command : str, optional
        The command that lists the names, if there are too many for a message.
    """
    nearest = get_close_matches(str(name), known, n=1, cutoff=0.5)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    expected = f"one that `{command}` shows" if command else f"one of {', '.join(known)}"
    return ValueError(f"{kind}: expected {expected}; received {name!r}.{hint}")


def lookup(kind: str, name: str, known: Mapping[str, T]) -> T:
    """The registered value of ``name``.

    Parameters
    ----------
    kind : str
        The kind of name, for the message.
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
