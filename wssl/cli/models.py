"""Find trained networks on the command line, by a record's fingerprint or by a file."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wssl.checks.names import unknown_name_error
from wssl.records.fields import RunRecord, is_pretext, is_run

if TYPE_CHECKING:
    import keras

    from wssl.runs.execution import Result


def find_model(name: str | None) -> "Result | keras.Model":
    """The model that ``--model`` names: a file or a record; without a name, the default experiment.

    Parameters
    ----------
    name : str or None

    Raises
    ------
    ValueError
        If there is no such record or file.
    """
    from wssl.experiment import Experiment
    from wssl.export import load_model
    from wssl.runs.execution import run

    if name is None:
        print(
            "note: no --model is named, so the default experiment fills the hole: the paper's "
            "recipe at the preset quick. `wssl list` shows the records that --model can name.",
            file=sys.stderr,
        )
        return run(Experiment())
    return load_model(name) if Path(name).suffix or Path(name).is_file() else stored_result(name)


def stored_result(fingerprint: str) -> "Result":
    """The result of a record in the results folder, with the network or fill that it is of.

    Parameters
    ----------
    fingerprint : str
        Of the record.

    Raises
    ------
    ValueError
        If there is no such record of a run, or the present code would make another one.
    """
    from wssl.experiment import Experiment
    from wssl.records.store import Store
    from wssl.runs.execution import Result

    store = Store()
    record = store.get(fingerprint)
    if record is not None and is_run(record):
        experiment, own = Experiment.from_dict(record["experiment"]), record["provenance"]
        now = experiment.fingerprint_with(record["pretext"], own["images"], own["masks"])
        if now != fingerprint:
            raise ValueError(
                "model: expected a record that the present code makes; received "
                f"{fingerprint}, which is retired: its code has changed. Run it again and use the "
                "new fingerprint; `wssl list` marks the retired records."
            )
        result = Result(experiment, record, store)
        _announce_training(result)
        return result
    runs = [r for r in store.records() if is_run(r)]
    if not runs:
        raise ValueError(
            f"model: expected the fingerprint of a record; received {fingerprint!r}, and "
            f"{store.root} contains no model yet. `wssl run` trains one."
        )
    if record is not None:
        raise ValueError(_other_kind(record, runs))
    known = [r["fingerprint"] for r in runs]
    raise unknown_name_error("model (the fingerprint of a record)", fingerprint, known, "wssl list")


def _other_kind(record: Mapping[str, Any], runs: Sequence[RunRecord]) -> str:
    """The error for a record that is not of an inpainting network."""
    if is_pretext(record):
        kind = "a pretext phase, whose encoder cannot fill holes by itself"
        use = [r["fingerprint"] for r in runs if r["pretext"] == record["fingerprint"]]
    else:
        kind = f"the kind {record['kind']!r}"
        use = [r["fingerprint"] for r in runs if r["fingerprint"] == record.get("run")]
    way = f"Networks that build on it: {', '.join(use)}." if use else "`wssl run` trains one."
    return (
        "model: expected the fingerprint of a record of the kind 'inpainting'; received "
        f"{record['fingerprint']}, of {kind}. {way}"
    )


def _announce_training(result: "Result") -> None:
    """Announce that a network is trained again because its weights are missing."""
    from wssl.methods import METHODS

    experiment, store, name = result.experiment, result.store, result.record["fingerprint"]
    learned = METHODS[experiment.method].learned
    if not learned or store.weights_path(name).exists() or experiment.fingerprint != name:
        return
    seconds = result.provenance["seconds"]
    before = experiment.pretraining
    if before is not None and not store.weights_path(before.fingerprint).exists():
        record = store.get(before.fingerprint)
        seconds += record["provenance"]["seconds"] if record else 0.0
    print(
        f"wssl: {store.root} has the record {name} but not its weights; training the "
        f"network again, which took {max(seconds / 60, 0.1):.1f} minutes when the record was made.",
        file=sys.stderr,
        flush=True,
    )
