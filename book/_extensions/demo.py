"""The files of the page "Try it": copied beside the page, with a list of those that are there.

The pictures go into that list as data, since a page that is opened from a disk may show a picture
file, but not read its pixels. Of what is packed the list holds the hash, by which a browser refuses
another content, and the facts of a network, so that the page knows its size before it is read.
"""

import base64
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx


def copy_demo(source: Path, target: Path) -> None:
    """Put what the page loads into `target`, and the list of it into ``files.js``."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("pictures", ".*"))
    pictures = {
        path.stem: "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()
        for path in sorted((source / "pictures").glob("*.png"))
    }
    packed = {path.stem: _entry(path) for path in sorted((source / "packed").glob("[!.]*.js"))}
    content = json.dumps({"pictures": pictures, "packed": packed})
    (target / "files.js").write_text(f"const demoFiles = {content};\n", encoding="utf-8")


def _entry(path: Path) -> dict[str, Any]:
    """The hash of a packed script, and the facts that it hands over first, if it does."""
    script = path.read_bytes()
    digest = base64.b64encode(hashlib.sha384(script).digest()).decode()
    entry: dict[str, Any] = {"integrity": f"sha384-{digest}"}
    call = f"wsslDemo.receive({json.dumps(path.stem)}, "
    text = script.decode()
    if text.startswith(call):
        entry["facts"], _ = json.JSONDecoder().raw_decode(text, len(call))
    return entry


def finish(app: Sphinx, error: Exception | None) -> None:
    source = Path(app.srcdir, "_demo")
    if not error and app.builder.format == "html" and source.is_dir():
        copy_demo(source, Path(app.outdir, "_demo"))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
