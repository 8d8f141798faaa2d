#!/usr/bin/env python3
"""The best of a divided vocabulary: selections.py BIN_DIRECTORY

ArgMax, ArgMin and TopK of logits give what ONNX's reference implementation gives, ties included, and the logits are not
gathered for it.
"""

import os
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from decoders import Graph, compile_and_run

BATCH, SEQ, WIDTH, VOCABULARY, COUNT = 2, 5, 64, 4096, 5


def make_model():
    g = Graph()
    # Small integers: sums are exact, and many logits are equal.
    table = g.constant(np.random.default_rng(5).integers(-1, 2, (WIDTH, VOCABULARY)), np.float32)
    logits = g.op("MatMul", "x", table)
    last = g.op("Gather", logits, g.ints(-1), axis=1)
    best = g.op("ArgMax", logits, axis=-1, keepdims=0)
    worst = g.op("ArgMin", logits, axis=2, keepdims=1, select_last_index=1)
    values, indices = g.op("TopK", last, g.ints(COUNT), axis=-1, outputs=2)
    low, where = g.op("TopK", logits, g.ints(COUNT), axis=-1, largest=0, outputs=2)
    outputs = [(best, TensorProto.INT64), (worst, TensorProto.INT64), (values, TensorProto.FLOAT),
               (indices, TensorProto.INT64), (low, TensorProto.FLOAT), (where, TensorProto.INT64)]
    ranks = {best: 2}
    results = [helper.make_tensor_value_info(name, dtype, [f"{name}_{i}" for i in range(ranks.get(name, 3))])
               for name, dtype in outputs]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", "seq", WIDTH])
    graph = helper.make_graph(g.nodes, "selections", [x], results, g.weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def main():
    tools = sys.argv[1]
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        model = make_model()
        onnx.save(model, os.path.join(folder, "model.onnx"))
        x = np.random.default_rng(6).integers(-2, 3, (BATCH, SEQ, WIDTH)).astype(np.float32)
        np.savez(os.path.join(folder, "in.npz"), x=x)
        expected = ReferenceEvaluator(model).run(None, {"x": x})
        ties = np.sort(expected[2], axis=-1)
        assert (ties[..., 1:] == ties[..., :-1]).any(), "the test needs equal logits"
        for tp in (1, 2, 3, 4, 8):
            actual, data = compile_and_run(tools, folder, f"--tp={tp}", "--assume=batch=32")
            problems = [f"{output.name} differs" for output, value in zip(model.graph.output, expected)
                        if not np.array_equal(actual[output.name], value)]
            # 3 does not divide the vocabulary: there the logits are gathered.
            largest = max([each["bytes"] for each in data["collectives"]], default=0)
            if tp in (2, 4, 8) and largest > 32 * 512 * VOCABULARY * 4 / 20:
                problems.append(f"a collective moves {largest} bytes")
            if max(data["weights_bytes_per_rank"]) > 1.1 * WIDTH * VOCABULARY * 4 / tp:
                problems.append("the weight is not divided")
            failures += bool(problems)
            print(f"tp={tp}: largest collective {largest} bytes: {'; '.join(problems) or 'right'}", flush=True)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
