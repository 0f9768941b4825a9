import importlib

import pytest

from wssl.checks.names import REGISTRIES, lookup, unknown_name_error

KNOWN = {"rotation": 1, "saturation": 2, "sharpness": None}


@pytest.mark.parametrize("name", KNOWN)
def test_a_registered_name_gives_its_value(name):
    assert lookup("pretext task", name, KNOWN) == KNOWN[name]


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("rotaton", "rotation"), ("saturate", "saturation"), ("sharp", "sharpness")],
)
def test_an_unknown_name_is_told_with_the_nearest_and_all_known(name, nearest):
    with pytest.raises(ValueError, match="expected one of") as caught:
        lookup("part", name, KNOWN)
    assert str(caught.value) == (
        "part: expected one of rotation, saturation, sharpness; "
        f"received {name!r}. Did you mean {nearest!r}?"
    )


@pytest.mark.parametrize("name", ["zzz", "", 3, None, [], {}])
def test_a_name_that_is_near_to_none_has_no_suggestion(name):
    with pytest.raises(ValueError, match=r"; received .*\.$") as caught:
        lookup("part", name, KNOWN)
    assert "Did you mean" not in str(caught.value)
    assert repr(name) in str(caught.value)


def test_the_error_hides_the_look_up_that_failed():
    with pytest.raises(ValueError, match="expected one of") as caught:
        lookup("pretext task", "rotaton", KNOWN)
    assert caught.value.__suppress_context__


def test_the_error_alone():
    assert "Did you mean 'b1c2'" in str(unknown_name_error("record", "b1c3", ["ffff", "b1c2"]))


def test_a_value_of_another_type_is_named():
    def build():
        """Not an int."""

    assert lookup("method", "right", {"right": 1}, int) == 1
    with pytest.raises(ValueError, match=r"method 'wrong': expected an instance of int; received"):
        lookup("method", "wrong", {"wrong": build}, int)


@pytest.mark.parametrize("kind", REGISTRIES)
def test_a_name_that_is_not_registered_says_how_to_register_it(kind):
    text = str(unknown_name_error(kind, "mine", ["theirs"]))
    module, _, registry = REGISTRIES[kind].rpartition(".")
    assert isinstance(getattr(importlib.import_module(module), registry), dict)
    assert f"registered in {REGISTRIES[kind]} first" in text
    assert "wssl --import mine.py" in text
