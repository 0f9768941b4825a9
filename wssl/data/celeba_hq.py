"""CelebA-HQ: 30,000 portraits in any common layout, with the split of CelebA's lists."""

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from wssl.data.decode import VERSION, Picture
from wssl.data.files import Files
from wssl.data.folder import SPLITS, Folder, content_hash, digest, find_files, no_images_error
from wssl.data.squares import first_names

MAPPING = "CelebA-HQ-to-CelebA-mapping.txt"
PARTITION = "list_eval_partition.txt"
SUBFOLDERS = ("CelebA-HQ-img", "data1024x1024")
STANDARD = {"train": 24_183, "val": 2_993, "test": 2_824}
"""The number of images in each split according to CelebA's own partition."""


class CelebAHQ(Files):
    """The images of CelebA-HQ (Karras et al., 2018), which you have to obtain yourself.

    A file name ends in the number of its image: ``0.jpg``, ``00000.png``, ``imgHQ00000.png``. Files
    lie in the folder itself or at any depth below it, such as in ``female`` and ``male``. They may
    also be numbered as in CelebA.

    With CelebA's lists the split is the standard one, 24,183 / 2,993 / 2,824. The lists are
    searched for in the folder and next to it: ``CelebA-HQ-to-CelebA-mapping.txt``, lines of number
    in CelebA-HQ, number in CelebA and file name in CelebA; and ``list_eval_partition.txt``, lines
    of file name and 0, 1 or 2 for train, val or test. Without them the images are split by content,
    as those of any folder.

    Parameters
    ----------
    root : str or Path
        The folder of the images, or that of CelebAMask-HQ, which has them in ``CelebA-HQ-img``.
    """

    def __init__(self, root: str | Path):
        self.root = Path(root).expanduser()

    def __repr__(self) -> str:
        return f"CelebAHQ({str(self.root)!r})"

    def by_split(self) -> Mapping[str, Sequence[Picture]]:
        """The files of each split, by number; by content without CelebA's lists."""
        lists = self._lists()
        if lists is None:
            return Folder(self._images()).by_split()
        rows = self._standard(*lists)
        return {split: [path for own, _, path in rows if own == split] for split in SPLITS}

    def fingerprint(self) -> str:
        """A digest of the content of all files, and of their numbers and splits where listed."""
        lists = self._lists()
        if lists is None:
            return digest("images", VERSION, Folder(self._images()).fingerprint())
        rows = (f"{split} {n} {content_hash(path)}" for split, n, path in self._standard(*lists))
        return digest("celeba-hq", VERSION, *rows)

    def _images(self) -> Path:
        inner = (self.root / name for name in SUBFOLDERS)
        return next((folder for folder in inner if folder.is_dir()), self.root)

    def _lists(self) -> tuple[Path, Path] | None:
        """The paths of both lists, or None."""
        places = dict.fromkeys([self.root, self._images(), self.root.absolute().parent])
        found = [
            next((place / name for place in places if (place / name).is_file()), None)
            for name in (MAPPING, PARTITION)
        ]
        mapping, partition = found
        if mapping and partition:
            return mapping, partition
        if mapping or partition:
            warnings.warn(
                f"{mapping or partition} was found, but not {PARTITION if mapping else MAPPING}: "
                "without both lists, the images are split by content, not into the standard "
                "24,183 / 2,993 / 2,824.",
                stacklevel=3,
            )
        return None

    def _standard(self, mapping: Path, partition: Path) -> list[tuple[str, int, Path]]:
        """Every image as (split, number in CelebA-HQ, file), in this order."""
        lines = _read_lists(mapping, partition)
        paths = _numbered(self._images())
        schemes = [line.number for line in lines], [line.original for line in lines]
        names = max(schemes, key=lambda numbers: len(paths.keys() & set(numbers)))
        for line, name in zip(lines, names, strict=True):
            if name not in paths:
                raise ValueError(
                    f"{mapping}, line {line.place}: image {name} is missing from {self._images()} "
                    f"({len(set(names) - paths.keys())} of the {len(lines)} listed are missing). "
                    "Add the missing images, or remove the list to split the existing images by "
                    "content."
                )
        if unlisted := sorted(paths.keys() - set(names)):
            raise ValueError(
                f"{mapping} does not list {first_names([str(paths[n]) for n in unlisted])}: its "
                f"numbers go from {min(names)} to {max(names)}. Remove the others."
            )
        rows = zip(lines, names, strict=True)
        return sorted((line.split, line.number, paths[name]) for line, name in rows)


class Line(NamedTuple):
    """A line of the mapping: where it is, and an image by its numbers in both sets."""

    place: int
    number: int
    original: int
    split: str


def _read_lists(mapping: Path, partition: Path) -> list[Line]:
    """The lines of the mapping, with the split that the partition gives to each.

    Raises
    ------
    ValueError
        If a line is malformed or fits no other; the message names file and line.
    """
    splits: dict[str, str] = {}
    for place, fields in _rows(partition, r"(\S+\.\w+)\s+([012])", "a file and 0, 1 or 2"):
        if fields[0] in splits:
            raise ValueError(
                f"{partition}, line {place}: {fields[0]} is listed twice. Remove one of the lines."
            )
        splits[fields[0]] = SPLITS[int(fields[1])]
    lines: list[Line] = []
    seen: set[str] = set()
    form = "a number, a number and a file"
    for place, fields in _rows(mapping, r"(\d+)\s+\d+\s+(\S*?(\d+)\.\w+)", form, header="idx"):
        number, file, original = fields
        if file not in splits:
            raise ValueError(
                f"{mapping}, line {place}: {file} is missing from {partition}. Restore both lists."
            )
        if twice := [value for value in (number, file) if value in seen]:
            raise ValueError(
                f"{mapping}, line {place}: {twice[0]} is listed twice. Remove one of the lines."
            )
        seen |= {number, file}
        lines.append(Line(place, int(number), int(original), splits[file]))
    counts = {split: sum(line.split == split for line in lines) for split in SPLITS}
    if len(lines) == sum(STANDARD.values()) and counts != STANDARD:
        raise ValueError(
            f"{mapping}, {partition}: expected {STANDARD}, the counts of CelebA's lists; received "
            f"{counts}. Restore both lists."
        )
    return lines


def _rows(path: Path, pattern: str, form: str, header: str = "") -> Iterator[tuple[int, list[str]]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: expected UTF-8 text; received invalid bytes ({error}). Restore the list."
        ) from error
    for number, line in enumerate(lines, start=1):
        if not line.strip() or (header and number == 1 and line.split()[0] == header):
            continue
        match = re.fullmatch(pattern, line.strip())
        if match is None:
            raise ValueError(f"{path}, line {number}: expected {form}, received {line!r}.")
        yield number, list(match.groups())


def _numbered(folder: Path) -> dict[int, Path]:
    """The image files of a folder by the number that their names end in."""
    paths: dict[int, Path] = {}
    found = find_files(folder)
    for path in found.images:
        match = re.search(r"\d+$", path.stem)
        if match is None:
            raise ValueError(
                f"{path}: expected a name that ends in the image's number, such as 00012.jpg."
            )
        twin = paths.setdefault(int(match[0]), path)
        if twin != path:
            raise ValueError(
                f"{twin} and {path} have the same number. Give the folder of one of the copies."
            )
    if not paths:
        raise no_images_error(folder, "images", found.others)
    return paths
