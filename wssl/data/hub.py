"""Images of a Hugging Face data set, or of a folder of parquet files."""

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, overload

from tqdm import tqdm

from wssl.checks.extras import optional_module
from wssl.data.decode import VERSION, Encoded, Picture
from wssl.data.download import DownloadError
from wssl.data.files import Files
from wssl.data.folder import SPLIT_NAMES, SPLITS, digest, hash_split


class Rows(Sequence[Encoded]):
    """Rows of a table of pictures, each read on access.

    Parameters
    ----------
    table : datasets.Dataset
        A table with one column, of encoded pictures.
    name : str
        Name of the table, for messages.
    chosen : sequence of int
        The rows.
    """

    def __init__(self, table: Any, name: str, chosen: Sequence[int]):
        self.table, self.name, self.chosen = table, name, chosen

    def __len__(self) -> int:
        return len(self.chosen)

    @overload
    def __getitem__(self, index: int) -> Encoded: ...
    @overload
    def __getitem__(self, index: slice) -> "Rows": ...
    def __getitem__(self, index: int | slice) -> "Encoded | Rows":
        if isinstance(index, slice):
            return Rows(self.table, self.name, self.chosen[index])
        row = self.chosen[index]
        (value,) = self.table[row].values()
        content = value["bytes"] if value else b""
        if content is None:
            content = Path(value["path"]).read_bytes()
        return Encoded(f"{self.name}, row {row}", content)


class Hub(Files):
    """A data set that the package ``datasets`` loads.

    It keeps its own splits if it has both ``train`` and ``test``; ``val`` is then its
    ``validation``, or else the tenth of ``train`` that `wssl.data.folder.hash_split` selects. Any
    other data set is split by content.

    Parameters
    ----------
    name : str
        A folder, such as one of parquet files, which is read without a network; or a name on the
        Hugging Face hub, ``owner/name``.
    """

    def __init__(self, name: str):
        self.name = name

    def __repr__(self) -> str:
        return f"hub:{self.name}"

    def by_split(self) -> Mapping[str, Sequence[Picture]]:
        """The rows of each split, in the data set's own order."""
        table, splits, _ = self._loaded()
        return {
            split: Rows(table, self.name, [i for i, own in enumerate(splits) if own == split])
            for split in SPLITS
        }

    def fingerprint(self) -> str:
        """A digest of the content of all pictures, their splits and their order."""
        _, splits, hashes = self._loaded()
        return digest(
            "hub", VERSION, *(f"{s} {sha}" for s, sha in zip(splits, hashes, strict=True))
        )

    def _loaded(self) -> tuple[Any, list[str], list[str]]:
        root = Path(self.name).expanduser()
        if root.is_dir():
            files = (path for path in sorted(root.rglob("*")) if path.is_file())
            return _load(str(root), tuple((p, p.stat().st_size, p.stat().st_mtime) for p in files))
        if self.name.startswith((".", "/", "~")):
            raise FileNotFoundError(
                f"folder: expected an existing folder; received {root}. Relative paths start at "
                f"{Path.cwd()}."
            )
        return _load(self.name, ())


@lru_cache(maxsize=2)
def _load(name: str, _state: tuple[Any, ...]) -> tuple[Any, list[str], list[str]]:
    """The table of all pictures; the split and the SHA-256 of each."""
    datasets = optional_module("datasets", "hub")
    try:
        tables = datasets.load_dataset(name)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise DownloadError(
            f"hub:{name} cannot be loaded: {error}. Give a folder of parquet files, or the name of "
            "a data set on the Hugging Face hub."
        ) from error
    own = [
        SPLIT_NAMES.get(split.lower(), "")
        for split, table in tables.items()
        for _ in range(len(table))
    ]
    table = datasets.concatenate_datasets(list(tables.values()))
    column = image_column(table.features, datasets.Image, name)
    table = table.select_columns([column]).cast_column(column, datasets.Image(decode=False))
    rows = Rows(table, name, range(len(table)))
    hashes = [
        hashlib.sha256(row.content).hexdigest()
        for row in tqdm(rows, "Reading rows", delay=2, disable=None)
    ]
    return table, _splits(own, hashes, f"hub:{name}"), hashes


def _splits(own: list[str], hashes: list[str], name: str) -> list[str]:
    """The split of each row: its `own`, if these include train and test, or else by its hash."""
    hashed, given = list(map(hash_split, hashes)), set(own)
    if not {"train", "test"} <= given:
        if len(given & set(SPLITS)) > 1:
            lacking = " or ".join({"train", "test"} - given)
            warnings.warn(
                f"{name} has splits of its own, but none for {lacking}: all rows are split by "
                "content, 80/10/10.",
                stacklevel=2,
            )
        return hashed
    if "" in given:
        warnings.warn(
            f"{name}: {own.count('')} rows ignored, from splits other than train, val and test.",
            stacklevel=2,
        )
    if "val" in own:
        return own
    pairs = zip(own, hashed, strict=True)
    return ["val" if (split, by_hash) == ("train", "val") else split for split, by_hash in pairs]


def image_column(features: Mapping[str, Any], image: type, name: str) -> str:
    """The name of the column that holds pictures or their encoded bytes.

    Parameters
    ----------
    features : mapping of str to feature
        The columns of a data set.
    image : type
        The feature type of pictures, ``datasets.Image``.
    name : str
        Name of the data set, for messages.

    Raises
    ------
    ValueError
        If there is none, or several of which none is called ``image``.
    """
    found = [column for column, kind in features.items() if isinstance(kind, image)]
    found = found or [column for column, kind in features.items() if _holds_bytes(kind)]
    if len(found) == 1 or "image" in found:
        return found[0] if len(found) == 1 else "image"
    raise ValueError(
        f"hub:{name}: expected one column of images, or one named 'image'; received "
        f"{', '.join(found) or 'none'} of the columns {', '.join(features)}."
    )


def _holds_bytes(kind: Any) -> bool:
    """Whether a column holds bytes, or pairs of bytes and path, the encodings of a picture."""
    value = kind.get("bytes") if isinstance(kind, dict) else kind
    return getattr(value, "dtype", None) in ("binary", "large_binary")
