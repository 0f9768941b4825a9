"""What faults do to the study: kills at random moments, full disks, clocks that jump, and more.

A row does one fault many times to one of the commands below, each time followed by the same command
in the same folder. What the folder holds in the end is compared with what an undisturbed run leaves
there: the numbers of records, the arrays of weights, the bytes of all else. In between, a file that
has its final name has its final content. The commands are small, but go through the code that the
study goes through; they save their state at every step.

The moments are drawn from a seed; the machine decides what a process does at a moment. Killing
counts as a fault only if the process was still there. Needs Linux; what needs a small disk mounts
one in a namespace of its own, or else limits the size of files.
"""

import argparse
import hashlib
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from functools import cache, partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock, Timer
from typing import Any

import numpy as np
from table import parser_of

TABLE = Path(__file__).parents[1] / "book" / "_faults.md"
"""What the page on faults includes."""

SETTINGS = {"pretext_steps": 100, "inpainting_steps": 100}
IN_NAMESPACE = "WSSL_FAULTS_NAMESPACE"


@dataclass
class Row:
    """A fault, how often it was done, and what went wrong.

    Attributes
    ----------
    fault : str
    times : int
    unequal : int
        Ends that differ from the undisturbed run's, or that there are none.
    half : int
        Files seen under their final names without their final content.
    left : int
        Files or processes that stayed in the end.
    temporary : int
        The most files that were there at a time and will not be in the end.
    said : list of str
        How the disturbed commands ended, where they had something to say.
    """

    fault: str
    times: int = 0
    unequal: int = 0
    half: int = 0
    left: int = 0
    temporary: int = 0
    said: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether the fault was done, and nothing went wrong."""
        return self.times > 0 and not (self.unequal or self.half or self.left)


# ---------------------------------------------------------------------------- the commands


def mark(word: str) -> None:
    """Tell the process that watches this one how far it is."""
    with suppress(OSError):
        os.write(1, f"mark {word}\n".encode())


def announced(function: Callable[..., Any], word: Callable[..., str]) -> Callable[..., Any]:
    """The same function, whose calls are told first."""

    def call(*arguments: Any, **named: Any) -> Any:
        mark(word(*arguments, **named))
        return function(*arguments, **named)

    return call


def train(folder: Path) -> int:
    """``wssl run``: a pretext phase, an inpainting phase, tests, and a record of each."""
    from wssl import cli
    from wssl.runs import execution, training

    announce_training()
    training.atomic = announced(training.atomic, lambda path: "write")
    execution.inpainting_scores = announced(execution.inpainting_scores, lambda *_: "tests")
    values = [f"{name}={value}" for name, value in SETTINGS.items()]
    options = ["--preset", "smoke", "--pretext", "rotation=1", "--settings", *values]
    return cli.main(["run", *options])


def announce_training() -> None:
    from wssl.runs import training

    training.CHECKPOINT_SECONDS = 0.0
    training.train = announced(training.train, lambda *_, title, **__: title.split()[0].strip(","))


def evaluate(folder: Path) -> int:
    """Test the experiment of `train` on photographs; the folder holds what `train` left."""
    from wssl import Evaluation, Experiment, Store
    from wssl.runs import execution

    mark("begin")
    experiment = Experiment(preset="smoke", pretext={"rotation": 1}, settings=SETTINGS)
    for coverage in ((0.1, 0.2), (0.2, 0.3), (0.3, 0.4), (0.4, 0.5)):
        execution.evaluate(Evaluation(experiment, dataset="photos", coverage=coverage), Store())
    return 0


def records(folder: Path) -> int:
    """Write 60 records of 200 kB, those that are there too."""
    from wssl.records.store import Store, fingerprint

    mark("begin")
    store = Store()
    for number in range(60):
        values = np.random.default_rng(number).random(10_000).tolist()
        store.put(
            {
                "kind": "inpainting",
                "experiment": {"seed": number},
                "fingerprint": fingerprint(number),
                "metrics": {"ssim": number},
                "per_image": {"ssim": values},
                "provenance": {},
            }
        )
    return 0


def prepare(folder: Path) -> int:
    """``wssl data prepare`` of 480 pictures by two processes, in blocks of 8."""
    from wssl import cli
    from wssl.data import preparation

    preparation.BLOCK_ROWS = 8
    mark("begin")
    source = f"folder:{os.environ['WSSL_FAULTS_PICTURES']}"
    options = ["--output", str(folder / "prepared"), "--size", "64", "--workers", "2"]
    return cli.main(["data", "prepare", source, *options])


def notebook(folder: Path) -> int:
    """Execute a study as ``make book`` does."""
    from wssl.book import notebooks

    mark("begin")
    notebooks.main(["01", "--output", str(folder), "-p", "preset", "smoke"])
    return 0


def study(folder: Path) -> int:
    """``wssl study``: three experiments and their pretext phases in two worker processes."""
    from wssl import cli

    mark("begin")
    return cli.main(["study", "--only", "1", "--preset", "smoke", "--jobs", "2", "--seeds", "1"])


COMMANDS = {c.__name__: c for c in (train, evaluate, records, prepare, notebook, study)}


def set_clock_back() -> None:
    """Let the clock of this process jump back by an hour every fifth time that it is read."""
    calls, now = iter(range(10**9)), time.time
    time.time = lambda: now() - 3600 * (next(calls) // 5)
    time.time_ns = lambda: int(time.time() * 1e9)


# ---------------------------------------------------------------------------- what they leave


def contents(folder: Path) -> dict[str, str]:
    """A digest of what matters in each file below a folder; one that cannot be read is "half"."""
    found = {}
    for path in sorted(folder.rglob("*")):
        with suppress(FileNotFoundError):
            if path.is_file():
                found[str(path.relative_to(folder))] = digest(path)
    return found


def digest(path: Path) -> str:
    """SHA-256 of a record's numbers, of a file's arrays, or of the bytes of another file."""
    content = path.read_bytes()
    try:
        if path.suffix == ".npz":
            with np.load(BytesIO(content)) as file:
                parts = [name.encode() + file[name].tobytes() for name in file.files]
            content = b"".join(parts)
        elif path.suffix == ".json":
            value = json.loads(content)
            value.pop("provenance", None)
            content = json.dumps(value, sort_keys=True).encode()
    except Exception as error:
        return f"half: {error!r}"
    return hashlib.sha256(content).hexdigest()


class Scene:
    """A place where commands run: their folders, their logs, and what undisturbed ones leave.

    A command that takes more than `limit` seconds is taken to hang.
    """

    def __init__(self, root: Path, limit: float = 300.0):
        self.root, self.limit = root, limit
        self.environment = {**os.environ, "WSSL_FAULTS_PICTURES": str(root / "pictures")}
        self.environment |= {"JUPYTER_RUNTIME_DIR": str(root / "jupyter"), "WSSL_JOBS": "1"}
        self._locks = {name: Lock() for name in COMMANDS}
        self.undisturbed = cache(self._undisturbed)
        draw_pictures(root / "pictures")

    def folder(self, fault: "Fault") -> Path:
        """A new folder for a fault, with what its command needs."""
        path = self.root / fault.name.replace(" ", "-").replace(",", "")
        path.mkdir()
        self.reset(path, fault.command)
        return path

    def reset(self, folder: Path, command: str) -> None:
        """Empty a folder, but for what the command needs."""
        for path in folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        if command == "evaluate":
            shutil.copytree(self.reference("train")[0], folder, dirs_exist_ok=True)

    def reference(self, command: str) -> tuple[Path, dict[str, str], dict[str, float]]:
        """What an undisturbed run leaves, where, and the seconds at which it was how far."""
        with self._locks[command]:
            return self.undisturbed(command)

    def _undisturbed(self, command: str) -> tuple[Path, dict[str, str], dict[str, float]]:
        folder = self.root / f"undisturbed-{command}"
        folder.mkdir()
        self.reset(folder, command)
        told = {"start": time.monotonic()}
        running = Running(self, command, folder)
        while word := running.next_mark():
            told.setdefault(word, time.monotonic())
        told["end"] = time.monotonic()
        if running.end() != 0:
            raise RuntimeError(f"{command} fails undisturbed: {running.log.read_text()[-2000:]}")
        return folder, contents(folder), told


class Running:
    """A command in a process of its own, which is ended when it takes too long."""

    def __init__(self, scene: Scene, command: str, folder: Path, *flags: str, **more: Any):
        self.log = folder.with_suffix(f".{time.monotonic_ns()}.log")
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, __file__, "--command", command, str(folder), *flags],
                env={**scene.environment, "WSSL_RESULTS": str(folder)},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
                **more,
            )
        self.late = False
        self._watch = Timer(scene.limit, self._is_late)
        self._watch.start()

    def next_mark(self) -> str | None:
        """What the command tells next, or None when it has ended."""
        for line in self.process.stdout:
            if line.startswith("mark "):
                return line.split()[1]
        return None

    def reaches(self, word: str, number: int = 1) -> bool:
        """Wait until a mark has been told so many times; False if the command ends before."""
        while number and (told := self.next_mark()):
            number -= told == word
        return not number

    def children(self) -> list[int]:
        """Processes that the command has started, and those that they have."""
        found, new = [], [self.process.pid]
        while new:
            pid = new.pop()
            with suppress(OSError):
                tasks = Path(f"/proc/{pid}/task").glob("*/children")
                new += [int(word) for path in tasks for word in path.read_text().split()]
            found.append(pid)
        return found[1:]

    def end(self) -> int | None:
        """Wait for the end and give the status; None if it took too long."""
        self.process.communicate()
        self._watch.cancel()
        return None if self.late else self.process.returncode

    def said(self) -> str:
        """Its status, and the last line that it wrote to stderr, without folders."""
        status = "too long" if self.late else f"status {self.process.returncode}"
        lines = self.log.read_text(errors="replace").strip().splitlines() or [""]
        text = re.sub(r"(/[^/\s'\"]+)+/", "", lines[-1])
        return f"{status}: {re.sub(r'[0-9a-f]{16}', 'FINGERPRINT', text)[:200]}"

    def _is_late(self) -> None:
        self.late = True
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


def draw_pictures(folder: Path) -> None:
    """480 portraits as JPEG files in three splits."""
    from PIL import Image

    from wssl.data import portraits

    for number, picture in enumerate(portraits.draw(480, 128)):
        split = ("train", "train", "train", "val", "test")[number % 5]
        (folder / split).mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(folder / split / f"{number}.jpg")


# ---------------------------------------------------------------------------- the faults


@dataclass(frozen=True)
class Fault:
    """A fault that is done to one of the commands.

    Attributes
    ----------
    name : str
    do : callable
        Does it so many times and returns the row.
    times : int
    command : str
    start, stop : str
        Marks of the command between which a kill falls.
    marks : int
        The kill follows one of so many marks `start`, drawn at random,
    within : float, optional
        by no more than so many seconds, in place of the time from `start` to `stop`.
    victims : {"command", "workers", "either"}
        Which processes are killed.
    refusal : str, optional
        What a command may say that finds another at work.
    """

    name: str
    do: "Callable[[Fault, Scene, Row, random.Random], None]"
    times: int
    command: str
    start: str = "begin"
    stop: str = "end"
    marks: int = 1
    within: float | None = None
    victims: str = "command"
    refusal: str | None = None


def kills(fault: Fault, scene: Scene, row: Row, rng: random.Random) -> None:
    """Kill a command, or a process that works for it, at random moments, and run it again.

    The kills follow each other in one folder until the command comes to its end, so that later
    ones meet what earlier ones have left; then it begins anew.
    """
    _, final, told = scene.reference(fault.command)
    span = told[fault.stop] - told[fault.start] if fault.within is None else fault.within
    folder = scene.folder(fault)
    while row.times < fault.times:
        running = Running(scene, fault.command, folder)
        pids: list[int] = []
        if running.reaches(fault.start, rng.randint(1, fault.marks)):
            time.sleep(rng.uniform(0, span))
            pids = running.children()
            if running.process.poll() is None:
                row.times += kill(victim(fault, running.process.pid, pids, rng))
        status = running.end()
        row.left += still_there(pids)
        if status == 0:
            check_end(row, folder, final, status)
            scene.reset(folder, fault.command)
            continue
        if status != -signal.SIGKILL:
            row.said.append(running.said())
            row.unequal += status is None
        between(row, folder, final)
    check_end(row, folder, final, Running(scene, fault.command, folder).end())


def victim(fault: Fault, own: int, pids: list[int], rng: random.Random) -> int:
    """The process that is killed."""
    workers = [pid for pid in pids if b"resource_tracker" not in command_line(pid)]
    if fault.victims == "command" or not workers:
        return own
    if fault.victims == "either" and rng.random() < 0.5:
        return own
    return rng.choice(workers)


def kill(pid: int) -> bool:
    """Whether there was a process to kill."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def command_line(pid: int) -> bytes:
    """How a process was started; empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def still_there(pids: list[int], patience: float = 30.0) -> int:
    """How many processes do not end by themselves; those are ended."""
    end = time.monotonic() + patience
    while (alive := [pid for pid in pids if command_line(pid)]) and time.monotonic() < end:
        time.sleep(0.1)
    return sum(map(kill, alive))


def between(row: Row, folder: Path, final: dict[str, str]) -> None:
    """Look at a folder in which a command was disturbed."""
    found = contents(folder)
    row.half += sum(found[name] != final[name] for name in found.keys() & final.keys())
    row.temporary = max(row.temporary, len(found.keys() - final.keys()))


def check_end(row: Row, folder: Path, final: dict[str, str], status: int | None) -> None:
    """Look at a folder in which a command came to its end."""
    found = contents(folder)
    row.left += len(found.keys() - final.keys())
    row.unequal += status != 0 or any(found.get(name) != final[name] for name in final)


def full_disk(fault: Fault, scene: Scene, row: Row, rng: random.Random) -> None:
    """Run a command on a disk that is too small, then, with room, again."""
    reference, final, _ = scene.reference(fault.command)
    sizes = [path.stat().st_size for path in reference.rglob("*") if path.is_file()]
    folder = scene.folder(fault)
    for _ in range(fault.times):
        share = rng.uniform(0.1, 0.9)
        with small_disk(folder, int(share * sum(sizes))) as enlarge:
            limit = {} if enlarge else {"preexec_fn": partial(limit_files, int(share * max(sizes)))}
            running = Running(scene, fault.command, folder, **limit)
            row.unequal += running.end() in (0, None)
            row.said.append(running.said())
            between(row, folder, final)
            if enlarge:
                enlarge()
            check_end(row, folder, final, Running(scene, fault.command, folder).end())
            scene.reset(folder, fault.command)
        row.times += 1


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Callable[[], None] | None]:
    """A small disk at a folder, and what makes it large; None where none can be mounted."""
    if not may_mount():
        yield None
        return
    mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    try:
        yield partial(mount, "-o", "remount,size=100m", str(folder))
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def mount(*options: str) -> None:
    subprocess.run(["mount", *options], check=True)


def limit_files(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def read_only(fault: Fault, scene: Scene, row: Row, rng: random.Random) -> None:
    """Run a command whose folder cannot be written: empty, and with all that it would write."""
    reference, final, _ = scene.reference(fault.command)
    folder = scene.folder(fault)
    for expected, status in (({}, 1), (final, 0)):
        with small_disk(folder, 10**8) as enlarge:
            if expected:
                shutil.copytree(reference, folder, dirs_exist_ok=True)
            mount("-o", "remount,ro", str(folder)) if enlarge else folder.chmod(0o555)
            running = Running(scene, fault.command, folder)
            row.unequal += running.end() != status or contents(folder) != expected
            row.said.append(running.said() if status else "status 0: found, not trained")
            if not enlarge:
                folder.chmod(0o755)
        row.times += 1


def four_at_a_time(fault: Fault, scene: Scene, row: Row, rng: random.Random) -> None:
    """Run four of the same command at a time in one folder."""
    _, final, told = scene.reference(fault.command)
    folder = scene.folder(fault)
    for _ in range(fault.times):
        scene.reset(folder, fault.command)
        four = []
        for _ in range(4):
            four.append(Running(scene, fault.command, folder))
            time.sleep(rng.uniform(0, 0.1 * (told["end"] - told["start"])))
        for running in four:
            if running.end() != 0:
                row.said.append(running.said())
                row.unequal += fault.refusal is None or fault.refusal not in running.said()
        check_end(row, folder, final, 0)
        row.times += 1


def clock_goes_back(fault: Fault, scene: Scene, row: Row, rng: random.Random) -> None:
    """Kill a command, put the times of its files a day ahead, go on while the clock jumps back."""
    _, final, told = scene.reference(fault.command)
    folder = scene.folder(fault)
    for _ in range(fault.times):
        scene.reset(folder, fault.command)
        running = Running(scene, fault.command, folder, "--set-clock-back")
        if running.reaches(fault.start):
            time.sleep(rng.uniform(0, told[fault.stop] - told[fault.start]))
            kill(running.process.pid)
        running.end()
        tomorrow = time.time() + 86400
        for path in [*folder.rglob("*"), folder]:
            os.utime(path, (tomorrow, tomorrow))
        between(row, folder, final)
        again = Running(scene, fault.command, folder, "--set-clock-back")
        check_end(row, folder, final, again.end())
        row.times += 1


FAULTS = (
    Fault("killed in pretext training", kills, 14, "train", "pretext", "inpainting"),
    Fault("killed in inpainting training", kills, 14, "train", "inpainting", "tests"),
    Fault("killed at a checkpoint", kills, 14, "train", "write", marks=150, within=0.02),
    Fault("killed in a run's tests or record", kills, 8, "train", "tests"),
    Fault("killed in an evaluation", kills, 12, "evaluate"),
    Fault("killed while it writes records", kills, 20, "records"),
    Fault("killed in preparation, or a decoder is", kills, 20, "prepare", victims="either"),
    Fault("killed in a notebook, or its kernel is", kills, 10, "notebook", victims="either"),
    Fault("killed in the study", kills, 6, "study"),
    Fault("a worker of the study is killed", kills, 6, "study", victims="workers"),
    Fault("disk full in training", full_disk, 3, "train"),
    Fault("disk full while it writes records", full_disk, 5, "records"),
    Fault("disk full in preparation", full_disk, 3, "prepare"),
    Fault("results that are read-only", read_only, 2, "train"),
    Fault("four train at a time", four_at_a_time, 2, "train"),
    Fault("four write records at a time", four_at_a_time, 3, "records"),
    Fault("four prepare at a time", four_at_a_time, 3, "prepare", refusal="Another process"),
    Fault("a clock that goes back", clock_goes_back, 3, "train", "pretext"),
)
"""All faults; a process that is killed for want of memory gets the same SIGKILL."""


def main() -> int:
    """Do all faults, or those whose names hold a word; print them and write them down."""
    parser = parser_of("What faults do to the study")
    parser.add_argument("words", nargs="*", help="do only faults whose names hold one of these")
    parser.add_argument("--share", type=float, default=1.0, help="of the faults, for a short trial")
    parser.add_argument("--seed", type=int, default=18)
    parser.add_argument("--minutes", type=float, default=20, help="no fault begins after them")
    parser.add_argument("--lanes", type=int, default=2, help="how many are done side by side")
    parser.add_argument("--limit", type=float, default=300, help="seconds that a command may take")
    parser.add_argument("--command", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--set-clock-back", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.command:
        if options.set_clock_back:
            set_clock_back()
        name, folder = options.command
        return COMMANDS[name](Path(folder))
    enter_namespace()
    began = time.monotonic()
    named = [f for f in FAULTS if not options.words or any(w in f.name for w in options.words)]
    faults = [replace(f, times=max(1, round(f.times * options.share))) for f in named]

    def done(fault: Fault) -> Row:
        row = Row(fault.name)
        if time.monotonic() - began < 60 * options.minutes:
            try:
                fault.do(fault, scene, row, random.Random(f"{options.seed} {fault.name}"))
            except RuntimeError as error:
                row.unequal += 1
                row.said.append(str(error))
        print(f"{(time.monotonic() - began) / 60:5.1f} min  {line(row)}", flush=True)
        return row

    with TemporaryDirectory() as scratch, ThreadPoolExecutor(options.lanes) as lanes:
        scene = Scene(Path(scratch), options.limit)
        rows = list(lanes.map(done, faults))
    for row in rows:
        for words, count in Counter(row.said).most_common():
            print(f"{row.fault}: {count} x {words}")
    if options.record:
        write(options.record, rows, options.seed, time.monotonic() - began)
    return 0 if all(row.good for row in rows) else 1


def line(row: Row) -> str:
    counts = (f"{name} {value}" for name, value in asdict(row).items() if isinstance(value, int))
    return f"{row.fault:<40} {', '.join(counts)}"


def write(path: Path, rows: list[Row], seed: int, seconds: float) -> None:
    """The record, and beside the book's pages the table that one of them includes."""
    from wssl.machine.provenance import provenance

    record = {
        "seed": seed,
        "disk": "a small tmpfs" if may_mount() else "a limit on the size of files",
        "rows": [{**asdict(row), "said": Counter(row.said)} for row in rows],
        "provenance": provenance(seconds),
    }
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    TABLE.write_text(table(record), encoding="utf-8")


def table(record: dict[str, Any]) -> str:
    """A record as Markdown."""
    rows, facts = record["rows"], record["provenance"]
    lines = ["| fault | times | other results | half files | left over |", "| --- " * 5 + "|"]
    for row in rows:
        counts = " | ".join(str(row[name]) for name in ("times", "unequal", "half", "left"))
        lines.append(f"| {row['fault']} | {counts} |")
    killed = sum(row["times"] for row in rows if "killed" in row["fault"])
    total = (
        f"{killed} kills, seed {record['seed']}; a full disk is {record['disk']}; "
        f"{facts['seconds'] / 60:.0f} minutes on {facts['device']}."
    )
    return "\n".join([*lines, "", total, ""])


def may_mount() -> bool:
    return IN_NAMESPACE in os.environ


def enter_namespace() -> None:
    """Go on in a namespace where this process may mount, if the system admits that."""
    command = ["unshare", "--user", "--map-root-user", "--mount"]
    if may_mount() or not shutil.which("unshare"):
        return
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
        os.environ[IN_NAMESPACE] = "1"
        os.execvp("unshare", [*command, sys.executable, *sys.argv])


if __name__ == "__main__":
    sys.exit(main())
