# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # When does pretraining help inpainting?
#
# **The question.** You have small images with holes, a few thousand whole ones to learn from, and a
# computer for a day. What should you do? (Everything here was seen at 64 pixels, after trainings of
# minutes to hours. A whole day was not tried.)
#
# **The answer.** {glue:text}`answer`

# %% tags=["parameters", "remove-input"]
records: str = "auto"  # a folder of records; auto: the reference edition

# %% tags=["remove-input"]
from myst_nb import glue

from wssl import presets, report
from wssl.book.notebooks import check_parameters
from wssl.claims.advice import CHOICES
from wssl.claims.campaign import Arm
from wssl.claims.catalogue import BIHARMONIC, WIDE_SCRATCH
from wssl.claims.estimands import PSNR, SSIM, difference
from wssl.claims.ladders import ladders
from wssl.claims.remedies import Exploration
from wssl.records.fields import is_shallow
from wssl.records.store import Store, reference_root
from wssl.report import text
from wssl.report.tables import advice
from wssl.report.tables.ladders import crossing_text
from wssl.study import exploratory

check_parameters(globals())
report.use_style()
found = exploratory.records(Store(reference_root() if records == "auto" else records))
exploration = Exploration(found)
glue("answer", advice.answer_text(exploration, CHOICES), display=False)
arms = dict.fromkeys(arm for choice in CHOICES for arm in (choice.first, choice.second))
runs = [run for arm in arms for run in exploration.runs.get(arm, {}).values()]
glue("diverged", text.diverged_text(runs, text.LEFT_OUT, named=True), display=False)
glue("shallow", text.shallow_text(runs), display=False)
whole = exploration.without(is_shallow)
affected = {
    choice.label: difference(choice.first, choice.second).terms
    for choice in CHOICES
    if any(whole.runs.get(a) != exploration.runs.get(a) for a in (choice.first, choice.second))
}
restated = report.contrasts_text(whole, affected)
glue("restated", f"Without them: {restated}." if restated else "", display=False)
glue("plan", advice.plan_text(exploration, CHOICES), display=False)
glue("cost", advice.cost_text(exploration, WIDE_SCRATCH), display=False)
longer = Arm(encoder="scratch", budget=4.0)
rungs = ladders(found)
once = presets.preset("desktop")
images = once.inpainting_steps * once.inpainting_batch
kept = ladders([record for record in found if not is_shallow(record)])["budget"]
glue("crossing", crossing_text(rungs["budget"], kept, BIHARMONIC, images), display=False)
glue("longer", advice.longer_text(exploration, longer, BIHARMONIC), display=False)
wide = rungs["holes"][1]
networks = [wide.arm(name) for name in ("frozen", "random", "scratch")]
glue("wide", advice.other_holes_text(wide.campaign, networks, BIHARMONIC), display=False)
longest = Arm(encoder="scratch", budget=16.0)
glue("broken", advice.broken_text(exploration, [longer, longest]), display=False)
squared = Arm(encoder="scratch", loss="mse", budget=4.0)
minus = {"the squared error minus the mixed loss": difference(squared, longer).terms}
losses = [report.contrasts_text(exploration, minus, score) for score in (SSIM, PSNR)]
glue("losses", "; ".join(filter(None, losses)) or "no runs yet", display=False)
made_on = text.machines_text(runs)
glue("machines", f"The runs were {made_on}." if made_on else "", display=False)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The effect of each choice: the percentage by which 1 - SSIM is lower, and the number of dB by which PSNR is higher, with the first of the two options than with the second. Right of zero, the first option is better. Points are seeds and bars are 95 % intervals; there is no bar where only one seed was run.", "name": "fig-choices"}, "image": {"alt": "Two dot plots, of the change of 1 - SSIM and of PSNR: one row per choice, with its seeds, their mean and its interval."}}
report.dots(
    exploration,
    {choice.label: ((1.0, choice.first), (-1.0, choice.second)) for choice in CHOICES},
    zero="the second option",
)

# %% [markdown]
# :::{admonition} In this chapter you learn
# :class: tip
# - which choices decide how well holes are filled, and which do not
# - how sure each piece of advice is, and at what scale it was seen
# - how to try a choice on your own images
# :::

# %% [markdown]
# ## What to do, choice by choice
#
# The table says what to do. The effect is that of the first of the two options of each question, as in
# {numref}`fig-choices`: below zero, the second is better. A percentage depends on which of the two is the
# reference: if A is 50 % higher than B, then B is 33 % lower than A. The interval is wider than
# the 95 % intervals of the figure, to allow for the number of choices. Advice is *clear* if this interval
# lies on one side of zero and no run of the two options diverged; if the interval lies within the margin
# of 5 %, the choice does not matter, even if it excludes zero. SSIM and PSNR can disagree, since SSIM
# favours a loss that contains SSIM. An advantage can also vanish after more steps; for the loss, four
# times the steps gave this from scratch: {glue:text}`losses`. Where some runs diverged, the advice rests
# on the remaining ones. Where the interval contains zero, the advice is the cheaper option. The last column gives the training steps of
# both options: those of the pretext phase, if there is one, then those of the inpainting phase.
#
# *Registered runs* are those of the plan, which tests a claim with some of them ({doc}`10_verdicts`).
# *Exploratory runs* were added to the plan later, and only suggest. All runs of width 32 on this page are
# exploratory: they use half the registered learning rate, because some of the registered runs of that
# width diverged. {glue:text}`diverged` {glue:text}`shallow` {glue:text}`restated`
# {glue:text}`machines`

# %%
advice.advice_table(exploration, CHOICES)

# %% [markdown]
# ## A few thousand portraits and a day of CPU
#
# {glue:text}`plan` {glue:text}`cost` A network fills pictures of 64 px unless `--preset` says otherwise; a
# classical fill works at the size of the pictures. How far a thousand portraits go was not tried.
#
# **Measure.** Put undamaged portraits into `my_portraits` ({doc}`../howto/images` says how the folder is laid
# out). The command makes holes in them, fills these and prints the scores:

# %% tags=["remove-input"]
print(advice.command_text(exploration, CHOICES))

# %% [markdown]
# **Repair.** For each damaged picture, draw a mask of the same size and name, white where the damage is.
# The first command printed the path of its record, whose name is the FINGERPRINT. A classical fill
# works at the original size of the pictures, and a network at the size at which it was trained. The
# command is the same for both:
#
# ```bash
# wssl inpaint pictures masks -o filled \
#   --model FINGERPRINT
# ```
#
# **Wider damage.** A classical fill continues the surroundings of a hole smoothly. Thin strokes leave
# known pixels near each hidden one, so that smooth filling is enough. Where holes are as wide as an eye,
# such a fill paints a smear, and its score falls with the width of the strokes ({doc}`12_papers_numbers`).
# Strokes three to four times as wide were tried, with few networks ({doc}`13_scale`). {glue:text}`wide` Look at
# fills of your own images before you trust any way: all else here was seen on aligned portraits of 64 px,
# with holes of 30 to 50 % drawn as strokes one or two pixels wide.
#
# **Use the day.** A network may be worth it after longer training. {glue:text}`longer`
# {glue:text}`crossing` That is an extrapolation ({doc}`13_scale`), for width 16.
#
# {glue:text}`broken`
#
# The next command, whose loss is the mixed one, takes half a day of one core. The longest run of width 32
# had 1,000 steps. Measure it in the same way, and keep whichever has the higher SSIM:

# %% tags=["remove-input"]
steps = advice.half_a_day(exploration, WIDE_SCRATCH)
print(advice.command_text(exploration, advice.networks(exploration, CHOICES), steps))

# %% [markdown]
# {doc}`../running` says how the study is installed; {doc}`15_mechanism` shows what such networks know of an
# image.

# %% [markdown]
# **What this page cannot conclude.** What holds for large images, large networks or millions of
# images. Networks pretrained on other data than yours, which exist for classification, were not
# tried.

# %% [markdown]
# ## Exercises
#
# Each solution is complete: paste it into a new cell or a Python session. The preset `quick` keeps
# them small enough for a laptop.
#
# **1. Your own comparison.** Compare two ways at two seeds each, and print the difference of each
# seed. (Trains four networks.)
#
# :::{dropdown} Solution
# ```python
# import wssl
#
# for seed in (0, 1):
#     scores = [
#         wssl.run(wssl.Experiment(preset="quick", encoder=encoder, seed=seed)).metrics["psnr"]
#         for encoder in ("scratch", "random")
#     ]
#     print(f"seed {seed}: {scores[0] - scores[1]:+.2f} dB")
# ```
#
# Both ways share the order of the images and the masks of a seed, so that the difference varies
# less than the scores.
# :::
#
# **2. The fill that costs nothing.** How well does the biharmonic fill do on drawn portraits?
#
# :::{dropdown} Solution
# ```python
# import wssl
#
# result = wssl.run(wssl.Experiment(preset="quick", method="biharmonic"))
# print(f"{result.metrics['psnr']:.2f} dB, SSIM {result.metrics['ssim']:.4f}")
# ```
#
# A network that is not better than this has not earned its training time.
# :::
#
# **3. Read the advice in numbers.** An effect of +4 % has the interval +1 to +7 %, another one of
# +2 % the interval -1 to +4 %. What do they assert, if the smallest effect of interest is 5 %?
#
# :::{dropdown} Solution
# ```python
# import numpy as np
#
# from wssl.claims.decision import outcome_of
#
# for low, high in ((0.01, 0.07), (-0.01, 0.04)):
#     bounds = [-np.log(1 - bound) for bound in (low, high)]
#     print(outcome_of(*bounds, np.log(1.05)))
# ```
#
# The first is above zero, whether or not it matters; the second is too small to matter.
# :::
