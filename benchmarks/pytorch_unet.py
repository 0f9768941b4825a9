"""The inpainting phase in PyTorch, in a process of its own: `benchmarks/pytorch.py` talks to it.

Needs PyTorch and NumPy alone. It reads a folder with weights and a batch, writes what the loss is
before and after one step, and then trains a block of steps for each line that it reads, answering
with the seconds that it took.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

DEPTH = 5


class UNet(nn.Module):
    """Five blocks of two convolutions and a pooling, and as many upwards with skips."""

    def __init__(self, width: int) -> None:
        super().__init__()
        channels = [width * 2**level for level in range(DEPTH)]
        self.encoder = nn.ModuleList(
            _pair(before, after) for before, after in zip([3, *channels], channels, strict=False)
        )
        self.up, self.decoder = nn.ModuleList(), nn.ModuleList()
        before = channels[-1]
        for after in reversed(channels):
            self.up.append(nn.ConvTranspose2d(before, after, 2, stride=2))
            self.decoder.append(_pair(2 * after, after))
            before = after
        self.restored = nn.Conv2d(width, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Restore masked images (B, 3, H, W)."""
        skips = []
        with torch.no_grad():
            for block in self.encoder:
                x = block(x)
                skips.append(x)
                x = functional.max_pool2d(x, 2)
        for up, block in zip(self.up, self.decoder, strict=True):
            x = block(torch.cat([up(x), skips.pop()], dim=1))
        return torch.sigmoid(self.restored(x))

    def convolutions(self) -> list[nn.Module]:
        """In the order of the layers of `wssl.methods.unet`."""
        up = [
            layer
            for pair in zip(self.up, self.decoder, strict=True)
            for layer in (pair[0], *pair[1])
        ]
        encoder = [layer for block in self.encoder for layer in block]
        kinds = nn.Conv2d, nn.ConvTranspose2d
        return [layer for layer in (*encoder, *up, self.restored) if isinstance(layer, kinds)]

    def load(self, weights: list[np.ndarray]) -> None:
        """Take the weights of the same network in Keras: a kernel and a bias for each layer."""
        for layer, kernel, bias in zip(
            self.convolutions(), weights[::2], weights[1::2], strict=True
        ):
            # Keras has height, width, in, out; for a transposed convolution height, width, out, in.
            layer.weight.data = torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy())
            layer.bias.data = torch.from_numpy(bias.copy())


def _pair(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(after, after, 3, padding=1),
        nn.ReLU(inplace=True),
    )


class MixedLoss(nn.Module):
    """0.84 of log-cosh and 0.16 of one minus SSIM, with a separable Gaussian window."""

    def __init__(self) -> None:
        super().__init__()
        window = torch.exp(-((torch.arange(11) - 5.0) ** 2) / (2 * 1.5**2))
        self.window = window / window.sum()

    def forward(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Compare two batches (B, 3, H, W)."""
        error = (y_pred - y_true).abs()
        log_cosh = (error + functional.softplus(-2 * error) - np.log(2)).mean()
        return 0.84 * log_cosh + 0.16 * (1 - self.ssim(y_true, y_pred))

    def ssim(self, x: Tensor, y: Tensor) -> Tensor:
        """The mean structural similarity of two batches."""
        squares, products = x * x + y * y, x * y
        mean_x, mean_y, squares, products = self.blur(
            torch.cat([x, y, squares, products], 1)
        ).chunk(4, 1)
        means, square_means = 2 * mean_x * mean_y, mean_x**2 + mean_y**2
        structure = (2 * products - means + 0.03**2) / (squares - square_means + 0.03**2)
        return ((means + 0.01**2) / (square_means + 0.01**2) * structure).mean()

    def blur(self, x: Tensor) -> Tensor:
        """The mean in the window around each pixel where it fits."""
        channels = x.shape[1]
        kernel = self.window.expand(channels, 1, -1)
        x = functional.conv2d(x, kernel[..., None], groups=channels)
        return functional.conv2d(x, kernel[:, :, None], groups=channels)


def main(folder: Path) -> None:
    """Answer `benchmarks/pytorch.py` until it closes the pipe."""
    given = np.load(folder / "given.npz")
    facts = json.loads((folder / "facts.json").read_text())
    torch.set_num_threads(facts["threads"])
    network, loss = UNet(facts["width"]), MixedLoss()
    network.load([given[f"weights{n}"] for n in range(facts["arrays"])])
    network = network.to(memory_format=torch.channels_last)
    network.encoder.requires_grad_(False)
    masked, originals = (
        torch.from_numpy(given[name].transpose(0, 3, 1, 2).copy()).to(
            memory_format=torch.channels_last
        )
        for name in ("masked", "originals")
    )
    learned = [parameter for parameter in network.parameters() if parameter.requires_grad]
    # Keras' epsilon is 1e-7.
    optimizer = torch.optim.Adam(learned, lr=facts["learning_rate"], eps=1e-7)

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        value = loss(originals, network(masked))
        value.backward()
        optimizer.step()
        return value.item()

    print(json.dumps({"version": torch.__version__, "losses": [step(), step()]}), flush=True)
    for line in sys.stdin:
        began = time.perf_counter()
        for _ in range(int(line)):
            step()
        print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
