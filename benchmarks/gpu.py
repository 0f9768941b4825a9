"""How fast a GPU trains: images per second, and which part of its arithmetic they use.

`KERAS_BACKEND=jax python benchmarks/gpu.py` times `wssl.runs.training.train` itself, at the image
size and batch of the preset `paper`, in the precision that `wssl.machine.devices.precision`
chooses, with images and masks on the device. The *utilisation* is the rate of the convolutions'
arithmetic, as `convolution_flops` counts it, over what the maker promises for dense bfloat16, where
the GPU is known, and over a product of two large bfloat16 matrices that is timed here. The
projections hold for this machine and leave loading, compiling and evaluating out.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import jax
from flops import convolution_flops
from timing import (
    classes,
    inpainting_phase,
    pretext_phase,
    random_images,
    random_masks,
    take_turns,
    timed,
)

from wssl import Store
from wssl.data.batches import inpainting_batch, pretext_batch
from wssl.experiment import Pretraining
from wssl.machine.backend import keras
from wssl.machine.devices import computing_in, precision, resident
from wssl.methods import Batch, Phase
from wssl.presets import Preset, preset
from wssl.pretext import TASKS
from wssl.scheduling.schedule import plan
from wssl.study import PARTS

PROMISED = {"H200": 989e12, "H100": 989e12, "A100": 312e12, "L40S": 362e12, "L4": 121e12}
"""FLOP/s of dense bfloat16 by the makers' data sheets, the first name that is part of the GPU's."""

TURNS, BLOCK = 5, 10
PAPER, GRID = preset("paper"), preset("gpu")


def main() -> None:
    """Print the table and the projections, and write them where asked."""
    parser = argparse.ArgumentParser(description="Speed of training on a GPU")
    parser.add_argument("--widths", type=int, nargs="+", default=[16, 32, 64])
    parser.add_argument("--size", type=int, default=PAPER.size, help="side in pixels")
    parser.add_argument("--batch", type=int, default=PAPER.inpainting_batch, help="images a step")
    parser.add_argument("--images", type=int, default=2048, help="of noise, to draw from")
    parser.add_argument("--matrix", type=int, default=8192, help="side of the matrices")
    parser.add_argument("-o", "--output", type=Path, help="a JSON file")
    options = parser.parse_args()
    device = jax.local_devices()[0].device_kind
    product = matrix_rate(options.matrix)
    promised = next((rate for name, rate in PROMISED.items() if name in device), None)
    print(f"{device}, {precision()}, {options.size} px, batches of {options.batch}")
    print(f"product of two bfloat16 matrices: {product / 1e12:.3g} TFLOP/s")
    columns = "images/s", "TFLOP/s", "of product", "of promised"
    print(f"{'phase, width':<16}" + "".join(f"{column:>13}" for column in columns))
    rows = []
    for width in options.widths:
        for name, build in (("pretext", pretext), ("inpainting", inpainting)):
            speed, rate = measure(build, width, options)
            cells = f"{speed:.4g}", f"{rate / 1e12:.3g}", f"{rate / product:.1%}"
            cells += (f"{rate / promised:.1%}" if promised else "unknown",)
            print(f"{f'{name}, {width}':<16}" + "".join(f"{c:>13}" for c in cells), flush=True)
            rows.append({"phase": name, "width": width, "images/s": speed, "FLOP/s": rate})
            keras.backend.clear_session()
    hours = projections({(row["phase"], row["width"]): row["images/s"] for row in rows})
    for name, value in hours.items():
        print(f"{name}: {60 * value:.3g} minutes")
    if options.output:
        found = {"device": device, "precision": precision(), "product": product}
        found |= {"promised": promised, "rows": rows, "hours": hours}
        options.output.write_text(json.dumps(found, indent=1))


def measure(
    build: Callable[..., tuple[Phase, Callable[[int], Batch]]],
    width: int,
    options: argparse.Namespace,
) -> tuple[float, float]:
    """Images a second, and operations of convolutions a second, of training a phase."""
    scale = replace(
        PAPER,
        width=width,
        size=options.size,
        pretext_batch=options.batch,
        inpainting_batch=options.batch,
    )
    with computing_in(precision()):
        phase, batches = build(scale, options.images)
    seconds = take_turns(phase, batches, {}, scale, turns=TURNS, block=BLOCK)["full"]
    speed = BLOCK * options.batch / seconds
    return speed, speed * convolution_flops(phase.network)


def pretext(scale: Preset, total: int) -> tuple[Phase, Callable[[int], Batch]]:
    """The pretext phase with all tasks, and its batches."""
    (images,) = resident(random_images(scale, total))
    levels = classes(tuple(TASKS))
    return pretext_phase(scale, tuple(TASKS)), lambda step: pretext_batch(
        images, levels, scale.size, scale.inpainting_batch, 0, step
    )


def inpainting(scale: Preset, total: int) -> tuple[Phase, Callable[[int], Batch]]:
    """The inpainting phase with a frozen encoder, and its batches."""
    images, masks = resident(random_images(scale, total), random_masks(scale, total))
    return inpainting_phase(scale), lambda step: inpainting_batch(
        images, masks, scale.size, scale.inpainting_batch, 0, step
    )


def matrix_rate(side: int) -> float:
    """Operations a second of a product of two square bfloat16 matrices."""
    a, b = jax.random.normal(jax.random.key(0), (2, side, side), "bfloat16")
    product = jax.jit(lambda a, b: a @ b)
    turn = timed(lambda: product(a, b).block_until_ready())
    turn()
    return 2 * side**3 / median(turn() for _ in range(10))


def projections(speeds: dict[tuple[str, int], float]) -> dict[str, float]:
    """Hours for one configuration of the paper, and for WSSL's part of the grid at `gpu`."""
    hours = {}
    if {("pretext", PAPER.width), ("inpainting", PAPER.width)} <= speeds.keys():
        hours["one configuration at the preset paper"] = sum(
            steps * PAPER.inpainting_batch / speeds[phase, PAPER.width] / 3600
            for phase, steps in steps_of(PAPER).items()
        )
    if {("pretext", GRID.width), ("inpainting", GRID.width)} <= speeds.keys():
        experiments = [e for part in PARTS.values() for e in part(preset=GRID.name)]
        with TemporaryDirectory() as empty:
            tasks = plan([e for e in experiments if e.method == "wssl"], Store(Path(empty)))
        phases = ["pretext" if isinstance(t, Pretraining) else "inpainting" for t in tasks]
        hours[f"the grid at the preset gpu, {len(tasks)} phases of WSSL"] = sum(
            steps_of(GRID)[phase] * GRID.inpainting_batch / speeds[phase, GRID.width] / 3600
            for phase in phases
        )
    return hours


def steps_of(scale: Preset) -> dict[str, int]:
    """The steps of each phase."""
    return {"pretext": scale.pretext_steps, "inpainting": scale.inpainting_steps}


if __name__ == "__main__":
    main()
