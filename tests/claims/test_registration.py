"""The plan against the records, in repositories made for it."""

import hashlib
import os
import subprocess
from datetime import UTC, datetime

import pytest

from wssl.claims.registration import registration

PLAN = "# The plan\n\nWhat is compared.\n"


def git(folder, *arguments, date="2026-01-02T12:00:00+00:00"):
    environment = {
        **os.environ,
        "GIT_AUTHOR_DATE": date,
        "GIT_COMMITTER_DATE": date,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
    }
    identity = ["-c", "user.name=Nobody", "-c", "user.email=nobody@example.org"]
    subprocess.run(
        ["git", *identity, *arguments], cwd=folder, env=environment, check=True, capture_output=True
    )


def commit(folder, text, date):
    (folder / "book").mkdir(exist_ok=True)
    (folder / "book" / "plan.md").write_text(text)
    git(folder, "add", ".")
    git(folder, "commit", "-m", "plan", date=date)
    return folder / "book" / "plan.md"


@pytest.fixture
def clone(tmp_path):
    folder = tmp_path / "origin"
    folder.mkdir()
    git(folder, "init", "--initial-branch", "main")
    git(folder, "commit", "--allow-empty", "-m", "start", date="2026-01-01T12:00:00+00:00")
    return folder


def record(finished, seconds=0.0):
    return {"provenance": {"finished": finished, "seconds": seconds}}


def test_a_plan_that_is_older_than_the_first_run(clone):
    plan = commit(clone, PLAN, "2026-01-02T12:00:00+00:00")
    found = registration(
        plan, [record("2026-01-04T00:00:00+00:00"), record("2026-01-03T01:00:00+02:00", 3600)]
    )
    assert found.digest == hashlib.sha256(PLAN.encode()).hexdigest()
    assert found.committed == datetime(2026, 1, 2, 12, tzinfo=UTC)
    assert found.first == datetime(2026, 1, 2, 22, tzinfo=UTC)
    assert found.finished == datetime(2026, 1, 2, 23, tzinfo=UTC)
    assert (found.older, found.unchanged, found.unchecked) == (True, True, "")


def test_a_run_that_began_before_the_plan_counts_although_it_ended_later(clone):
    plan = commit(clone, PLAN, "2026-01-02T12:00:00+00:00")
    assert registration(plan, [record("2026-01-02T12:30:00+00:00", 3600)]).older is False
    assert registration(plan, [record("2026-01-02T12:30:00+00:00", 600)]).older is True


def test_a_run_of_a_commit_with_the_plan_is_younger_whatever_the_clocks_say(clone):
    plan = commit(clone, PLAN, "2026-01-02T12:00:00+00:00")
    git(clone, "commit", "--allow-empty", "-m", "later")
    before, after = (head(clone, name) for name in ("HEAD~2", "HEAD"))
    early = record("2026-01-02T11:00:00+00:00")

    def made(*commits):
        made_by = [{**early["provenance"], "commit": name} for name in commits]
        return registration(plan, [{"provenance": provenance} for provenance in made_by])

    assert (made(after).contained, made(after).older) == (True, True)
    assert made(f"{after}+").contained is True
    for others in ((before,), (after, before), (after, "0" * 40), (after, None)):
        assert (made(*others).contained, made(*others).older) == (False, False)


def head(folder, name):
    done = subprocess.run(
        ["git", "rev-parse", name], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_additions_go_below(clone):
    commit(clone, PLAN, "2026-01-02T12:00:00+00:00")
    plan = commit(clone, PLAN + "\n## Addition, 5 January\n", "2026-01-05T12:00:00+00:00")
    found = registration(plan, [record("2026-01-03T00:00:00+00:00")])
    assert (found.older, found.unchanged) == (True, True)
    assert found.digest == hashlib.sha256(PLAN.encode()).hexdigest()
    plan.write_bytes(plan.read_bytes().replace(b"\n", b"\r\n"))
    assert registration(plan, []).unchanged is True
    plan.write_text(PLAN.replace("compared", "reported"))
    assert registration(plan, []).unchanged is False


def test_without_records_nothing_is_said_of_the_order(clone):
    plan = commit(clone, PLAN, "2026-01-02T12:00:00+00:00")
    found = registration(plan, [])
    assert (found.first, found.finished, found.older) == (None, None, None)


def test_a_shallow_clone_says_what_it_could_not_check(clone, tmp_path):
    commit(clone, PLAN, "2026-01-02T12:00:00+00:00")
    git(clone, "commit", "--allow-empty", "-m", "later")
    git(tmp_path, "clone", "--depth", "1", f"file://{clone}", "shallow")
    found = registration(tmp_path / "shallow" / "book" / "plan.md", [])
    assert found.committed is None
    assert found.digest is None
    assert "shallow" in found.unchecked
    git(tmp_path / "shallow", "fetch", "--unshallow")
    whole = registration(tmp_path / "shallow" / "book" / "plan.md", [])
    assert whole.committed == datetime(2026, 1, 2, 12, tzinfo=UTC)
    assert whole.unchecked == ""


def test_a_copy_without_history_and_a_plan_that_is_not_committed(clone, tmp_path):
    (tmp_path / "copy").mkdir()
    plan = tmp_path / "copy" / "plan.md"
    plan.write_text(PLAN)
    assert "not a git clone" in registration(plan, []).unchecked
    (clone / "plan.md").write_text(PLAN)
    assert "not committed" in registration(clone / "plan.md", []).unchecked


def test_a_missing_plan(tmp_path):
    with pytest.raises(FileNotFoundError):
        registration(tmp_path / "plan.md", [])
