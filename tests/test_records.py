"""The committed records of the first edition, which today's code does not find any more.

They stay until the last page that was made from them is replaced.
"""

import json
from pathlib import Path

import pytest

from wssl.presets import PRESETS
from wssl.store import Store

RESULTS = Path(__file__).parents[1] / "results"
RECORDS = sorted(RESULTS.glob("*.json"))


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_a_record_can_be_read_by_its_name(path):
    assert Store(RESULTS).get(path.stem) == load(path)


def test_a_record_names_only_what_anybody_may_know():
    for path in RECORDS:
        text = path.read_text(encoding="utf-8")
        assert "folder:" not in text
        assert "/home" not in text
        assert path.stat().st_size < 100_000


def test_the_papers_configurations_are_what_their_preset_lets_expect():
    paper = {
        "encoder": "frozen",
        "frozen_layers": 16,
        "method": "wssl",
        "loss": "mix",
        "alpha": 0.84,
    }
    for path in RECORDS:
        record = load(path)
        experiment = {"frozen_layers": 16, **record["experiment"]}
        if all(experiment.get(name) == value for name, value in paper.items()):
            for metric, (low, high) in PRESETS[experiment["preset"]].expect.items():
                assert low <= record["metrics"][metric] <= high, path.name
