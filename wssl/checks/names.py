"""Look-up of registered names, with an error that helps."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from difflib import get_close_matches
from typing import Any, TypeVar

T = TypeVar("T")


class Registry(dict[str, T]):
    """Entries by name, to which users add their own.

    Parameters
    ----------
    entries : mapping of str to any
        Those of this package.

    Examples
    --------
    >>> fills = Registry({"harmonic": 1})
    >>> fills["mine"] = 2
    >>> fills.added
    {'mine'}
    """

    def __init__(self, entries: Mapping[str, T]):
        super().__init__(entries)
        self._own = dict(entries)

    @property
    def added(self) -> set[str]:
        """The names of entries that were added or replaced."""
        return {name for name, entry in self.items() if self._own.get(name) is not entry}


REGISTRIES = {
    "pretext task": "wssl.pretext.TASKS",
    "loss": "wssl.losses.LOSSES",
    "method": "wssl.methods.METHODS",
    "image source": "wssl.data.SOURCES",
    "mask source": "wssl.data.STROKES",
    "mask recipe": "wssl.data.RECIPES",
    "objective": "wssl.methods.OBJECTIVES",
}
"""The dictionary in which entries of one's own are registered, by their kind."""


def unknown_name_error(kind: str, name: object, known: list[str], command: str = "") -> ValueError:
    """The error for an unknown name, which suggests the nearest known one, or to register it.

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
    if kind in REGISTRIES:
        hint += (
            f" One of your own is registered in {REGISTRIES[kind]} first; on the command line, by "
            "a file: wssl --import mine.py COMMAND."
        )
    return ValueError(f"{kind}: expected {expected}; received {name!r}.{hint}")


def called(entry: object) -> str:
    """What a function or class is called where it is defined; anything else as it is shown.

    Parameters
    ----------
    entry : object

    Examples
    --------
    >>> called(called), called(2)
    ('called', '2')
    """
    return str(getattr(entry, "__qualname__", repr(entry)))


def lookup(kind: str, name: str, known: Mapping[str, T], of: type | None = None) -> T:
    """The registered value of ``name``.

    Parameters
    ----------
    kind : str
        The kind of name, for the message.
    name : str
    known : mapping of str to any
    of : type, optional
        What the value has to be an instance of.

    Raises
    ------
    ValueError
        If ``name`` is not registered; the message names the nearest known name. If its value is
        not an instance of `of`.

    Examples
    --------
    >>> lookup("loss", "l1", {"l1": 1, "mse": 2})
    1
    """
    try:
        found = known[name]
    except (KeyError, TypeError):
        raise unknown_name_error(kind, name, list(known)) from None
    if of is not None and not isinstance(found, of):
        raise ValueError(
            f"{kind} {name!r}: expected an instance of {of.__name__}; received {called(found)}, of "
            f"type {type(found).__name__}. Register {of.__name__}(...)."
        )
    return found


def check_entry(kind: str, name: str, entry: object, methods: Iterable[str]) -> None:
    """Raise a ValueError unless a registered entry is an object with the methods of its kind.

    Parameters
    ----------
    kind, name : str
        The kind of the entry and its name, for the message.
    entry : object
    methods : iterable of str
    """
    missing = [method for method in methods if not callable(getattr(entry, method, None))]
    if not isinstance(entry, type) and not missing:
        return
    received, way_out = f"one without {' and '.join(missing)}", "Add it to its class."
    if isinstance(entry, type):
        received, way_out = f"the class {entry.__name__}", f"Register {entry.__name__}()."
    raise ValueError(
        f"{kind} {name!r}: expected an object with the methods {' and '.join(methods)}; received "
        f"{received}. {way_out}"
    )


def own_digest(kind: str, name: str, known: Mapping[str, Any]) -> str:
    """The digest of a registered entry, which no other entry may have.

    Fingerprints contain the digest and not the name, so two entries of one digest would share
    their records.

    Parameters
    ----------
    kind : str
        The kind of the entry, for the message.
    name : str
    known : mapping of str to object
        All entries of that kind; their digest is what their method ``fingerprint`` returns.

    Raises
    ------
    ValueError
        If the digest is not a text, or also that of another entry.
    """
    entry = known[name]
    own = entry.fingerprint()
    received, way_out = f"{own!r}", "Return a text that changes whenever the content does."
    if isinstance(own, str) and own:
        others = [other for other, value in known.items() if value is not entry]
        if (twin := next((o for o in others if _digest(known[o]) == own), None)) is None:
            return own
        received = f"{own!r}, which {twin!r} has too, so that they would share their records"
        way_out = "Return another text from one of the two."
    raise ValueError(
        f"{kind} {name!r}: expected a digest of its own from its method fingerprint; received "
        f"{received}. {way_out}"
    )


def _digest(entry: Any) -> str | None:
    """The digest of an entry; None where it has none, or one of files that are not there."""
    with suppress(AttributeError, OSError, TypeError, ValueError):
        return str(entry.fingerprint())
    return None
