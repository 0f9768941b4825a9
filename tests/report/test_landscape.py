"""Weightings to point at: what they say is what the records hold, and everyone can reach them."""

import re
from html.parser import HTMLParser
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

import wssl
from wssl import report
from wssl.records.store import Store

VIEWS = {report.landscape_line: (1, 2), report.landscape_triangle: (1, 2, 3)}
"""The tables of the paper that each picture shows."""

ORDER = ("saturation", "sharpness", "rotation")
"""In which the paper names the weights of three tasks."""


class Picture(HTMLParser):
    """The points of a landscape's markup: what they say, what they show, and their circles."""

    def __init__(self, shown):
        super().__init__()
        self.points, self.pictures, self.open, self.ids, self.tags = [], [], [], [], set()
        self.feed(shown._repr_html_())
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        names = (given.get("class") or "").split()
        self.tags.add(tag)
        if tag == "svg":
            self.pictures.append(given)
        if "point" in names:
            self.points.append({**given, "texts": [], "tip": [], "circles": {}})
        if tag == "circle":
            circle = [float(given[name]) for name in ("cx", "cy")]
            for name in names:
                self.points[-1]["circles"].setdefault(name, []).append(circle)
        if tag not in ("circle", "line", "rect"):
            self.open.append((tag, names))

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        inside = {name for _, names in self.open for name in names}
        if "point" in inside:
            self.points[-1]["tip" if "tip" in inside else "texts"].append(data)


@pytest.fixture
def made(tmp_path, fabricate):
    """Records of Tables 1 to 3 with three seeds, one weighting with one, one with none."""
    grid = [e for number in (1, 2, 3) for e in wssl.study.table(number, preset="smoke", seeds=3)]
    one, none = {"saturation": 0.3, "sharpness": 0.7}, {"rotation": 0.7, "sharpness": 0.3}
    seeds = {str(sorted(one.items())): 1, str(sorted(none.items())): 0}
    kept = [e for e in grid if e.seed < seeds.get(str(sorted(e.pretext.items())), 3)]
    return fabricate(Store(tmp_path), kept[::-1])


def said(name, values, title, decimals):
    """What a point should say of its runs, without the help of the package."""
    listed = ", ".join(f"{value:.{decimals}f}" for value in values)
    if len(values) == 1:
        return f"{name}; {title}: mean {listed}; 1 seed: {listed}"
    low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
    return (
        f"{name}; {title}: mean {np.mean(values):.{decimals}f} ± {(high - low) / 2:.{decimals}f} "
        f"(95 % interval); {len(values)} seeds: {listed}"
    )


def expected(records, tables, metric="ssim", title="SSIM", decimals=4):
    runs = {}
    for record in sorted(records, key=lambda record: record["experiment"]["seed"]):
        weights = record["experiment"]["pretext"]
        if len(weights) in tables:
            tasks = ORDER if len(weights) == 3 else weights
            names = [f"{task.capitalize()} {weights[task]:g}" for task in tasks]
            name = ", ".join(names) if len(names) > 1 else f"{names[0].split()[0]} alone"
            runs.setdefault(name, []).append(record["metrics"][metric])
    return {said(name, values, title, decimals) for name, values in runs.items()}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(
    ("metric", "title", "decimals"), [("ssim", "SSIM", 4), ("psnr", "PSNR (dB)", 2)]
)
def test_points_say_what_the_records_hold(made, view, metric, title, decimals):
    found = Picture(view(made, metric))
    labels = [point["aria-label"] for point in found.points]
    assert set(labels) == expected(made, VIEWS[view], metric, title, decimals)
    alone = sum(" alone" in label for label in labels)
    several = len(labels) - alone
    assert (alone, several) == ((6, 14) if view is report.landscape_line else (3, 18))


@pytest.mark.parametrize("view", VIEWS)
def test_points_show_what_they_say(made, view):
    for point in Picture(view(made)).points:
        assert " ".join(point["tip"]) == point["aria-label"].replace(";", "")


@pytest.mark.parametrize("view", VIEWS)
def test_every_point_can_be_reached_and_is_named(made, view):
    found = Picture(view(made))
    for point in found.points:
        assert (point["tabindex"], point["role"]) == ("0", "img")
        assert len(point["circles"]["halo"]) == 1
    for picture in found.pictures:
        assert picture["role"] == "group"
        assert "SSIM" in picture["aria-label"]
    markup = view(made)._repr_html_()
    assert ".point:is(:hover, :focus) :is(.tip, .halo) { visibility: visible; }" in markup


@pytest.mark.parametrize("view", VIEWS)
def test_a_picture_needs_no_script_and_nothing_from_elsewhere(made, view):
    markup = view(made)._repr_html_()
    assert "script" not in Picture(view(made)).tags
    assert not re.findall(r"\bon\w+=|https?:|url\(|(?:src|href)=", markup)
    assert markup.count("<style>") == 1


def test_heights_are_means_on_an_axis_that_all_pictures_share(made):
    points = Picture(report.landscape_line(made)).points
    heights, means, columns, weights = [], [], [], []
    for point in points:
        ((x, y),) = point["circles"]["mean"]
        first = re.match(r"\w+ ([0-9.]+),", point["aria-label"])
        if first:
            columns.append(x)
            weights.append(float(first[1]))
        heights.append(y)
        means.append(float(re.search(r"mean ([0-9.]+)", point["aria-label"])[1]))
        seeds = re.search(r"seeds?: (.*)", point["aria-label"])[1].split(", ")
        places = [y for _, y in point["circles"]["seed"]]
        assert (
            np.argsort(places).tolist() == np.argsort([-float(value) for value in seeds]).tolist()
        )
    slope, _ = np.polyfit(means, heights, 1)
    assert slope < 0
    assert np.corrcoef(means, heights)[0, 1] == pytest.approx(-1, abs=1e-4)
    assert np.corrcoef(columns, weights)[0, 1] == pytest.approx(1, abs=1e-6)


def test_hollow_points_are_tasks_alone_at_the_ends(made):
    points = Picture(report.landscape_line(made)).points
    for point in points:
        assert ("alone" in point["class"]) == (" alone" in point["aria-label"])
    xs = [point["circles"]["mean"][0][0] for point in points]
    ends = [x for x, point in zip(xs, points, strict=True) if "alone" in point["class"]]
    assert set(ends) == {min(xs), max(xs)}


def test_places_in_the_triangle_are_weights(made):
    points = Picture(report.landscape_triangle(made)).points
    places, corners = {}, {}
    for point in points:
        name, (place,) = point["aria-label"].split(";")[0], point["circles"]["disc"]
        if name.endswith(" alone"):
            corners[name.split()[0]] = place
        else:
            weights = dict(part.split() for part in name.split(", "))
            places[name] = (weights, place)
    sides = [np.hypot(*np.subtract(*pair)) for pair in combinations(corners.values(), 2)]
    assert sides == pytest.approx([sides[0]] * 3, abs=0.2)
    for weights, place in places.values():
        centre = sum(float(weight) * np.array(corners[task]) for task, weight in weights.items())
        assert place == pytest.approx(centre, abs=0.2)


def test_discs_show_their_mean_and_the_higher_the_lighter(made):
    markup = report.landscape_triangle(made)._repr_html_()
    points = Picture(report.landscape_triangle(made)).points
    colours = re.findall(r'class="disc" fill="#(\w{6})"', markup)
    means = [float(re.search(r"mean ([0-9.]+)", point["aria-label"])[1]) for point in points]
    assert [float(point["texts"][0]) for point in points] == pytest.approx(means, abs=6e-4)
    light = [
        np.dot((0.2126, 0.7152, 0.0722), [int(colour[i : i + 2], 16) for i in (0, 2, 4)])
        for colour in colours
    ]
    order = np.argsort(means)
    assert (np.diff(np.array(light)[order]) >= -0.5).all()


@pytest.mark.parametrize("view", VIEWS)
def test_a_single_seed_has_no_interval(tmp_path, fabricate, view):
    tables = [e for n in VIEWS[view] for e in wssl.study.table(n, preset="smoke", seeds=1)]
    shown = view(fabricate(Store(tmp_path), tables))
    points = Picture(shown).points
    assert points
    assert not any("±" in point["aria-label"] for point in points)
    assert "nan" not in shown._repr_html_()
    assert 'class="whisker"' not in shown._repr_html_()


@pytest.mark.parametrize("view", VIEWS)
def test_equal_values_can_be_drawn(tmp_path, fabricate, view):
    tables = [e for n in VIEWS[view] for e in wssl.study.table(n, preset="smoke", seeds=2)]
    shown = view(fabricate(Store(tmp_path), tables, ssim=lambda experiment, rng: 0.5))
    assert "nan" not in shown._repr_html_()
    assert all("0.5000 ± 0.0000" in point["aria-label"] for point in Picture(shown).points)


@pytest.mark.parametrize("view", VIEWS)
def test_without_runs_a_caption_says_so(view):
    shown = view([])
    assert Picture(shown).pictures == []
    assert shown.caption in shown._repr_html_()
    assert shown.caption.startswith("None of the records is a run of ")
    assert repr(shown) == f"<chart: {shown.caption}>"


def test_a_pair_without_runs_has_no_picture(made):
    records = [r for r in made if set(r["experiment"]["pretext"]) != {"rotation", "saturation"}]
    pictures = Picture(report.landscape_line(records)).pictures
    assert len(Picture(report.landscape_line(made)).pictures) == 3
    assert [picture["aria-label"] for picture in pictures] == [
        "SSIM against the weight of rotation, beside sharpness",
        "SSIM against the weight of saturation, beside sharpness",
    ]


@pytest.mark.parametrize("view", VIEWS)
def test_an_unknown_metric_is_named(view):
    with pytest.raises(ValueError, match=r"received 'sim'. Did you mean 'ssim'\?"):
        view([], "sim")
