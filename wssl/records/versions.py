"""Versions of registered functions: an edited function makes a different experiment.

A function of this package has version 1 unless it states another. A function from outside states
its version (``function.version = 2``), or is identified by its source, the source of the functions
and classes that it uses from its own module or from other modules that are not installed packages,
and the constants that it captures, in lists and arrays too. A `functools.partial` of a
function of this package is identified by that function's name and version, and the arguments.
"""

import ast
import hashlib
import inspect
import re
import site
import sys
import sysconfig
import textwrap
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path, PurePath
from types import CodeType, FunctionType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np

_CONSTANTS = (bool, int, float, complex, str, bytes, type(None))
_NESTED = (tuple, list, set, frozenset, dict, np.ndarray)
_INSTALLED = [
    Path(place).resolve()
    for place in {
        *sysconfig.get_paths().values(),
        *site.getsitepackages(),
        site.getusersitepackages(),
    }
    if place != sys.prefix
]
"""The folders of the standard library and of installed packages."""


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
    if isinstance(entry, type):
        own = [base for base in entry.__bases__ if _is_own(base, entry.__module__)]
        members = (_function_of(member) for member in vars(entry).values())
        functions = [member for member in members if member]
        lines += [line for base in own for line in _describe(base, seen)]
        return lines + [line for f in functions for line in _used(f, seen)]
    if not isinstance(entry, FunctionType):
        wrapped = getattr(entry, "__wrapped__", None)
        return lines if wrapped is None else lines + _describe(wrapped, seen)
    lines += map(_constant, [*(entry.__defaults__ or ()), *(entry.__kwdefaults__ or {}).items()])
    return lines + _used(entry, seen)


def _used(function: FunctionType, seen: set[int]) -> list[str]:
    """Lines that change whenever something does that a function uses by name."""
    lines = []
    names = _names(function.__code__)
    for name, cell in sorted(
        zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    ):
        if name != "__class__":
            lines += [name, *_captured(cell.cell_contents, seen)]
    for name in sorted(names & function.__globals__.keys()):
        value = function.__globals__[name]
        values = {name: value}
        if isinstance(value, ModuleType) and _is_own(value, function.__module__):
            values = {f"{name}.{n}": v for n, v in sorted(vars(value).items()) if n in names}
        for own, used in values.items():
            if found := _of_global(used, function.__module__, seen):
                lines += [own, *found]
    return lines


def _of_global(value: Any, home: str, seen: set[int]) -> list[str]:
    """Lines that describe a global variable; none if it is a name of an installed package."""
    if _is_constant(value):
        return [_constant(value)]
    if isinstance(value, ModuleType) or id(value) in seen:
        return []
    if isinstance(value, partial) and not _is_own(value, home):
        parts = [value.func, *value.args, *value.keywords.items()]
        return [f"{value.func.__module__}.{value.func}", *_of_all(parts[1:], home, seen)]
    if isinstance(value, (FunctionType, type, partial)) or hasattr(value, "__wrapped__"):
        return _describe(value, seen) if _is_own(value, home) else []
    if hasattr(value, "__name__"):
        return []
    seen.add(id(value))
    return _of_object(value, home, seen)


def _of_object(value: Any, home: str, seen: set[int]) -> list[str]:
    """Lines that describe what an object holds."""
    if isinstance(value, dict):
        return _of_all(value.items(), home, seen)
    if isinstance(value, (tuple, list, set, frozenset)):
        return _of_all(value, home, seen)
    kind = type(value)
    if isinstance(value, (re.Pattern, PurePath, np.dtype, range, slice)):
        return [repr(value)]
    if _is_own(kind, home) or isinstance(value, SimpleNamespace):
        lines = _describe(kind, seen) if _is_own(kind, home) else []
        for name, field in sorted(getattr(value, "__dict__", {}).items()):
            lines += [f"{name}={line}" for line in _of_global(field, home, seen)]
        return lines
    if hasattr(value, "get_config"):
        # Keras leaves out of some configurations what an object was made with.
        held = [(name, field) for name, field in sorted(vars(value).items()) if _is_constant(field)]
        parts = _of_all([*value.get_config().items(), *held], home, seen)
        return [f"{kind.__module__}.{kind.__qualname__}", *parts]
    if hasattr(value, "__array__"):
        return [_constant(np.asarray(value))]
    raise TypeError(f"it uses a value of type {kind.__name__}")


def _of_all(values: Iterable[Any], home: str, seen: set[int]) -> list[str]:
    return [line for value in values for line in _of_global(value, home, seen)]


def _names(code: CodeType) -> set[str]:
    """The names of globals and attributes in a function and in the functions inside it."""
    inner = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return set(code.co_names).union(*map(_names, inner))


def _function_of(member: Any) -> FunctionType | None:
    """The function behind a member of a class, if it is one, a property or a bound method."""
    function = getattr(member, "fget", None) or getattr(member, "__func__", member)
    return function if isinstance(function, FunctionType) else None


def _is_own(value: Any, home: str) -> bool:
    """Whether a value is from the module `home`, or from another that is no installed package."""
    function = value.func if isinstance(value, partial) else value
    name = str(getattr(function, "__module__", None) or getattr(function, "__name__", ""))
    if name == home:
        return True
    file = getattr(sys.modules.get(name), "__file__", None)
    if file is None or name == "wssl" or name.startswith("wssl."):
        return False
    return not any(Path(file).resolve().is_relative_to(place) for place in _INSTALLED)


def _captured(value: Any, seen: set[int]) -> list[str]:
    if callable(value):
        return _describe(value, seen)
    return [_constant(value)]


def _is_constant(value: Any) -> bool:
    if isinstance(value, (tuple, list, set, frozenset)):
        return all(map(_is_constant, value))
    if isinstance(value, dict):
        return all(map(_is_constant, [*value, *value.values()]))
    if isinstance(value, (np.ndarray, np.generic)):
        return not value.dtype.hasobject
    return isinstance(value, _CONSTANTS)


def _constant(value: Any) -> str:
    if not _is_constant(value):
        raise TypeError(f"it captures a value of type {type(value).__name__}")
    if isinstance(value, (set, frozenset)):
        return f"{type(value).__name__} {sorted(map(_constant, value))}"
    if isinstance(value, dict):
        return repr({_constant(name): _constant(entry) for name, entry in value.items()})
    if isinstance(value, np.ndarray):
        digest = hashlib.sha256(value.tobytes()).hexdigest()
        return f"{value.dtype} {value.shape} {digest}"
    if isinstance(value, (tuple, list)) and any(isinstance(v, _NESTED) for v in value):
        return f"{type(value).__name__} {[*map(_constant, value)]}"
    return repr(value)


def _source(entry: Any) -> str:
    """The source, without comments and layout if it can be parsed by itself."""
    # The code's, because `inspect` takes the source of a decorated function for its wrapper's.
    code = entry.__code__ if isinstance(entry, FunctionType) else entry
    text = textwrap.dedent(inspect.getsource(code))
    try:
        return ast.unparse(ast.parse(text))
    except SyntaxError:
        return text.strip()
