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
# records; nothing on it is typed in.
#
# **The answer.** {glue:text}`tally`.
#
# {glue:text}`state`

# %% tags=["parameters"]
preset: str = "quick"  # the scale: smoke, quick, desktop, gpu or paper
dataset: str = "synthetic"  # images: synthetic, open-faces-2 or folder:PATH
masks: str = "auto"  # strokes: synthetic, quickdraw or folder:PATH; auto follows the images
seeds: int = 0  # how many; 0 stands for the preset's own number

# %% tags=["hide-input"]
import json
from pathlib import Path

import pandas as pd
from IPython.display import display
from myst_nb import glue

import wssl
from wssl import paper, report
from wssl.notebooks import check_parameters
from wssl.report import text
from wssl.study import Study

check_parameters(globals())
report.use_style()
BOOK = Path(wssl.__file__).parents[1] / "book"

# %%
study = Study(preset=preset, dataset=dataset, masks=masks, seeds=seeds or None)
found = study.findings()

# %% tags=["remove-input"]
campaign, verdicts = found.campaign, list(found.values())
primary = [v for v in verdicts if v.claim.primary is not None]
secondary = [v for v in verdicts if v.claim.primary is None]
records = study.records()
runs = [r for r in records if r["kind"] == "inpainting"]
least, most = text.seeds_range(campaign)
with pd.option_context("display.max_colwidth", None):
    tables = {
        "primary": report.verdict_table(primary, campaign),
        "secondary": report.verdict_table(secondary, campaign),
        "decided": report.short_table([v for v in verdicts if text.is_decided(v)]),
        "undecided": report.short_table([v for v in verdicts if not text.is_decided(v)]),
    }
    for name, value in {
        **tables,
        **text.outcome_counts(verdicts),
        "tally": text.tally(verdicts),
        "state": text.state_text(found),
        "plan": text.plan_text(BOOK / "plan.md", runs if study.registered else []),
        "headline": report.headline(found),
        "runs": len(runs),
        "pretexts": sum(r["kind"] == "pretext" for r in records),
        "evaluations": sum(r["kind"] == "evaluation" for r in records),
        "hours": text.hours(records),
        "preset": preset,
        "dataset": dataset,
        "configurations": len(campaign.runs),
        "least_seeds": least,
        "most_seeds": most,
    }.items():
        glue(name, value, display=False)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Effects in multiples of their margins, with the interval that decides: right of the grey band the claim is right, left of zero the opposite is true, within the band the effect is too small to matter. Diamonds: the effect in the paper's own numbers. The axis is logarithmic beyond 1.", "name": "fig-verdicts"}, "image": {"alt": "Dot plot: one row per claim whose runs are complete. Horizontal: its effect with an interval, in multiples of the margin, coloured by verdict; a grey band marks effects within the margin."}}
report.forest(verdicts)

# %% [markdown]
# ## What was registered, and when
#
# {glue:text}`plan` {glue:text}`runs:d` runs of {glue:text}`configurations:d` configurations,
# {glue:text}`pretexts:d` pretext phases and {glue:text}`evaluations:d` evaluations are recorded,
# {glue:text}`hours:.1f` hours of computing in all.
#
# ## The primary claims
#
# In the order of the plan. **Effect**: above zero if the claim is true, in per cent of 1 - SSIM
# where nothing else is said; with the 95 % interval of this claim alone. **Interval that decides**:
# the one from which the verdict follows, adjusted for the number of claims. **Margin**: the smallest
# effect of interest.

# %% tags=["hide-input"]
with pd.option_context("display.max_colwidth", None):
    display(tables["primary"])

# %% [markdown]
# ## The secondary claims

# %% tags=["hide-input"]
with pd.option_context("display.max_colwidth", None):
    display(tables["secondary"])

# %% [markdown]
# ## The controls at every width
#
# Judged at one width, shown at the others.

# %% tags=["hide-input"]
report.width_table(campaign, verdicts)

# %% [markdown]
# ## How a verdict is reached
#
# From a lower and an upper confidence bound of the effect, and its margin:
#
# - **the same, within the margin**, if both bounds lie within the margin on either side of zero;
# - else the claim **holds** if the lower bound is above zero;
# - else it is **refuted** if the upper bound is below the margin;
# - else it is **undecided**. While registered runs are missing it is **awaiting** them.
#
# Arms are compared at the same seeds, and each interval is for new seeds and new images at once. The
# bounds are such that one or more wrong verdicts stand in the whole table with a probability of at
# most 5 %. The margins:

# %% tags=["hide-input"]
report.margin_table()

# %% [markdown]
# ## What these rules are worth
#
# Whole campaigns were simulated with the noise of recorded runs, in worlds whose truth is known. How
# often one or more wrong verdicts stood in the table, in per cent of the simulated studies:

# %% tags=["hide-input"]
simulated = json.loads((BOOK / "characteristics.json").read_text(encoding="utf-8"))
report.world_table(simulated)

# %% [markdown]
# How often a primary claim was found to hold, by its true effect, and how often its absence was
# found:

# %% tags=["hide-input"]
power = {noise: report.power_table(simulated, noise) for noise in simulated["power"]}
pd.concat(power, names=["noise", "claim"])

# %% [markdown]
# How often the printed 95 % intervals covered the truth, in per cent:

# %% tags=["hide-input"]
report.coverage_table(simulated)

# %% [markdown]
# ## What the paper says of each, and where

# %% tags=["hide-input"]
with pd.option_context("display.max_colwidth", None):
    sources = report.source_table(verdicts)
sources

# %% [markdown]
# ## What no record can decide

# %% tags=["hide-input"]
pd.DataFrame(
    paper.UNDECIDABLE, columns=["the paper says", "where", "why no run decides it"]
).set_index("the paper says")

# %% [markdown]
# **What these verdicts do not say.** Anything about CelebA-HQ at 224 pixels, or about networks trained
# as long as the paper's: each is a verdict on the claim at this scale. {doc}`13_scale` shows how far
# the answers depend on it.
