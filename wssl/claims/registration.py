"""Check that the plan is older than the first run, by the git history and the records."""

import hashlib
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from wssl.records.store import Record


@dataclass(frozen=True)
class Registration:
    """The dates of the plan and of the first run.

    Attributes
    ----------
    digest : str or None
        SHA-256 of the plan as it was first committed; None if that cannot be read.
    committed : datetime or None
        When it was first committed; None if the history does not reach back to it.
    first : datetime or None
        When the earliest run had started at the latest: its end less the time it trained. None if
        there are no records.
    finished : datetime or None
        When that run ended.
    unchanged : bool or None
        Whether the plan of today begins with the plan as it was first committed, to which only
        additions at its end were made; None if that cannot be checked.
    unchecked : str
        What could not be checked, and why; empty if everything was.
    contained : bool
        Whether the commit of every run is known here and contains the plan.
    """

    digest: str | None
    committed: datetime | None
    first: datetime | None
    finished: datetime | None
    unchanged: bool | None
    unchecked: str = ""
    contained: bool = False

    @property
    def older(self) -> bool | None:
        """Whether the plan was committed before the earliest run started; None if not known."""
        if self.committed is None or self.first is None:
            return None
        return self.contained or self.committed < self.first


def registration(plan: Path, records: Iterable[Record]) -> Registration:
    """Compare the plan's first commit with the earliest of some records.

    Parameters
    ----------
    plan : pathlib.Path
        A file in a clone of the repository.
    records : iterable of dict
        Of the registered campaign.

    Returns
    -------
    Registration

    Raises
    ------
    FileNotFoundError
        If there is no plan.
    """
    text = _lines(plan.read_bytes())
    spans: list[tuple[datetime, datetime]] = []
    commits: set[str] = set()
    for record in records:
        commits.add(str(record["provenance"].get("commit")))
        end = datetime.fromisoformat(record["provenance"]["finished"])
        seconds = timedelta(seconds=record["provenance"].get("seconds", 0.0))
        spans.append((end - seconds, end))
    first, finished = min(spans) if spans else (None, None)
    try:
        shallow = _git(plan, "rev-parse", "--is-shallow-repository").strip() == "true"
        added = _git(
            plan, "log", "--diff-filter=A", "--format=%H %cI", "--", plan.name
        ).splitlines()
    except (OSError, subprocess.CalledProcessError):
        return Registration(
            None, None, first, finished, None, "there is no history of the plan: not a git clone"
        )
    if not added:
        return Registration(
            None, None, first, finished, None, "there is no history of the plan: not committed"
        )
    commit, date = added[-1].split()
    if shallow and commit in _shallow_boundary(plan):
        return Registration(
            None,
            None,
            first,
            finished,
            None,
            "the clone is shallow, so that the plan's first commit is not in it; "
            "`git fetch --unshallow` brings it",
        )
    registered = _git_bytes(plan, "show", f"{commit}:./{plan.name}")
    return Registration(
        hashlib.sha256(registered).hexdigest(),
        datetime.fromisoformat(date),
        first,
        finished,
        text.startswith(_lines(registered).rstrip()),
        contained=bool(commits) and all(_contains(plan, one, commit) for one in commits),
    )


def _lines(text: bytes) -> bytes:
    """The text with one kind of line end, whichever git wrote."""
    return text.replace(b"\r\n", b"\n")


def _git_bytes(plan: Path, *arguments: str) -> bytes:
    finished = subprocess.run(["git", *arguments], cwd=plan.parent, capture_output=True, check=True)
    return finished.stdout


def _git(plan: Path, *arguments: str) -> str:
    return _git_bytes(plan, *arguments).decode()


def _contains(plan: Path, commit: str, earlier: str) -> bool:
    """Whether a commit of a run, perhaps with changes (``+``), has another one among its past."""
    try:
        _git(plan, "merge-base", "--is-ancestor", earlier, commit.rstrip("+"))
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _shallow_boundary(plan: Path) -> set[str]:
    """The commits whose parents a shallow clone lacks."""
    listed = plan.parent / _git(plan, "rev-parse", "--git-path", "shallow").strip()
    return set(listed.read_text().split())
