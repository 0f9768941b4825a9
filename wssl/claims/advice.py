"""Choices of someone with an inpainting problem, and what the records say of each."""

from dataclasses import dataclass
from typing import NamedTuple

from wssl.claims.campaign import NARROW, Arm, Campaign
from wssl.claims.catalogue import (
    BIHARMONIC,
    FINETUNED,
    SCRATCH,
    WIDE_BEST,
    WIDE_FINETUNED,
    WIDE_RANDOM,
    WIDE_SCRATCH,
)
from wssl.claims.decision import HOLDS, REFUTED, SAME, outcome_of
from wssl.claims.estimands import MARGINS, SSIM, Score, difference
from wssl.claims.outcomes import PairedContrast, paired, recorded
from wssl.claims.remedies import OTHER_PRETRAINING, WITHOUT_PRETRAINING
from wssl.records import has_diverged

CLEAR = "clear"
"""The certainty of advice whose interval lies on one side of zero."""

NO_DIFFERENCE = "no difference that matters"
"""The certainty of advice whose interval lies within the margin."""


class Advice(NamedTuple):
    """What to do, and how sure that is.

    Attributes
    ----------
    action, certainty : str
    """

    action: str
    certainty: str


@dataclass(frozen=True)
class Choice:
    """A choice between two ways, each of which has runs.

    Attributes
    ----------
    label, question : str
        In few words, and as a question.
    first, second : Arm
    do_first, do_second : str
        What to do if the one or the other is better, as an imperative.
    """

    label: str
    question: str
    first: Arm
    second: Arm
    do_first: str
    do_second: str

    @property
    def registered(self) -> bool:
        """Whether its networks are of the registered campaign, and not explored.

        Those at the width of the controls are explored: they are at half the rate.
        """
        return all(type(arm) is Arm and arm.width == NARROW for arm in (self.first, self.second))

    def seen(self, campaign: Campaign, score: Score = SSIM) -> PairedContrast | None:
        """The first minus the second, paired by seed; None without a common seed.

        Parameters
        ----------
        campaign : wssl.claims.remedies.Exploration
        score : Score
        """
        return paired(campaign, difference(self.first, self.second).terms, score)

    def recorded(self, campaign: Campaign) -> tuple[int, int]:
        """How many runs of the two ways are recorded, and how many were planned.

        Parameters
        ----------
        campaign : wssl.claims.remedies.Exploration
        """
        return recorded(campaign, (self.first, self.second))

    def advice(self, campaign: Campaign) -> Advice | None:
        """What to do by SSIM; None while a run of one of the two ways is missing.

        The interval is compared with the smallest effect of interest, as in a verdict, but for this
        choice by itself. The second way is the cheaper one, and is advised unless the first is
        better. Where a run of one of the two diverged, the certainty says how many did.

        Parameters
        ----------
        campaign : wssl.claims.remedies.Exploration
        """
        done, planned = self.recorded(campaign)
        found = self.seen(campaign) if done == planned else None
        if found is None:
            return None
        low, high = found.estimate.lower(), found.estimate.upper()
        outcome = outcome_of(low, high, MARGINS[SSIM.unit])
        arms = self.first, self.second
        runs = [run for arm in arms for run in campaign.runs.get(arm, {}).values()]
        if lost := sum(map(has_diverged, runs)):
            action = self.do_first if outcome == HOLDS else self.do_second
            return Advice(action, f"{lost} of {len(runs)} runs diverged")
        if outcome == HOLDS:
            return Advice(self.do_first, CLEAR)
        if outcome == SAME:
            return Advice(self.do_second, NO_DIFFERENCE)
        if outcome == REFUTED:
            return Advice(self.do_second, CLEAR if high < 0 else "the other is hardly better")
        return Advice(self.do_second, "not clear; this is cheaper")


CHOICES = (
    Choice(
        "network or biharmonic fill",
        "Train a network at all, or use the biharmonic fill, which needs no training?",
        WIDE_SCRATCH,
        BIHARMONIC,
        "train a network",
        "use the biharmonic fill, which needs no training",
    ),
    Choice(
        "pretrained, frozen or from scratch",
        "Freeze a pretrained encoder, as the paper does, or train every layer from scratch?",
        WIDE_BEST,
        WIDE_SCRATCH,
        "freeze a pretrained encoder",
        "train every layer rather than freeze a pretrained encoder",
    ),
    Choice(
        "pretrained, fine-tuned or from scratch",
        "Pretrain on classification tasks before all layers are trained?",
        WIDE_FINETUNED,
        WIDE_SCRATCH,
        "pretrain on classification tasks before you train every layer",
        "start from random weights rather than pretrain on classification tasks",
    ),
    Choice(
        "a pretext phase or more steps",
        "Spend the time on a pretext phase, or on four times the steps from scratch?",
        FINETUNED,
        Arm(encoder="scratch", budget=4.0),
        "spend time on a pretext phase rather than on more steps",
        "spend time on more steps rather than on a pretext phase",
    ),
    Choice(
        "frozen: pretrained or random",
        "If the encoder must stay frozen: is a pretrained one better than a random one?",
        WIDE_BEST,
        WIDE_RANDOM,
        "if the encoder must stay frozen, pretrain it",
        "if the encoder must stay frozen, leave it random",
    ),
    Choice(
        "masked-image modelling or none",
        "Pretrain by filling holes (masked-image modelling), then train every layer?",
        OTHER_PRETRAINING["masked-image modelling, fine-tuned"],
        SCRATCH,
        "pretrain by filling holes of another kind",
        "do not pretrain by filling holes of another kind",
    ),
    Choice(
        "mask as a channel or not",
        "Tell the network where the holes are, with the mask as a fourth channel?",
        WITHOUT_PRETRAINING["mask as a channel, from scratch"],
        SCRATCH,
        "give the network the mask as a fourth channel",
        "leave holes black, without a channel for the mask",
    ),
    Choice(
        "partial or plain convolutions",
        "Use partial convolutions, which leave the holes out?",
        WITHOUT_PRETRAINING["partial convolutions, from scratch"],
        SCRATCH,
        "use partial convolutions",
        "use plain convolutions",
    ),
    Choice(
        "4x or 1x steps",
        "Train four times as long?",
        Arm(encoder="scratch", budget=4.0),
        SCRATCH,
        "train four times as long",
        "do not train four times as long",
    ),
    Choice(
        "width 32 or 16",
        "Take a network of twice the width, at half the learning rate?",
        WIDE_SCRATCH,
        SCRATCH,
        "double the width of the network, at half the learning rate",
        "keep the narrow network",
    ),
    Choice(
        "mixed loss or squared error",
        "Train with log-cosh and SSIM mixed, or with the squared error?",
        SCRATCH,
        Arm(encoder="scratch", loss="mse"),
        "train with log-cosh and SSIM mixed",
        "train with the squared error",
    ),
)
"""The choices in the order in which they come up. What to do is said so that it stands alone."""
