# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Would another recipe work?
#
# **The question.** If the paper's recipe does not help, what is at fault: the gap between whole images
# and images with holes, the pretext tasks, their weights, or freezing? And which remedy helps?
#
# **The answer.** {glue:text}`answer`
#
# {glue:text}`awaiting`
#
# Everything on this page is {term}`exploratory`: the runs test no registered claim and change no
# verdict. Configurations, seeds and criteria were fixed before the first of these runs ({doc}`plan
# <../plan>`, additions).

# %% tags=["parameters", "remove-input"]
records: str = "auto"  # a folder of records; auto: the reference edition

# %% tags=["remove-input"]
from myst_nb import glue

from wssl import report
from wssl.book.notebooks import check_parameters
from wssl.claims import remedies
from wssl.claims.catalogue import (
    BEST_ARM,
    FINETUNED,
    RANDOM,
    SCRATCH,
    WIDE_BEST,
    WIDE_SCRATCH,
)
from wssl.claims.estimands import PSNR, SSIM, Score
from wssl.records.fields import is_shallow
from wssl.records.store import Store, reference_root
from wssl.report import text
from wssl.report.figures.simplex import simplex_figure
from wssl.report.tables import remedies as tables
from wssl.study import exploratory

check_parameters(globals())
report.use_style()
store = Store(reference_root() if records == "auto" else records)
exploration = remedies.Exploration(exploratory.records(store))
readings = remedies.readings(exploration)
SCORES = (SSIM, PSNR, Score("st_lpips"))
glue("answer", tables.answer_text(exploration, readings), display=False)
glue("awaiting", tables.awaiting_text(exploration, remedies.REMEDIES), display=False)
arms = [*remedies.REMEDIES.values(), *remedies.wide(exploration).values()]
arms += [BEST_ARM, RANDOM, FINETUNED, SCRATCH, WIDE_BEST, WIDE_SCRATCH]
runs = [run for arm in dict.fromkeys(arms) for run in exploration.runs.get(arm, {}).values()]
whole = exploration.without(is_shallow)
shallow = text.shallow_text(runs)
glue("shallow", shallow, display=False)
glue("diverged", text.diverged_text(runs, text.LEFT_OUT, named=True), display=False)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Every remedy that trains all layers, compared with training the paper's network from scratch; right of zero, the remedy is better. The first row is the paper's pretext phase, fine-tuned. Each row has three seeds.", "name": "fig-remedies"}, "image": {"alt": "Two dot plots, of the change of 1 - SSIM and of PSNR: one row per configuration, with its seeds, their mean and its interval."}}
trained = {"the paper's tasks, fine-tuned": FINETUNED, **remedies.REMEDIES}
report.dots(
    exploration,
    report.against(SCRATCH, {label: arm for label, arm in trained.items() if arm.end_to_end}),
    zero="the paper's network, from scratch",
)

# %% [markdown]
# :::{admonition} In this chapter you learn
# :class: tip
# - how to find out which part of a recipe is at fault, by changing one part at a time
# - how pretraining that fills holes compares with pretraining that classifies
# - how to search for weights when every trial is expensive and noisy
# :::

# %% [markdown]
# An {term}`effect` is the percentage by which 1 - SSIM is lower, the number of dB by which PSNR is
# higher, or the percentage by which ST-LPIPS is lower: the mean of the differences between runs
# with the same {term}`seed`. Its 95 % interval is for new seeds and new images, for each comparison
# by itself. All runs have as many steps as the registered ones, and the first width 16, except for
# those of the last section (32). {glue:text}`diverged` {glue:text}`shallow`
#
# ## What was decided before the runs
#
# The criterion of each conclusion was fixed before the runs. If a run diverged, the comparison uses the
# remaining seeds, and needs at least two. The criteria:

# %% tags=["hide-input"]
tables.reading_table(
    readings, remedies.readings(exploration, without=is_shallow) if shallow else []
)

# %% [markdown]
# In {numref}`fig-frozen`, all encoders are frozen, and what is compared is how they were pretrained.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Every frozen encoder that was pretrained, compared with the same network whose frozen encoder is random; right of zero, pretraining helps. The first row is the paper's recipe. Each row has three seeds.", "name": "fig-frozen"}, "image": {"alt": "Two dot plots, of the change of 1 - SSIM and of PSNR: one row per frozen encoder, with its seeds, their mean and its interval."}}
frozen = {"the paper's recipe": BEST_ARM, **remedies.REMEDIES}
report.dots(
    exploration,
    remedies.against({k: arm for k, arm in frozen.items() if arm.encoder == "frozen"}, "random"),
    zero="the same network, random and frozen",
)

# %% [markdown]
# ## The gap between whole images and images with holes
#
# In the pretext phase, the encoder sees whole images; then it sees images with black holes. Four
# changes narrow this gap: pretext images get holes as well; holes are filled with the mean colour or
# with noise; the mask enters as a fourth channel; or convolutions leave the hole out (*partial
# convolutions*, {cite:p}`liu2018`). Such a network may be better without any pretraining, so each is
# compared with the same network, random or from scratch.

# %%
report.contrast_table(
    exploration,
    remedies.against(remedies.DOMAIN_GAP, "random"),
    SCORES,
    names="minus the same network, random, frozen",
)

# %% tags=["hide-input"]
report.contrast_table(
    exploration,
    remedies.against(remedies.DOMAIN_GAP, "scratch"),
    SCORES,
    names="minus the same network, from scratch",
)

# %% [markdown]
# By themselves, without pretraining, these networks compare with the paper's U-Net as follows.

# %% tags=["hide-input"]
plain = {
    label: ((1.0, arm), (-1.0, RANDOM if arm.encoder == "random" else SCRATCH))
    for label, arm in remedies.WITHOUT_PRETRAINING.items()
}
report.contrast_table(exploration, plain, SCORES, names="minus the paper's network")

# %% [markdown]
# ## Other ways to pretrain
#
# Four other pretext phases with as many steps on the same images: *masked-image modelling* fills
# holes of another kind than the downstream masks; *colourisation* predicts the colours of a grey
# image; *VICReg* {cite:p}`bardes2022` makes the features of two views of an image
# equal; the control with labels learns which faces are photographs and which were generated.

# %% tags=["hide-input"]
tables.phase_table(exploration, remedies.OTHER_PRETRAINING)

# %%
report.contrast_table(
    exploration,
    remedies.against(remedies.OTHER_PRETRAINING, "random"),
    SCORES,
    names="minus random, frozen",
)

# %% tags=["hide-input"]
report.contrast_table(
    exploration,
    remedies.against(remedies.OTHER_PRETRAINING, "scratch"),
    SCORES,
    names="minus from scratch",
)

# %% [markdown]
# ## Weights that are found
#
# The paper tries 22 weightings and calls the weights a free parameter. Here they are equal, drawn
# anew in each step, learned with the network by *uncertainty weighting*
# {cite:p}`kendall2018` or balanced by *GradNorm* {cite:p}`chen2018`.

# %% tags=["hide-input"]
tables.phase_table(exploration, remedies.FOUND_WEIGHTS)

# %%
found = {
    f"{label} minus the paper's best": ((1.0, arm), (-1.0, BEST_ARM))
    for label, arm in remedies.FOUND_WEIGHTS.items()
}
report.contrast_table(exploration, found, SCORES)

# %% [markdown]
# A Gaussian process searched the triangle of all weights in {glue:text}`search` runs on validation
# images, each at the weights with the highest expected improvement.

# %% tags=["remove-input"]
searched = exploratory.searched(store)
glue("search", len(searched), display=False)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The SSIM on validation images that the search expects for all weights of the three tasks, and how uncertain it is. Points are the weights that were tried, in the order of their numbers; the star is the highest expectation.", "name": "fig-simplex"}, "image": {"alt": "Two triangles whose corners are rotation, saturation and sharpness. The left is coloured by the expected SSIM, the right by its standard deviation; numbered points inside."}}
simplex_figure(
    [(dict(experiment.pretext), score) for experiment, score in searched],
    exploratory.SEARCHED,
    [store.get(experiment.fingerprint) for experiment, _ in searched],
)

# %% [markdown]
# ## The remedies together
#
# The two configurations with the highest SSIM on *validation* images are trained again at width 32. If
# they change different parts of the recipe, they are also combined. They are compared with the controls
# of that width, on test images that were not used for tuning and on pictures of objects. All of these
# networks are trained at half the registered learning rate, since some of that width diverged at the
# registered one ({doc}`10_verdicts`).

# %% tags=["remove-input"]
others = {"from scratch": WIDE_SCRATCH, "the paper's recipe": WIDE_BEST}
together = remedies.minus(remedies.wide(exploration), others)
awaited = (
    "" if together else "These runs wait until every remedy has been tested on validation images."
)
glue("together", awaited, display=False)

# %% [markdown]
# {glue:text}`together`

# %% tags=["hide-input"]
tables.validation_table(exploration, remedies.REMEDIES) if together else None

# %% tags=["hide-input"]
report.contrast_table(exploration, together, SCORES, names="at width 32") if together else None

# %% tags=["hide-input"]
unseen = [Score(unseen=True)]
report.contrast_table(exploration, together, unseen, names="on objects") if together else None

# %% tags=["remove-input"]
compared = {
    f"{label} minus {words}": terms
    for encoder, words in (("random", "random, frozen"), ("scratch", "from scratch"))
    for label, terms in remedies.against({**frozen, **trained}, encoder).items()
}
affected = {
    label: terms
    for label, terms in {**compared, **found, **together}.items()
    if any(whole.runs.get(arm) != exploration.runs.get(arm) for _, arm in terms)
}
restated = (
    "Without the runs part of whose decoder died, the comparisons that rest on them are these:"
)
glue("restated", restated if affected else "", display=False)

# %% [markdown]
# {glue:text}`restated`

# %% tags=["hide-input"]
report.contrast_table(whole, affected, SCORES, names="without these runs") if affected else None

# %% [markdown]
# **What this page cannot conclude.** Three seeds show large effects only. No remedy was tuned: each
# has the steps and the learning rate of the paper's recipe, and another budget may favour another
# one. Masked-image modelling and colourisation train a decoder too, which takes three times the
# computing time of the classification tasks in as many steps.

# %% [markdown]
# ## Exercises
#
# Each solution is complete: paste it into a new cell or a Python session. The preset `quick` keeps
# them small enough for a laptop.
#
# **1. Another pretext phase.** Pretrain by masked-image modelling and fine-tune. Is it better than
# training from scratch? (Trains two networks.)
#
# :::{dropdown} Solution
# ```python
# import wssl
#
# for settings in ({"objective": "masked_patches", "encoder": "finetuned"}, {"encoder": "scratch"}):
#     experiment = wssl.Experiment(preset="quick", **settings)
#     print(settings, f"{wssl.run(experiment).metrics['ssim']:.4f}")
# ```
#
# A single seed decides nothing; the tables above have three.
# :::
#
# **2. The next trial.** Three weightings were tried. Which one does the search propose next?
#
# :::{dropdown} Solution
# ```python
# from wssl.claims.simplex import propose
#
# tried = [
#     ({"rotation": 1.0}, 0.81),
#     ({"saturation": 1.0}, 0.82),
#     ({"rotation": 0.5, "sharpness": 0.5}, 0.80),
# ]
# print(propose(tried, ["rotation", "saturation", "sharpness"]))
# ```
#
# The proposal balances a high expectation with a high uncertainty.
# :::
#
# **3. Uncertainty weighting by hand.** Kendall et al. weight each loss L by exp(-s) and add s / 2,
# where s is learned. At which s is exp(-s) L + s / 2 smallest, and what does that make of a large
# loss?
#
# :::{dropdown} Solution
# ```python
# import numpy as np
#
# s = np.linspace(-3, 3, 601)
# for loss in (0.5, 1.0, 2.0):
#     best = s[np.argmin(np.exp(-s) * loss + s / 2)]
#     print(f"loss {loss}: s = {best:.2f}, weight {np.exp(-best):.2f}")
# ```
#
# The weight becomes 1 / (2 L): each loss then counts alike, however large it is.
# :::
