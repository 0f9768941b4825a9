"""The public data sets, read from ``WSSL_DATA`` or downloaded once from their pinned originals."""

import csv
import hashlib
import json
import os
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from urllib.parse import quote

import pooch
from filelock import FileLock
from PIL import Image
from tqdm import tqdm

from wssl.data.manifests import Entry, package_manifest
from wssl.records.store import atomic

BASE_URL = "https://raw.githubusercontent.com"
RETRIES = 2
CATEGORIES = Path(__file__).with_name("quickdraw.csv")
DRAWINGS = ("lamnguyen5464/Sketch-dataset", "60922a671a82891d51d73fd071bfee43c44e06f8", "data")
MORE = ("goberoi/sketch_face", "2fd23b902fd62ad1571bb2d537f1cf6977589534", "quickdraw_images")
ONLY_MORE = frozenset({"zigzag"})
ALSO_MORE = frozenset({"house plant", "table", "television"})
QUICKDRAW_SHA256 = "637f56e449d5670da6c4ca2001aa29e897ef034c1d9033d4223c3fe4f284af85"

Drawing = dict[str, Any]
T = TypeVar("T")


class DownloadError(OSError):
    """A file could not be downloaded, or its content is not the expected one."""


def local(name: str) -> Path | None:
    """The file or folder `name` under ``WSSL_DATA``, or None when it is not there.

    Raises
    ------
    FileNotFoundError
        If the environment variable names a folder that does not exist.
    """
    root = os.environ.get("WSSL_DATA")
    if not root:
        return None
    if not Path(root).is_dir():
        raise FileNotFoundError(
            f"WSSL_DATA: expected an existing folder; received {root!r} (relative paths start at "
            f"{Path.cwd()}). Correct it, or unset it to download the data."
        )
    path = Path(root, name)
    return path if path.exists() else None


def cache(name: str) -> Path:
    """The folder that keeps the downloaded files of the data set `name`."""
    return Path(pooch.os_cache("wssl")) / name


def fetch(repository: str, commit: str, path: str, folder: Path, sha256: str | None = None) -> Path:
    """Download one file of a public GitHub repository to `folder`, unless it exists there.

    Parameters
    ----------
    repository, commit, path : str
        Which file: ``owner/name``, a full commit hash, and the path inside that commit.
    folder : Path
        Where to put it, under the same relative path.
    sha256 : str, optional
        The expected SHA-256 of its content.

    Raises
    ------
    DownloadError
        If there is no network or no such file, or the SHA-256 differs.
    """
    url = f"{BASE_URL}/{repository}/{commit}/{quote(path)}"
    pooch.get_logger().setLevel("WARNING")
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    fetcher = pooch.create(
        folder, BASE_URL, registry={path: sha256}, urls={path: url}, retry_if_failed=RETRIES
    )
    try:
        return Path(fetcher.fetch(path, downloader=pooch.HTTPDownloader(timeout=30)))
    except OSError as error:
        raise DownloadError(f"{url} cannot be downloaded: {error}. {_WAY_OUT}") from error
    except ValueError as error:
        raise DownloadError(
            f"{url}: expected a file with the SHA-256 {sha256}; received another. {_WAY_OUT}"
        ) from error


_WAY_OUT = (
    "Downloaded files are kept. Try again, or set the environment variable WSSL_DATA to a folder "
    "with the data (open-faces-2/images/, quickdraw/strokes.ndjson, ...), or use the source "
    "'synthetic', which needs no download."
)


def image_folder(name: str) -> Path:
    """The folder of the images of a manifest; rebuilt from the public originals if necessary.

    Each image is its original, in RGB, cut to the manifest's square, resized to 256 x 256 px with
    Lanczos and saved as JPEG at quality 90. An interrupted rebuild resumes.

    Parameters
    ----------
    name : str
        One of `wssl.data.manifests.MANIFESTS`.

    Returns
    -------
    Path
        The folder to which the manifest's ``file`` column is relative.

    Raises
    ------
    FileNotFoundError
        If ``WSSL_DATA`` has the folder, but images are missing from it.
    DownloadError
        If an original cannot be downloaded.
    """
    entries = package_manifest(name)
    given = local(f"{name}/images")
    folder = given.parent if given else cache(name)
    missing = [entry for entry in entries if not (folder / entry.file).is_file()]
    if given and missing:
        raise FileNotFoundError(
            f"{given}: expected the {len(entries)} images of {name}; {len(missing)} are missing, "
            f"such as {missing[0].file}. Add them, or unset WSSL_DATA to rebuild them."
        )
    if missing:
        with _alone(folder):
            _rebuild_missing(name, folder, missing)
    return folder


def _rebuild_missing(name: str, folder: Path, missing: Iterable[Entry]) -> None:
    """Make the images that are still missing from their originals."""
    originals: dict[tuple[str, ...], list[Entry]] = defaultdict(list)
    for entry in missing:
        if not (folder / entry.file).is_file():
            original = entry.repository, entry.commit, entry.path, entry.sha256
            originals[original].append(entry)
    if originals:
        count = sum(map(len, originals.values()))
        _say(f"{name}: making {count} images from {len(originals)} public files (only once).")
        _in_threads(partial(_rebuild, folder=folder), originals.items(), name)


def _alone(folder: Path) -> FileLock:
    """Context manager: one process at a time fills a folder of the cache; others wait."""
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder.with_name(f"{folder.name}.lock"))


def _rebuild(item: tuple[tuple[str, ...], list[Entry]], folder: Path) -> None:
    """Make all images of one original, which is then deleted."""
    (repository, commit, path, sha256), entries = item
    with TemporaryDirectory() as scratch:
        with Image.open(fetch(repository, commit, path, Path(scratch), sha256)) as image:
            colour = image.convert("RGB")
        for entry in entries:
            square = colour.resize((256, 256), Image.Resampling.LANCZOS, box=entry.box)
            with atomic(folder / entry.file) as temporary:
                square.save(temporary, format="JPEG", quality=90)


def quickdraw() -> list[Drawing]:
    """The Quick, Draw! drawings of this study, in order of their ``key_id``.

    Returns
    -------
    list of dict
        ``word`` (the category), ``key_id``, and ``drawing``: a list of strokes, each
        ``[[x, ...], [y, ...]]``, integers 0 to 255.

    Raises
    ------
    ValueError
        If the drawings in the file under ``WSSL_DATA`` differ from this study's.
    DownloadError
        If they cannot be downloaded, or differ from this study's.
    """
    given = local("quickdraw/strokes.ndjson")
    kept = cache("quickdraw") / "strokes.ndjson"
    if given or kept.is_file():
        path = given or kept
        drawings = canonical([path])
        if drawings_sha256(drawings) != QUICKDRAW_SHA256:
            raise ValueError(
                f"{path}: expected the drawings of this study; received {len(drawings)} that "
                "differ. Restore it, or remove it to download them."
            )
        return drawings
    with _alone(kept.parent):
        if not kept.is_file():
            return _fetch_quickdraw(kept)
    return quickdraw()


def _fetch_quickdraw(kept: Path) -> list[Drawing]:
    with CATEGORIES.open(newline="", encoding="utf-8-sig") as file:
        categories = [row["category"] for row in csv.DictReader(file)]
    files = [(DRAWINGS, c) for c in categories if c not in ONLY_MORE]
    files += [(MORE, c) for c in categories if c in ONLY_MORE | ALSO_MORE]
    _say(f"quickdraw: downloading {len(files)} public files (only once).")

    parts = kept.parent / "parts"

    def part(file: tuple[tuple[str, str, str], str]) -> Path:
        (repository, commit, folder), category = file
        return fetch(repository, commit, f"{folder}/{category}.ndjson", parts / repository)

    drawings = canonical(_in_threads(part, files, "quickdraw"))
    if drawings_sha256(drawings) != QUICKDRAW_SHA256:
        raise DownloadError(
            f"quickdraw: expected the drawings of this study; received {len(drawings)} that "
            f"differ. Delete {parts} to download them again. {_WAY_OUT}"
        )
    lines = "".join(json.dumps(drawing, separators=(",", ":")) + "\n" for drawing in drawings)
    with atomic(kept) as temporary:
        temporary.write_text(lines, encoding="utf-8")
    shutil.rmtree(parts)
    return drawings


def canonical(paths: Iterable[Path]) -> list[Drawing]:
    """The union of ndjson files by ``key_id``, sorted by it, without the fields unused here.

    Raises
    ------
    ValueError
        If a line is not a drawing; the message names the file.
    """
    union = {}
    for path in paths:
        try:
            for line in path.read_text(encoding="utf-8").splitlines():
                drawing = json.loads(line)
                union[drawing["key_id"]] = {k: drawing[k] for k in ("word", "key_id", "drawing")}
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(
                f"{path}: expected one drawing per line, as JSON with word, key_id and drawing; "
                f"received an invalid line ({error!r}). Restore it, or remove it to download it "
                "again."
            ) from error
    return [union[key_id] for key_id in sorted(union)]


def drawings_sha256(drawings: list[Drawing]) -> str:
    """SHA-256 of canonical drawings, in hexadecimal."""
    return hashlib.sha256(json.dumps(drawings, separators=(",", ":")).encode()).hexdigest()


def _in_threads(work: Callable[[Any], T], items: Iterable[Any], name: str) -> list[T]:
    items = list(items)
    with ThreadPoolExecutor(8) as pool:
        return list(tqdm(pool.map(work, items), name, len(items), disable=None, unit="file"))


def _say(message: str) -> None:
    print(message, file=sys.stderr)
