# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The controls that the paper lacks
#
# **The paper's claim (abstract, sections 1 and 4).** What an encoder learns from pretext tasks
# serves inpainting, better than fully supervised training does; and its 16 layers are best frozen,
# so that they keep what they have learned.
#
# The paper compares pretext tasks with each other. It shows no network without a pretext phase, none
# whose encoder goes on learning, and none whose frozen encoder has learned nothing. Without these,
# "pretext training helps" has not been tested, and there is a reason to doubt it: a U-Net's skip
# connections hand the known pixels to the decoder through the encoder's first block, and a random
# block of convolutions may pass them on as well as a trained one. Nor does it repeat any run, so
# that nobody knows which of its differences are larger than chance. This page does both.

# %% tags=["parameters"]
preset: str = "quick"  # the scale: smoke, quick, desktop, gpu or paper
dataset: str = "synthetic"  # images: synthetic, open-faces or folder:PATH
masks: str = "auto"  # strokes: synthetic, quickdraw or folder:PATH; auto follows the images
seeds: int = 0  # how many; 0 stands for the preset's own number

# %% tags=["hide-input"]
import math

import matplotlib.pyplot as plt
import numpy as np
from matplotlib_inline.backend_inline import set_matplotlib_formats
from myst_nb import glue

import wssl
from wssl import data, metrics, report
from wssl import methods as models
from wssl.claims import TESTS, Evidence
from wssl.data.batches import centre_crops
from wssl.inputs import evaluation_data
from wssl.methods.classical import harmonic
from wssl.notebooks import check_parameters
from wssl.report import comparisons, effects, noise
from wssl.scores import inpaint_batches

check_parameters(globals())
report.use_style()
set_matplotlib_formats("jpeg", pil_kwargs={"quality": 92})  # photographs, small enough to commit

# %% [markdown]
# ## The experiments
#
# First the noise: the paper's best configuration with eight seeds or more. Then the controls, which
# differ from it in the encoder alone.

# %%
settings = {"preset": preset, "dataset": dataset, "masks": masks}
repeats = wssl.run_all(wssl.study.noise(**settings, seeds=seeds or None))
controls = wssl.run_all(wssl.study.controls(**settings, seeds=seeds or None))

# %% tags=["remove-input"]
results = {result.fingerprint: result for result in (*repeats, *controls)}
records = [result.record for result in results.values()]
evidence = Evidence(records)
groups = comparisons.select(records, comparisons.CONTROLS)
best = next(iter(groups.values()))
first = repeats[0]
scale = first.experiment.scale
others = min(len(runs) for runs in groups.values())
glue("preset", preset, display=False)
glue("dataset", dataset, display=False)
glue("strokes", first.experiment.masks, display=False)
glue("test_images", first.provenance["test_images"], display=False)
glue("size", scale.size, display=False)
glue("inpainting_steps", scale.inpainting_steps, display=False)
glue("pretext_steps", scale.pretext_steps, display=False)
glue("batch", scale.inpainting_batch, display=False)
glue("noise_seeds", len(best), display=False)
glue("control_runs", f"{others} seed{'s' * (others != 1)}", display=False)
glue("minutes", sum(r["provenance"]["seconds"] for r in records) / 60, display=False)
for metric in report.METRICS:
    deviation, low, high = noise.spread(best, metric)
    glue(f"mean_{metric}", float(np.mean(comparisons.values(best, metric))), display=False)
    glue(f"sd_{metric}", deviation, display=False)
    glue(f"sd_low_{metric}", low, display=False)
    glue(f"sd_high_{metric}", high, display=False)
    glue(f"range_{metric}", float(np.ptp(comparisons.values(best, metric))), display=False)

# %% [markdown]
# Preset {glue:text}`preset`: {glue:text}`dataset` images at {glue:text}`size:d` pixels,
# {glue:text}`test_images:d` to test on, strokes of {glue:text}`strokes`;
# {glue:text}`inpainting_steps:d` steps of {glue:text}`batch:d` images for every configuration, and
# {glue:text}`pretext_steps:d` more before them where there is a pretext phase.
# {glue:text}`noise_seeds:d` seeds of the paper's configuration, {glue:text}`control_runs` of each
# control. The inpainting phases took {glue:text}`minutes:.0f` minutes in all.
#
# ## What a seed changes
#
# A seed draws the initial weights, the order of the images, their crops and the masks of training;
# test images and test masks are the same for all. Over {glue:text}`noise_seeds:d` seeds of one and
# the same configuration the mean SSIM is {glue:text}`mean_ssim:.4f`, with a standard deviation of
# {glue:text}`sd_ssim:.4f` (95 % interval {glue:text}`sd_low_ssim:.4f` to
# {glue:text}`sd_high_ssim:.4f`); the PSNR is {glue:text}`mean_psnr:.2f` dB, with
# {glue:text}`sd_psnr:.2f` dB ({glue:text}`sd_low_psnr:.2f` to {glue:text}`sd_high_psnr:.2f`).
# Between the luckiest and the unluckiest seed lie {glue:text}`range_ssim:.4f` SSIM and
# {glue:text}`range_psnr:.2f` dB.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "How large the differences that the paper reports are beside the noise of seeds. Blue points: seeds of one configuration, less their mean. Bars: differences between two single runs of which the paper makes something. Dashed: the smallest difference of two means that so many seeds of each would show in four of five studies (two-sided t test, 5 %). A bar that does not reach the line of three seeds is hollow.", "name": "fig-seed-noise"}, "image": {"alt": "Two bar charts, of differences in SSIM and in PSNR. The first row has a point for each seed, less their mean; each other row a bar for a difference that the paper reports. Dashed vertical lines mark what so many seeds would show."}}
noise.noise_figure(best)

# %% [markdown]
# From the spread of single runs follows what a comparison can show. The smallest difference that so
# many seeds of each of two configurations find with a power of 80 %:

# %% tags=["hide-input"]
noise.smallest_differences(best)

# %% [markdown]
# One seed of each, which is what the paper has, shows no difference of any size, because nothing
# says how far another seed would have been. And the paper's differences, with the number of seeds
# of each configuration that it would take to show them, if the paper's runs spread as ours do:

# %% tags=["hide-input"]
noise.visibility(best)

# %% tags=["remove-input"]
printed = noise.printed_differences()
visible = {}
for metric, (title, _) in report.METRICS.items():
    needed = {
        name: noise.seeds_needed(noise.spread(best, metric)[0], found[metric])
        for name, found in printed.items()
    }
    visible[title] = sum(count is not None and count <= 3 for count in needed.values())
glue("visible_ssim", visible["SSIM"], display=False)
glue("visible_psnr", visible["PSNR (dB)"], display=False)
glue("printed", len(printed), display=False)

# %% [markdown]
# Of these {glue:text}`printed:d` differences, three seeds would show {glue:text}`visible_ssim:d` by
# SSIM and {glue:text}`visible_psnr:d` by PSNR. The paper's networks are larger and see more images,
# and may well spread less; it does not say.
#
# ## The controls
#
# - **Pretext, frozen**: the paper's best configuration, saturation 0.3 and sharpness 0.7.
# - **Random, frozen**: the encoder stays at its random start; only the decoder learns.
# - **Pretext, 3 of 5 blocks frozen**: what "the first 16 layers" are in a U-Net with batch
#   normalisation (see {ref}`the decisions <decision-16-layers>`).
# - **Pretext, fine-tuned**: nothing is frozen after the pretext phase.
# - **No pretext, all layers learn**: supervised training from scratch.
#
# The dashed line is the harmonic fill of the same holes, a smooth membrane that has learned nothing.

# %% tags=["remove-input"]
originals, test_masks = evaluation_data(first.experiment)
membranes = [harmonic(image, hole) for image, hole in zip(originals, test_masks, strict=True)]
floor = metrics.summarize(metrics.evaluate(originals, np.stack(membranes), test_masks))
glue("floor_ssim", floor["ssim"], display=False)
glue("floor_psnr", floor["psnr"], display=False)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The paper's configuration and its controls: a point a seed, bar = mean, whiskers = 95 % interval where there is more than one seed. Dotted: the mean of the paper's configuration. Dashed: the harmonic fill.", "name": "fig-controls"}, "image": {"alt": "Dot plots of SSIM and of PSNR: a row for the paper's configuration and for each control, with seeds, means and intervals; vertical lines for the first row's mean and for the harmonic fill."}}
comparisons.dot_plot(groups, floor)

# %% tags=["hide-input"]
comparisons.differences(groups).rename(columns={"minus the first": "minus the paper's"})

# %% [markdown]
# ## Had they all the same chance?
#
# All have the same number of inpainting steps on the same loss. Those with a pretext phase have had
# more training in all, so that equal results speak against them. Frozen layers make a step cheaper,
# and leave fewer parameters to learn. How much the loss still fell over a fifth of the training (the
# mean of the last tenth of the steps against that of the tenth two before it) says who would gain
# most from a longer one.

# %% tags=["hide-input"]
budget = comparisons.progress(groups)
parameters = []
for settings in (runs[0]["experiment"] for runs in groups.values()):
    network = models.unet(scale.size, scale.width)
    if settings["encoder"] in ("frozen", "random"):
        models.freeze(network, settings["frozen_blocks"])
    parameters.append(sum(math.prod(x.shape) for x in network.trainable_variables))
budget.insert(0, "parameters that learn", [f"{count:,}" for count in parameters])
budget.rename_axis("encoder")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Training loss of the inpainting phase against steps, for the paper's configuration and its controls: the mean over seeds.", "name": "fig-control-losses"}, "image": {"alt": "Line chart on a logarithmic axis. Horizontal: training steps; vertical: the loss. A curve for the paper's configuration and for each control."}}
figure, axis = plt.subplots(figsize=(8, 4), layout="constrained")
report.loss_curves(
    {
        name: np.mean([record["history"] for record in runs], axis=0)
        for name, runs in groups.items()
    },
    axis,
    "inpainting phase (mixed loss)",
)
report.finished(figure)

# %% tags=["remove-input"]
phases = [wssl.Store().get(record["pretext"]) for record in best]
told = {
    task: 100 * float(np.mean([phase["metrics"][f"accuracy_{task}"] for phase in phases]))
    for task in first.experiment.pretext
}
for task, accuracy in told.items():
    glue(f"accuracy_{task}", accuracy, display=False)

# %% [markdown]
# And had the pretext phase anything to give? Its encoders told the level of saturation rightly in
# {glue:text}`accuracy_saturation:.0f` % of all cases, that of sharpness in
# {glue:text}`accuracy_sharpness:.0f` %; chance is 25 %.
#
# ## What the fills look like
#
# The same holes in a photograph and in a drawn portrait. No model has seen the photograph.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The same holes, filled by the paper's configuration and by the controls (first seed). Known pixels are the original's.", "name": "fig-control-pictures"}, "image": {"alt": "A grid of pictures: a row for each of two pictures; columns for the original, the masked picture, and the fills of the paper's configuration and of each control."}}
pictures = np.concatenate(
    [
        data.images("photos", "test", scale.load_size, 1),
        data.images("synthetic", "test", scale.load_size, 1),
    ]
)
pictures = centre_crops(pictures, scale.size).astype("float32") / 255
holes = data.masks(first.experiment.masks, 2, scale.size, split="test")
shown = {
    "original": pictures,
    "masked": np.where(holes[..., None], np.float32(0), pictures),
}
for name, title in {
    "pretext, frozen (the paper)": "pretext, frozen",
    "random, frozen": "random, frozen",
    "pretext, fine-tuned": "pretext, fine-tuned",
    "no pretext, all layers learn": "no pretext",
}.items():
    model = results[groups[name][0]["fingerprint"]].model()
    shown[title] = metrics.composite(pictures, inpaint_batches(model, pictures, holes), holes)
report.gallery([[column[i] for column in shown.values()] for i in range(2)], list(shown), side=1.7)

# %% tags=["remove-input"]
findings = {key: TESTS[key](evidence) for key in ("features", "supervised", "freezing")}
start = comparisons.difference(
    groups["pretext, fine-tuned"], groups["no pretext, all layers learn"], "ssim"
)
outcomes = {key: effects.outcome(found.low, found.high) for key, found in findings.items()}
outcomes["start"] = effects.outcome(*start.interval())
compared = {
    "features": ("A frozen encoder from the pretext phase", "a frozen random one"),
    "start": ("As a start for training all layers, the pretext phase", "random weights"),
    "supervised": ("The paper's configuration", "training from scratch"),
    "freezing": ("Freezing after the pretext phase", "fine-tuning"),
}
for key, names in compared.items():
    glue(key, effects.effect_text({**findings, "start": start}[key]), display=False)
    glue(f"{key}_told", effects.versus(*names, outcomes[key]), display=False)
glue("helps", effects.helps([outcomes["features"], outcomes["start"]]), display=False)
higher = [np.mean(comparisons.values(runs, "ssim")) > floor["ssim"] for runs in groups.values()]
glue("above_floor", int(sum(higher)), display=False)
glue("configurations", len(groups), display=False)

# %% [markdown]
# **The answer.** Does pretext training help inpainting? Here {glue:text}`helps`.
#
# - {glue:text}`features_told`: frozen after the pretext phase minus frozen at random is
#   {glue:text}`features`.
# - {glue:text}`start_told`: fine-tuned minus from scratch is {glue:text}`start`.
# - {glue:text}`supervised_told`: {glue:text}`supervised`.
# - {glue:text}`freezing_told`: {glue:text}`freezing`.
#
# The harmonic fill, which has learned nothing, reaches {glue:text}`floor_ssim:.4f`; the mean SSIM of
# {glue:text}`above_floor:d` of the {glue:text}`configurations:d` configurations is higher. The
# intervals stand for themselves; {doc}`10_verdicts` corrects for the number of claims. What this
# page cannot conclude: whether a pretext phase of the paper's length, on its images, would have
# more to give, and how all of this stands on other data, for which there is {doc}`09_unseen_data`.
