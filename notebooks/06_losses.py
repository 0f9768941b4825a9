# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The loss
#
# **The question.** Is a mix of log-cosh and SSIM, weighted 0.84 to 0.16, better than either term
# alone? In the paper (section 3.3, Table 4) it is: SSIM 0.9692 and 31.38 dB, compared with 0.9338
# and 29.46 dB for log-cosh, and 0.9629 and 28.90 dB for SSIM.
#
# **The answer.** {glue:text}`answer`. {glue:text}`beside` What each term adds (exploratory):
# {glue:text}`terms`.
#
# {glue:text}`awaiting`

# %% tags=["parameters", "remove-input"]
preset: str = "quick"  # the scale: smoke, quick, desktop, gpu or paper
dataset: str = "synthetic"  # images: synthetic, open-faces-2 or folder:PATH
masks: str = "auto"  # strokes: synthetic, quickdraw or folder:PATH; auto follows the images
seeds: int = 0  # how many; 0 stands for the preset's own number

# %% tags=["remove-input"]
from myst_nb import glue

import wssl
from wssl import report
from wssl.book.notebooks import check_parameters
from wssl.claims import Arm, repeats
from wssl.claims.catalogue import BEST_ARM, LOSSES
from wssl.claims.estimands import PSNR, SSIM, difference
from wssl.report import text
from wssl.report.labels import loss_label
from wssl.study import Study

check_parameters(globals())
report.use_style()

# %%
frozen = {loss_label(loss): arm for loss, arm in LOSSES.items()}
trained = {
    budget: {
        loss_label(loss): Arm(encoder="scratch", loss=loss, budget=budget)
        for loss in ("mix", "ssim", "log_cosh", "mse")
    }
    for budget in (1.0, 4.0)
}
study = Study(preset=preset, dataset=dataset, masks=masks, seeds=seeds or None)
arms = [*frozen.values(), *trained[1.0].values(), *trained[4.0].values()]
found = study.findings(arms)

# %% tags=["remove-input"]
campaign = found.campaign
# Against each term alone, by the metric that this term does not optimise.
terms = [
    report.contrasts_text(
        campaign,
        {f"the mix minus {loss_label(loss)}": difference(BEST_ARM, LOSSES[loss]).terms},
        score,
    )
    for loss, score in (("log_cosh", SSIM), ("ssim", PSNR))
]
alike = repeats.on_one_machine(found, study.repeated(found))
beside = {repeats.ONE_MACHINE: alike} if alike else {}
for name, value in {
    "answer": text.answer(found, ["mix", "both-terms", "log-cosh-mse"]),
    "beside": text.beside_text(beside, "mix"),
    "terms": "; ".join(filter(None, terms)) or "awaiting runs",
    "awaiting": text.awaiting_text(*study.recorded(arms)) if study.registered else "",
    "scale": text.scale_text(found, frozen.values()),
}.items():
    glue(name, value, display=False)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Other losses compared with the mix, on the paper's frozen encoder, at the same seeds: values right of zero are better than the mix. Diamonds show the same differences in the paper's Table 4.", "name": "fig-table-4"}, "image": {"alt": "Two dot plots, of the change of 1 - SSIM and of PSNR: one row per loss, each against the mixed loss, with seeds, means, intervals and the number of the paper."}}
others = {name: arm for name, arm in frozen.items() if arm != BEST_ARM}
report.dots(campaign, report.against(BEST_ARM, others), zero="the mixed loss", in_paper=True)

# %% [markdown]
# :::{admonition} In this chapter you learn
# :class: tip
# - how to compare losses at equal cost, with a frozen encoder and from scratch
# - why a loss should be judged by metrics that it does not optimise
# - how to see whether a run was stopped too early
# :::

# %% [markdown]
# An {term}`effect` is the percentage by which 1 - SSIM is lower, or the number of dB by which PSNR
# is higher: the mean of the differences between runs with the same {term}`seed`. Its 95 % interval
# is for new seeds and new images. The interval that decides is wider, because many claims are
# judged at once; an asterisk marks effects for which some runs {term}`diverged`. {doc}`10_verdicts`
# explains both, and how a verdict is reached.
#
# Some of the paper's statements can be doubted before any run. Its text says that log-cosh behaves
# like L1 for small errors and like L2 for large ones. The opposite is true, and on images in
# $[0, 1]$ log-cosh is close to half the squared error throughout ({doc}`02_method_and_losses`). A
# mix of a pixel loss and a structural loss is not new: {cite:t}`zhao2017` published one with the
# same weight of 0.84, but on the other term. And log-cosh alone, which nearly optimises PSNR, is
# reported to be 1.92 dB of PSNR worse than the mix.
#
# ## The experiments
#
# The losses are compared on the frozen encoder with the paper's best weights, and on networks
# trained end to end from scratch: with the same number of steps and, in the registered campaign,
# with four times as many. {glue:text}`scale`

# %%
wssl.Experiment(loss="log_cosh", preset=preset, dataset=dataset, seed=study.design.few[0])

# %% tags=["hide-input", "claims"]
keys = ["mix", "mix-psnr", "ssim-for-ssim", "log-cosh-for-psnr", "log-cosh-mse", "both-terms"]
report.brief_table([found[key] for key in keys], campaign)

# %% [markdown]
# Both terms can matter although one of them has a small share of the gradient. So here is each loss
# against the mix by itself, by both metrics (exploratory: the claims compare the mix with the better of
# its parts):

# %% tags=["hide-input"]
report.contrast_table(campaign, report.against(BEST_ARM, others), names="minus the mix")

# %% [markdown]
# ## The same losses on one kind of machine
#
# In this edition, networks with some of these losses were trained on CPUs, and others on a GPU, where
# the pretext phases were trained again. Two trainings of one configuration give different networks,
# so such a comparison also contains that difference ({doc}`10_verdicts`). The runs with the mixed loss
# were therefore repeated on the GPU. With these repetitions in the place of the registered runs, each
# claim of this table compares runs of one kind of machine. The verdicts are by the registered runs.
# Where the two effects differ by several per cent, neither is reliable to within several per cent.

# %% tags=["hide-input"]
of_losses = [key for key in alike if found[key].claim.family in ("loss", "appeal")]
report.exchange_table(found, alike, of_losses) if alike else None

# %% [markdown]
# ## Table 4: the paper's numbers and ours

# %% tags=["hide-input"]
report.table(4, report.shared_runs(campaign, list(frozen.values())))

# %% [markdown]
# ## End to end, and with more steps
#
# A frozen encoder may limit what a loss can achieve. The figure compares the same losses on
# networks that learn in all their layers, each with the mixed loss at the same number of steps:

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Other losses compared with the mix, on networks trained end to end from scratch, with the registered number of steps and with four times as many: values right of zero are better than the mix.", "name": "fig-losses-end-to-end"}, "image": {"alt": "Two dot plots, of the change of 1 - SSIM and of PSNR: one row per loss and number of steps, each against the mixed loss, with seeds, means and intervals."}}
rows = {}
for budget, by_loss in trained.items():
    if not (study.registered or set(by_loss.values()) & set(campaign.runs)):
        continue
    mix, *rest = by_loss.items()
    for name, terms in report.against(mix[1], dict(rest)).items():
        rows[f"{name}, {budget:g}x steps"] = terms
report.dots(campaign, rows, zero="the mixed loss, same steps")

# %% tags=["hide-input"]
report.contrast_table(campaign, rows, names="minus the mix, same steps")

# %% tags=["hide-input", "claims"]
end_to_end = [found["mix-end-to-end"], found["mix-longer"]]
report.brief_table(end_to_end, campaign)

# %% [markdown]
# A claim with few seeds takes part of its estimate of scatter from {term}`comparable runs`, and some of
# those diverged. The first table has the intervals that follow from the scatter of a claim's own runs;
# the second has the effects without the runs that diverged:

# %% tags=["hide-input"]
report.own_noise_table(end_to_end, campaign)

# %% tags=["hide-input"]
report.converged_table(end_to_end, campaign)

# %% [markdown]
# ## "Visually appealing"
#
# The paper calls its results visually appealing, and reports no measurement of it. Three metrics
# are closer to human perception: MS-SSIM, GMSD, and the learned distance ST-LPIPS. {doc}`../method`
# says how far the last agrees with people.

# %% tags=["hide-input", "claims"]
appeal = [key for key in found if key.startswith("appeal")]
report.brief_table([found[key] for key in appeal], campaign)

# %% [markdown]
# ## Were some runs stopped too early?
#
# All runs have the same number of steps. The table shows how much each loss still fell over a fifth
# of the training: it compares the mean loss of the last tenth of the steps with that of the eighth
# tenth.

# %% tags=["hide-input"]
report.progress_table(
    campaign, {**frozen, **{f"{n}, from scratch": a for n, a in trained[1.0].items()}}
)

# %% [markdown]
# ## What the fills look like

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The same holes, filled by networks trained with each loss (first seed), and the original in the last column. Known pixels are those of the original.", "name": "fig-loss-pictures"}, "image": {"alt": "A grid of pictures: one row per picture; columns for the masked picture, the fill of a network for each loss, and the original."}}
pictures, holes = study.pictures()
filled = study.filled(frozen, pictures, holes)
report.fills_gallery(pictures, holes, filled, frozen)

# %% [markdown]
# **What this page cannot conclude.** Which loss people prefer, since nobody was asked; and whether
# 0.84 is the best weight, since the registered runs have no others than 0, 0.84 and 1. The claim that
# the mix takes advantage of both of its terms is judged by what each term contributes to the gradient.
# A term with a small share may still matter, and by PSNR it may matter most; whether the mix fills
# better than its parts do is the first claim.

# %% [markdown]
# ## Exercises
#
# Each solution is complete: paste it into a new cell or a Python session. The preset `quick` keeps
# them small enough for a laptop.
#
# **1. The ends of the mix.** Show that the mix is the SSIM loss at $\alpha = 0$ and log-cosh at
# $\alpha = 1$.
#
# :::{dropdown} Solution
# ```python
# import numpy as np
# from keras import ops
# from wssl import losses
#
# rng = np.random.default_rng(0)
# original, output = rng.random((2, 4, 32, 32, 3)).astype("float32")
# for alpha, single in ((0.0, losses.ssim_loss), (1.0, losses.log_cosh)):
#     mixed = losses.mix(original, output, alpha=alpha)
#     gap = np.abs(ops.convert_to_numpy(mixed - single(original, output))).max()
#     print(f"alpha = {alpha:g}: largest difference {gap:.1e}")
# ```
#
# The loss is linear in $\alpha$, so any other value lies between these two ends.
# :::
#
# **2. Blur and noise.** Blur a photograph, then add noise to the original with the same squared
# error. Which losses tell the two apart?
#
# :::{dropdown} Solution
# ```python
# import numpy as np
# from scipy.ndimage import gaussian_filter
# from wssl import data, losses
#
# image = data.images("photos", "test", 64, 1).astype("float32") / 255
# blurred = gaussian_filter(image, (0, 1.5, 1.5, 0))
# noise = np.random.default_rng(0).standard_normal(image.shape).astype("float32")
# noise *= np.sqrt(((blurred - image) ** 2).mean() / (noise**2).mean())
# for name in ("mse", "log_cosh", "ssim"):
#     loss = losses.LOSSES[name]
#     pair = [float(loss(image, changed)[0]) for changed in (blurred, image + noise)]
#     print(f"{name}: blurred {pair[0]:.4f}, noisy {pair[1]:.4f}")
# ```
#
# The squared error is equal by construction, and log-cosh nearly follows it. SSIM compares local
# structure, which blur and noise damage in different ways.
# :::
#
# **3. A loss that the paper does not try.** Train from scratch with the mean absolute error instead
# of the mix. (Trains two networks.)
#
# :::{dropdown} Solution
# ```python
# import wssl
#
# for loss in ("mix", "l1"):
#     result = wssl.run(wssl.Experiment(preset="quick", encoder="scratch", loss=loss))
#     print(f"{loss}: SSIM {result.metrics['ssim']:.4f}, PSNR {result.metrics['psnr']:.2f} dB")
# ```
#
# Judge both metrics: the mix contains SSIM, so SSIM alone would favour it.
# :::
