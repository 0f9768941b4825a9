"""A verdict for each of the paper's claims, computed from records."""

from wssl.claims.campaign import Campaign, Design
from wssl.claims.catalogue import CLAIMS
from wssl.claims.decision import judge
from wssl.claims.effects import COUNTS, Finding
from wssl.claims.evidence import Evidence, of_study
from wssl.claims.verdicts import FAILS, HOLDS, LEVEL, OPEN, TESTS, Verdict, verdicts

__all__ = [
    "CLAIMS",
    "COUNTS",
    "FAILS",
    "HOLDS",
    "LEVEL",
    "OPEN",
    "TESTS",
    "Campaign",
    "Design",
    "Evidence",
    "Finding",
    "Verdict",
    "judge",
    "of_study",
    "verdicts",
]
