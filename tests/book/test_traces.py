"""From a number to its record: the line of Python, the record's page, and the links."""

import json
import re
import runpy
from pathlib import Path

import nbformat
import pytest

import wssl
from wssl.experiment import Evaluation, Experiment
from wssl.records import fields
from wssl.records.store import Store

ROOT = Path(__file__).parents[2]
EXTENSION = runpy.run_path(str(ROOT / "book" / "_extensions" / "records.py"))

EXPERIMENTS = [
    Experiment(preset="smoke"),
    Experiment(preset="smoke", encoder="scratch", seed=3),
    Experiment({"rotation": 1.0}, preset="smoke", encoder="finetuned", loss="ssim"),
    Experiment(preset="smoke", encoder="random", frozen_blocks=(1, 2, 3)),
    Experiment(preset="smoke", settings={"width": 4, "inpainting_steps": 2}, split="val"),
    Experiment(method="harmonic", preset="smoke", coverage=(0.1, 0.2), recipe="thin"),
    Experiment(method="pic", preset="smoke"),
    Experiment(preset="smoke", alpha=0.5),
    Experiment(preset="smoke", objective="masked"),
    Experiment(preset="smoke", objective="vicreg"),
]


def evaluated(line, name):
    """What a line of Python would hand to a function of the package."""
    taken = {}
    call = {"run": wssl.run, "pretrain": wssl.pretrain, "evaluate": wssl.evaluate}
    assert name in call
    assert line.startswith(f"wssl.{name}(")
    space = {"wssl": wssl, "take": lambda task: taken.setdefault("task", task)}
    return eval(line.replace(f"wssl.{name}(", "take(", 1), space)


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=str)
def test_the_line_of_a_record_makes_the_same_experiment(experiment):
    record = {"kind": "inpainting", "experiment": json.loads(json.dumps(experiment.to_dict()))}
    assert evaluated(fields.call(record), "run").fingerprint == experiment.fingerprint
    phase = experiment.pretraining
    if phase is not None:
        record = {"kind": "pretext", "experiment": json.loads(json.dumps(phase.to_dict()))}
        assert evaluated(fields.call(record), "pretrain").fingerprint == phase.fingerprint
    other = Evaluation(experiment, dataset="photos", coverage=(0.1, 0.3))
    record = {"kind": "evaluation", "experiment": json.loads(json.dumps(other.to_dict()))}
    assert evaluated(fields.call(record), "evaluate").fingerprint == other.fingerprint


def test_a_record_that_no_experiment_makes_has_no_line():
    assert fields.call({"kind": "fill", "experiment": {"fill": "telea"}}) == ""


@pytest.fixture
def book(tmp_path, fabricate, monkeypatch):
    """The folder of a book with a page that read three records, and these records."""
    tasks = [Experiment(preset="smoke", seed=seed) for seed in (4, 7)]
    tasks.append(Experiment(preset="smoke", encoder="scratch"))
    store = Store(tmp_path / "results")
    made = fabricate(store, tasks)
    monkeypatch.setenv("WSSL_RESULTS", str(tmp_path / "results"))
    read = {f"{record['fingerprint']}.json": "12345678" for record in made}
    notebook = nbformat.v4.new_notebook(
        metadata={"wssl": {"made_from": {"records": {**read, "0" * 16 + ".json": ""}}}}
    )
    (tmp_path / "studies").mkdir()
    nbformat.write(notebook, tmp_path / "studies" / "01_page.ipynb")
    return tmp_path, made


def test_each_record_that_a_page_read_stands_on_one_page(book):
    folder, made = book
    known = EXTENSION["Known"](folder)
    pages = known.grouped()
    assert list(pages) == ["records/controls", "records/two-tasks"]
    body = "".join(EXTENSION["page_of"](name, found) for name, found in pages.items())
    for record in made:
        assert body.count(f'id="{record["fingerprint"]}"') == 1
        assert fields.call(record).replace("'", "&#x27;") in body


def test_what_names_records_leads_to_them_and_says_which(book):
    folder, made = book
    known = EXTENSION["Known"](folder)
    first, second, scratch = (record["fingerprint"] for record in made)
    body = (
        f'<table><tr data-records="{first} {second}"><th>row</th><td>1</td></tr>'
        f'<tr data-records="{"f" * 16}"><th>unknown</th></tr></table>'
        f'<figure class="x" data-records="{scratch}"><span data-records="{first}">tile</span>'
        "<figcaption>words</figcaption></figure>"
    )
    html = EXTENSION["traced"](body, known, "../")
    links = re.findall(r'<a class="trace" href="([^"]+)" aria-label="([^"]+)"', html)
    assert [link for link, _ in links] == [
        f"../records/two-tasks.html#{first}",
        f"../records/two-tasks.html#{first}",
        f"../records/controls.html#{scratch}",
    ]
    words = links[0][1]
    assert words.startswith(f"2 records: {first}, {second}; seeds 4, 7; ")
    assert made[0]["provenance"]["device"] in words
    assert re.search(r'row <a class="trace".*?</a></th><td>', html)
    assert "<th>unknown</th>" in html
    assert re.search(r"words <a [^>]*>record<.*</figcaption>", html)
    assert re.sub(r" <a class=\"trace\".*?</a>", "", html) == body


def test_a_figure_is_followed_by_the_function_that_drew_it():
    below = EXTENSION["below"]
    line = below("fills = report.against(a, b)\nreport.dots(campaign, fills)", ["f1"], "studies/x")
    assert 'href="../_modules/wssl/report/figures/dots.html#dots"' in line
    assert 'data-records="f1"' in line
    assert "dots.html#dots" in below("report.dots(campaign, report.against(a, b))", [], "studies/x")
    code = "from wssl.report.figures.calibration import learning_rates\nlearning_rates(x)"
    assert "figures/calibration.html#learning_rates" in below(code, [], "studies/x")
    assert "href" not in below("plt.plot(x)", [], "studies/x")


def test_other_ways_to_pretrain_have_a_page_of_their_own():
    group = EXTENSION["group"]
    for experiment in EXPERIMENTS:
        record = {"kind": "inpainting", "experiment": experiment.to_dict()}
        assert (group(record) == "objectives") == (experiment.objective != "weighted")


def test_every_group_of_records_has_a_title():
    for name, title in EXTENSION["GROUPS"].items():
        assert EXTENSION["title"](f"records/{name}") == title
        assert EXTENSION["title"](f"records/calibration-{name}") == f"{title} (calibration)"
