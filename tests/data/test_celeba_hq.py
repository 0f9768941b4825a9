import numpy as np
import pytest
from PIL import Image

from wssl import data
from wssl.data import celeba_hq
from wssl.data.celeba_hq import MAPPING, PARTITION

ORIGINALS = {0: "000119.jpg", 1: "000007.jpg", 2: "180000.jpg", 3: "200000.jpg", 4: "000019.jpg"}
SPLITS = {0: "train", 1: "train", 2: "val", 3: "test", 4: "train"}


def write(path, level):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((8, 8, 3), 10 * level, np.uint8)).save(path)


def write_lists(folder, originals=ORIGINALS):
    lines = [f"{i}\t{int(name[:6]) - 1:8} {name}" for i, name in originals.items()]
    (folder / MAPPING).write_text("idx\torig_idx\torig_file\n" + "\n".join(lines) + "\n")
    numbers = {"train": 0, "val": 1, "test": 2}
    names = [f"{name} {numbers[SPLITS[i]]}" for i, name in originals.items()]
    (folder / PARTITION).write_text("\n".join(["000001.jpg 0", *names]) + "\n")


LAYOUTS = {
    "plain": "{0}.png",
    "padded": "{0:05}.png",
    "prefixed": "imgHQ{0:05}.png",
    "by original": "{1}",
    "CelebAMask-HQ": "CelebA-HQ-img/{0}.png",
    "data1024x1024": "data1024x1024/{0:05}.png",
    "sub-folders": "{2}/{0:06}.png",
}


@pytest.fixture(params=LAYOUTS)
def layout(request, tmp_path):
    """A folder of five images in one of the usual layouts."""
    folder = tmp_path / "celeba"
    for i, original in ORIGINALS.items():
        name = LAYOUTS[request.param].format(i, original, ("female", "male")[i % 2])
        write((folder / name).with_suffix(".png"), i)
    return folder


@pytest.fixture
def folder(tmp_path):
    """Five images and CelebA's lists of them."""
    for i in range(5):
        write(tmp_path / "celeba" / f"{i}.png", i)
    write_lists(tmp_path / "celeba")
    return tmp_path / "celeba"


def levels(folder, split):
    return (data.images(f"celeba-hq:{folder}", split, 8)[:, 0, 0, 0] // 10).tolist()


def test_with_the_lists_the_split_is_celebas(layout):
    write_lists(layout)
    assert {split: levels(layout, split) for split in data.SPLITS} == {
        split: [i for i in SPLITS if SPLITS[i] == split] for split in data.SPLITS
    }


def test_the_lists_may_lie_beside_the_folder(layout):
    write_lists(layout.parent)
    assert levels(layout, "test") == [3]


def test_the_masks_of_celebamask_hq_are_passed_over(tmp_path):
    for i in range(5):
        write(tmp_path / "CelebA-HQ-img" / f"{i}.png", i)
        write(tmp_path / "CelebAMask-HQ-mask-anno" / "0" / f"{i:05}_hair.png", i)
    write_lists(tmp_path)
    assert levels(tmp_path, "train") == [0, 1, 4]


def test_without_the_lists_the_split_is_that_of_any_folder(layout):
    assert data.fingerprint(f"celeba-hq:{layout}") == data.fingerprint(f"folder:{layout}")
    expected = data.images(f"folder:{layout}", "train", 8)
    np.testing.assert_array_equal(data.images(f"celeba-hq:{layout}", "train", 8), expected)


@pytest.mark.parametrize("missing", [MAPPING, PARTITION])
def test_one_list_without_the_other_is_told(folder, missing):
    (folder / missing).unlink()
    told = f"was found, but not {missing}.*split by content"
    with pytest.warns(UserWarning, match="ignored"), pytest.warns(UserWarning, match=told):
        data.fingerprint(f"celeba-hq:{folder}")


def test_the_counts_of_all_30000_are_the_standard_ones(tmp_path):
    counts = celeba_hq.STANDARD
    assert sum(counts.values()) == 30_000
    split_of = [split for split, count in counts.items() for _ in range(count)]
    names = [f"{i + 1:06}.jpg" for i in range(30_000)]
    mapping, partition = tmp_path / MAPPING, tmp_path / PARTITION
    mapping.write_text("\n".join(f"{i} {i} {name}" for i, name in enumerate(names)))

    def write_partition(splits):
        numbers = [data.SPLITS.index(split) for split in splits]
        partition.write_text("".join(f"{a} {b}\n" for a, b in zip(names, numbers, strict=True)))

    write_partition(split_of)
    lines = celeba_hq._read_lists(mapping, partition)
    assert [line.split for line in lines] == split_of
    assert [line.original for line in lines] == list(range(1, 30_001))
    write_partition(["test", *split_of[1:]])
    with pytest.raises(ValueError, match="expected .*24183.* received .*24182"):
        celeba_hq._read_lists(mapping, partition)


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        (MAPPING, "5 205", r"mapping\.txt, line 7: expected a number, a number and a file"),
        (MAPPING, "4 18 000019.jpg", r"mapping\.txt, line 7: 4 is listed twice"),
        (MAPPING, "5 18 000019.jpg", r"mapping\.txt, line 7: 000019\.jpg is listed twice"),
        (
            MAPPING,
            "5 554 000555.jpg",
            r"mapping\.txt, line 7: 000555\.jpg is missing from .*partition",
        ),
        (PARTITION, "000019.jpg 3", r"partition\.txt, line 7: expected a file and 0, 1 or 2, rec"),
        (PARTITION, "000019.jpg 0", r"partition\.txt, line 7: 000019\.jpg is listed twice"),
        (PARTITION, "nonsense", r"partition\.txt, line 7: expected .* received 'nonsense'"),
    ],
)
def test_a_wrong_line_is_named(folder, name, line, message):
    with (folder / name).open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(ValueError, match=message):
        data.images(f"celeba-hq:{folder}", "train", 8)


def test_a_missing_image_is_named_with_its_line(folder):
    (folder / "3.png").unlink()
    with pytest.raises(
        ValueError, match=r"mapping\.txt, line 5: image 3 is missing from .* \(1 of"
    ):
        data.images(f"celeba-hq:{folder}", "train", 8)


def test_an_image_that_is_not_listed_is_named(folder):
    write(folder / "5.png", 5)
    with pytest.raises(ValueError, match=r"does not list .*5\.png: its numbers go from 0 to 4"):
        data.images(f"celeba-hq:{folder}", "train", 8)


def test_images_counted_from_one_are_an_error(folder):
    for i in reversed(range(5)):
        (folder / f"{i}.png").rename(folder / f"{i + 1}.png")
    with pytest.raises(ValueError, match="image 0 is missing"):
        data.images(f"celeba-hq:{folder}", "train", 8)


def test_two_images_of_a_number_are_an_error(folder):
    write(folder / "small" / "00002.png", 2)
    with pytest.raises(ValueError, match=r"2\.png .* have the same number"):
        data.images(f"celeba-hq:{folder}", "train", 8)


def test_a_name_without_a_number_is_an_error(folder):
    write(folder / "mean.png", 2)
    with pytest.raises(ValueError, match=r"mean\.png: expected a name that ends in"):
        data.images(f"celeba-hq:{folder}", "train", 8)


def test_the_fingerprint_follows_content_and_split(folder):
    before = data.fingerprint(f"celeba-hq:{folder}")
    (folder / "0.png").rename(folder / "000000.png")
    assert data.fingerprint(f"celeba-hq:{folder}") == before
    partition = (folder / PARTITION).read_text()
    (folder / PARTITION).write_text(partition.replace("000019.jpg 0", "000019.jpg 1"))
    other = data.fingerprint(f"celeba-hq:{folder}")
    write(folder / "1.png", 9)
    assert len({before, other, data.fingerprint(f"celeba-hq:{folder}")}) == 3


@pytest.mark.parametrize("lists", [True, False])
def test_a_folder_without_images_is_an_error(tmp_path, lists):
    if lists:
        write_lists(tmp_path)
    with pytest.raises(FileNotFoundError, match="expected a folder of images"):
        data.images(f"celeba-hq:{tmp_path}", "train", 8)
    with pytest.raises(FileNotFoundError, match="expected an existing folder"):
        data.images(f"celeba-hq:{tmp_path / 'nowhere'}", "train", 8)


def test_it_can_be_prepared(folder, tmp_path):
    index = data.prepare(f"celeba-hq:{folder}", tmp_path / "out", 8, workers=1)
    assert index.splits == {"train": [0, 3], "val": [3, 4], "test": [4, 5]}
    images = data.images(f"prepared:{tmp_path / 'out'}", "train", 8)
    assert (images[:, 0, 0, 0] // 10).tolist() == levels(folder, "train")
