"""Records by arm and seed."""

from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest
from worlds import study

from wssl.claims.campaign import NARROW, WIDE, Arm, Campaign, Design, arm_of
from wssl.claims.catalogue import claim
from wssl.claims.characteristics import nothing
from wssl.claims.estimands import SSIM, Best, Score, difference, linear, shown
from wssl.claims.statistics import residual_variance
from wssl.paper import BEST

KINDS = (("frozen", 500, 0.5), ("scratch", 12_000, 4), ("random", 1000, 1))

RECORD = {
    "kind": "inpainting",
    "experiment": {
        "pretext": {"saturation": 0.3, "sharpness": 0.7},
        "loss": "mix",
        "alpha": 0.84,
        "a": 1.0,
        "encoder": "frozen",
        "frozen_blocks": [1, 2, 3, 4, 5],
        "method": "wssl",
        "preset": "desktop",
        "settings": {"width": 32},
        "dataset": "open-faces-2",
        "masks": "quickdraw",
        "recipe": "dense",
        "coverage": [0.3, 0.5],
        "split": "test",
        "seed": 11,
    },
    "fingerprint": "0123456789abcdef",
    "scale": {"size": 64, "width": 32, "inpainting_steps": 1000},
    "pretext": "fedcba9876543210",
    "metrics": {"ssim": 0.8, "psnr": 24.0, "st_lpips": None},
    "per_image": {"ssim": [0.7, 0.9], "psnr": [22.0, 26.0]},
}


def changed(scale=None, **experiment):
    return {
        **RECORD,
        "experiment": {**RECORD["experiment"], **experiment},
        "scale": {**RECORD["scale"], **(scale or {})},
    }


def arm(scale=None, **experiment):
    record = changed(scale, **experiment)
    return arm_of(record["experiment"], record["scale"], Design())


@pytest.mark.parametrize(
    "experiment",
    [{"objective": "masked"}, {"objective": "vicreg", "pretext": {}}, {"method": "partial"}],
)
def test_what_was_not_registered_belongs_to_no_arm(experiment):
    assert arm({"width": 16}, **experiment) is None
    other = {**changed({"width": 16}, **experiment), "fingerprint": "1" * 16}
    found = Campaign([changed({"width": 16}), other])
    assert {arm: list(seeds) for arm, seeds in found.runs.items()} == {Arm(BEST): [11]}


def test_a_record_belongs_to_its_arm():
    assert arm() == Arm(BEST, width=WIDE)
    assert arm({"width": 16}) == Arm(BEST)
    assert arm({"width": 64}) == Arm(BEST, width="64")
    assert arm({"inpainting_steps": 4000}).budget == 4
    assert arm(encoder="random", pretext={}, frozen_blocks=[3, 4, 5], scale={"width": 16}) == Arm(
        encoder="random", blocks=(3, 4, 5)
    )
    assert arm(method="pic", pretext={}, scale={"width": 16, "inpainting_steps": 9}) == Arm(
        method="pic"
    )


def test_the_budget_is_in_multiples_of_the_steps_of_its_kind():
    design = Design(steps=1000, end_to_end_steps=3000)
    for encoder, steps, budget in KINDS:
        record = changed({"inpainting_steps": steps}, encoder=encoder)
        assert arm_of(record["experiment"], record["scale"], design).budget == budget


def test_a_classical_fill_has_no_width():
    record = {**changed(method="harmonic", pretext={}), "scale": {"size": 64}}
    assert arm_of(record["experiment"], record["scale"], Design()) == Arm(method="harmonic")


def test_what_does_not_matter_to_an_arm_does_not_tell_it_apart():
    assert Arm(encoder="scratch", blocks=(1,)) == Arm(encoder="scratch")
    assert hash(Arm({"rotation": 1.0, "sharpness": 0.0})) == hash(Arm({"rotation": 1}))
    assert Arm(BEST) != Arm(BEST, loss="ssim")
    assert Arm(BEST) != "an arm"
    for method in ("harmonic", "zits"):
        assert Arm(BEST, "scratch", "mse", (1,), method) == Arm(method=method)
        assert Arm(method=method).key == (method,)
        assert Arm(method=method) != Arm(method=method, width=WIDE)
    assert Arm(BEST, blocks=(1,)) != Arm(BEST)
    assert Arm(encoder="random", blocks=(1,)) != Arm(encoder="random")
    assert Arm(BEST, "finetuned", blocks=(1,)) == Arm(BEST, "finetuned")


def test_arms_and_designs_cannot_be_changed():
    for found in (Arm(BEST), Design()):
        for field in fields(found):
            with pytest.raises(FrozenInstanceError):
                setattr(found, field.name, None)


def test_arms_share_a_phase_if_they_start_from_the_same_weights():
    same = [Arm(BEST), Arm(BEST, loss="mse"), Arm(BEST, blocks=(1,)), Arm(BEST, budget=4.0)]
    others = [
        Arm({"saturation": 0.7, "sharpness": 0.3}),
        Arm(BEST, "finetuned"),
        Arm(BEST, width=WIDE),
        Arm(encoder="random"),
        Arm(method="harmonic"),
        Arm(method="zits"),
        Arm(method="zits", width=WIDE),
    ]
    assert {arm.phase for arm in same} == {Arm(dict(reversed(BEST.items()))).phase}
    assert len({arm.phase for arm in [*same, *others]}) == 1 + len(others)
    assert Arm(BEST, method="zits").phase == Arm(method="zits").phase


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (Arm(), "no pretext task; frozen"),
        (
            Arm({"saturation": 0.3, "sharpness": 0.7}),
            "saturation 0.3, sharpness 0.7; frozen",
        ),
        (Arm(BEST, "scratch", blocks=(1,)), "saturation 0.3, sharpness 0.7; scratch"),
        (Arm(encoder="random", blocks=(3, 4)), "no pretext task; random; blocks 3, 4"),
        (Arm({"rotation": 1}, blocks=(1,)), "rotation 1; frozen; blocks 1"),
        (Arm(loss="mse", budget=4.0), "no pretext task; frozen; loss mse; 4x"),
        (Arm(width=WIDE, budget=0.25), "no pretext task; frozen; wide; 0.25x"),
        (Arm(encoder="finetuned", width="64"), "no pretext task; finetuned; 64"),
        (Arm(method="shift_net"), "shift_net"),
        (Arm(method="zits"), "zits"),
    ],
)
def test_the_name_of_an_arm_says_what_is_special_about_it(found, name):
    assert found.name == name


@pytest.mark.parametrize(
    ("found", "pooled"),
    [
        (Arm(BEST, width=WIDE), True),
        (Arm(BEST, loss="mse"), False),
        (Arm(BEST, blocks=(1, 2, 3)), False),
        (Arm(BEST, budget=4.0), False),
        (Arm(BEST, budget=0.25), False),
        (Arm(BEST, loss="mse", blocks=(1,)), False),
        (Arm(BEST, loss="mse", budget=4.0), False),
        (Arm(BEST, blocks=(1,), budget=4.0), False),
    ],
)
def test_grids_and_controls_are_pooled(found, pooled):
    assert found.pooled == pooled


@pytest.mark.parametrize(
    ("found", "noise"),
    [
        (Arm({"rotation": 0.5, "sharpness": 0.5}), "sharpness"),
        (Arm({"rotation": 0.6, "sharpness": 0.4}), "other pretext"),
        (Arm({"rotation": 3, "sharpness": 2}), "other pretext"),
        (Arm({"sharpness": 0.4, "rotation": 0.4}), "sharpness"),
        (Arm({"rotation": 1}), "other pretext"),
        (Arm(BEST, "finetuned"), "no frozen features"),
        (Arm(encoder="random"), "no frozen features"),
        (Arm(method="pic"), "other method"),
        (Arm(method="zits"), "other method"),
        (Arm(method="mean_colour"), "none"),
    ],
)
def test_classes_of_arms(found, noise):
    assert found.noise == noise


@pytest.mark.parametrize(
    "other",
    [
        {"dataset": "synthetic"},
        {"masks": "synthetic"},
        {"recipe": "medium"},
        {"coverage": [0.1, 0.6]},
        {"split": "val"},
        {"alpha": 0.5},
        {"a": 10.0},
        {"scale": {"size": 128}},
        {"method": "shift_net"},
    ],
)
def test_what_was_not_registered_is_no_arm(other):
    assert arm(**other) is None


def test_other_numbers_of_the_scale_can_be_registered():
    design = Design(scale={"batch": 16})
    record = changed({"batch": 16})
    assert arm_of(record["experiment"], record["scale"], design) is not None
    assert arm_of(RECORD["experiment"], RECORD["scale"], design) is None


def test_two_runs_of_one_arm_and_seed_are_refused():
    other = {**changed({"batch": 8}), "fingerprint": "f" * 16}
    with pytest.raises(ValueError, match="expected one run per arm and seed; received 0123456789"):
        Campaign([RECORD, other])
    assert len(Campaign([RECORD, RECORD]).runs) == 1


def test_scores_by_hand():
    campaign = Campaign([RECORD])
    found = Arm(BEST, width=WIDE)
    assert SSIM(campaign, found, 11) == pytest.approx(-np.log(0.2))
    assert Score("psnr")(campaign, found, 11) == 24.0
    assert Score(points=True)(campaign, found, 11) == 0.8
    assert Score(reversed=True)(campaign, found, 11) == pytest.approx(np.log(0.2))
    assert np.isnan(Score("st_lpips")(campaign, found, 11))
    assert np.isnan(SSIM(campaign, found, 12))
    assert np.isnan(SSIM(campaign, Arm(BEST), 11))


def test_a_loss_on_unseen_images_by_hand():
    evaluation = {
        "kind": "evaluation",
        "experiment": {**RECORD["experiment"], "dataset": "objects"},
        "fingerprint": "1" * 16,
        "run": RECORD["fingerprint"],
        "metrics": {"ssim": 0.7, "psnr": 21.0},
        "per_image": {"ssim": [0.6, 0.8], "psnr": [20.0, 22.0]},
    }
    campaign, found = Campaign([RECORD, evaluation]), Arm(BEST, width=WIDE)
    assert Score(unseen=True)(campaign, found, 11) == pytest.approx(-np.log(0.3))
    assert Score(unseen=True, drop=True)(campaign, found, 11) == pytest.approx(np.log(0.2 / 0.3))
    lost = Score("psnr", unseen=True, drop=True)
    assert lost(campaign, found, 11) == pytest.approx(-3.0)
    points = Score(unseen=True, drop=True, points=True)
    assert points(campaign, found, 11) == pytest.approx(-0.1)
    drawn, images = lost.drawn(campaign, found, [11])
    assert images == 2
    # Two images of each set, drawn independently of each other: 1 / 2 + 4 / 2.
    assert drawn.var() == pytest.approx(0.5 + 2.0, rel=0.1)


def test_what_was_tested_on_validation_images_enters_no_score():
    test = {**RECORD["experiment"], "dataset": "objects"}
    own = {"kind": "evaluation", "fingerprint": "1" * 16, "run": RECORD["fingerprint"]}
    validation = {**own, "experiment": {**RECORD["experiment"], "split": "val"}}
    elsewhere = {**own, "fingerprint": "2" * 16, "experiment": test}
    campaign, found = Campaign([RECORD, validation, elsewhere]), Arm(BEST, width=WIDE)
    assert campaign.evaluation(found, 11) is None
    assert campaign.evaluation(found, 11, dataset="objects")["fingerprint"] == "2" * 16
    assert campaign.evaluation(found, 11, split="val")["fingerprint"] == "1" * 16


def test_a_contrast_is_that_of_common_seeds_with_its_prior_by_hand():
    records = study(nothing, scale=1.0, images=30)
    campaign = Campaign(records)
    first, second = Arm({"rotation": 1.0}), Arm({"saturation": 1.0})
    seeds = (11, 12, 13)
    found = linear(campaign, ((1.0, first), (-1.0, second)), SSIM, seeds)
    values = [SSIM(campaign, first, s) - SSIM(campaign, second, s) for s in seeds]
    variance, freedom = campaign.variance(SSIM, "other pretext")
    arms = [a for a in campaign.runs if a.noise == "other pretext"]
    cells = [(SSIM(campaign, a, s), a, s) for a in arms for s in campaign.runs[a]]
    expected = residual_variance(*map(list, zip(*cells, strict=True)))
    assert (variance, freedom) == pytest.approx(expected)
    assert campaign.prior(((1.0, first), (-1.0, second)), SSIM) == pytest.approx(
        (2 * variance, freedom, 8.0)
    )
    squares = np.var(values, ddof=1) * 2 + 8 * 2 * variance
    drawn = [SSIM.drawn(campaign, a, seeds)[0] for a in (first, second)]
    of_images = np.var(drawn[0] - drawn[1], ddof=1) * 30 / 29
    assert found.value == pytest.approx(np.mean(values))
    assert found.error**2 == pytest.approx(squares / 10 / 3 + of_images)


def test_what_follows_one_phase_is_compared_with_what_else_does():
    campaign = Campaign(study(nothing, scale=1.0))
    mix, ssim = Arm(BEST), Arm(BEST, loss="ssim")
    variance, *_ = campaign.prior(((1.0, mix), (-1.0, ssim)), SSIM)
    assert variance == pytest.approx(2 * campaign.variance(SSIM, "same phase: sharpness")[0])
    assert variance < campaign.prior(((1.0, mix), (-1.0, Arm(encoder="random"))), SSIM)[0]


def test_a_classical_fill_has_one_run_for_all_seeds():
    campaign = Campaign(study(nothing, claims=[claim("classical")]))
    harmonic = Arm(method="harmonic")
    assert campaign.run(harmonic, 11) is campaign.run(harmonic, 15)
    assert campaign.variance(SSIM, harmonic.noise)[0] == 0.0


def test_controls_are_shown_at_other_widths():
    campaign = Campaign(study(nothing))
    contrast = difference(Arm(BEST, width=WIDE), Arm(encoder="random", width=WIDE), many=True)
    estimate, seeds = shown(campaign, contrast, NARROW)
    assert seeds == 5
    assert np.isfinite(estimate.error)
    assert shown(campaign, contrast, "64") is None


def test_neither_other_seeds_nor_the_second_tier_change_a_variance():
    records = study(nothing, scale=1.0)
    campaign = Campaign(records)
    noises = ("sharpness", "no frozen features", "same phase: sharpness")
    before = [campaign.variance(SSIM, noise) for noise in noises]
    more = []
    for number, record in enumerate(r for r in records if r["kind"] == "inpainting"):
        if record["experiment"]["method"] == "wssl":
            changes = [{"seed": 99}, {}, {}]
            scales = [{}, {"width": 64}, {"inpainting_steps": 250}]
            for place, (change, scale) in enumerate(zip(changes, scales, strict=True)):
                more.append(
                    {
                        **record,
                        "experiment": {**record["experiment"], **change},
                        "scale": {**record["scale"], **scale},
                        "fingerprint": f"more {number} {place}",
                        "metrics": {"ssim": 0.1 + 0.0001 * number},
                    }
                )
    kept = {(str(r["experiment"]), str(r["scale"])): r for r in more}
    enlarged = Campaign([*records, *kept.values()])
    assert len(enlarged.runs) > len(campaign.runs)
    assert [enlarged.variance(SSIM, noise) for noise in noises] == before


def test_a_fill_that_is_not_the_packages_own_has_one_run_for_all_seeds():
    networks = [changed(seed=seed, encoder="scratch", pretext={}) for seed in (11, 12, 13)]
    for number, record in enumerate(networks):
        record["fingerprint"] = f"{number:016x}"
        record["metrics"] = {"ssim": 0.8 + number / 100}
    fill = changed(method="mine", seed=4) | {"scale": {"size": 64}, "fingerprint": "f" * 16}
    fill["metrics"] = {"ssim": 0.7}
    scratch, mine = Arm(encoder="scratch", width=WIDE), Arm(method="mine")
    found = Campaign([*networks, fill])
    assert found.is_fill(mine)
    assert found.is_fill(Arm(method="harmonic"))
    assert not found.is_fill(scratch)
    assert {found.run(mine, seed)["fingerprint"] for seed in (11, 12, 13)} == {"f" * 16}
    effect = difference(scratch, mine).estimate(found)
    expected = [np.log(0.3 / (0.2 - number / 100)) for number in range(3)]
    assert effect.value == pytest.approx(np.mean(expected))
    own = found.prior(((1.0, scratch), (-1.0, mine)), SSIM)
    builtin = found.prior(((1.0, scratch), (-1.0, Arm(method="harmonic"))), SSIM)
    np.testing.assert_array_equal(own, builtin)
    best = Best((scratch,), (mine,)).needs(found)
    assert [need for need in best if need[1] == mine] == [("run", mine, 0, SSIM)]


RANDOM, SCRATCH, FINETUNED = (Arm(encoder=name) for name in ("random", "scratch", "finetuned"))


def scored(scores, **design):
    """A campaign of arms with these numbers, by arm and seed."""
    campaign = Campaign([], Design(**design))
    for arm, values in scores.items():
        campaign.runs[arm] = {seed: {"metrics": {"psnr": v}} for seed, v in values.items()}
    return campaign


PSNR = Score("psnr")


def test_the_variance_of_a_class_by_hand():
    """Differences of 1, 3 and 5 narrow, and of 1 and 2 wide: half of 8 and of 1/2, by 2 + 1."""
    campaign = scored(
        {
            replace(RANDOM, width="64"): {11: 9.0, 12: 90.0},
            replace(SCRATCH, width="64"): {11: -9.0, 12: 0.0},
            RANDOM: {11: 1.0, 12: 4.0, 13: 9.0, 14: 50.0},
            SCRATCH: {11: 0.0, 12: 1.0, 13: 4.0},
            replace(RANDOM, width=WIDE): {14: 3.0, 15: 7.0},
            replace(SCRATCH, width=WIDE): {14: 2.0, 15: 5.0},
            replace(RANDOM, loss="mse"): {11: 70.0, 12: 0.0, 13: 1.0},
        }
    )
    assert campaign.variance(PSNR, "no frozen features") == pytest.approx(
        ((8 / 2 + 0.5 / 2) / 3, 3)
    )


def test_a_layout_that_leaves_no_freedom_adds_nothing_to_a_variance():
    narrow = {RANDOM: {11: 1.0, 12: 4.0}, SCRATCH: {11: 0.0, 12: 1.0}}
    wide = {replace(arm, width=WIDE): {11: 5.0} for arm in narrow}
    noise = "no frozen features"
    assert scored({**wide, **narrow}).variance(PSNR, noise) == pytest.approx((1.0, 1))
    nothing_known = scored(wide).variance(PSNR, noise)
    assert nothing_known == (pytest.approx(np.nan, nan_ok=True), 0)
    for arm in (RANDOM, Arm(method="pic")):
        alone = scored({arm: {11: 1.0, 12: 4.0}}).variance(PSNR, arm.noise)
        assert alone == (pytest.approx(np.nan, nan_ok=True), 0)
    unscored = scored({key: {11: np.nan, 12: np.nan} for key in (RANDOM, SCRATCH)})
    assert unscored.variance(PSNR, noise) == (pytest.approx(np.nan, nan_ok=True), 0)


def test_a_fill_is_known_without_error():
    campaign = scored({Arm(method="telea"): {0: 1.0}, Arm(method="harmonic"): {0: 4.0}})
    assert campaign.variance(PSNR, "none") == (0.0, np.inf)
    campaign._pools[PSNR, "no frozen features"] = 2.0, 5
    found = campaign.prior(((1.0, RANDOM), (-1.0, Arm(method="telea"))), PSNR)
    assert found == (2.0, 5.0, 4.0)


def test_the_variance_of_other_methods_is_around_their_means():
    """Squares of 1 + 1 and of 9 + 9: the seeds' own effects stay in it."""
    campaign = scored(
        {
            Arm(method="mine"): {11: 0.0, 12: 100.0},
            Arm(method="pic"): {11: 0.0, 12: 2.0, 13: float("nan")},
            Arm(method="shift_net"): {11: 7.0, 12: 1.0},
        }
    )
    assert campaign.variance(PSNR, "other method") == pytest.approx((10.0, 2))


def test_the_variance_after_one_phase_is_of_each_phase_and_budget():
    """Half the variances of differences of 0 and 2, and of 0 and 4."""
    campaign = scored(
        {
            RANDOM: {11: 1.0, 12: 7.0},
            replace(RANDOM, loss="ssim"): {11: 1.0, 12: 5.0},
            replace(RANDOM, budget=4.0): {11: 3.0, 12: 8.0},
            replace(RANDOM, budget=4.0, loss="ssim"): {11: 3.0, 12: 4.0},
            replace(RANDOM, budget=16.0): {11: 0.0, 12: 99.0},
            replace(RANDOM, budget=16.0, loss="ssim"): {11: 3.0, 12: 4.0},
            replace(SCRATCH, loss="ssim"): {11: 99.0, 12: 4.0},
        }
    )
    found = campaign.variance(PSNR, "same phase: no frozen features")
    assert found == pytest.approx(((2 / 2 + 8 / 2) / 2, 2))


def test_a_prior_of_two_classes_by_hand():
    """4 + 1 for what differs in its phase, and 1/2 of 1 for what follows one phase."""
    campaign = scored({})
    classes = {
        "sharpness": (4.0, 8),
        "no frozen features": (1.0, 2),
        "same phase: sharpness": (6, 3),
    }
    campaign._pools.update({(PSNR, noise): found for noise, found in classes.items()})
    best, other = Arm(BEST), Arm(BEST, loss="ssim")
    found = campaign.prior(((1.0, best), (-1.0, RANDOM)), PSNR)
    assert found == pytest.approx((5.0, 25 / (16 / 8 + 1 / 2), 25 / (16 / 4 + 1 / 4)))
    terms = ((1.0, best), (-0.5, RANDOM), (-0.5, SCRATCH))
    assert campaign.prior(terms, PSNR) == pytest.approx(
        (4.5, 4.5**2 / (16 / 8 + 0.25 / 2), min(4.5**2 / (16 / 4 + 2 / 64), 4.5**2 / 2.125))
    )
    # Of (1, 1, -2) the phase has 2 squared, and 2 - 4 / 2 is left within it.
    terms = ((1.5, best), (0.5, other), (-2.0, RANDOM))
    of_phase, within, of_other = 4 * 4.0, (2.5 - 4 / 2) * 6, 4 * 1.0
    total = of_phase + within + of_other
    pooled = total**2 / (of_phase**2 / 8 + within**2 / 3 + of_other**2 / 2)
    own = total**2 / (of_phase**2 / 4 + 2 * (within / 2) ** 2 / 4 + of_other**2 / 4)
    assert campaign.prior(terms, PSNR) == pytest.approx((total, pooled, min(own, pooled)))


def test_a_prior_is_unknown_where_nothing_is_comparable():
    campaign = scored({})
    fills = ((1.0, Arm(method="harmonic")), (-1.0, Arm(method="telea")))
    assert campaign.prior(fills, PSNR) == (0.0, 0.0, 0.0)
    unknown = campaign.prior(((1.0, RANDOM), (-1.0, SCRATCH)), PSNR)
    assert unknown == (pytest.approx(np.nan, nan_ok=True), 0.0, 0.0)
