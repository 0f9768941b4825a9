"""Pretext phases that learn or draw the weights of their tasks."""

from collections.abc import Mapping

import numpy as np

from wssl.machine.backend import keras, ops
from wssl.methods.phase import Batch, Tensor, batch_size
from wssl.methods.wssl import PretextPhase

ASYMMETRY = 1.5
"""GradNorm's alpha, by which slow tasks are favoured; the source's value for images."""


class RandomWeights(PretextPhase):
    """Draws new weights in each step: the softmax of independent normal numbers.

    Random loss weighting, Lin et al. 2022, arXiv:2111.10603. Parameters as for `PretextPhase`; the
    given weights are not used.
    """

    def add_random_inputs(self, batch: Batch, rng: np.random.Generator) -> Batch:
        """Add ``weights``, float32 (B, tasks), the same for each image of the batch."""
        drawn = np.exp(rng.standard_normal(len(self.task_weights)))
        weights = (drawn / drawn.sum()).astype("float32")
        return {**batch, "weights": np.tile(weights, (batch_size(batch), 1))}

    def loss_of(self, batch: Batch, outputs: Mapping[str, Tensor]) -> Tensor:
        """Return the sum of the tasks' cross-entropies by the weights of this step, a scalar."""
        losses = ops.stack(list(self.task_losses(batch, outputs).values()))
        return ops.sum(ops.mean(batch["weights"], axis=0) * losses)


class Uncertainty(PretextPhase):
    """Learns a variance for each task, and weights each by the inverse of its own.

    The loss is the sum over tasks of ``exp(-s) * cross-entropy + s / 2`` with s the logarithm of
    the variance, which starts at zero and is learned as the network's weights are. Kendall, Gal
    and Cipolla 2018, doi:10.1109/CVPR.2018.00781.

    Parameters
    ----------
    network : keras.Model
        As for `PretextPhase`.
    weights : mapping of str to float
        Whose names are the tasks; the values are not used.
    """

    def __init__(self, network: keras.Model, weights: Mapping[str, float]):
        super().__init__(network, weights)
        zeros = np.zeros(len(weights))
        self.log_variances = self.add_coefficient("log_variances", zeros, trainable=True)

    def loss_of(self, batch: Batch, outputs: Mapping[str, Tensor]) -> Tensor:
        """Return the weighted cross-entropies plus half the logarithms of the variances."""
        losses = ops.stack(list(self.task_losses(batch, outputs).values()))
        logarithms = ops.convert_to_tensor(self.log_variances)
        return ops.sum(ops.exp(-logarithms) * losses + 0.5 * logarithms)

    def found_weights(self) -> dict[str, float]:
        """The weight of each task as learned so far."""
        values = np.exp(-ops.convert_to_numpy(self.log_variances))
        return dict(zip(self.task_weights, map(float, values), strict=True))


class GradNorm(PretextPhase):
    """Learns weights that balance the tasks' gradients, favouring slow tasks.

    Chen et al. 2018, arXiv:1711.02257. The weights go down the gradient of the sum over tasks of
    ``|G - mean(G) * r ** alpha|``, where G is the norm of a task's weighted gradient and r its
    inverse training rate: its loss as a share of ``log(levels)``, relative to the mean of these
    shares. The target is a constant, the network goes down the weighted loss alone, and after each
    step the weights are scaled so that their sum is the number of tasks.

    Norms are those of the gradient at the encoder's pooled features, the last that the tasks share,
    instead of at the last shared weights: so they follow from the heads alone. Adam moves weights
    and network at one learning rate.

    Parameters
    ----------
    network : keras.Model
        As for `PretextPhase`.
    weights : mapping of str to float
        Whose names are the tasks; the values are not used.
    """

    def __init__(self, network: keras.Model, weights: Mapping[str, float]):
        super().__init__(network, weights)
        self.balance = self.add_coefficient(
            "balance", np.ones(len(weights)), trainable=True, constraint=_to_sum_of_ones
        )

    def gradient_norms(self, batch: Batch, outputs: Mapping[str, Tensor]) -> Tensor:
        """The norm of the gradient of each task's cross-entropy at the pooled features, (tasks,).

        Parameters
        ----------
        batch : dict
            With ``labels``.
        outputs : mapping of str to float (B, levels)
            The logits of each task.
        """
        norms = []
        for task in self.task_weights:
            logits = outputs[task]
            truth = ops.one_hot(batch["labels"][task], logits.shape[-1], dtype="float32")
            kernel = ops.cast(self.network.get_layer(task).kernel, "float32")
            slopes = ops.matmul(ops.softmax(logits) - truth, ops.transpose(kernel))
            norms.append(ops.norm(slopes) / ops.cast(ops.shape(logits)[0], "float32"))
        return ops.stack(norms)

    def loss_of(self, batch: Batch, outputs: Mapping[str, Tensor]) -> Tensor:
        """Return the network's weighted loss plus the weights' own, each constant to the other."""
        losses = ops.stack(list(self.task_losses(batch, outputs).values()))
        norms = ops.stop_gradient(self.gradient_norms(batch, outputs))
        levels = np.array([outputs[task].shape[-1] for task in self.task_weights], "float32")
        shares = losses / np.log(levels)
        weights = ops.convert_to_tensor(self.balance)
        pulls = weights * norms
        rates = shares / ops.mean(shares)
        target = ops.stop_gradient(ops.mean(pulls) * rates**ASYMMETRY)
        weighted = ops.sum(ops.stop_gradient(weights) * losses)
        return weighted + ops.sum(ops.abs(pulls - target))

    def found_weights(self) -> dict[str, float]:
        """The weight of each task as learned so far."""
        values = ops.convert_to_numpy(self.balance)
        return dict(zip(self.task_weights, map(float, values), strict=True))


def _to_sum_of_ones(weights: Tensor) -> Tensor:
    positive = ops.maximum(weights, 1e-6)
    return positive * (weights.shape[0] / ops.sum(positive))
