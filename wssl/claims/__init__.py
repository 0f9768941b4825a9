"""A verdict for each of the paper's claims, computed from records."""

from wssl.claims.campaign import Arm, Campaign, Design
from wssl.claims.catalogue import CLAIMS, Claim
from wssl.claims.decision import Verdict, judge
from wssl.claims.outcomes import Findings, findings

__all__ = [
    "CLAIMS",
    "Arm",
    "Campaign",
    "Claim",
    "Design",
    "Findings",
    "Verdict",
    "findings",
    "judge",
]
