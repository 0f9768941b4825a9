"""What the page "Try it" needs: packed content, an archive that is checked, honest pictures."""

import base64
import gzip
import hashlib
import io
import json
import re
import runpy
import subprocess
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wssl import data, demo

BOOK = Path(__file__).parents[1] / "book"
PICTURES = BOOK / "_demo" / "pictures"


def unpacked(script):
    """The name, the facts and the content that a script hands over."""
    call = re.search(r"wsslDemo\.receive\((.*)\);\n$", script, re.DOTALL)
    name, facts, text = json.loads(f"[{call.group(1)}]")
    return name, facts, gzip.decompress(base64.b64decode(text))


def archive(folder, files):
    path = folder / "package-1.tgz"
    with tarfile.open(path, "w:gz") as package:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"package/dist/{name}")
            entry.size = len(content)
            package.addfile(entry, io.BytesIO(content))
    return path


def test_content_is_packed_and_the_same_content_gives_the_same_script():
    content = bytes(range(256)) * 9
    script = demo.packed("wssl", {"size": 64}, content)
    assert unpacked(script) == ("wssl", {"size": 64}, content)
    assert script == demo.packed("wssl", {"size": 64}, content)


def test_the_runtime_is_a_library_its_loader_and_its_binary(tmp_path):
    files = {
        "ort.wasm.min.js": b"var ort = 1;\n//# sourceMappingURL=ort.map",
        "ort-wasm-simd-threaded.mjs": b"export default 1",
        "ort-wasm-simd-threaded.wasm": b"\0asm",
    }
    script = demo.pack_runtime(archive(tmp_path, files))
    assert script.startswith("var ort = 1;\nwsslDemo.receive(")
    facts = {"name": demo.RUNTIME, "loader": "export default 1"}
    assert unpacked(script) == ("runtime", facts, b"\0asm")


def test_a_package_of_another_content_is_refused(tmp_path, monkeypatch):
    path = archive(tmp_path, {})

    def npm(command, **_):
        assert command[:2] == ["npm", "pack"]
        return subprocess.CompletedProcess(command, 0, stdout=f"{path.name}\n", stderr="")

    monkeypatch.setattr(demo.subprocess, "run", npm)
    digest = base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
    assert demo.fetch("package@1", f"sha512-{digest}", tmp_path) == path
    with pytest.raises(ValueError, match="package@1: expected sha512-other; received sha512-"):
        demo.fetch("package@1", "sha512-other", tmp_path)


def test_without_npm_it_is_said_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match=r"package@1 needs npm, which comes with Node\.js"):
        demo.fetch("package@1", "sha512-x", tmp_path)


def test_the_two_networks_differ_in_their_encoder_alone():
    chosen = demo.experiments(preset="quick", seed=3)
    assert list(chosen) == ["wssl", "control"]
    assert chosen["wssl"].encoder == "frozen"
    assert chosen["control"].encoder == "random"
    assert {e.seed for e in chosen.values()} == {3}
    assert len({e.loss for e in chosen.values()}) == 1


def test_the_pictures_of_the_page_are_the_project_s_own():
    drawn = data.images("synthetic", "test", 64, 14)
    photographs = data.images("photos", "test", 64, 3)
    expected = dict(zip(["astronaut", "cat", "coffee"], photographs, strict=True))
    expected |= {"portrait-1": drawn[10], "portrait-2": drawn[13]}
    assert {path.stem for path in PICTURES.glob("*.png")} == set(expected)
    for name, image in expected.items():
        committed = np.asarray(Image.open(PICTURES / f"{name}.png")).astype(int)
        # Portraits are drawn with sines, whose last bit is the processor's.
        assert np.abs(committed - image).max() <= 1, name


def test_the_page_names_every_picture():
    page = (BOOK / "demo.md").read_text()
    named = re.findall(r'name="picture" value="([^"]+)"', page)
    assert sorted(named) == sorted(path.stem for path in PICTURES.glob("*.png"))


def test_the_book_lists_what_there_is_and_publishes_nothing_else(tmp_path):
    copy = runpy.run_path(str(BOOK / "_extensions" / "demo.py"))["copy_demo"]
    source = tmp_path / "source"
    (source / "pictures").mkdir(parents=True)
    (source / "packed").mkdir()
    (source / "demo.js").write_text("1")
    (source / "pictures" / "cat.png").write_bytes(b"cat")
    (source / "packed" / "wssl.js").write_text("2")
    (source / "packed" / ".wssl-unfinished.js").write_text("3")
    copy(source, tmp_path / "target")
    written = {p.name for p in (tmp_path / "target").rglob("*") if p.is_file()}
    assert written == {"demo.js", "files.js", "wssl.js"}
    listed = (tmp_path / "target" / "files.js").read_text()
    listed = json.loads(listed.removeprefix("const demoFiles = ").removesuffix(";\n"))
    assert listed["pictures"] == {"cat": "data:image/png;base64,Y2F0"}
    assert listed["packed"] == ["wssl"]


def test_two_networks_and_the_runtime_are_made_once(tmp_path, monkeypatch, trained, capsys):
    fetched = []
    monkeypatch.setattr(demo, "fetch", lambda package, *_: fetched.append(package))
    monkeypatch.setattr(
        demo, "pack_runtime", lambda _: demo.packed("runtime", {}, b"r") + demo.RUNTIME
    )
    arguments = ["--preset", "smoke", "--output", str(tmp_path / "packed")]
    demo.main(arguments)
    steps = len(trained)
    demo.main(arguments)
    assert fetched == [demo.RUNTIME]
    assert len(trained) == steps > 0
    written = {path.name: path.read_text() for path in (tmp_path / "packed").iterdir()}
    assert set(written) == {"runtime.js", "wssl.js", "control.js"}
    for name in ("wssl", "control"):
        called, facts, content = unpacked(written[f"{name}.js"])
        assert called == name
        assert facts["size"] == 32
        assert b"restored" in content
    assert "wssl.js" in capsys.readouterr().out


def test_a_preset_that_does_not_exist_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "fetch", lambda *_: None)
    monkeypatch.setattr(demo, "pack_runtime", lambda _: demo.RUNTIME)
    with pytest.raises(SystemExit, match="error: .*qick"):
        demo.main(["--preset", "qick", "--output", str(tmp_path)])
