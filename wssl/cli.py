"""The command ``wssl``: run experiments, fill holes and look at data from the shell."""

import argparse
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wssl.names import lookup, unknown
from wssl.processes import quiet

if TYPE_CHECKING:
    import keras

    from wssl.cluster import Workers
    from wssl.experiment import Experiment
    from wssl.running import Asked
    from wssl.runs import Result
    from wssl.store import Record, Store

_OWN = "One of your own is known after --import: wssl --import mine.py COMMAND."
_LOSSLESS = (".png", ".tif", ".tiff", ".bmp", ".ppm")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        As from the shell, without the program's name; ``sys.argv`` if not given.
    """
    options = _parser().parse_args(arguments)
    warnings.formatwarning = lambda message, *_, **__: f"wssl: {message}\n"
    # Pillow calls half of its limit an attack; beyond the limit itself, the picture is refused.
    warnings.filterwarnings("ignore", message=r"Image size \(\d+ pixels\) exceeds limit")
    try:
        if options.trains:
            _start_keras(devices=options.command is not _study)
        for name in options.imports:
            _import(name)
        return int(options.command(options) or 0)
    except (ValueError, OSError, ArithmeticError, ModuleNotFoundError) as error:
        own = not options.imports and re.match("Unknown (pretext task|loss|method) ", str(error))
        print(f"wssl: {error}{' ' + _OWN if own else ''}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        again = getattr(options, "again", "goes on from here")
        print(f"\nwssl: stopped; the same command {again}.", file=sys.stderr)
        return 130


def _import(name: str) -> None:
    """Import a module of the user's, so that what it registers is known: a file or a name."""
    path = Path(name)
    file = path.suffix == ".py"
    if file and not path.is_file():
        raise ValueError(f"--import: there is no file {name}.")
    folder = path.absolute().parent if file else Path.cwd()
    sys.path.insert(0, str(folder))
    module = path.stem if file else name
    try:
        found = import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise ValueError(
            f"--import: there is no module {name} in {folder} or where Python looks for modules; "
            "give a module's name, or the path of a .py file."
        ) from None
    if file and Path(str(found.__file__)).resolve() != path.resolve():
        raise ValueError(
            f"--import: {name} is named like the module {module}, which Python has loaded from "
            f"{found.__file__}; rename the file."
        )


def _run(options: argparse.Namespace) -> None:
    from wssl.devices import data_parallel
    from wssl.experiment import Experiment
    from wssl.runs import run

    settings = _settings(options)
    if options.steps is not None:
        settings["preset"] += f":{options.steps}"
    if options.pretext is not None:
        settings["pretext"] = _weights(options.pretext)
    experiment = Experiment(
        loss=options.loss,
        alpha=options.alpha,
        a=options.a,
        encoder=options.encoder,
        frozen_blocks=options.frozen_blocks,
        method=options.method,
        settings=dict(options.settings),
        split=options.split,
        seed=options.seed,
        **settings,
    )
    with data_parallel(options.devices, options.micro_batch or experiment.scale.inpainting_batch):
        result = run(experiment, micro_batch=options.micro_batch)
    for name, value in result.metrics.items():
        print(f"{name:14} {'undefined' if value is None else f'{value:.4f}'}")
    print(f"record         {result.store.path(result.fingerprint)}")
    if options.steps is not None:
        print(_projection(result, options.preset))


def _projection(result: "Result", name: str) -> str:
    """How long the phases of the whole preset take, going by a slice of it."""
    from wssl.presets import preset

    whole, cut = preset(name), result.experiment.scale
    hours = {}
    if phase := result.record["pretext"]:
        record = result.store.get(phase)
        assert record is not None
        seconds = record["provenance"]["seconds"] / cut.pretext_steps
        hours["pretext"] = seconds * whole.pretext_steps / 3600
    seconds = result.provenance["seconds"] / cut.inpainting_steps
    hours["inpainting"] = seconds * whole.inpainting_steps / 3600
    phases = ", ".join(f"{phase} {time:.1f} h" for phase, time in hours.items())
    return f"whole preset   about {sum(hours.values()):.1f} h at this speed ({phases})"


def _study(options: argparse.Namespace) -> int:
    from rich import print as show

    from wssl import campaign, progress, report
    from wssl.running import jobs_for, plan
    from wssl.store import Store

    store, parts = Store(), {} if options.registered else _parts(options)
    titled: dict[str, list[Asked]] = campaign.parts() if options.registered else {}
    for (preset, name), experiments in parts.items():
        titled[f"{preset} {'table ' * name.isdigit()}{name}"] = [*experiments]
    if options.plan:
        planned = progress.Progress(titled, store)
        planned.jobs = jobs_for(planned.left, options.jobs)
        show(planned.table())
        return 0
    if options.scheduler is None:
        jobs = jobs_for(plan(chain.from_iterable(titled.values()), store), options.jobs)
        if jobs == 1:
            _start_keras()
        done = progress.follow(
            titled, store, options.budget, in_order=options.registered, jobs=jobs
        )
    else:
        if options.jobs is not None:
            raise ValueError(
                "--jobs: expected none beside --scheduler, whose workers are as many as were "
                f"started; received {options.jobs}."
            )
        with _workers(options.scheduler, store) as workers:
            done = progress.follow(
                titled,
                store,
                options.budget,
                in_order=options.registered,
                executor=workers.executor,
                at_once=workers.threads,
            )
    for (preset, name), experiments in parts.items():
        if name.isdigit():
            records = [r for e in experiments if (r := store.get(e.fingerprint)) is not None]
            print(f"\nTable {name}, at the {preset} preset on {options.dataset}")
            print(report.table(int(name), records).to_string())
    if rest := done.rest():
        print(f"\n{rest}; the same command goes on.")
    if failures := done.failures():
        print(f"wssl: {failures}\nThe same command begins them again.", file=sys.stderr)
        return 1
    return 0


def _parts(options: argparse.Namespace) -> "dict[tuple[str, str], list[Experiment]]":
    """The experiments of the parts of the study that were asked for, by preset and part."""
    from wssl import study

    settings = _settings(options)
    presets = dict.fromkeys(settings.pop("preset"))
    chosen = {n: lookup("part of the study", n, study.PARTS) for n in options.only or study.PARTS}
    return {
        (preset, name): part(preset=preset, seeds=options.seeds, **settings)
        for preset in presets
        for name, part in chosen.items()
    }


def _workers(scheduler: str, store: "Store") -> AbstractContextManager["Workers"]:
    try:
        from wssl import cluster
    except ModuleNotFoundError as error:
        raise ValueError(
            f"--scheduler needs Dask ({error}): pip install 'wssl[cluster]', here and on the "
            "workers."
        ) from error
    return cluster.connect(scheduler, store)


def _inpaint(options: argparse.Namespace) -> None:
    from wssl import inpainting

    if options.image.is_dir():
        _inpaint_folder(options)
        return
    _check_output(options.output)
    inpainting.check_apart(options.image, options.mask, options.output)
    mask_of = inpainting.one_mask(options.mask, options.threshold)
    photo, mask = inpainting.read_pair(options.image, mask_of)
    inpainting.check_ending(photo, options.output)
    filled = inpainting.fill(photo, mask, _model(options.model))
    inpainting.write(filled, options.output, photo)
    share = f"{mask.mean():.1%}" if mask.mean() >= 0.001 else f"{mask.sum():,} pixels"
    print(f"{options.output}: {share} of {options.image} filled")


def _inpaint_folder(options: argparse.Namespace) -> None:
    from wssl.inpainting import check_apart, inpaint_folder, pictures

    if options.output.suffix.lower() in _LOSSLESS or options.output.is_file():
        raise ValueError(
            f"--output: expected a folder, as {options.image} is one; received {options.output}."
        )
    check_apart(options.image, options.mask, options.output)
    count = len(pictures(options.image))
    model = _model(options.model)
    skipped = inpaint_folder(options.image, options.mask, options.output, model, options.threshold)
    print(f"{options.output}: {count - len(skipped)} of {count} pictures filled")
    if skipped:
        raise ValueError(f"{len(skipped)} skipped: {', '.join(skipped)}")


def _model(name: str | None) -> "Result | keras.Model":
    """The model that ``--model`` names: a file, a record, or none, the default experiment."""
    from wssl.experiment import Experiment
    from wssl.export import load_model
    from wssl.runs import run

    if name is None:
        return run(Experiment())
    return load_model(name) if Path(name).suffix or Path(name).is_file() else _stored(name)


def _export(options: argparse.Namespace) -> None:
    from wssl.export import export, save_model

    kind = options.output.suffix.lower()
    if kind not in (".npz", ".onnx"):
        raise ValueError(
            "--output: expected a name that ends in .npz, for wssl inpaint, or .onnx, for other "
            f"runtimes; received {options.output.name!r}."
        )
    result = _stored(options.model)
    if kind == ".npz":
        save_model(result, options.output)
    else:
        export(result.model(), options.output, half=not options.full)
    print(f"{options.output}: {options.output.stat().st_size / 1e6:.1f} MB")


def _stored(fingerprint: str) -> "Result":
    """The result of that record in the results folder."""
    from wssl.experiment import Experiment
    from wssl.runs import Result
    from wssl.store import Store

    store = Store()
    record = store.get(fingerprint)
    if record is None or record["kind"] != "inpainting":
        runs = [r for r in store.records() if r["kind"] == "inpainting"]
        if not runs:
            raise ValueError(f"{store.root} holds no model yet: `wssl run` trains one.")
        if record is not None:
            raise ValueError(_other_kind(record, runs))
        known = [r["fingerprint"] for r in runs]
        raise unknown("model (the fingerprint of a record)", fingerprint, known)
    result = Result(Experiment.from_dict(record["experiment"]), record, store)
    _announce_training(result)
    return result


def _other_kind(record: "Record", runs: "Sequence[Record]") -> str:
    """What to say of a record that is not one of an inpainting network."""
    if record["kind"] == "pretext":
        kind = "a pretext phase, whose encoder alone fills no holes"
        use = [r["fingerprint"] for r in runs if r["pretext"] == record["fingerprint"]]
    else:
        kind = f"the kind {record['kind']!r}"
        use = [r["fingerprint"] for r in runs if r["fingerprint"] == record.get("run")]
    way = f"Of the networks made from it: {', '.join(use)}." if use else "`wssl run` trains one."
    return (
        "model: expected the fingerprint of a record of the kind 'inpainting'; received "
        f"{record['fingerprint']}, of {kind}. {way}"
    )


def _announce_training(result: "Result") -> None:
    """Say that a network's weights are missing, before minutes pass in which they are made."""
    from wssl.methods import METHODS

    experiment, store = result.experiment, result.store
    learned = METHODS[experiment.method].learned
    if not learned or store.weights_path(experiment.fingerprint).exists():
        return
    seconds = result.provenance["seconds"]
    before = experiment.pretraining
    if before is not None and not store.weights_path(before.fingerprint).exists():
        record = store.get(before.fingerprint)
        seconds += record["provenance"]["seconds"] if record else 0.0
    print(
        f"wssl: {store.root} has the record {result.fingerprint} and not its weights; training the "
        f"network again, which took {max(seconds / 60, 0.1):.1f} minutes when the record was made.",
        file=sys.stderr,
        flush=True,
    )


def _check_output(path: Path) -> None:
    """Tell before any work if a picture cannot be written without loss."""
    if path.suffix.lower() not in _LOSSLESS:
        raise ValueError(
            f"--output: expected a format that keeps every known pixel ({', '.join(_LOSSLESS)}); "
            f"received {path.name!r}."
        )
    if not path.absolute().parent.is_dir():
        raise ValueError(f"--output: there is no folder {path.parent}; make it first.")


def _data_list(options: argparse.Namespace) -> None:
    from wssl import data

    print("images  " + ", ".join([*data.SOURCES, *data.FORMS]))
    print("masks   " + ", ".join([*data.STROKES, *data.MASK_FORMS]))
    print("recipes " + ", ".join(data.RECIPES))


def _data_fetch(options: argparse.Namespace) -> None:
    from wssl.data import download
    from wssl.data.manifests import MANIFESTS

    fetchers: dict[str, Callable[[], object]] = {
        **{name: partial(download.image_folder, name) for name in MANIFESTS},
        "quickdraw": download.quickdraw,
    }
    for name in options.names or fetchers:
        lookup("data set to fetch", name, fetchers)()
        print(f"{name}: complete")


def _data_prepare(options: argparse.Namespace) -> None:
    from wssl import data

    kind, _, place = options.source.partition(":")
    name = "-".join(filter(None, (kind, Path(place).name, str(options.size))))
    folder = options.output or Path("prepared", name)
    index = data.prepare(options.source, folder, options.size, options.workers, options.bad_share)
    counts = ", ".join(f"{stop - start:,} {s}" for s, (start, stop) in index.splits.items())
    print(f"{folder}: {index.shape[0]:,} images of {index.size} px ({counts})")
    if index.enlarged:
        print(f"smaller than {index.size} px, and enlarged: {index.enlarged:,}")
    if index.dim:
        print(
            f"all but black, as from 16-bit files that hold 14 bits or fewer: {index.dim:,}. "
            "Multiply their values up to the full scale, 65,535, and prepare them anew."
        )
    for message in index.unreadable:
        print(f"skipped: {message}")
    print(f"to use them: --dataset prepared:{folder}")


def _data_verify(options: argparse.Namespace) -> None:
    from wssl import data

    prepared = data.Prepared(options.folder)
    index = prepared.index()
    if damaged := list(prepared.damaged()):
        raise ValueError(
            f"{options.folder}: {len(damaged)} of {len(index.blocks)} blocks are not as they were "
            f"written: {'; '.join(damaged)}. Remove the folder and prepare {index.source} anew."
        )
    print(f"{options.folder}: all {index.shape[0]:,} images are as they were written")


def _data_sheet(options: argparse.Namespace) -> None:
    import numpy as np
    from PIL import Image

    from wssl import data

    count = options.columns * options.rows
    if options.masks:
        drawn = data.masks(
            options.source, count, options.size, split=options.split, recipe=options.recipe
        )
        images = np.where(drawn[..., None], np.uint8(255), np.uint8(0)).repeat(3, axis=-1)
    else:
        images = data.images(options.source, options.split, options.size, count)
    margin = max(2, options.size // 32)
    step = options.size + margin
    sheet = Image.new(
        "RGB", (options.columns * step + margin, options.rows * step + margin), "white"
    )
    for i, image in enumerate(images):
        place = (margin + i % options.columns * step, margin + i // options.columns * step)
        sheet.paste(Image.fromarray(image), place)
    sheet.save(options.output)
    print(f"{options.output}: {len(images)} of {options.source}")


def _start_keras(devices: bool = True) -> None:
    """Import Keras and take its devices, without what TensorFlow writes to stderr as it starts."""
    with quiet():
        from wssl.backend import keras

        if devices:
            keras.ops.zeros(1)


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "preset": options.preset,
        "dataset": options.dataset,
        "masks": options.masks,
        "recipe": options.recipe,
        "coverage": tuple(options.coverage),
    }


def _blocks(text: str) -> tuple[int, ...]:
    """The numbers that "1-3" or "1,2,3" stands for."""
    blocks: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            raise argparse.ArgumentTypeError(
                f"expected numbers of blocks such as 1-3 or 4,5; received {text!r}"
            )
        blocks += range(int(first), int(last or first) + 1)
    return tuple(blocks)


def _setting(text: str) -> tuple[str, Any]:
    """The name and the value of "width=32"; numbers as such, ``None`` as none, the rest as text."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE; received {text!r}")
    if value == "None":
        return name, None
    for kind in (int, float):
        try:
            return name, kind(value)
        except ValueError:
            continue
    return name, value


def _weights(items: Sequence[str]) -> dict[str, float]:
    weights = {}
    for item in items:
        task, _, weight = item.partition("=")
        try:
            weights[task] = float(weight or 1)
        except ValueError:
            raise ValueError(
                f"--pretext: expected TASK=WEIGHT, such as rotation=0.3; received {item!r}."
            ) from None
    return weights


def _at_least_1(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, received {text}")
    return number


def _seconds(text: str) -> float:
    """How many seconds a time such as 90m, 2h, 1h30m, 45s or a number of minutes is."""
    number = r"(\d+(?:\.\d+)?)"
    pattern = re.compile(f"(?:{number}h)?(?:{number}m)?(?:{number}s)?")
    match = pattern.fullmatch(text) or pattern.fullmatch(f"{text}m")
    hours, minutes, seconds = (float(n or 0) for n in match.groups()) if match else (0, 0, 0)
    total = 3600 * hours + 60 * minutes + seconds
    if total == 0:
        raise argparse.ArgumentTypeError(
            f"expected a time such as 90m, 2h, 1h30m, 45s or a number of minutes, received {text!r}"
        )
    return total


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wssl",
        description="A reproducible study of weighted self-supervised learning for inpainting.",
        epilog="Records go to the folder results/, or to the one that WSSL_RESULTS names; real "
        "data are looked for in the folder that WSSL_DATA names, and downloaded if not there.",
    )
    parser.add_argument(
        "--import",
        action="append",
        default=[],
        dest="imports",
        metavar="MODULE",
        help="a module or .py file of yours, imported first, which registers pretext tasks, "
        "losses, networks or data sources; may be repeated",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    one = commands.add_parser(
        "run",
        help="train and evaluate one experiment, or show its stored record",
        description="Train and evaluate one experiment. A run that was stopped goes on from its "
        "last checkpoint; one that was done before prints its record at once.",
        epilog="example: wssl run --pretext rotation=0.3 saturation=0.7 --preset quick",
    )
    one.add_argument(
        "--pretext",
        nargs="*",
        metavar="TASK=WEIGHT",
        help="pretext tasks (rotation, saturation, sharpness) and their weights; default: the "
        "paper's best, saturation=0.3 sharpness=0.7",
    )
    one.add_argument("--loss", default="mix", help="mix, log_cosh, ssim, mse or l1 (default: mix)")
    one.add_argument(
        "--alpha", type=float, default=0.84, help="share of log-cosh in the mix (default: 0.84)"
    )
    one.add_argument("--a", type=float, default=1.0, help="scale inside log-cosh (default: 1)")
    one.add_argument(
        "--encoder",
        default="frozen",
        help="frozen (the paper), finetuned, scratch or random (default: frozen)",
    )
    one.add_argument(
        "--frozen-blocks",
        type=_blocks,
        default=(1, 2, 3, 4, 5),
        metavar="BLOCKS",
        help="which of the encoder's five blocks stay fixed in a frozen encoder, from 1 at full "
        "resolution, such as 1-3 or 4,5 (default: 1-5, the paper's 16 layers)",
    )
    one.add_argument(
        "--method",
        default="wssl",
        help="wssl, shift_net, pic, or a fill that learns nothing: harmonic, biharmonic, telea, "
        "navier_stokes, mean_colour (default: wssl)",
    )
    one.add_argument(
        "--steps",
        type=int,
        help="cut each phase to so many steps, and tell how long the whole preset would take",
    )
    one.add_argument(
        "--micro-batch",
        type=int,
        metavar="IMAGES",
        help="how many images of a batch are in memory at a time (default: all); the gradients of "
        "the parts are averaged",
    )
    one.add_argument(
        "--settings",
        type=_setting,
        nargs="+",
        default=(),
        metavar="NAME=VALUE",
        help="values of the preset to replace, such as width=32 inpainting_steps=3000",
    )
    one.add_argument(
        "--split",
        default="test",
        help="the images to evaluate on: test, or val to choose settings by (default: test)",
    )
    one.add_argument("--seed", type=int, default=0, help="fixes every random draw (default: 0)")
    one.add_argument(
        "--devices",
        type=_at_least_1,
        default=1,
        help="how many GPUs share each batch; more than one needs KERAS_BACKEND=jax (default: 1)",
    )
    _add_settings(one)
    one.set_defaults(command=_run, trains=True)

    many = commands.add_parser(
        "study",
        help="run the study, whole or in parts",
        description="Run the study, or go on with it, show how far it is, and print the paper's "
        "tables beside ours. What was run before is not run again.",
        epilog="example: wssl study --only 1 losses --preset desktop --dataset open-faces "
        "--budget 2h",
    )
    many.add_argument(
        "--only",
        "--table",
        nargs="+",
        metavar="PART",
        help="the paper's tables, 1 single, 2 double, 3 triple pretext tasks, 4 losses; and what "
        "the paper lacks, losses, controls, noise, baselines (default: all)",
    )
    many.add_argument(
        "--registered",
        action="store_true",
        help="run the registered campaign (book/plan.md) in its order, whose parts, presets and "
        "seeds are fixed: --only, --seeds and the settings below do not apply",
    )
    many.add_argument("--seeds", type=int, help="how many (default: the preset's number)")
    many.add_argument(
        "--budget",
        type=_seconds,
        metavar="TIME",
        help="begin no run that is not expected to end within 90m, 2h, 1h30m, 45s, or a number of "
        "minutes",
    )
    many.add_argument(
        "--jobs",
        type=_at_least_1,
        metavar="N",
        help="run so many experiments side by side, each in a process of one thread (default: what "
        "WSSL_JOBS says, or as many as there are cores, and memory for; 1 on a GPU)",
    )
    many.add_argument(
        "--plan",
        action="store_true",
        help="show what is done, what is left and how long that takes, and run nothing",
    )
    many.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="run on the workers of a Dask scheduler, such as tcp://10.0.0.1:8786, or the file "
        "that it wrote; workers and this machine need one results folder (default: run here)",
    )
    _add_settings(many, presets="+")
    many.set_defaults(command=_study, trains=True)

    fill = commands.add_parser(
        "inpaint",
        help="fill the hole of a picture, or of each in a folder",
        description="Fill the hole of a picture, or of each picture in a folder; the known pixels "
        "stay as they are. The network sees the part around the hole, or all of the picture if the "
        "hole is large or wide, resized to the network's own size. Without --model, the default "
        "experiment is used, and trained first if it has not been (about a minute).",
        epilog="examples: wssl inpaint photo.jpg mask.png -o filled.png --model model.npz; "
        "wssl inpaint photos masks -o filled. What is there of that name is overwritten. A "
        "picture of a folder that cannot be filled is named and skipped, and the exit status "
        "is 1.",
    )
    fill.add_argument(
        "image", type=Path, metavar="IMAGE", help="a picture of any size, or a folder of them"
    )
    fill.add_argument(
        "mask",
        type=Path,
        metavar="MASK",
        help="a black and white picture of that size, white = hole; for a folder, one such "
        "picture, or a folder with one for each, of the same name but for the ending",
    )
    fill.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="OUT",
        help="the result, as .png or another lossless format; for a folder, a folder of .png",
    )
    fill.add_argument(
        "--model",
        metavar="MODEL",
        help="the FINGERPRINT of a record in the results folder, or an .npz file that "
        "`wssl export` wrote",
    )
    fill.add_argument(
        "--threshold",
        type=int,
        metavar="GREY",
        help="from which grey value, 1 to 255, a pixel of a mask is hole, if the mask is not black "
        "and white only, as one saved as JPEG (default: such masks are refused)",
    )
    fill.set_defaults(command=_inpaint, trains=True, again="fills every picture anew")

    written = commands.add_parser(
        "export",
        help="write a trained network to a file",
        description="Write the network of a record to a file: .npz for `wssl inpaint` on another "
        "machine, which needs no results folder then and executes nothing in the file; .onnx for "
        "other runtimes, which needs the package onnx.",
        epilog="example: wssl export cc4d4c2ead1e32f5 -o model.npz",
    )
    written.add_argument("model", metavar="FINGERPRINT", help="of a record in the results folder")
    written.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT", help="the .npz or .onnx file"
    )
    written.add_argument(
        "--full", action="store_true", help="32-bit weights in .onnx (default: 16-bit), as in .npz"
    )
    written.set_defaults(command=_export, trains=True)

    about = commands.add_parser("data", help="list, fetch, prepare or look at images and masks")
    actions = about.add_subparsers(title="actions", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="name every source of images and masks")
    listing.set_defaults(command=_data_list, trains=False)
    fetch = actions.add_parser(
        "fetch",
        help="download the public data sets before they are needed",
        description="Download the public data sets, or go on with it; what WSSL_DATA has is only "
        "checked. Without this command they are fetched when first used.",
    )
    fetch.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="open-faces, open-faces-2, objects, quickdraw (default: all)",
    )
    fetch.set_defaults(command=_data_fetch, trains=False)
    prepare = actions.add_parser(
        "prepare",
        help="decode the images of a source once, for quick and frugal training",
        description="Decode the images of a source once, in parallel, cut and resized, into one "
        "array on disk that training maps into memory. A preparation that was stopped goes on.",
        epilog="example: wssl data prepare celeba-hq:~/CelebAMask-HQ --size 256",
    )
    prepare.add_argument("source", help="such as folder:PATH, celeba-hq:PATH or hub:PATH_OR_NAME")
    prepare.add_argument(
        "--size",
        type=_at_least_1,
        default=256,
        help="in pixels: 256 for the presets gpu and paper, 73 for quick and desktop "
        "(default: 256)",
    )
    prepare.add_argument(
        "-o", "--output", type=Path, help="a folder (default: prepared/SOURCE-SIZE)"
    )
    prepare.add_argument(
        "--workers", type=_at_least_1, help="processes that decode (default: one for each core)"
    )
    prepare.add_argument(
        "--bad-share",
        type=float,
        default=0.05,
        help="share of the files that may be unreadable and are skipped (default: 0.05)",
    )
    prepare.set_defaults(command=_data_prepare, trains=False)
    verify = actions.add_parser("verify", help="compare prepared images with their digests")
    verify.add_argument("folder", type=Path, help="one that `wssl data prepare` wrote")
    verify.set_defaults(command=_data_verify, trains=False)
    sheet = actions.add_parser("sheet", help="draw images or masks of a source as one picture")
    sheet.add_argument("source", help="such as synthetic, open-faces-2, quickdraw or folder:PATH")
    sheet.add_argument("-o", "--output", type=Path, required=True, help="where to write it")
    sheet.add_argument("--masks", action="store_true", help="the source is one of masks")
    sheet.add_argument("--recipe", default="dense", help="of the masks (default: dense)")
    sheet.add_argument("--split", default="test", help="train, val or test (default: test)")
    sheet.add_argument("--size", type=int, default=128, help="of an image, in pixels")
    sheet.add_argument("--columns", type=_at_least_1, default=10)
    sheet.add_argument("--rows", type=_at_least_1, default=6)
    sheet.set_defaults(command=_data_sheet, trains=False)
    return parser


def _add_settings(parser: argparse.ArgumentParser, presets: str | None = None) -> None:
    parser.add_argument(
        "--preset",
        nargs=presets,
        default=["quick"] if presets else "quick",
        help="how large: smoke, quick, desktop, gpu or paper (default: quick)",
    )
    parser.add_argument(
        "--dataset",
        default="synthetic",
        help="images: synthetic, open-faces-2, folder:PATH, prepared:PATH or another that `wssl "
        "data list` names (default: synthetic)",
    )
    parser.add_argument(
        "--masks",
        default="auto",
        help="masks: synthetic, quickdraw, folder:PATH or qd-imd:PATH, with ?hole=black or "
        "?hole=white behind it (default: synthetic for synthetic images, quickdraw for others)",
    )
    parser.add_argument(
        "--recipe",
        default="dense",
        help="strokes to masks: dense, qd-imd, thin, medium or thick (default: dense)",
    )
    parser.add_argument(
        "--coverage",
        type=float,
        nargs=2,
        default=(0.3, 0.5),
        metavar=("LEAST", "GREATEST"),
        help="share of a mask that is hole (default: 0.3 0.5)",
    )
