#!/usr/bin/env python3
"""Mixtures of experts on meshes with an axis for experts: expert_parallel.py BIN_DIRECTORY

However exporters write them, and on numbers of devices that do not divide the experts: the results are those of ONNX's
reference implementation, and a rank holds its part of the experts only.
"""

import os
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from decoders import Graph, compile_and_run, experts_layer, llama_layer, rms_norm

WIDTH, EXPERTS, HIDDEN, VOCABULARY = 32, 6, 48, 99
SPELLINGS = ("broadcast", "copied", "quantized", "lookup")
MESHES = ({"ep": 2}, {"ep": 2, "tp": 2}, {"tp": 2, "ep": 3}, {"ep": 4, "tp": 1})


def make_model(spelling):
    g = Graph(np.random.default_rng(5))
    x = g.op("Gather", g.weight(VOCABULARY, WIDTH), "ids")
    for _ in range(2):
        x = llama_layer(g, x, "mask", width=WIDTH, heads=4, kv_heads=2, hidden=40)
        x = experts_layer(g, x, spelling, WIDTH, EXPERTS, HIDDEN)
    logits = g.op("MatMul", rms_norm(g, x, WIDTH), g.weight(WIDTH, VOCABULARY))
    shapes = {"mask": [1, 1, "seq", "seq"], "cos": [1, 1, "seq", 8], "sin": [1, 1, "seq", 8]}
    inputs = [helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "seq"])]
    inputs += [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    outputs = [helper.make_tensor_value_info(logits, TensorProto.FLOAT, ["batch", "seq", VOCABULARY])]
    graph = helper.make_graph(g.nodes, spelling, inputs, outputs, g.weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)


def make_inputs(batch=2, seq=5):
    random = np.random.default_rng(6)
    return {
        "ids": random.integers(0, VOCABULARY, (batch, seq)),
        "mask": np.triu(np.full((1, 1, seq, seq), -1e9, np.float32), 1),
        "cos": random.standard_normal((1, 1, seq, 8)).astype(np.float32),
        "sin": random.standard_normal((1, 1, seq, 8)).astype(np.float32),
    }


def get_expert_bytes(model):
    """Of all experts' matrices."""
    return sum(len(w.raw_data) for w in model.graph.initializer if len(w.dims) == 3 and w.dims[1] > 1)


def check(tools, folder, mesh, whole, experts, expected):
    """Compiles and runs; returns what is wrong."""
    text = ",".join(f"{name}={size}" for name, size in mesh.items())
    outputs, report = compile_and_run(tools, folder, f"--mesh={text}")
    weights = report["weights_bytes_per_rank"]
    problems = []
    actual = next(iter(outputs.values()))
    if actual.shape != expected.shape or not np.allclose(actual, expected, rtol=1e-3, atol=1e-4):
        problems.append(f"results differ by {np.abs(actual - expected).max()}")
    ep, tp = mesh.get("ep", 1), mesh.get("tp", 1)
    if len(weights) != ep * tp:
        problems.append(f"{len(weights)} ranks")
    # What is small beside the experts may lie on every rank; tp divides matrices or their number.
    share = max(-(-EXPERTS // ep) / tp, -(-EXPERTS // (ep * tp))) / EXPERTS
    most = share * experts + whole - experts
    if max(weights) > most:
        problems.append(f"a rank holds {max(weights)} of {whole} bytes, of them {experts} of experts: at most {most:.0f}")
    print(f"{text}: {max(weights)} of {whole} bytes of weights: {'; '.join(problems) or 'right'}", flush=True)
    return problems


def main():
    tools = sys.argv[1]
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for spelling in SPELLINGS:
            model = make_model(spelling)
            onnx.save(model, os.path.join(folder, "model.onnx"))
            inputs = make_inputs()
            np.savez(os.path.join(folder, "in.npz"), **inputs)
            expected = ReferenceEvaluator(model).run(None, inputs)[0]
            whole = sum(len(w.raw_data) for w in model.graph.initializer if w.data_type != TensorProto.INT64)
            print(spelling)
            for mesh in MESHES:
                failures += bool(check(tools, folder, mesh, whole, get_expert_bytes(model), expected))
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
