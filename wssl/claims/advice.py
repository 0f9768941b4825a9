"""Choices of someone with an inpainting problem, and what the records say of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
from wssl.claims.decision import HOLDS, LEVEL, REFUTED, SAME, UNDECIDED, outcome_of
from wssl.claims.estimands import MARGINS, SSIM, Score, difference
from wssl.claims.outcomes import PairedContrast, lost, paired, recorded
from wssl.claims.remedies import OTHER_PRETRAINING, WITHOUT_PRETRAINING

CLEAR = "clear"
"""The certainty of advice whose widened interval lies on one side of zero."""

NO_DIFFERENCE = "no difference that matters"
"""The certainty of advice whose widened interval lies within the margin."""


class Advice(NamedTuple):
    """What to do, and how sure that is.

    Attributes
    ----------
    action, certainty : str
    first : bool
        Whether it is the first of the two options.
    gain : float
        By how much that way is better, by SSIM; negative if it is not.
    """

    action: str
    certainty: str
    first: bool
    gain: float


@dataclass(frozen=True, eq=False)
class Choice:
    """A choice between two options, each of which has runs.

    Attributes
    ----------
    label, question : str
        In few words, and as a question.
    first, second : Arm
    do_first, do_second : str
        What to do if the one or the other is better, as an imperative.
    options : mapping of str to str
        How the command ``wssl run`` has to be changed for the better way, where it is the first.
    otherwise : mapping of str to str
        The same where it is the second.
    group : str
        Of the choices with one name the first option of one only can be taken.
    condition : str
        When the choice is there at all; empty for always.
    """

    label: str
    question: str
    first: Arm
    second: Arm
    do_first: str
    do_second: str
    options: Mapping[str, str] = field(default_factory=dict)
    otherwise: Mapping[str, str] = field(default_factory=dict)
    group: str = ""
    condition: str = ""

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
        """How many runs of the two options are recorded, and how many were planned.

        Parameters
        ----------
        campaign : wssl.claims.remedies.Exploration
        """
        return recorded(campaign, (self.first, self.second))

    def advice(self, campaign: Campaign) -> Advice | None:
        """What to do by SSIM; None while a run of one of the two options is missing.

        An interval, widened for the number of choices, is compared with the smallest effect of
        interest, as in a verdict. The second option is the cheaper one, and is advised unless the
        first is better. Where a run of one of the two diverged, the certainty says how many did.

        Parameters
        ----------
        campaign : wssl.claims.remedies.Exploration
        """
        done, planned = self.recorded(campaign)
        found = self.seen(campaign) if done == planned else None
        if found is None:
            return None
        low, high = deciding(found)
        outcome = outcome_of(low, high, MARGINS[SSIM.unit])
        first = outcome == HOLDS
        certainty = {
            HOLDS: CLEAR,
            SAME: NO_DIFFERENCE,
            REFUTED: CLEAR if high < 0 else "not clear; the other gains less than the margin",
            UNDECIDED: "not clear; this is cheaper",
        }[outcome]
        failed, runs = lost(campaign, (self.first, self.second))
        if failed:
            certainty = f"not clear: {failed} of {runs} runs diverged"
        gain = found.estimate.value if first else -found.estimate.value
        return Advice(self.do_first if first else self.do_second, certainty, first, gain)


def deciding(seen: PairedContrast) -> tuple[float, float]:
    """The interval that decides a choice, which allows for the number of `CHOICES`.

    Parameters
    ----------
    seen : PairedContrast
    """
    each = LEVEL / 2 / len(CHOICES)
    return seen.estimate.lower(each), seen.estimate.upper(each)


def recipe(campaign: Campaign, choices: Sequence[Choice]) -> dict[Choice, Advice]:
    """The clear advice that can be followed at once, in the order of the choices.

    Parameters
    ----------
    campaign : wssl.claims.remedies.Exploration
    choices : sequence of Choice

    Returns
    -------
    dict of Choice to Advice
        Without choices that are there on a condition. Of a group, the first option with the
        greatest gain is taken; where no first option of it is clear, the second options. Nothing
        else where a classical fill is better than a network.
    """
    clear = {
        choice: advice
        for choice in choices
        if not choice.condition
        and (advice := choice.advice(campaign)) is not None
        and advice.certainty == CLEAR
    }
    for choice, advice in clear.items():
        if not advice.first and campaign.is_fill(choice.second):
            return {choice: advice}
    best: dict[str, Choice] = {}
    for choice, advice in clear.items():
        if choice.group and advice.first:
            kept = best.get(choice.group)
            if kept is None or advice.gain > clear[kept].gain:
                best[choice.group] = choice
    return {
        choice: advice
        for choice, advice in clear.items()
        if choice.group not in best or best[choice.group] is choice
    }


CHOICES = (
    Choice(
        "network or biharmonic fill",
        "Train a network at all, or use the biharmonic fill, which needs no training?",
        WIDE_SCRATCH,
        BIHARMONIC,
        "train a network",
        "for strokes one or two pixels wide, use the biharmonic fill, which needs no training",
        otherwise={"--method": "biharmonic"},
    ),
    Choice(
        "frozen or from scratch",
        "Freeze a pretrained encoder, as the paper does, or train every layer from scratch?",
        WIDE_BEST,
        WIDE_SCRATCH,
        "freeze a pretrained encoder",
        "train every layer from scratch",
        {"--encoder": "frozen"},
        group="start",
    ),
    Choice(
        "classification tasks first or not",
        "Pretrain on classification tasks before all layers are trained?",
        WIDE_FINETUNED,
        WIDE_SCRATCH,
        "pretrain on classification tasks, then train every layer",
        "do not pretrain on classification tasks",
        {"--encoder": "finetuned"},
        group="start",
    ),
    Choice(
        "hole filling first or not",
        "Pretrain by filling other holes (masked-image modelling), then train every layer?",
        OTHER_PRETRAINING["masked-image modelling, fine-tuned"],
        SCRATCH,
        "pretrain by filling other holes, then train every layer",
        "do not pretrain by filling other holes",
        {"--encoder": "finetuned", "--objective": "masked_patches"},
        group="start",
    ),
    Choice(
        "a pretext phase or more steps",
        "If there is time for a pretext phase or for four times the steps: which?",
        FINETUNED,
        Arm(encoder="scratch", budget=4.0),
        "pretrain",
        "train four times as long instead of pretraining",
        condition="if there is time for only one of the two",
    ),
    Choice(
        "frozen: pretrained or random",
        "If the encoder must stay frozen: is a pretrained one better than a random one?",
        WIDE_BEST,
        WIDE_RANDOM,
        "pretrain it",
        "leave it random",
        condition="if the encoder must stay frozen",
    ),
    Choice(
        "mask as a channel or not",
        "Tell the network where the holes are, with the mask as a fourth channel?",
        WITHOUT_PRETRAINING["mask as a channel, from scratch"],
        SCRATCH,
        "give the network the mask as a fourth channel",
        "leave holes black, without a channel for the mask",
        {"--method": "mask_channel"},
        group="network",
    ),
    Choice(
        "partial or plain convolutions",
        "Use partial convolutions, which leave the holes out?",
        WITHOUT_PRETRAINING["partial convolutions, from scratch"],
        SCRATCH,
        "use partial convolutions",
        "use plain convolutions",
        {"--method": "partial"},
        group="network",
    ),
    Choice(
        "4x or 1x steps",
        "Train four times as long?",
        Arm(encoder="scratch", budget=4.0),
        SCRATCH,
        "train four times as long",
        "four times the steps are not needed",
        {"inpainting_steps": "4000"},
    ),
    Choice(
        "width 32 or 16",
        "Take a network of twice the width, at half the learning rate?",
        WIDE_SCRATCH,
        SCRATCH,
        "double the width of the network, at half the learning rate",
        "keep the narrow network",
        {"width": "32", "inpainting_learning_rate": "0.004"},
    ),
    Choice(
        "mixed loss or squared error",
        "Train with log-cosh and SSIM mixed, or with the squared error?",
        SCRATCH,
        Arm(encoder="scratch", loss="mse"),
        "train with log-cosh and SSIM mixed, not with the squared error",
        "train with the squared error",
        otherwise={"--loss": "mse"},
    ),
)
"""The choices in the order in which they come up. What to do is said so that it stands alone."""
