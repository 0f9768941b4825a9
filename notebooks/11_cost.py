# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What it costs
#
# **The question.** How long does it take to repeat this study, and to train one configuration at
# the paper's scale? The paper says only that its model was trained for four hours on a K80, without
# the number of epochs or the configuration.
#
# **The answer.** `make book` takes {glue:text}`minutes_book:.0f` minutes on
# {glue:text}`edition_machine`; one configuration at the paper's scale would take up to
# {glue:text}`whole_hours:.0f` hours on {glue:text}`whole_machine`.

# %% tags=["parameters", "remove-input"]
preset: str = "quick"  # the scale: smoke, quick, desktop, gpu or paper
dataset: str = "synthetic"  # images: synthetic, open-faces-2 or folder:PATH
masks: str = "auto"  # strokes: synthetic, quickdraw or folder:PATH; auto follows the images
seeds: int = 0  # how many; 0 stands for the preset's own number

# %% tags=["remove-input"]
import json
from pathlib import Path

from myst_nb import glue

import wssl
from wssl import report
from wssl.book.notebooks import check_parameters
from wssl.report import benchmark_table, effort_table, machine_table, machines, text
from wssl.study import Study

check_parameters(globals())
report.use_style()

# %%
study = Study(preset=preset, dataset=dataset, masks=masks, seeds=seeds or None)
study.findings()
records = study.records()

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Hours of computing that the records of this edition took, by kind of record.", "name": "fig-effort"}, "image": {"alt": "Bar chart: one bar per kind of record. Horizontal: the hours of computing of all records of this kind."}}
report.effort_figure(records)

# %% [markdown]
# :::{admonition} In this chapter you learn
# :class: tip
# - what the runs of this edition cost, and on which machines
# - how to estimate a long training from a short one
# - how much the program adds to the arithmetic of its networks
# :::

# %% [markdown]
# ## The records of this edition

# %%
effort_table(records)

# %% tags=["remove-input"]
glue("hours", text.hours(records), display=False)
glue("preset", preset, display=False)

# %% [markdown]
# At the preset {glue:text}`preset`, the durations of all {term}`records <record>` add up to
# {glue:text}`hours:.1f` hours, on whatever machine each was made. A record contains the elapsed time of its run. Runs that share a machine take longer.
# For each machine, the table therefore also gives the hours during which at least one run was in
# progress, the largest number of simultaneous runs, and the training images per second of those hours.

# %%
machine_table(records)

# %% [markdown]
# A run that is repeated with the same code and versions is found among the records and costs nothing.
#
# ## What the program adds
#
# Each row is a ratio of two medians. Both sides were measured in turns, in one run, on an otherwise
# idle machine. `make bench` measures them again.

# %% tags=["hide-input"]
stored = Path(wssl.__file__).parents[1] / "benchmarks" / "records"
found = {path.stem: json.loads(path.read_text()) for path in stored.glob("*.json")}
hours, minutes = found.pop("paper_scale"), found.pop("edition")
benchmark_table(found[name] for name in sorted(found))

# %% tags=["remove-input"]
glue("bench_machines", machines(found.values()), display=False)
for row in minutes["rows"]:
    glue(row["name"].replace("make ", "minutes_"), row["ratio"], display=False)
glue("edition_machine", minutes["provenance"]["device"], display=False)
glue("whole_hours", sum(row["ratio"] for row in hours["rows"]), display=False)
glue("whole_machine", hours["provenance"]["device"], display=False)

# %% [markdown]
# The machines, each with its number of benchmarks: {glue:text}`bench_machines`.
#
# ## An edition of your own
#
# `make book` trains the whole study at the preset `quick`, runs every notebook and builds the pages.
# In a fresh clone this took {glue:text}`minutes_book:.0f` minutes on {glue:text}`edition_machine`, after
# an installation that takes about {glue:text}`minutes_install:.1f` min.
#
# ## The paper's scale
#
# The estimate comes from 20 steps of each phase at the preset `paper`, on 2,000 generated images of
# 1024 px in the layout of CelebA-HQ and masks in the layout of QD-IMD. They were prepared and
# trained with the commands of {doc}`../howto/paper_scale`. The time of these steps, including
# compilation and testing, is scaled up to all steps. The machine did other work at times, so the
# result is an upper bound.

# %% tags=["hide-input"]
benchmark_table([hours])

# %% [markdown]
# **What this page cannot conclude.** How long the paper's scale takes on a GPU: where this edition had
# one, many small runs shared it. `benchmarks/gpu.py` measures it with one command.

# %% [markdown]
# ## Exercises
#
# Each solution is complete: paste it into a new cell or a Python session. The preset `quick` keeps
# them small enough for a laptop.
#
# **1. The size of the campaign.** How many runs and pretext phases does the registered campaign
# have?
#
# :::{dropdown} Solution
# ```python
# from wssl.study import campaign
# from wssl.experiment import Experiment
#
# parts = campaign.parts()
# for name, tasks in parts.items():
#     print(f"{name}: {len(tasks)}")
# runs = {task for tasks in parts.values() for task in tasks if isinstance(task, Experiment)}
# phases = {run.pretraining for run in runs if run.pretraining}
# print(f"{len(runs)} different runs, {len(phases)} pretext phases")
# ```
#
# Parts overlap: a run that several parts list is made once.
# :::
#
# **2. Twice as wide.** By which factor do the parameters of the network grow if its first width is
# doubled?
#
# :::{dropdown} Solution
# ```python
# from wssl import methods
#
# counts = {width: methods.unet(64, width).count_params() for width in (8, 16, 32)}
# for width in (16, 32):
#     print(f"width {width}: {counts[width] / counts[width // 2]:.2f} times the parameters")
# ```
#
# A convolution has a weight for each pair of an input and an output channel, so the factor is close
# to four.
# :::
#
# **3. Your own hours.** Make two runs that need no training, then show what they cost. (Trains
# nothing.)
#
# :::{dropdown} Solution
# ```python
# import wssl
# from wssl import report
#
# for name in ("harmonic", "telea"):
#     wssl.run(wssl.Experiment(preset="quick", method=name))
# print(report.effort_table(wssl.Store().records()).to_string())
# ```
#
# `Store()` is the results folder. Every record in it carries the seconds that its run took, so the
# table covers all runs you have made.
# :::
