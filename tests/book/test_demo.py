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

from wssl import data, paper, study
from wssl.book import demo
from wssl.records.store import Store
from wssl.study import campaign

BOOK = Path(__file__).parents[2] / "book"
LOST = [[1, 0.1], [2, 0.5]]
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
    facts = {
        "name": demo.RUNTIME,
        "integrity": demo.INTEGRITY,
        "loader": "export default 1",
    }
    assert unpacked(script) == ("runtime", facts, b"\0asm")


def test_a_package_of_another_content_is_refused(tmp_path, monkeypatch):
    path = archive(tmp_path, {})

    def npm(command, **_):
        assert command[:2] == ["npm", "pack"]
        return subprocess.CompletedProcess(command, 0, stdout=f"{path.name}\n", stderr="")

    monkeypatch.setattr(demo.subprocess, "run", npm)
    digest = base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
    assert demo.fetch("package@1", f"sha512-{digest}", tmp_path) == path
    with pytest.raises(
        ValueError, match=r"package-1\.tgz: expected the content of sha512-other; received sha512-"
    ):
        demo.fetch("package@1", "sha512-other", tmp_path)


def test_without_npm_it_is_said_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match=r"package@1 needs npm, which comes with Node\.js"):
        demo.fetch("package@1", "sha512-x", tmp_path)


def test_the_networks_are_the_paper_s_best_and_the_same_from_scratch():
    chosen = demo.experiments(preset="quick", seed=3)
    assert list(chosen) == ["wssl", "scratch"]
    assert chosen["wssl"].encoder == "frozen"
    assert chosen["wssl"].pretext == paper.BEST
    assert chosen["wssl"].replace(encoder="scratch", pretext=None) == chosen["scratch"]


def test_the_demo_of_make_book_trains_nothing_that_its_study_does_not():
    assert set(demo.experiments(preset="quick").values()) <= set(study.controls(preset="quick"))


def test_the_campaign_s_networks_are_used_where_the_weights_of_both_are_stored(tmp_path, fabricate):
    store = Store(tmp_path)
    registered = [e for e in campaign.tier_2()["128 px"] if e.encoder in ("frozen", "scratch")]
    fabricate(store, registered)
    drawn = demo.largest(store)
    assert {(e.dataset, e.scale.size, e.seed) for e in drawn.values()} == {("synthetic", 128, 0)}
    full = next(e for e in registered if e.encoder == "frozen").pretraining.scale.pretext_steps
    assert 4 * drawn["wssl"].pretraining.scale.pretext_steps == full

    def keep(experiment):
        path = store.weights_path(experiment.fingerprint)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"weights")

    first, second = ([e for e in registered if e.seed == seed] for seed in campaign.FEW[:2])
    keep(first[0])
    assert demo.largest(store) == drawn
    for experiment in second:
        keep(experiment)
    assert list(demo.largest(store).values()) == second
    record = store.get(second[0].fingerprint)
    store.put({**record, "history": LOST})
    assert demo.largest(store) == drawn, "one of them diverged"
    store.put(record)
    assert demo.largest(store, seed=campaign.FEW[0])["scratch"].dataset == "synthetic"


def test_the_pictures_of_the_page_are_the_project_s_own():
    drawn = data.images("synthetic", "test", 128, 21)
    photographs = data.images("photos", "test", 128, 4)
    expected = dict(zip(["astronaut", "cat", "coffee", "rocket"], photographs, strict=True))
    expected |= {f"portrait-{n}": drawn[i] for n, i in enumerate((10, 13, 3, 20), start=1)}
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
    (source / "packed" / "wssl.js").write_text(demo.packed("wssl", {"size": 64}, b"2"))
    (source / "packed" / "runtime.js").write_text("let ort;" + demo.packed("runtime", {}, b"2"))
    (source / "packed" / ".wssl-unfinished.js").write_text("3")
    copy(source, tmp_path / "target")
    written = {p.name for p in (tmp_path / "target").rglob("*") if p.is_file()}
    assert written == {"demo.js", "files.js", "wssl.js", "runtime.js"}
    listed = (tmp_path / "target" / "files.js").read_text()
    listed = json.loads(listed.removeprefix("const demoFiles = ").removesuffix(";\n"))
    assert listed["pictures"] == {"cat": "data:image/png;base64,Y2F0"}
    digests = {
        name: hashlib.sha384((source / "packed" / f"{name}.js").read_bytes()).digest()
        for name in ("wssl", "runtime")
    }
    assert listed["packed"] == {
        "runtime": {"integrity": f"sha384-{base64.b64encode(digests['runtime']).decode()}"},
        "wssl": {
            "integrity": f"sha384-{base64.b64encode(digests['wssl']).decode()}",
            "facts": {"size": 64},
        },
    }


def test_two_networks_and_the_runtime_are_made_once(tmp_path, monkeypatch, trained, capsys):
    fetched = []
    monkeypatch.setattr(demo, "fetch", lambda package, *_: fetched.append(package))
    monkeypatch.setattr(
        demo, "pack_runtime", lambda _: demo.packed("runtime", {}, b"r") + demo.INTEGRITY
    )
    arguments = ["--preset", "smoke", "--output", str(tmp_path / "packed")]
    demo.main(arguments)
    steps = len(trained)
    demo.main(arguments)
    assert fetched == [demo.RUNTIME]
    assert len(trained) == steps > 0
    written = {path.name: path.read_text() for path in (tmp_path / "packed").iterdir()}
    assert set(written) == {"runtime.js", "wssl.js", "scratch.js"}
    for name in ("wssl", "scratch"):
        called, facts, content = unpacked(written[f"{name}.js"])
        assert called == name
        assert facts["size"] == 32
        assert b"restored" in content
    assert "wssl.js" in capsys.readouterr().out


def test_a_run_that_fails_ends_the_command_with_its_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "fetch", lambda *_: None)
    monkeypatch.setattr(demo, "pack_runtime", lambda _: demo.INTEGRITY)
    with pytest.raises(SystemExit, match="error: .*nowhere"):
        demo.main(["--preset", "smoke", "--dataset", "folder:nowhere", "--output", str(tmp_path)])
    assert not list(tmp_path.glob("*scratch.js"))


def test_a_network_that_diverged_is_not_packed(tmp_path, monkeypatch, trained):
    monkeypatch.setattr(demo, "fetch", lambda *_: None)
    monkeypatch.setattr(demo, "pack_runtime", lambda _: demo.INTEGRITY)
    arguments = ["--preset", "smoke", "--output", str(tmp_path / "packed")]
    demo.main(arguments)
    (tmp_path / "packed" / "scratch.js").unlink()
    scratch = demo.experiments(preset="smoke", seed=0)["scratch"]
    Store().put({**Store().get(scratch.fingerprint), "history": LOST})
    with pytest.raises(SystemExit, match="'scratch' .* diverged in training.*--seed 1"):
        demo.main(arguments)
    assert not (tmp_path / "packed" / "scratch.js").exists()


def test_a_preset_that_does_not_exist_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "fetch", lambda *_: None)
    monkeypatch.setattr(demo, "pack_runtime", lambda _: demo.INTEGRITY)
    with pytest.raises(SystemExit, match="error: .*qick"):
        demo.main(["--preset", "qick", "--output", str(tmp_path)])
