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
# **What the paper claims.** One thing about cost: its model was trained for four hours on a K80.
# Of how many epochs and which configuration, it does not say. This page says how long the runs of
# this edition took, how long an edition of your own takes, and what the program itself adds to the
# arithmetic of its networks; each number from a record, with the machine that it was measured on.

# %% tags=["parameters"]
preset: str = "quick"  # the scale: smoke, quick, desktop, gpu or paper
dataset: str = "synthetic"  # images: synthetic, open-faces or folder:PATH
masks: str = "auto"  # strokes: synthetic, quickdraw or folder:PATH; auto follows the images
seeds: int = 0  # how many; 0 stands for the preset's own number

# %% tags=["hide-input"]
import json
from pathlib import Path

import pandas as pd
from myst_nb import glue

import wssl
from wssl.notebooks import check_parameters
from wssl.report import benchmark_table, effort_table, machines, text
from wssl.study import Study

check_parameters(globals())

# %% [markdown]
# ## The records of this edition

# %%
study = Study(preset=preset, dataset=dataset, masks=masks, seeds=seeds or None)
study.findings()
records = study.records()
effort_table(records)

# %% tags=["remove-input"]
glue("hours", text.hours(records), display=False)
glue("records", len(records), display=False)
glue("machines", machines(records), display=False)
glue("preset", preset, display=False)

# %% [markdown]
# Preset {glue:text}`preset`, {glue:text}`hours:.1f` hours in all. Machines, each with the number of its
# records: {glue:text}`machines`.
# A record says how long its run took on the clock, and several may have run on the same machine at
# a time; on an idle one they take less. A run that is repeated with the same code and versions is
# found among the records and costs nothing.
#
# ## What the program adds
#
# Ratios of two medians of one run, in which both sides took turns on an otherwise idle machine.
# `make bench` measures them again.

# %% tags=["hide-input"]
stored = Path(wssl.__file__).parents[1] / "benchmarks" / "records"
found = {path.stem: json.loads(path.read_text()) for path in stored.glob("*.json")}
hours, minutes = found.pop("paper_scale"), found.pop("edition")
with pd.option_context("display.max_colwidth", None):
    table = benchmark_table(found[name] for name in sorted(found))
table

# %% tags=["remove-input"]
glue("bench_machines", machines(found.values()), display=False)
for row in minutes["rows"]:
    glue(row["name"].replace("make ", "minutes_"), row["ratio"], display=False)
glue("edition_machine", minutes["provenance"]["device"], display=False)
glue("whole_hours", sum(row["ratio"] for row in hours["rows"]), display=False)
glue("whole_machine", hours["provenance"]["device"], display=False)

# %% [markdown]
# Machines, each with the number of its benchmarks: {glue:text}`bench_machines`.
#
# ## An edition of your own
#
# `make book` trains the whole study at the preset `quick`, runs every notebook and builds the
# pages. In a fresh clone it took {glue:text}`minutes_book:.0f` minutes on
# {glue:text}`edition_machine`, after {glue:text}`minutes_install:.0f` minutes that installing took.
#
# ## The paper's scale
#
# A slice of 20 steps of both phases of the preset `paper`, on 2,000 generated images of 1024 px that
# are laid out like CelebA-HQ and masks laid out like QD-IMD, prepared and trained on by the commands
# that {doc}`the page of it <../howto/paper_scale>` gives. The hours of the whole follow from those of
# the slice, with what compiling and testing took counted in, on a machine that did other work at
# times: an upper bound.

# %% tags=["hide-input"]
with pd.option_context("display.max_colwidth", None):
    projected = benchmark_table([hours])
projected

# %% [markdown]
# **The answer.** One configuration at the paper's scale would take up to
# {glue:text}`whole_hours:.0f` hours on {glue:text}`whole_machine`: a processor can check that it
# runs, not run it. Not concluded: how long it takes on a GPU. `benchmarks/gpu.py` measures that in
# one command, and none was to be had for this edition.
