"""Export trained networks to files: for this package, or as ONNX for other runtimes.

A model file contains plain arrays, and loading it executes no code. An ONNX graph is built directly
from the network's layers, one or two nodes per layer, without TensorFlow. Tests compare its output
with that of Keras.
"""

import json
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from keras import layers

from wssl.checks.extras import optional_module
from wssl.checks.names import lookup
from wssl.machine.backend import alone
from wssl.methods import METHODS
from wssl.records.store import atomic, is_present

if TYPE_CHECKING:
    import keras
    import onnx

    from wssl.runs.execution import Result

OPSET = 17
_ACTIVATIONS = {"relu": "Relu", "sigmoid": "Sigmoid", "linear": ""}
_FORMAT = "wssl model 1"
_DAMAGED = (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)


def save_model(result: "Result", path: str | Path) -> None:
    """Write the network of a result to a self-contained file, which `load_model` reads.

    Parameters
    ----------
    result : Result
    path : path
        An ``.npz`` file with the weights and a description of the network and its experiment. It is
        written atomically.

    Raises
    ------
    ValueError
        If the method has no network, or `path` does not end in ``.npz``.
    """
    path, experiment = Path(path), result.experiment
    if path.suffix.lower() != ".npz":
        raise ValueError(f"path: expected a name that ends in .npz; received {path.name!r}.")
    weights = result.model().get_weights()
    about = {
        "format": _FORMAT,
        "method": experiment.method,
        "size": experiment.scale.size,
        "width": experiment.scale.width,
        "fingerprint": result.record["fingerprint"],
        "experiment": experiment.to_dict(),
    }
    with atomic(path) as temporary:
        np.savez(temporary, *weights, about=np.array(json.dumps(about)))


@alone()
def load_model(path: str | Path) -> "keras.Model":
    """Load the network that `save_model` or ``wssl export`` wrote, without executing code.

    Parameters
    ----------
    path : path
        An ``.npz`` file.

    Returns
    -------
    keras.Model
        For `wssl.inpaint`: float (B, S, S, 3) in [0, 1] with black holes -> float (B, S, S, 3) in
        [0, 1]; the networks of some methods take the masks too.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    OSError
        As from `wssl.records.store.is_present`.
    ValueError
        If it is not a model file, is corrupted, or contains a network that differs from this
        package's network of that name.
    """
    path = Path(path)
    if not is_present(path):
        raise FileNotFoundError(
            f"path: expected an existing model file; received {str(path)!r}. `wssl export` writes "
            "one."
        )
    about, arrays = _read(path)
    networks = {name: method for name, method in METHODS.items() if method.learned}
    network = lookup("method", about["method"], networks).build(about["size"], about["width"], 0)
    expected = [(value.shape, value.dtype) for value in network.get_weights()]
    if [(array.shape, array.dtype) for array in arrays] != expected:
        raise ValueError(
            f"{path}: expected the weights of the network {about['method']!r} of size "
            f"{about['size']} and width {about['width']}; received those of another network or "
            "version. Export the model again with this version of wssl."
        )
    network.set_weights(arrays)
    return network


def _read(path: Path) -> tuple[dict[str, Any], list[np.ndarray]]:
    """Read a model file: its description and its weights."""
    way = "`wssl export FINGERPRINT -o model.npz` writes a model file."
    if not zipfile.is_zipfile(path):
        raise ValueError(
            f"{path}: expected a wssl model file; received another file, or a corrupted one. {way}"
        )
    try:
        with np.load(path, allow_pickle=False) as file:
            names = [name for name in file.files if name.startswith("arr_")]
            text = str(file["about"]) if "about" in file.files else "{}"
            arrays = [file[f"arr_{i}"] for i in range(len(names))]
        about = dict(json.loads(text))
    except _DAMAGED as error:
        raise ValueError(
            f"{path}: expected a wssl model file; received another file, or a corrupted one "
            f"({error}). {way}"
        ) from error
    whole = all(isinstance(about.get(name), int) for name in ("size", "width"))
    if about.get("format") != _FORMAT or "method" not in about or not whole:
        raise ValueError(
            f"{path}: expected the format {_FORMAT!r}; received another, or no description of the "
            f"network. {way}"
        )
    return about, arrays


def to_onnx(network: "keras.Model", half: bool = True) -> "onnx.ModelProto":
    """The ONNX model of a network of convolutions, such as `wssl.methods.unet.unet`.

    Parameters
    ----------
    network : keras.Model
        Of the layers Conv2D, Conv2DTranspose, MaxPooling2D and Concatenate.
    half : bool
        Store the weights as 16-bit floats, which halves the size. The runtime computes in 32 bits
        either way, and the output changes by much less than one level of 255.

    Returns
    -------
    onnx.ModelProto
        Input ``image`` and output ``restored``, float32 (1, S, S, 3) in [0, 1], as of the network.

    Raises
    ------
    ValueError
        If a layer is of another kind.
    ModuleNotFoundError
        If the package onnx is not installed.
    """
    optional_module("onnx", "demo")
    from onnx import TensorProto, checker, helper

    graph = _Graph(half)
    names = {id(network.inputs[0]): graph.add("Transpose", ["image"], perm=[0, 3, 1, 2])}
    for layer in network.layers:
        if not isinstance(layer, layers.InputLayer):
            inputs = layer.input if isinstance(layer.input, list) else [layer.input]
            names[id(layer.output)] = graph.layer(layer, [names[id(tensor)] for tensor in inputs])
    last = names[id(network.outputs[0])]
    graph.nodes.append(helper.make_node("Transpose", [last], ["restored"], perm=[0, 2, 3, 1]))
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, *tensor.shape[1:]])
        for name, tensor in (("image", network.inputs[0]), ("restored", network.outputs[0]))
    ]
    model = helper.make_model(
        helper.make_graph(graph.nodes, network.name, ends[:1], ends[1:], graph.weights),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=8,
        producer_name="wssl",
    )
    checker.check_model(model, full_check=True)
    return model


def export(network: "keras.Model", path: str | Path, half: bool = True) -> None:
    """Write a network as an ONNX file, atomically; the arguments are those of `to_onnx`.

    Parameters
    ----------
    network : keras.Model
    path : str or Path
        The ``.onnx`` file.
    half : bool
        As for `to_onnx`.
    """
    content = to_onnx(network, half).SerializeToString()
    with atomic(Path(path)) as temporary:
        temporary.write_bytes(content)


class _Graph:
    """An ONNX graph under construction, in channels-first order."""

    def __init__(self, half: bool):
        self.half = half
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def add(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        from onnx import helper

        output = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def weight(self, value: np.ndarray) -> str:
        from onnx import TensorProto, numpy_helper

        name = f"weight_{len(self.weights)}"
        stored = np.ascontiguousarray(value, np.float16 if self.half else np.float32)
        self.weights.append(numpy_helper.from_array(stored, name))
        return self.add("Cast", [name], to=TensorProto.FLOAT) if self.half else name

    def layer(self, layer: Any, inputs: list[str]) -> str:
        if not _supported(layer):
            raise ValueError(
                "network: expected convolutions, pooling and concatenation as in "
                f"wssl.methods.unet; received the layer {layer.name!r}, a {type(layer).__name__}. "
                "The networks of the method 'wssl' can be exported."
            )
        if isinstance(layer, layers.Concatenate):
            return self.add("Concat", inputs, axis=1)
        if isinstance(layer, layers.MaxPooling2D):
            window, strides = list(layer.pool_size), list(layer.strides)
            return self.add("MaxPool", inputs, kernel_shape=window, strides=strides)
        transposed = isinstance(layer, layers.Conv2DTranspose)
        kernel, bias = (np.asarray(value) for value in layer.get_weights())
        margins = [0, 0] if transposed else [side // 2 for side in layer.kernel_size]
        x = self.add(
            "ConvTranspose" if transposed else "Conv",
            [*inputs, self.weight(kernel.transpose(3, 2, 0, 1)), self.weight(bias)],
            kernel_shape=list(layer.kernel_size),
            strides=list(layer.strides),
            pads=2 * margins,
        )
        activation = _ACTIVATIONS[layer.activation.__name__]
        return self.add(activation, [x]) if activation else x


def _supported(layer: Any) -> bool:
    """Whether `_Graph.layer`, with its fixed padding and order, represents a layer."""
    kind = type(layer)
    if kind is layers.Concatenate:
        return layer.axis in (-1, 3)
    if kind is layers.MaxPooling2D:
        return layer.padding == "valid"
    if kind not in (layers.Conv2D, layers.Conv2DTranspose):
        return False
    plain = layer.use_bias and layer.activation.__name__ in _ACTIVATIONS
    if kind is layers.Conv2DTranspose:
        return plain and layer.kernel_size == layer.strides
    odd = all(side % 2 for side in layer.kernel_size)
    kept = layer.padding == "same" or set(layer.kernel_size) == {1}
    once = {layer.groups, *layer.strides, *layer.dilation_rate} == {1}
    return plain and odd and kept and once
