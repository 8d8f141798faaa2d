#!/usr/bin/env python3
"""Sizes that no number of devices divides: uneven.py BIN_DIRECTORY

15 query and 5 key/value heads, 12 heads at 8 devices, GPT-2's vocabulary of 50,257, and 3, 5, 6 and 7 devices: the results
are those of ONNX's reference implementation, the weights are divided, and the report says how uneven they lie.
"""

import os
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from decoders import Graph, compile_and_run, gpt2_layer, llama_layer, rms_norm

BATCH, SEQ = 2, 5

# Name, layer, its sizes, vocabulary, devices; the heads with which they are divided.
MODELS = (
    ("15/5 heads", llama_layer, {"width": 120, "heads": 15, "kv_heads": 5, "hidden": 328}, 999, (2, 3, 4, 5, 6, 7, 8)),
    ("12 heads, vocabulary 50257", gpt2_layer, {"width": 96, "heads": 12}, 50257, (3, 5, 6, 7, 8)),
)


def make_model(layer, sizes, vocabulary):
    g = Graph(np.random.default_rng(3))
    width = sizes["width"]
    table = g.weight(vocabulary, width)
    x = g.op("Gather", table, "ids")
    for _ in range(2):
        x = layer(g, x, "mask", **sizes)
    # The head is the embedding's table, as in GPT-2.
    logits = g.op("MatMul", rms_norm(g, x, width), g.op("Transpose", table, perm=[1, 0]))
    best = g.op("ArgMax", logits, axis=-1, keepdims=0)
    used = {name for node in g.nodes for name in node.input}
    shapes = {"mask": [1, 1, "seq", "seq"]}
    for name in ("cos", "sin"):
        if name in used:
            shapes[name] = [1, 1, "seq", width // sizes["heads"]]
    inputs = [helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "seq"])]
    inputs += [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    outputs = [helper.make_tensor_value_info(logits, TensorProto.FLOAT, ["batch", "seq", vocabulary])]
    outputs += [helper.make_tensor_value_info(best, TensorProto.INT64, ["batch", "seq"])]
    graph = helper.make_graph(g.nodes, "uneven", inputs, outputs, g.weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def make_inputs(model):
    random = np.random.default_rng(4)
    values = {}
    for each in model.graph.input:
        shape = [{"batch": BATCH, "seq": SEQ}.get(dim.dim_param, dim.dim_value) for dim in each.type.tensor_type.shape.dim]
        if each.name == "ids":
            values[each.name] = random.integers(0, 999, shape)
        elif each.name == "mask":
            values[each.name] = np.triu(np.full(shape, -1e9, np.float32), 1)
        else:
            values[each.name] = random.standard_normal(shape).astype(np.float32)
    return values


def check(tools, name, folder, tp, expected):
    """Compiles and runs; returns what is wrong."""
    actual, data = compile_and_run(tools, folder, f"--tp={tp}")
    problems = []
    for key, value in expected.items():
        if actual[key].shape != value.shape or not np.allclose(actual[key], value, rtol=1e-3, atol=1e-4):
            problems.append(f"{key} differs by {np.abs(actual[key] - value).max()}")
    weights = data["weights_bytes_per_rank"]
    imbalance = max(weights) / (sum(weights) / len(weights))
    if len(weights) != tp or abs(data["imbalance"]["weights"] - imbalance) > 1e-6:
        problems.append(f"imbalance {data['imbalance']} of {weights}")
    # No rank holds more than what whole heads and rows cause.
    if imbalance > 2 or max(weights) > 2.2 * sum(weights) / tp or max(weights) == min(weights) and tp in (7,):
        problems.append(f"weights lie too unevenly: {weights}")
    print(f"{name} tp={tp}: imbalance of weights {imbalance:.3f}: {'; '.join(problems) or 'right'}", flush=True)
    return problems


def main():
    tools = sys.argv[1]
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, layer, sizes, vocabulary, devices in MODELS:
            model = make_model(layer, sizes, vocabulary)
            onnx.save(model, os.path.join(folder, "model.onnx"))
            inputs = make_inputs(model)
            np.savez(os.path.join(folder, "in.npz"), **inputs)
            results = ReferenceEvaluator(model).run(None, inputs)
            expected = {output.name: value for output, value in zip(model.graph.output, results)}
            for tp in devices:
                failures += bool(check(tools, name, folder, tp, expected))
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
