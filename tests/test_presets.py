import math
from dataclasses import FrozenInstanceError, replace

import pytest

from wssl.methods import unet
from wssl.presets import PRESETS, SETTINGS, preset, with_settings


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_found_by_its_name(name):
    assert preset(name).name == name


def test_the_documented_presets_go_from_small_to_large():
    assert list(PRESETS) == ["smoke", "quick", "desktop", "gpu", "paper"]
    work = [
        p.size**2
        * p.width**2
        * (p.pretext_batch * p.pretext_steps + p.inpainting_batch * p.inpainting_steps)
        for p in PRESETS.values()
    ]
    assert work == sorted(work)


def test_an_unknown_preset_names_the_nearest():
    with pytest.raises(ValueError, match="received 'desktp'. Did you mean 'desktop'"):
        preset("desktp")


def test_a_preset_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        preset("smoke").size = 64


def test_what_is_for_the_reader_does_not_count():
    smoke = preset("smoke")
    other = replace(smoke, seeds=9, purpose="p")
    assert other == smoke
    for name in SETTINGS:
        assert replace(smoke, **{name: f"not {getattr(smoke, name)}"}) != smoke


@pytest.mark.parametrize("scale", PRESETS.values(), ids=PRESETS)
def test_images_are_loaded_at_the_papers_ratio(scale):
    assert scale.load_size - scale.size >= 1
    assert scale.load_size == pytest.approx(scale.size * 8 / 7, abs=0.5)


@pytest.mark.parametrize("scale", PRESETS.values(), ids=PRESETS)
def test_a_network_can_be_made(scale):
    assert unet(scale.size, 1).input_shape == (None, scale.size, scale.size, 3)


def test_the_paper_preset_is_the_papers():
    paper = preset("paper")
    assert (paper.size, paper.load_size) == (224, 256)
    assert paper.pretext_batch == paper.inpainting_batch == 64
    assert paper.pretext_learning_rate == paper.inpainting_learning_rate == 1e-4
    assert paper.pretext_schedule == paper.inpainting_schedule == "constant"
    epoch = math.ceil(24_183 / 64)
    assert paper.pretext_steps == 40 * epoch
    assert paper.inpainting_steps == 20 * epoch


def test_a_slice_is_the_preset_with_fewer_steps():
    whole, cut = preset("paper"), preset("paper:20")
    assert (cut.pretext_steps, cut.inpainting_steps) == (20, 20)
    assert replace(cut, name="paper", pretext_steps=15120, inpainting_steps=7560) == whole


def test_a_slice_keeps_within_its_steps(monkeypatch):
    tuned = {"pic": {"inpainting_steps": 9000, "inpainting_learning_rate": 0.5}}
    whole = replace(PRESETS["paper"], pretext_warmup=100, inpainting_warmup=7, tuned=tuned)
    monkeypatch.setitem(PRESETS, "paper", whole)
    cut = preset("paper:20")
    assert (cut.pretext_warmup, cut.inpainting_warmup) == (20, 7)
    assert cut.tuned == {"pic": {"inpainting_learning_rate": 0.5}}
    assert with_settings(cut, cut.tuned["pic"]).inpainting_steps == 20


@pytest.mark.parametrize("steps", ["", "0", "-3", "7561", "many", "1.5"])
def test_a_slice_is_no_longer_than_the_whole(steps):
    with pytest.raises(ValueError, match="after 'paper' a number of steps from 1 to 7560"):
        preset(f"paper:{steps}")
