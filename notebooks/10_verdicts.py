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
# **What the paper claims.** Each of its claims that runs can decide is written down in
# `wssl/paper.py`: a paraphrase, the place in the paper, and the paper's own numbers. Each has a
# test in `wssl.claims`, a function of records. This page applies the tests; nothing on it is typed
# in, and new records can change it.

# %% tags=["parameters"]
preset: str = "quick"  # the scale: smoke, quick, desktop, gpu or paper
dataset: str = "synthetic"  # images: synthetic, open-faces or folder:PATH
masks: str = "auto"  # strokes: synthetic, quickdraw or folder:PATH; auto follows the images
seeds: int = 0  # how many; 0 stands for the preset's own number

# %% tags=["hide-input"]
import json
from collections import Counter

import pandas as pd
from myst_nb import glue

import wssl
from wssl import claims, paper, report
from wssl.notebooks import check_parameters
from wssl.report.verdicts import forest, tally, verdict_table

check_parameters(globals())
report.use_style()

# %% [markdown]
# ## The evidence
#
# Every run of the study at this scale, and whatever other seeds of it the store holds.

# %%
settings = {"preset": preset, "dataset": dataset, "masks": masks, "seeds": seeds or None}
experiments = [e for part in wssl.study.PARTS.values() for e in part(**settings)]
results = wssl.run_all(experiments)
for evaluation in wssl.study.evaluations(experiments):
    wssl.evaluate(evaluation)

own = experiments[0].to_dict()
same = {name: own[name] for name in ("preset", "dataset", "masks", "recipe", "coverage")}
records = claims.of_study(wssl.Store().records(), **same)
verdicts = claims.verdicts(records)

# %% tags=["remove-input"]
kinds = [record["kind"] for record in records]
glue("runs", kinds.count("inpainting"), display=False)
glue("pretexts", kinds.count("pretext"), display=False)
glue("evaluations", kinds.count("evaluation"), display=False)
hours = sum(r["provenance"]["seconds"] for r in records) / 3600
glue("hours", hours, display=False)
glue("tally", tally(verdicts), display=False)
glue("preset", preset, display=False)
glue("dataset", dataset, display=False)
for outcome, name in ((claims.HOLDS, "hold"), (claims.FAILS, "fail"), (claims.OPEN, "open")):
    glue(name, sum(v.outcome == outcome for v in verdicts), display=False)
configurations = Counter(
    json.dumps({**r["experiment"], "seed": None}, sort_keys=True)
    for r in records
    if r["kind"] == "inpainting"
)
glue("configurations", len(configurations), display=False)
glue("least_seeds", min(configurations.values()), display=False)
glue("most_seeds", max(configurations.values()), display=False)
decided = [v for outcome in (claims.HOLDS, claims.FAILS) for v in verdicts if v.outcome == outcome]
undecided = [v for v in verdicts if v.outcome == claims.OPEN]
with pd.option_context("display.max_colwidth", None):
    columns = ["verdict", "effect here", "in the paper"]
    glue("decided", verdict_table(decided)[columns], display=False)
    glue("undecided", verdict_table(undecided)[columns[1:]], display=False)
glue("headline", report.headline(records), display=False)

# %% [markdown]
# {glue:text}`runs:d` runs of {glue:text}`configurations:d` configurations, each with
# {glue:text}`least_seeds:d` to {glue:text}`most_seeds:d` seeds, {glue:text}`pretexts:d` pretext phases and {glue:text}`evaluations:d`
# evaluations, {glue:text}`hours:.1f` hours of computing in all.
#
# ## How a verdict is reached
#
# A claim becomes an **effect** that is above zero if the claim is true, such as the mean SSIM of
# one configuration minus that of another. Its error follows from the spread over seeds (Welch's
# contrast, so that configurations need not spread alike). The claim
#
# - **holds** if the effect is surely above zero;
# - **does not hold** if the effect is surely smaller than what would count: 0.002 SSIM, 0.1 dB, a
#   twentieth of a share, about the smallest differences that the paper itself makes something of;
# - else it **cannot be told** with this evidence.
#
# "Surely" means a two-sided p value of at most 0.05 after Holm's correction for the number of
# claims, so that in a world in which chance alone is at work a verdict is rare over the whole
# table, not only in each line. "The best of all" has to beat each of the others. One run of each
# configuration, which is what the paper had, decides nothing.
#
# ## The verdicts

# %% tags=["hide-input"]
with pd.option_context("display.max_colwidth", None):
    table = verdict_table(verdicts)
table

# %% [markdown]
# **in the paper**: the same effect computed from the paper's printed numbers, one run each. **effect
# here**: with its 95 % interval, before the correction.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The paper's claims: effects and their 95 % intervals in multiples of the smallest effect that counts; right of the grey band the paper is right, left of it the opposite is true. Diamonds: the effect in the paper's own numbers. The axis is logarithmic beyond 1.", "name": "fig-verdicts"}, "image": {"alt": "Dot plot: a row for each claim of the paper. Horizontal: its effect with an interval, in multiples of the smallest that counts, coloured by verdict; a grey band marks effects too small to count."}}
forest(verdicts)

# %% [markdown]
# ## What the paper says of each, and where

# %% tags=["hide-input"]
pd.DataFrame(
    [{"claim": c.text, "where": c.where, "the paper's numbers": c.printed} for c in paper.CLAIMS]
).set_index("claim")

# %% [markdown]
# ## What no record can decide

# %% tags=["hide-input"]
pd.DataFrame(
    paper.UNDECIDABLE, columns=["the paper says", "where", "why no run decides it"]
).set_index("the paper says")

# %% [markdown]
# **The answer.** {glue:text}`tally`. What these verdicts do not say: anything about CelebA-HQ at
# 224 pixels, or about networks trained as long as the paper's; each is a verdict on the claim at
# the scale of this edition, {glue:text}`preset` on {glue:text}`dataset`, whose runs see far fewer
# images. A claim that does not hold here may hold there; the same page, run at that scale, would
# say so.
