"""Versions of registered functions: an edited function makes a different experiment.

A function of this package has version 1 unless it states another. A function from outside states
its version (``function.version = 2``), or is identified by its source, the source of the functions
of its own module that it calls, and the constants that it captures. A `functools.partial` of a
function of this package is identified by that function's name and version, and the arguments.
"""

import ast
import hashlib
import inspect
import textwrap
from collections.abc import Mapping
from functools import partial
from types import FunctionType
from typing import Any

_CONSTANTS = (bool, int, float, complex, str, bytes, type(None))


def version_of(
    kind: str, name: str, entry: Any, version: int | str | None = None
) -> int | str | None:
    """The version of a registered entry.

    Parameters
    ----------
    kind, name : str
        Its kind and name, for errors: "loss", "charbonnier".
    entry : callable
        A function, a class or a `functools.partial` of either.
    version : int or str, optional
        Its version, if it has no attribute ``version``.

    Returns
    -------
    int, str or None
        Its version, if that is not 1; sixteen hexadecimal digits that identify its source, if it is
        from outside the package and has no version; otherwise None.

    Raises
    ------
    ValueError
        If it has neither a version nor a source that can be read.
    """
    version = getattr(entry, "version", None) if version is None else version
    if version is not None:
        if not isinstance(version, (int, str)) or isinstance(version, bool):
            raise ValueError(
                f"version of {kind} {name!r}: expected an integer or a string; received "
                f"{version!r}."
            )
        return None if version == 1 else version
    if _is_ours(entry):
        return None
    try:
        parts = _describe(entry, set())
    except (OSError, TypeError) as error:
        raise ValueError(
            f"{kind} {name!r}: expected a version or readable source; received neither ({error}), "
            "so a later change would go unnoticed. Set a version, such as `function.version = 1`, "
            "and change it whenever the function changes; or define the function in a file."
        ) from error
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def changed(versions: Mapping[str, int | str | None]) -> dict[str, int | str]:
    """The versions other than 1, for a fingerprint.

    Parameters
    ----------
    versions : mapping of str to int, str or None
    """
    return {name: v for name, v in versions.items() if v is not None and v != 1}


def _is_ours(entry: Any) -> bool:
    function = entry.func if isinstance(entry, partial) else entry
    owner = getattr(function, "__module__", None) or ""
    plain = not isinstance(entry, partial) and not getattr(function, "__closure__", None)
    return plain and (owner == "wssl" or owner.startswith("wssl."))


def _describe(entry: Any, seen: set[int]) -> list[str]:
    """Lines that change whenever the entry does."""
    if isinstance(entry, partial):
        values = [*entry.args, *sorted(entry.keywords.items())]
        return [*_describe(entry.func, seen), *(_constant(value) for value in values)]
    if inspect.ismethod(entry):
        entry = entry.__func__
    if _is_ours(entry):
        return [f"{entry.__module__}.{entry.__qualname__}", _constant(getattr(entry, "version", 1))]
    if id(entry) in seen:
        return []
    seen.add(id(entry))
    lines = [_source(entry)]
    if not isinstance(entry, FunctionType):
        return lines
    lines += map(_constant, [*(entry.__defaults__ or ()), *(entry.__kwdefaults__ or {}).items()])
    found = inspect.getclosurevars(entry)
    for name, value in sorted(found.nonlocals.items()):
        lines += [name, *_captured(value, seen)]
    for name, value in sorted(found.globals.items()):
        own = getattr(value, "__module__", None) == entry.__module__
        if isinstance(value, _CONSTANTS) or (isinstance(value, tuple) and _is_constant(value)):
            lines += [name, _constant(value)]
        elif own and isinstance(value, (FunctionType, type)):
            lines += [name, *_describe(value, seen)]
    return lines


def _captured(value: Any, seen: set[int]) -> list[str]:
    if callable(value):
        return _describe(value, seen)
    return [_constant(value)]


def _is_constant(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return all(map(_is_constant, value))
    return isinstance(value, _CONSTANTS)


def _constant(value: Any) -> str:
    if not _is_constant(value):
        raise TypeError(f"it captures a value of type {type(value).__name__}")
    return repr(value)


def _source(entry: Any) -> str:
    """The source, without comments and layout if it can be parsed by itself."""
    text = textwrap.dedent(inspect.getsource(entry))
    try:
        return ast.unparse(ast.parse(text))
    except SyntaxError:
        return text.strip()
