# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The verdicts
#
# **The question.** Which of the paper's claims hold? Each is written down in
# `wssl/claims/catalogue.py` with the quantity that decides it. This page applies the tests to the
# records; every number on it is computed.
#
# **The answer.** {glue:text}`tally`. {glue:text}`caveats`
#
# {glue:text}`state` Six claims are primary; the others are secondary. The paper states most of them, its
# method presupposes some, and this study adds a few.

# %% tags=["parameters", "remove-input"]
preset: str = "quick"  # the scale: smoke, quick, desktop, gpu or paper
dataset: str = "synthetic"  # images: synthetic, open-faces-2 or folder:PATH
masks: str = "auto"  # strokes: synthetic, quickdraw or folder:PATH; auto follows the images
seeds: int = 0  # how many; 0 stands for the preset's own number

# %% tags=["remove-input"]
import json
from pathlib import Path

import pandas as pd
from myst_nb import glue

import wssl
from wssl import paper, report
from wssl.book.notebooks import check_parameters
from wssl.book.showcase import showcase
from wssl.claims import repeats
from wssl.claims.catalogue import (
    BEST_ARM,
    DOUBLES,
    PIC,
    SHIFT_NET,
    SINGLES,
    TRIPLES,
    WIDE_BEST,
)
from wssl.claims.estimands import difference
from wssl.claims.ladders import ladders
from wssl.claims.remedies import Exploration
from wssl.report import text
from wssl.study import Study, exploratory

check_parameters(globals())
report.use_style()
BOOK = Path(wssl.__file__).parents[1] / "book"

# %%
study = Study(preset=preset, dataset=dataset, masks=masks, seeds=seeds or None)
found = study.findings()
beside = exploratory.half_rate_findings() if study.registered else {}

# %% tags=["remove-input"]
campaign, verdicts = found.campaign, list(found.values())
primary = [v for v in verdicts if v.claim.primary is not None]
secondary = [v for v in verdicts if v.claim.primary is None]
records = study.records()
runs = [r for r in records if r["kind"] == "inpainting"]
repeated = repeats.repeats(records, study.repetitions())
exchanged = study.repeated(found)
alike = repeats.on_one_machine(found, exchanged)
mixed = repeats.mixed([v.claim for v in verdicts], campaign)
groups = {1: SINGLES, 2: DOUBLES, 3: TRIPLES}
wide = Exploration(exploratory.records() if study.registered else [])
weightings = [*SINGLES, *DOUBLES, *TRIPLES]
compared = [
    (campaign, "the recipe minus PIC", BEST_ARM, PIC),
    (wide, "the recipe minus Shift-Net, at width 32 and half the rate", WIDE_BEST, SHIFT_NET),
]
rungs = ladders(records, study.design)
scales = {
    "at width 8": rungs["width"][0],
    "with four times the steps, at width 16": rungs["budget"][2],
}
explored = {
    "features": (
        "; ".join(
            report.contrasts_text(
                rung.campaign,
                {
                    f"pretrained minus random, {words}": difference(
                        rung.arm("frozen"), rung.arm("random")
                    ).terms
                },
                title="error",
            )
            for words, rung in scales.items()
        ),
        [
            run
            for rung in scales.values()
            for run in report.runs_of(rung.campaign, [rung.arm("frozen"), rung.arm("random")])
        ],
    ),
    "weights-matter": (
        report.each_task_text(campaign, weightings, "error"),
        report.runs_of(campaign, weightings),
    ),
    "methods": (
        "; ".join(
            report.contrasts_text(of, {name: difference(first, second).terms}, title="error")
            for of, name, first, second in compared
        ),
        [run for of, _, *arms in compared for run in report.runs_of(of, arms)],
    ),
}
tables = {
    "primary": report.verdict_table(primary, campaign),
    "secondary": report.verdict_table(secondary, campaign),
}
for name, value in {
    **tables,
    "tally": text.tally(verdicts),
    "caveats": text.caveats_text(verdicts),
    "state": text.state_text(found),
    "plan": text.plan_text(BOOK / "plan.md", runs if study.registered else []),
    "headline": report.headline(found, beside),
    "picture": report.picture_strip(**vars(showcase(study))),
    "question": report.answer_sentence(found, beside),
    "primary_claims": report.claim_list(
        found,
        {**beside, repeats.ONE_MACHINE: alike} if alike else beside,
        explored if study.registered else {},
    ),
    "summary": report.summary(found, len(runs), text.hours(records)),
    "size": campaign.design.size,
    "runs": len(runs),
    "pretexts": sum(r["kind"] == "pretext" for r in records),
    "evaluations": sum(r["kind"] == "evaluation" for r in records),
    "hours": text.hours(records),
    "diverged": text.diverged_text(runs, text.COUNTED, named=True)
    or "No run of this edition diverged.",
    "shallow": text.shallow_text(runs),
    "replication": "" if exploratory.REPLICATED in beside else "None of its runs is recorded yet.",
    "beyond": text.beyond_text(verdicts),
    "rests": text.rests_text(found, "three-tasks", report.three_without_some(groups, campaign)),
    "beside": " ".join(
        f"{title}: {text.scale_text(other, other.campaign.runs, text.COUNTED_BESIDE)}"
        for title, other in beside.items()
        if any(run["history"] for runs in other.campaign.runs.values() for run in runs.values())
    ),
    "repeats": text.repeats_text(
        repeated,
        *([of[claim.key] for claim in mixed] for of in (found, exchanged)),
        alike=len(alike),
    ),
    "dataset": dataset,
    "configurations": len(campaign.runs),
}.items():
    glue(name, value, display=False)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Effects in multiples of their margins, with the interval that decides. To the right of zero, the effect is as the paper claims; to the left, it is the opposite; within the grey band, it is too small to matter. Diamonds: the effect in the paper's own numbers. The axis is logarithmic beyond 1. Open circles: refuted, but not shown to be the opposite. Pale symbols with an asterisk mark claims for which some runs diverged; those runs dominate the effect. The figure has every claim; the tally above counts those that the paper states.", "name": "fig-verdicts"}, "image": {"alt": "Dot plot: one row per claim whose runs are complete. Horizontal: its effect with an interval, in multiples of the margin, coloured by verdict; a grey band marks effects within the margin."}}
report.forest(verdicts, campaign)

# %% [markdown]
# :::{admonition} In this chapter you learn
# :class: tip
# - how a verdict follows from an interval and a margin
# - why the intervals that decide are wider than the 95 % intervals of single claims
# - how the error rates of a test procedure are checked by simulation
# :::

# %% [markdown]
# ## What was registered, and when
#
# {glue:text}`plan` Order and dates rest on the commits of this repository; no third party has stamped
# them. The records so far are {glue:text}`runs:d` runs of {glue:text}`configurations:d`
# configurations, {glue:text}`pretexts:d` pretext phases and {glue:text}`evaluations:d` evaluations.
# The durations of all runs add up to {glue:text}`hours:.1f` hours, whatever machine each was made on
# ({doc}`11_cost`).
#
# ## The primary claims
#
# The claims are in the order of the plan. The **effect** is above zero if the claim is true; it is
# a percentage of 1 - SSIM unless another unit is given, with the 95 % interval of this claim alone.
# The **interval that decides** is adjusted for the number of claims, and the verdict follows from
# it, and from the {term}`margin` below which an effect does not matter. An asterisk marks an effect for which some
# runs diverged. It is printed because the plan counts these runs, but they dominate it: for the runs that
# did not diverge, even its sign may be wrong. “Runs that diverged” below gives the effect without them.

# %% tags=["hide-input", "claims"]
tables["primary"]

# %% [markdown]
# {glue:text}`beyond` Where runs diverged, by contrast, *undecided* was the expected outcome, whatever the
# true effect: see “How reliable these rules are” below.

# %% [markdown]
# ## The secondary claims

# %% tags=["hide-input", "claims"]
tables["secondary"]

# %% [markdown]
# {glue:text}`rests`

# %% [markdown]
# ## By their own noise
#
# A few seeds give only a poor estimate of their scatter. The verdicts therefore average a claim's own
# scatter with that of {term}`comparable runs` of both widths, including runs that diverged. This table
# takes the scatter of a claim's own runs alone and compares the two. A claim whose effect is the best of
# several configurations minus another has the scatter of the two that were selected. An interval from
# three seeds reaches 4.3 standard errors to each side, so it may be wide although their scatter is
# small. The table decides nothing, and is empty until a claim's runs are recorded.

# %% tags=["hide-input"]
report.own_noise_table(verdicts, campaign)

# %% [markdown]
# ## Runs that diverged
#
# {glue:text}`diverged` A run has {term}`diverged` if its loss at the end is more than twice the lowest
# that it had reached, or more than 0.8 times that of its beginning. The table repeats each comparison
# without these runs, from the seeds in which no compared run diverged. These seeds are selected by
# having converged. With one of them there is no interval; with two there is one only if comparable
# runs lend their variance. The table decides nothing.
#
# {glue:text}`shallow`

# %% tags=["hide-input"]
report.converged_table(verdicts, campaign)

# %% [markdown]
# ## The controls at half the rate
#
# At the registered learning rate, some networks of the controls' width diverged. Additions to the plan
# therefore repeat the paper's configuration and its three controls at half that rate, with everything
# else equal. Each addition was written before its first run. The claims about these networks are judged
# by the registered rules, with the variance of these runs alone. No verdict above counts them. Two sets
# of seeds are judged each by itself, with an error rate of 5 % of its own:
#
# - *At half the learning rate (exploratory)*: seeds, initial weights and pretext phases are those of the
#   registered runs, so these are no independent repetition.
# - *In the replication, with new seeds*: five seeds that nothing else uses, registered when the first set was
#   partly known and before any run with them. It is confirmatory: rate, seeds and rules were fixed
#   before. {glue:text}`replication`
#
# In a trial with one seed, halving the rate raised the 1 - SSIM of two networks by about 5 %. Smaller effects cannot therefore be
# distinguished from an effect of the rate, and “no difference that matters” applies to this rate only.
#
# {glue:text}`beside`

# %% tags=["hide-input", "claims"]
report.beside_table(beside)

# %% tags=["hide-input"]
report.beside_table(beside, report.converged_table)

# %% [markdown]
# ## Does the machine matter?
#
# {glue:text}`repeats` The table shows by how much each repeated run was better on the other machine, in
# per cent of 1 - SSIM, and the means in dB, too. Seeds, initial weights, batches and masks are the
# same, and the arithmetic is in float32 on both; the backend is another one (JAX instead of
# TensorFlow), and pretext phases were trained again. A mean over encoders hides shifts that cancel,
# but the claims rest on differences between encoders. So read the rows, not their mean. The last rows
# matter most: they show by how much a comparison with training from scratch changes.

# %% tags=["hide-input"]
report.repeat_table(repeated)

# %% [markdown]
# Where a claim rests on runs of both kinds, a difference between the machines would count for or against
# it. So these claims are judged once more with the repetitions in place of the runs that they repeat.
# That decides nothing. An effect that changes much should be trusted in neither version.

# %% tags=["hide-input"]
report.exchange_table(found, exchanged, [claim.key for claim in mixed])

# %% [markdown]
# ## The controls at every width
#
# The controls are judged at one first width. The table also shows them at the others, without runs
# that diverged.

# %% tags=["hide-input"]
report.width_table(campaign, verdicts)

# %% [markdown]
# ## How a verdict is reached
#
# A {term}`verdict` follows from a lower and an upper confidence bound of the effect, and its
# {term}`margin`:
#
# - The two sides are **the same, within the margin**, if both bounds are smaller in size than the
#   margin.
# - Otherwise, the claim **holds** if the lower bound is above zero.
# - Otherwise, it is **refuted** if the upper bound is below the margin.
# - Otherwise, it is **undecided**.
#
# So a claim that holds has an effect above zero, which need not exceed the margin, and a claim that is
# refuted has the opposite effect, or one too small to matter. A claim is **awaiting runs** while
# registered runs are missing. Configurations are compared at the
# same seeds. Most intervals are for new seeds and new images; those of spreads and of shares (how much
# weights matter, how stable results are, whether levels can be told apart) are for new seeds only.
# The bounds are chosen so that the probability of one or more wrong verdicts in the whole table is at
# most 5 %. That is a statement about verdicts: more than 5 % of tables may have a bound that is wrong
# but decides nothing. The margins follow; that of 1 - SSIM is a factor of 1.05, which is 5 % for a
# dissimilarity that rises and 4.8 % for one that falls:

# %% tags=["hide-input"]
report.margin_table()

# %% [markdown]
# ## How reliable these rules are
#
# Whole campaigns were simulated with the noise of the runs of {glue:text}`simulated_from` and with true
# effects that are known. There are three kinds of noise: as *recorded*, but without the runs that
# diverged; as if *every task* had been *learned*; and as recorded, *with runs that diverged*. The first table gives the percentage of simulated campaigns with one or more wrong
# verdicts, one row for each choice of true effects:

# %% tags=["hide-input"]
simulated = json.loads((BOOK / "characteristics.json").read_text(encoding="utf-8"))
glue("simulated_from", simulated["records"], display=False)
glue("short", report.short_coverage(simulated), display=False)
glue("absence", report.absence_text(simulated), display=False)
report.world_table(simulated)

# %% [markdown]
# The second table shows how often a primary claim was found to hold, by its true effect, and how
# often the absence of an effect was found, in per cent of the simulated campaigns. A claim that would
# rarely be found to hold, whatever its true effect, has hardly been tested where it is undecided.
# {glue:text}`absence` From the noise of the calibration, the plan expected it to be found in at least
# three of four campaigns for claims 1 to 3 if every task is learned. That was wrong: the campaign's own
# runs scatter more. So "undecided" is what these rules say of a claim without an
# effect:

# %% tags=["hide-input"]
power = {noise: report.power_table(simulated, noise) for noise in simulated["power"]}
pd.concat(power, names=["noise", "claim"])

# %% [markdown]
# The third table gives the percentage of the printed 95 % intervals that contained the true effect,
# by the keys of the claims in {doc}`the plan <../plan>`. If runs scatter more at the width of the
# controls than at that of the grids, which lend them their variance, the intervals of claims on the
# controls contain it less often. {glue:text}`short` The intervals that decide are wider:

# %% tags=["hide-input"]
report.coverage_table(simulated)

# %% [markdown]
# ## Where the paper makes each claim

# %% tags=["hide-input"]
report.source_table(verdicts)

# %% [markdown]
# ## Statements that these runs do not test

# %% tags=["hide-input"]
pd.DataFrame(
    paper.UNDECIDABLE, columns=["the paper says", "where", "why these runs do not decide it"]
).set_index("the paper says")

# %% [markdown]
# **What this page cannot conclude.** Anything about CelebA-HQ at 224 pixels, or about networks
# trained for as long as the paper's: each verdict is about the claim at this scale. {doc}`13_scale`
# shows how far the answers depend on it.

# %% [markdown]
# ## Exercises
#
# Each solution is complete: paste it into a new cell or a Python session. The preset `quick` keeps
# them small enough for a laptop.
#
# **1. From an interval to a verdict.** With a margin of 0.02, which verdict follows from each
# interval: 0.01 to 0.05, -0.01 to 0.01, -0.04 to -0.01, and -0.01 to 0.05?
#
# :::{dropdown} Solution
# ```python
# from wssl.claims.decision import outcome_of
#
# for low, high in ((0.01, 0.05), (-0.01, 0.01), (-0.04, -0.01), (-0.01, 0.05)):
#     print(f"{low:+.2f} to {high:+.2f}: {outcome_of(low, high, margin=0.02)}")
# ```
#
# The second interval contains zero and the last one does too, but only the last is undecided: it
# also contains effects above the margin.
# :::
#
# **2. Three tests, one error rate.** Three claims have p values of 0.010, 0.020 and 0.040. Which
# are significant at 5 % after Holm's correction? What if a fourth, of 0.5, is added?
#
# :::{dropdown} Solution
# ```python
# from wssl.claims.statistics import holm
#
# for values in ([0.010, 0.020, 0.040], [0.010, 0.020, 0.040, 0.5]):
#     print([round(p, 3) for p in holm(values)])
# ```
#
# The smallest p value is multiplied by the number of tests, the next by one less. A further claim
# makes every other one harder to decide.
# :::
#
# **3. Chance, twenty times.** Twenty claims, three seeds each, and no true effect: how often does
# at least one 95 % interval exclude zero?
#
# :::{dropdown} Solution
# ```python
# import numpy as np
# from scipy import stats
#
# rng = np.random.default_rng(0)
# differences = rng.standard_normal((2000, 20, 3))
# error = differences.std(axis=2, ddof=1) / np.sqrt(3)
# excluded = np.abs(differences.mean(axis=2)) > stats.t.ppf(0.975, df=2) * error
# print(f"one claim: {excluded.mean():.1%}; any of twenty: {excluded.any(axis=1).mean():.0%}")
# ```
#
# Each interval errs in 5 % of all cases, so one of twenty errs in $1 - 0.95^{20}$ of them. For this
# reason the intervals that decide are wider.
# :::
