import sys
import types
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from wssl import data
from wssl.cli import main
from wssl.data import download, lfw


def unpack(folder, people=30):
    """Write the photographs of some people: the first has one, the others two."""
    for i in range(people):
        for j in range(min(i + 1, 2)):
            path = folder / f"Person_{i}" / f"Person_{i}_{j + 1:04}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((8, 8, 3), (i, j, 0), np.uint8)).save(path)
    return folder


@pytest.fixture
def scikit_learn(monkeypatch, tmp_path):
    """What scikit-learn would do, without a network; returns its folder and what it was asked."""
    home, asked = tmp_path / "home", []

    def fetch_lfw_people(**options):
        asked.append(options)
        unpack(home / "lfw_home" / "lfw_funneled")
        (home / "lfw_home" / "lfw-funneled.tgz").unlink(missing_ok=True)

    module = types.ModuleType("sklearn.datasets")
    module.get_data_home = lambda: str(home)
    module.fetch_lfw_people = fetch_lfw_people
    monkeypatch.setitem(sys.modules, "sklearn", types.ModuleType("sklearn"))
    monkeypatch.setitem(sys.modules, "sklearn.datasets", module)
    monkeypatch.delenv("WSSL_DATA", raising=False)
    return module, asked


def people(source, split):
    return Counter(data.images(source, split, 8)[:, 0, 0, 0].tolist())


def test_nobody_is_in_two_splits(tmp_path):
    source = f"lfw:{unpack(tmp_path)}"
    found = [people(source, split) for split in data.SPLITS]
    assert sum(map(len, found)) == len(sum(found, Counter())) == 30
    assert sum(found, Counter()).total() == 59
    assert len(found[0]) > len(found[1]) + len(found[2])
    assert all(found)


def test_photographs_that_were_not_all_unpacked_are_unpacked_again(scikit_learn, tmp_path):
    folder = tmp_path / "home" / "lfw_home"
    unpack(folder / "lfw_funneled", people=3)
    (folder / "lfw-funneled.tgz").write_bytes(b"scikit-learn deletes it at the end")
    assert sum(people("lfw", split).total() for split in data.SPLITS) == 59
    assert len(scikit_learn[1]) == 1


def test_it_is_fetched_once(scikit_learn):
    assert len(people("lfw", "train")) > 1
    assert data.fingerprint("lfw") == data.fingerprint("lfw")
    assert len(scikit_learn[1]) == 1


def test_wssl_data_may_have_it(tmp_path, monkeypatch, scikit_learn):
    unpack(tmp_path / "data" / "lfw", people=40)
    monkeypatch.setenv("WSSL_DATA", str(tmp_path / "data"))
    assert sum(len(people("lfw", split)) for split in data.SPLITS) == 40
    assert scikit_learn[1] == []


def test_without_a_network_the_error_names_the_way_out(scikit_learn, monkeypatch):
    def offline(**_):
        raise OSError("no route to host")

    monkeypatch.setattr(scikit_learn[0], "fetch_lfw_people", offline)
    with pytest.raises(download.DownloadError, match="no route to host.*lfw:PATH.*WSSL_DATA"):
        data.images("lfw")


def test_without_scikit_learn_the_error_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.delenv("WSSL_DATA", raising=False)
    assert main(["data", "prepare", "lfw"]) == 1
    assert 'pip install "wssl[lfw]"' in capsys.readouterr().err


def test_images_of_nobody_are_an_error(tmp_path):
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(unpack(tmp_path) / "stray.png")
    with pytest.raises(ValueError, match=r"outside of any, such as stray\.png"):
        data.images(f"lfw:{tmp_path}")


def test_the_split_of_a_person_is_a_hash_of_the_name():
    shares = Counter(lfw.person_split(f"Person_{i}") for i in range(5000))
    assert abs(shares["train"] / 5000 - 0.8) < 0.02
    assert abs(shares["val"] / 5000 - 0.1) < 0.02
