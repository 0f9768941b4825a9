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
# **The question.** The paper prints one learning rate for everything, and no schedule. A method that is
# trained at another method's rate can lose for that reason alone. At which rate, and for how many
# steps, does each kind of training have to be run?
#
# Everything on this page was measured on validation images, with seeds that are not used again, before
# the plan was registered. None of it enters a verdict. The runs are defined in
# `wssl.calibration`, and `python -m wssl.calibration` makes their records, which are kept apart
# from all others.

# %% tags=["parameters"]
preset: str = "desktop"  # the scale whose courses are marked
records: str = "auto"  # a folder of records; auto: the reference edition

# %% tags=["hide-input"]
from myst_nb import glue

from wssl import presets, report
from wssl.notebooks import check_parameters
from wssl.report.figures.calibration import learning_rates
from wssl.report.tables import calibration
from wssl.store import Store, reference_root

check_parameters(globals())
report.use_style()
folder = reference_root() / "calibration" if records == "auto" else records
found = list(Store(folder).records())
runs = calibration.courses(found)
phases = calibration.accuracies(found)
glue("runs", len(runs), display=False)
glue("phases", len({record["fingerprint"] for record in found}) - len(runs), display=False)
glue("hours", f"{runs['hours'].sum() + calibration.phase_hours(phases):.1f}", display=False)

# %% [markdown]
# ## Filling holes
#
# A *course* is a learning rate and how it changes: it rises linearly during the warm-up, then stays
# constant or falls along half a cosine to zero. The frozen decoder was calibrated with a *random*
# encoder, and the chosen course checked with pretext features, so that no encoder is favoured by its
# course.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "SSIM on validation images by the highest learning rate, for each kind of training at width 16. A circle marks the course of the preset; a triangle at the bottom, a run whose training diverged.", "name": "fig-learning-rates"}, "image": {"alt": "Panels of lines, one per kind of training: SSIM against the learning rate on a logarithmic axis. All gain up to some rate, and then lose."}}
learning_rates(runs[runs["width"] != 32], calibration.chosen(presets.preset(preset)))

# %%
calibration.course_table(runs)

# %% [markdown]
# ## Learning the pretext tasks
#
# Each column is a task of one weighting, each entry the accuracy on validation images (chance is 0.25)
# with the seeds separated by slashes. Rotation is learned in every course. Sharpness is the hard one:
# its four levels differ in the finest details only, and at a rate that is too high it is not learned at
# all, whatever the number of steps.

# %%
calibration.accuracy_table(phases)

# %% [markdown]
# The chosen courses are the preset `desktop` of {doc}`../running`. In all, {glue:text}`runs` runs and
# {glue:text}`phases` pretext phases took {glue:text}`hours` hours of one core or less (the clock's
# hours, on cores that were shared at times).
