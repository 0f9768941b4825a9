# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # How the learning rates were chosen
#
# **The question.** The paper gives one learning rate for everything, and no schedule. A method that
# is trained at a rate chosen for another method can lose for that reason alone. At which learning
# rate, and for how many steps, should each kind of training run?
#
# **The answer.** {glue:text}`answer`
#
# Everything on this page was measured on validation images, with seeds that are not used again,
# before the plan was registered. None of it enters a verdict. The runs are defined in
# `wssl.study.calibration`; `python -m wssl.study.calibration` makes their records, which are kept
# apart from all others.

# %% tags=["parameters", "remove-input"]
preset: str = "desktop"  # the preset whose learning rates are marked
records: str = "auto"  # a folder of records; auto: the reference edition

# %% tags=["remove-input"]
from myst_nb import glue

from wssl import presets, report
from wssl.book.notebooks import check_parameters
from wssl.records.store import Store, reference_root
from wssl.report.figures.calibration import learning_rates
from wssl.report.tables import calibration

check_parameters(globals())
report.use_style()
folder = reference_root() / "calibration" if records == "auto" else records
found = list(Store(folder).records())
runs = calibration.inpainting_runs(found)
phases = calibration.accuracies(found)
glue("answer", calibration.chosen_text(presets.preset(preset)), display=False)
glue("runs", len(runs), display=False)
glue("phases", len({record["fingerprint"] for record in found}) - len(runs), display=False)
glue("hours", f"{runs['hours'].sum() + calibration.phase_hours(phases):.1f}", display=False)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "SSIM on validation images by the highest learning rate, for each kind of training at width 16. A circle marks the setting that the preset uses; a triangle at the bottom marks a run whose training diverged.", "name": "fig-learning-rates"}, "image": {"alt": "Panels of lines, one per kind of training: SSIM against the learning rate on a logarithmic axis. The lines rise up to some rate, and then fall."}}
learning_rates(runs[runs["width"] != 32], calibration.chosen(presets.preset(preset)))

# %% [markdown]
# :::{admonition} In this chapter you learn
# :class: tip
# - why every method needs a learning rate of its own before methods are compared
# - how a rate is chosen on validation images without favouring one configuration
# - how to see that a pretext task was not learned
# :::

# %% [markdown]
# ## Filling holes
#
# The learning rate rises linearly during the warm-up; then it stays constant, or falls to zero
# along half a cosine. For the frozen encoder it was chosen with *random* features and then checked
# with pretext features, so that the choice does not favour the paper's encoder.
# {numref}`fig-learning-rates` shows the scores, and the table lists all runs. The highest score did
# not decide alone: where training diverges at twice the best rate, half of it was taken, because
# the same rate has to serve every seed and loss. {doc}`The plan <../plan>` gives the reason for each
# choice.

# %%
calibration.run_table(runs)

# %% [markdown]
# ## Learning the pretext tasks
#
# Each column is one task of a weighting. Each entry is its accuracy on validation images, where
# chance is 0.25; slashes separate seeds. A task whose accuracy stays near chance was not learned.
# Sharpness is the hardest of the three to see: its levels differ only in the finest details.

# %%
calibration.accuracy_table(phases)

# %% [markdown]
# The chosen settings are those of the preset `desktop` ({doc}`../running`). In total,
# {glue:text}`runs` runs and {glue:text}`phases` pretext phases took {glue:text}`hours` hours of
# elapsed time, on at most one core each; the cores were shared with other work at times.

# %% [markdown]
# **What this page cannot conclude.** Which learning rates are best at other sizes, widths or
# budgets than those tried here. At the width of the controls only two rates were tried, with random
# features and from scratch, and the higher was better both times; fine-tuned and partly frozen
# networks have the rate of the others, which was not tried for them. One seed was used, and registered
# runs of both widths diverged at the chosen rate later, frozen ones and ones from scratch:
# {doc}`10_verdicts` names them.

# %% [markdown]
# ## Exercises
#
# Each solution is complete: paste it into a new cell or a Python session. The preset `quick` keeps
# them small enough for a laptop.
#
# **1. A learning rate over time.** Print the learning rate of a training of 100 steps with a
# warm-up of 10 and a cosine schedule, at steps 0, 9, 10, 55 and 99.
#
# :::{dropdown} Solution
# ```python
# from wssl.runs.training import Training
#
# training = Training(steps=100, batch=16, learning_rate=0.001, warmup=10, schedule="cosine")
# for step in (0, 9, 10, 55, 99):
#     print(f"step {step}: {training.rate(step):.6f}")
# ```
#
# The rate rises linearly to its highest value, is halved in the middle of what follows, and ends
# near zero.
# :::
#
# **2. Three rates.** Train from scratch at a tenth of the preset's learning rate, at a third of it
# and at the rate itself, and evaluate on validation images. (Trains three networks.)
#
# :::{dropdown} Solution
# ```python
# import wssl
#
# rate = wssl.presets.preset("quick").inpainting_learning_rate
# for factor in (0.1, 0.3, 1):
#     settings = {"inpainting_learning_rate": factor * rate}
#     experiment = wssl.Experiment(preset="quick", encoder="scratch", settings=settings, split="val")
#     print(f"{factor * rate:g}: SSIM {wssl.run(experiment).metrics['ssim']:.4f}")
# ```
#
# `split="val"` keeps the test images out of the choice.
# :::
#
# **3. Why not on test images?** Ten settings are equally good, and each score has a standard error
# of 0.1 dB. If the best of the ten is chosen on the test images, by how much is its test score too
# high?
#
# :::{dropdown} Solution
# ```python
# import numpy as np
#
# rng = np.random.default_rng(0)
# scores = 0.1 * rng.standard_normal((10_000, 10))
# print(f"{scores.max(axis=1).mean():.3f} dB")
# ```
#
# The chosen score is high partly by chance. On images that took no part in the choice, the same
# setting would have no such advantage.
# :::
