"""Worker processes that need no Keras."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from pickle import PicklingError

import pytest

from wssl.machine import processes
from wssl.machine.processes import LostWorkerError, Processes, chosen


def test_an_argument_has_precedence_over_the_variable(monkeypatch):
    monkeypatch.setenv("WSSL_JOBS", "3")
    assert chosen() == 3
    assert chosen(2) == 2
    for empty in ("", None):
        monkeypatch.delenv("WSSL_JOBS") if empty is None else monkeypatch.setenv("WSSL_JOBS", "")
        assert chosen() is None


@pytest.mark.parametrize("value", ["0", "-2", "two", "1.5"])
def test_a_number_that_is_none_is_an_error_that_names_where_it_is_from(monkeypatch, value):
    monkeypatch.setenv("WSSL_JOBS", value)
    with pytest.raises(ValueError, match=f"WSSL_JOBS: expected .* at least 1; received '{value}'"):
        chosen()
    with pytest.raises(ValueError, match="jobs: expected .* at least 1; received 0"):
        chosen(0)


def ended(pid):
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True


def wait_for(condition, seconds=120.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_calls_are_done_by_other_processes_which_are_used_again():
    with Processes(2) as pool:
        pids = {pool.submit(os.getpid).result() for _ in range(4)}
        assert 1 <= len(pids) <= 2
        assert os.getpid() not in pids
        assert pool.submit(divmod, 7, 2).result() == (3, 1)
        assert pool.submit(sorted, [1, 2], reverse=True).result() == [2, 1]
        assert pool.submit(os.getenv, "WSSL_JOBS").result() == "1"
        assert pool.submit(processes.in_worker).result()
    assert not processes.in_worker()
    assert all(map(ended, pids))


def test_an_error_comes_back_with_its_traceback():
    with Processes(1) as pool:
        error = pool.submit(divmod, 1, 0).exception()
        assert isinstance(error, ZeroDivisionError)
        assert "Traceback" in str(error.__cause__)
        assert isinstance(pool.submit(os.read, 12345, 1).exception(), OSError)
        assert pool.submit(divmod, 1, 1).result() == (1, 0)


class Unknown:
    """Is sent by the name of what no process has."""

    def __reduce__(self):
        return getattr, ("", "no_such_name")


def test_what_cannot_be_sent_fails_alone():
    define = (
        "class Odd(Exception):\n"
        "    def __init__(self, *, text): super().__init__(text)\n"
        "__import__('builtins').Odd = Odd\n"
        "Odd.__module__ = 'builtins'\n"
        "raise Odd(text='the loss is not finite')"
    )
    with Processes(2) as pool:
        slow = pool.submit(time.sleep, 1.0)
        error = pool.submit(exec, define).exception()
        assert isinstance(error, RuntimeError)
        assert str(error) == "Odd: the loss is not finite"
        assert "Traceback" in str(error.__cause__)
        assert isinstance(pool.submit(len, Unknown()).exception(), AttributeError)
        assert isinstance(pool.submit(len, lambda: 0).exception(), (AttributeError, PicklingError))
        with pytest.raises(TypeError, match="pickle"):
            pool.submit(eval, "__import__('threading').Lock()").result()
        assert slow.exception() is None
        assert pool.submit(divmod, 7, 2).result() == (3, 1)


def test_what_a_process_writes_to_stderr_appears_on_this_ones(capsys):
    with Processes(2) as pool:
        for word in ("one", "another"):
            pool.submit(exec, f"import sys; print('{word} word', file=sys.stderr)").result()
        assert pool.submit(eval, "__import__('sys').stderr.isatty()").result() is False
    assert sorted(capsys.readouterr().err.splitlines()) == ["another word", "one word"]


@pytest.mark.skipif(os.name == "nt", reason="needs the signals of POSIX")
def test_a_process_that_dies_takes_no_other_with_it_and_is_replaced():
    with Processes(2) as pool:
        slow = pool.submit(time.sleep, 1.0)
        with pytest.raises(LostWorkerError, match=r"ended by SIGKILL, possibly .* fewer jobs"):
            pool.submit(exec, "import os; os.kill(os.getpid(), 9)").result()
        with pytest.raises(LostWorkerError, match="ended with status 3"):
            pool.submit(os._exit, 3).result()
        assert [pool.submit(divmod, i, 1).result()[0] for i in range(4)] == [0, 1, 2, 3]
        assert slow.exception() is None


HALF = """
import os, signal
from multiprocessing.connection import Connection

def half(self, content, *_):
    os.write(self.fileno(), bytes(content)[: len(content) // 2])
    os.kill(os.getpid(), signal.SIGKILL)

Connection._send = half
"""


@pytest.mark.skipif(os.name == "nt", reason="needs the signals of POSIX")
def test_a_process_killed_half_way_through_its_answer_is_lost_not_waited_for():
    with Processes(2) as pool:
        with pytest.raises(LostWorkerError, match="ended by SIGKILL"):
            pool.submit(exec, HALF, {}).result(timeout=120)
        assert [pool.submit(divmod, i, 1).result()[0] for i in range(4)] == [0, 1, 2, 3]


def test_an_error_in_the_block_ends_what_is_running():
    began = time.monotonic()
    with pytest.raises(KeyError), Processes(2) as pool:
        pids = [pool.submit(os.getpid).result() for _ in range(2)]
        sleeping = [pool.submit(time.sleep, 60) for _ in range(3)]
        raise KeyError
    assert time.monotonic() - began < 55
    assert all(future.cancelled() or future.exception() for future in sleeping)
    assert all(map(ended, pids))


def test_one_that_does_not_end_by_itself_is_killed(monkeypatch):
    monkeypatch.setattr(processes, "_GRACE_SECONDS", 0.2)
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    began = time.monotonic()
    with pytest.raises(KeyError), Processes(1) as pool:
        pid = pool.submit(os.getpid).result()
        pool.submit(exec, stubborn)
        time.sleep(0.5)
        raise KeyError
    assert time.monotonic() - began < 55
    assert ended(pid)


def test_processes_of_several_threads_leave_the_main_module_as_it_is():
    main = sys.modules["__main__"]
    pools = []
    threads = [threading.Thread(target=lambda: pools.append(Processes(1))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sys.modules["__main__"] is main
    for pool in pools:
        assert pool.submit(divmod, 3, 2).result() == (1, 1)
        pool.shutdown()


SCRIPT = """
import os, signal, sys, time
from wssl.machine.processes import Processes
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored below a shell's background job
print("once", flush=True)
with Processes(2) as pool:
    print(*(pool.submit(os.getpid).result() for _ in range(2)), flush=True)
    if "wait" in sys.argv:
        pool.submit(time.sleep, 60).result()
"""


def started(tmp_path, *arguments):
    (tmp_path / "script.py").write_text(SCRIPT)
    return subprocess.Popen(
        [sys.executable, tmp_path / "script.py", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_a_script_needs_no_guard(tmp_path):
    out, err = started(tmp_path).communicate(timeout=60)
    assert out.splitlines()[0] == "once"
    assert len(out.splitlines()) == 2
    assert err == ""


@pytest.mark.skipif(os.name == "nt", reason="needs the signals of POSIX")
@pytest.mark.parametrize("harshly", [True, False], ids=["killed", "interrupted"])
def test_the_processes_end_with_the_one_that_started_them(tmp_path, harshly):
    with started(tmp_path, "wait") as script:
        assert script.stdout.readline() == "once\n"
        pids = [int(word) for word in script.stdout.readline().split()]
        time.sleep(0.2)
        if harshly:
            script.kill()
        else:
            os.killpg(script.pid, signal.SIGINT)
        wait_for(lambda: all(map(ended, pids)))
        err = script.stderr.read()
    assert script.returncode == -(signal.SIGKILL if harshly else signal.SIGINT)
    assert err.count("Traceback") == (0 if harshly else 1), "of the script alone"
