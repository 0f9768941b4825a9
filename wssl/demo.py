"""What the book's page "Try it" needs beside itself: trained networks and a runtime for them.

``python -m wssl.demo`` trains the two networks, unless the store holds them, writes each as ONNX,
fetches the runtime with npm, and packs all three as scripts. Scripts, since a page that is opened
from a disk may load these and nothing else.
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
from wssl.runs import Result
from wssl.schedule import run_all
from wssl.store import atomic

FOLDER = Path("book/_demo/packed")
"""Where the page looks for them; git does not."""

RUNTIME = "onnxruntime-web@1.30.0"
INTEGRITY = (
    "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
)  # fmt: skip
"""Of the runtime's npm package; another content is refused."""


def experiments(**settings: Any) -> dict[str, Experiment]:
    """The networks of the page by name: the paper's, and one whose encoder was never trained.

    Parameters
    ----------
    **settings
        Of both, as for `wssl.Experiment`.
    """
    return {
        "wssl": Experiment(**settings),
        "control": Experiment(encoder="random", **settings),
    }


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
    """
    experiment = result.experiment
    facts = {
        "size": experiment.scale.size,
        "preset": experiment.preset,
        "dataset": experiment.dataset,
        "seed": experiment.seed,
        "fingerprint": result.fingerprint,
        "psnr": result.metrics["psnr"],
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
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != integrity:
        raise ValueError(f"{package}: expected {integrity}; received sha512-{digest}.")
    return archive


def pack_runtime(archive: Path) -> str:
    """The script of the runtime, from the archive of its npm package.

    Parameters
    ----------
    archive : Path
        What `fetch` returned.
    """
    with tarfile.open(archive) as package:

        def read(name: str) -> bytes:
            file = package.extractfile(f"package/dist/{name}")
            if file is None:
                raise ValueError(f"{archive.name}: expected a file {name}; it holds none.")
            return file.read()

        script = read("ort.wasm.min.js").decode().rsplit("//# sourceMappingURL", 1)[0]
        facts = {"name": RUNTIME, "loader": read("ort-wasm-simd-threaded.mjs").decode()}
        return script + packed("runtime", facts, read("ort-wasm-simd-threaded.wasm"))


def main(arguments: list[str] | None = None) -> None:
    """Make what the book's page "Try it" needs: two trained networks and a runtime.

    Parameters
    ----------
    arguments : list of str, optional
        As from the shell, without the program's name.
    """
    parser = argparse.ArgumentParser(prog="python -m wssl.demo", description=main.__doc__)
    parser.add_argument("--preset", default="quick", help="how large (default: quick)")
    parser.add_argument("--dataset", default="synthetic", help="images (default: synthetic)")
    parser.add_argument("--seed", type=int, default=0, help="of both networks (default: 0)")
    parser.add_argument("--output", type=Path, default=FOLDER, help=f"default: {FOLDER}")
    options = parser.parse_args(arguments)
    try:
        runtime = options.output / "runtime.js"
        if not runtime.is_file() or RUNTIME not in runtime.read_text(encoding="utf-8"):
            with tempfile.TemporaryDirectory() as folder:
                _write(runtime, pack_runtime(fetch(RUNTIME, INTEGRITY, Path(folder))))
        chosen = experiments(preset=options.preset, dataset=options.dataset, seed=options.seed)
        for name, result in zip(chosen, run_all(list(chosen.values())), strict=True):
            _write(options.output / f"{name}.js", pack_model(name, result))
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")


def _write(path: Path, script: str) -> None:
    with atomic(path) as temporary:
        temporary.write_text(script, encoding="utf-8")
    print(f"{path}  {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
