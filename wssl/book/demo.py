"""What the book's page "Try it" needs beside itself: trained networks and a runtime for them.

``python -m wssl.book.demo`` takes the two networks from the store, or trains them, writes each as
ONNX, fetches the runtime with npm, and packs all three as scripts. A page that is opened from a
disk can load scripts, but no other files.
"""

import argparse
import base64
import gzip
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from wssl.experiment import Experiment
from wssl.export import to_onnx
from wssl.records.fields import has_diverged
from wssl.records.store import Store, atomic
from wssl.runs.execution import Result, run
from wssl.scheduling.progress import follow
from wssl.study import campaign

FOLDER = Path("book/_demo/packed")
"""Where the page looks for them; git does not."""

RUNTIME = "onnxruntime-web@1.30.0"
INTEGRITY = (
    "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
)  # fmt: skip
"""Of the runtime's npm package; another content is refused."""


SIZE = 128
"""Side of the networks' images in pixels, unless a preset is named."""

DRAWN = {"pretext_steps": 2400, "inpainting_learning_rate": 0.004}
"""Settings of networks on drawn portraits: a quarter of the campaign's pretext phase, so that an
hour is enough, and half its learning rate, because some of its networks diverged."""


def experiments(**settings: Any) -> dict[str, Experiment]:
    """The networks of the page by name: the paper's best, and the same trained from scratch.

    Parameters
    ----------
    **settings
        Of both, as for `wssl.Experiment`.
    """
    return {
        "wssl": Experiment(**settings),
        "scratch": Experiment(encoder="scratch", **settings),
    }


def largest(store: Store, seed: int | None = None) -> dict[str, Experiment]:
    """The networks of `SIZE` pixels: the campaign's if their weights are stored, or new ones.

    New ones are trained as the campaign's are, but on drawn portraits, which need no download, and
    with the settings `DRAWN`.

    Parameters
    ----------
    store : Store
        Where the weights are looked for.
    seed : int, optional
        Of both networks; if not given, the first of the campaign's seeds with weights, or 0.

    Returns
    -------
    dict of str to Experiment
        As of `experiments`.
    """
    seeds = campaign.FEW if seed is None else (seed,)
    for candidate in seeds:
        chosen = experiments(**campaign.DATA, settings={"size": SIZE}, seed=candidate)
        if all(_is_ready(experiment, store) for experiment in chosen.values()):
            return chosen
    drawn = {"size": SIZE, **DRAWN}
    return experiments(preset=campaign.DATA["preset"], settings=drawn, seed=seed or 0)


def _is_ready(experiment: Experiment, store: Store) -> bool:
    """Whether the weights of a network are stored, and it did not diverge."""
    record = store.get(experiment.fingerprint)
    if record is None or has_diverged(record):
        return False
    return store.weights_path(experiment.fingerprint).is_file()


def packed(name: str, facts: dict[str, Any], content: bytes) -> str:
    """A script that hands `content` and the `facts` about it to the page.

    The same arguments give the same script.

    Parameters
    ----------
    name : str
        By which the page asks for it.
    facts : dict
        A JSON value.
    content : bytes
    """
    text = base64.b64encode(gzip.compress(content, mtime=0)).decode()
    return f'wsslDemo.receive({json.dumps(name)}, {json.dumps(facts)}, "{text}");\n'


def pack_model(name: str, result: Result) -> str:
    """The script of a trained network, with what its record says about it.

    Parameters
    ----------
    name : str
        By which the page asks for it.
    result : Result

    Raises
    ------
    ValueError
        If the network diverged.
    """
    experiment = result.experiment
    if has_diverged(result.record):
        raise ValueError(
            f"The network {name!r} ({result.fingerprint}) diverged in training; its fills show "
            "nothing. Train others: python -m wssl.book.demo --seed 1."
        )
    facts = {
        "size": experiment.scale.size,
        "preset": experiment.preset,
        "dataset": experiment.dataset,
        "seed": experiment.seed,
        "fingerprint": result.fingerprint,
        "ssim": result.metrics["ssim"],
    }
    return packed(name, facts, to_onnx(result.model()).SerializeToString())


def fetch(package: str, integrity: str, folder: Path) -> Path:
    """The archive of an npm package, put into `folder`.

    Parameters
    ----------
    package : str
        Name and version, such as ``name@1.0.0``.
    integrity : str
        As npm's registry states it.
    folder : Path

    Raises
    ------
    ValueError
        If npm is not installed or cannot fetch it, or its content is not the one that `integrity`
        stands for.
    """
    command = ["npm", "pack", package, "--silent"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise ValueError(f"Fetching {package} needs npm, which comes with Node.js.") from None
    if done.returncode:
        raise ValueError(f"npm could not fetch {package}: {done.stderr.strip()}")
    archive = folder / done.stdout.split()[-1]
    check_integrity(archive, integrity)
    return archive


def check_integrity(archive: Path, integrity: str) -> None:
    """Raise an error unless a file has the content that an integrity hash stands for.

    Parameters
    ----------
    archive : Path
    integrity : str
        ``sha512-`` and the digest in base64, as npm's registry and browsers write it.

    Raises
    ------
    ValueError
        If the content is another.
    """
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != integrity:
        raise ValueError(
            f"{archive.name}: expected the content of {integrity}; received sha512-{digest}. "
            "Remove the file and fetch it again; if that does not help, do not use it."
        )


def pack_runtime(archive: Path) -> str:
    """The script of the runtime, from the archive of its npm package.

    Parameters
    ----------
    archive : Path
        What `fetch` returned.
    """
    with tarfile.open(archive) as package:

        def read(name: str) -> bytes:
            try:
                file = package.extractfile(f"package/dist/{name}")
            except KeyError:
                file = None
            if file is None:
                raise ValueError(
                    f"{archive}: expected a package with the file dist/{name}; it has none. Delete "
                    "it, so that it is downloaded again."
                )
            return file.read()

        script = read("ort.wasm.min.js").decode().rsplit("//# sourceMappingURL", 1)[0]
        facts = {
            "name": RUNTIME,
            "integrity": INTEGRITY,
            "loader": read("ort-wasm-simd-threaded.mjs").decode(),
        }
        return script + packed("runtime", facts, read("ort-wasm-simd-threaded.wasm"))


def main(arguments: list[str] | None = None) -> None:
    """Make what the book's page "Try it" needs: two trained networks and a runtime.

    Parameters
    ----------
    arguments : list of str, optional
        As from the shell, without the program's name.
    """
    parser = argparse.ArgumentParser(
        prog="python -m wssl.book.demo",
        description="Make what the page 'Try it' needs: two trained networks and a runtime.",
    )
    parser.add_argument(
        "--preset",
        help=f"how large (default: networks of {SIZE} px, the registered campaign's if their "
        "weights are stored, or trained here in less than an hour)",
    )
    parser.add_argument("--dataset", default="synthetic", help="with --preset (default: synthetic)")
    parser.add_argument("--seed", type=int, help="of both networks")
    parser.add_argument("--output", type=Path, default=FOLDER, help=f"default: {FOLDER}")
    options = parser.parse_args(arguments)
    store = Store()
    try:
        if options.preset is None:
            chosen = largest(store, options.seed)
        else:
            chosen = experiments(
                preset=options.preset, dataset=options.dataset, seed=options.seed or 0
            )
        runtime = options.output / "runtime.js"
        if not runtime.is_file() or INTEGRITY not in runtime.read_text(encoding="utf-8"):
            with tempfile.TemporaryDirectory() as folder:
                _write(runtime, pack_runtime(fetch(RUNTIME, INTEGRITY, Path(folder))))
        progress = follow({"networks": list(chosen.values())}, store)
        for error in progress.failed.values():
            raise error
        for name, experiment in chosen.items():
            _write(options.output / f"{name}.js", pack_model(name, run(experiment, store)))
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")


def _write(path: Path, script: str) -> None:
    with atomic(path) as temporary:
        temporary.write_text(script, encoding="utf-8")
    print(f"{path}  {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
