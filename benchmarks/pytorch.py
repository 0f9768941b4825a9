"""How fast the inpainting phase is against the same U-Net, loss and optimiser in PyTorch.

The network, with a frozen encoder, starts from the same weights and learns from one batch; that the
two losses agree, before and after a step of Adam, shows that both compute the same. PyTorch runs as
its authors advise for processors, eagerly with the channels last, in a process of its own that
takes turns with ours, and with as many threads. It is not among the study's dependencies: make an
environment for it, as its site says, and name the interpreter.

    python benchmarks/pytorch.py --python OTHER/bin/python
"""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import training as ours
from table import Row, parser_of, show
from timing import inpainting_phase, random_images, random_masks, take_turns

from wssl.data.batches import inpainting_batch
from wssl.machine.backend import ops
from wssl.machine.settings import current_settings
from wssl.methods import gather_examples, mask_out
from wssl.presets import Preset, preset

TURNS = 30
TOLERANCE = 1e-3


def measure(scale: Preset, python: Path) -> Iterator[Row]:
    """Yield the ratios of a full and of a bare step."""
    images, masks = random_images(scale), random_masks(scale)

    def batches(step: int) -> ours.Batch:
        return inpainting_batch(images, masks, scale.size, scale.inpainting_batch, 0, step)

    phase, bare = inpainting_phase(scale), inpainting_phase(scale)
    drawn = gather_examples(batches(0), scale.size)
    originals = ops.cast(drawn["images"], "float32") / 255
    masked = mask_out(originals, drawn["masks"])
    weights = bare.network.get_weights()

    def loss(masked: ours.tf.Tensor, originals: ours.tf.Tensor) -> ours.tf.Tensor:
        return bare.compute_loss(y_pred=(originals, bare.network(masked)))

    step = ours.bare_step(bare.network, loss, scale, masked, originals)
    with TemporaryDirectory() as folder:
        facts = {
            "threads": current_settings("tensorflow")["threads"],
            "width": scale.width,
            "arrays": len(weights),
            "learning_rate": scale.inpainting_learning_rate,
        }
        Path(folder, "facts.json").write_text(json.dumps(facts))
        arrays = {f"weights{n}": array for n, array in enumerate(weights)}
        given = {"masked": np.asarray(masked), "originals": np.asarray(originals)}
        np.savez(Path(folder, "given.npz"), **arrays, **given)
        with subprocess.Popen(
            [python, Path(__file__).with_name("pytorch_unet.py"), folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        ) as other:
            assert other.stdin is not None
            assert other.stdout is not None
            told = json.loads(other.stdout.readline() or "{}")
            if not told:
                raise SystemExit(f"--python: expected one that has PyTorch; received {python}.")
            np.testing.assert_allclose([step(), step()], told["losses"], rtol=TOLERANCE)
            turns = {"bare": ours.timed(step), "torch": partial(_turn, other)}
            seconds = take_turns(phase, batches, turns, scale, turns=TURNS)
            other.stdin.close()
    against = f"against PyTorch {told['version']}, {facts['threads']} thread: images/s, ours"
    yield Row(f"bare step {against}", seconds["torch"] / seconds["bare"], "")
    yield Row(f"full step {against}", seconds["torch"] / seconds["full"], "")


def _turn(other: "subprocess.Popen[str]") -> float:
    assert other.stdin is not None
    assert other.stdout is not None
    other.stdin.write("1\n")
    return float(other.stdout.readline())


if __name__ == "__main__":
    parser = parser_of(__doc__.splitlines()[0])
    parser.add_argument("--preset", default="desktop")
    parser.add_argument("--python", type=Path, required=True, help="of the one with PyTorch")
    options = parser.parse_args()
    # Adam's first step goes by the signs of gradients: a small one keeps the losses comparable.
    scale = replace(preset(options.preset), inpainting_learning_rate=1e-4)
    rows = measure(scale, options.python)
    show(f"Against PyTorch, preset {options.preset}", rows, options.record)
