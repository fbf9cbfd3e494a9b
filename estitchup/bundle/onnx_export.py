"""The head as an ONNX graph: vectors in, logits, probabilities and acceptance out, for runtimes without Python.

The optional extra `estitchup[onnx]`. Standardisation and temperature are in the graph; it does not hold the encoder.
"""

import json
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from estitchup.bundle.bundle import Bundle
from estitchup.errors import EstitchupError

if TYPE_CHECKING:
    import onnx

OPSET = 18
VERSION_OF_FILES = 9  # what runtimes from 2023 on read


def onnx_of(bundle: Bundle) -> bytes:
    """Return the content of an .onnx file; raises EstitchupError when the package onnx is not installed.

    Input `embeddings` (N, D) float32; outputs `logits` (N, K), divided by the temperature, `probabilities` (N, K), both
    float32, and `accepted` (N,) bool. Classes, threshold and encoder are in the metadata.
    """
    if find_spec("onnx") is None:
        raise EstitchupError("ONNX export needs the package onnx: install it with pip install 'estitchup[onnx]'.")
    import onnx
    from onnx import TensorProto, helper

    rows, classes = "N", len(bundle.manifest.classes)
    real = TensorProto.FLOAT
    graph = helper.make_graph(
        _nodes(bundle),
        "head",
        [helper.make_tensor_value_info("embeddings", real, [rows, bundle.classifier.dimension])],
        [
            helper.make_tensor_value_info("logits", real, [rows, classes]),
            helper.make_tensor_value_info("probabilities", real, [rows, classes]),
            helper.make_tensor_value_info("accepted", TensorProto.BOOL, [rows]),
        ],
        _constants(bundle),
    )
    model = helper.make_model(
        graph,
        producer_name="estitchup",
        ir_version=VERSION_OF_FILES,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    helper.set_model_props(model, _metadata(bundle))
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def _nodes(bundle: Bundle) -> "list[onnx.NodeProto]":
    from onnx import helper

    nodes = [
        helper.make_node("Sub", ["embeddings", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "deviation"], ["standardised"]),
    ]
    value, layers = "standardised", len(bundle.classifier.head.weights)
    for layer in range(layers):
        nodes.append(helper.make_node("Gemm", [value, f"layer{layer}.weight", f"layer{layer}.bias"], [f"sum{layer}"]))
        value = f"sum{layer}"
        if layer < layers - 1:
            nodes.append(helper.make_node("Relu", [value], [f"hidden{layer}"]))
            value = f"hidden{layer}"
    return [
        *nodes,
        helper.make_node("Div", [value, "temperature"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=-1),
        helper.make_node("ReduceMax", ["probabilities", "axis"], ["confidence"], keepdims=0),
        helper.make_node("GreaterOrEqual", ["confidence", "threshold"], ["accepted"]),
    ]


def _constants(bundle: Bundle) -> "list[onnx.TensorProto]":
    from onnx import numpy_helper

    own = bundle.classifier
    arrays = {name: array[0] for name, array in own.head.named_arrays.items()}  # a stack of one
    numbers = {"temperature": np.float32(own.temperature), "threshold": np.float32(own.threshold)}
    everything = {**arrays, **numbers, "axis": np.array([1], np.int64)}
    return [numpy_helper.from_array(np.asarray(array), name) for name, array in everything.items()]


def _metadata(bundle: Bundle) -> dict[str, str]:
    manifest = bundle.manifest
    return {
        "classes": json.dumps(manifest.classes, ensure_ascii=False),
        "unknown_label": manifest.unknown_label,
        "threshold": repr(manifest.threshold.value),
        "temperature": repr(manifest.temperature),
        "encoder": manifest.encoder.key,
        "weights_digest": manifest.weights_digest,
    }
