"""A verdict for each of the paper's claims, computed from records."""

from wssl.claims.effects import COUNTS, Finding
from wssl.claims.evidence import Evidence, of_study
from wssl.claims.verdicts import FAILS, HOLDS, LEVEL, OPEN, TESTS, Verdict, verdicts

__all__ = [
    "COUNTS",
    "FAILS",
    "HOLDS",
    "LEVEL",
    "OPEN",
    "TESTS",
    "Evidence",
    "Finding",
    "Verdict",
    "of_study",
    "verdicts",
]
