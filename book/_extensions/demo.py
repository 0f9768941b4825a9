"""The files of the page "Try it": copied beside the page, with a list of those that are there.

The pictures go into that list as data, since a page that is opened from a disk may show a picture
file, but not read its pixels.
"""

import base64
import json
import shutil
from pathlib import Path

from sphinx.application import Sphinx


def copy_demo(source: Path, target: Path) -> None:
    """Put what the page loads into `target`, and the list of it into ``files.js``."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("pictures", ".*"))
    pictures = {
        path.stem: "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()
        for path in sorted((source / "pictures").glob("*.png"))
    }
    packed = sorted(path.stem for path in (source / "packed").glob("[!.]*.js"))
    content = json.dumps({"pictures": pictures, "packed": packed})
    (target / "files.js").write_text(f"const demoFiles = {content};\n", encoding="utf-8")


def finish(app: Sphinx, error: Exception | None) -> None:
    source = Path(app.srcdir, "_demo")
    if not error and app.builder.format == "html" and source.is_dir():
        copy_demo(source, Path(app.outdir, "_demo"))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
