#!/usr/bin/env python3
"""Run models whose inputs break an operator's rules: the run has to end with an
error that names the operator, at any number of ranks and wherever the operator
ended up (in a kernel with others, or in a call of the runtime).

  run_errors.py --batch BUILD/bin/tp-batch

Each model is also run with inputs that obey the rules, which has to succeed.
Ends with 'N passed, N failed'.
"""
import argparse
import os
import sys
import tempfile

import numpy as np
import onnx
from onnx import parser

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "batch"))

from tp_batch import run_batch  # noqa: E402  (beside tp-batch)

HEADER = '<ir_version: 10, opset_import: ["" : 24]>\n'

# name, graph, good inputs, bad inputs, what the error says.
CASES = [
    ("gather in a kernel", "g (int64[4, 6] x, int64[3] i) => (int64[4, 3] y) { t = Gather <axis = 1> (x, i) y = Neg (t) }",
     {"i": [0, -6, 5]}, {"i": [0, -7, 5]}, ["Gather", "value -7 is out of range (limit 6)"]),
    ("gather in the runtime", "g (float[4, 6] x, int64[3] i) => (float[3, 6] y) { y = Gather (x, i) }",
     {"i": [0, -4, 3]}, {"i": [0, 4, 3]}, ["Gather", "index 4 is out of range for 4 rows"]),
    ("elements", "g (float[4, 6] x, int64[2, 6] i) => (float[2, 6] y) { y = GatherElements (x, i) }",
     {"i": [[0, 1, 2, 3, -1, -4]] * 2}, {"i": [[0, 1, 2, 3, -1, 4]] * 2}, ["GatherElements", "value 4", "limit 4"]),
    ("tuples", "g (float[4, 6] x, int64[2, 2] i) => (float[2] y) { t = GatherND (x, i) y = Exp (t) }",
     {"i": [[3, 5], [-4, -6]]}, {"i": [[3, 5], [-4, 6]]}, ["GatherND", "value 6", "limit 6"]),
    ("scatter elements", "g (float[4, 6] x, int64[2, 6] i, float[2, 6] u) => (float[4, 6] y) "
     "{ y = ScatterElements (x, i, u) }",
     {"i": [[0, 1, 2, 3, -1, -4]] * 2}, {"i": [[0, 1, 2, 3, -1, -5]] * 2}, ["ScatterElements", "index -5", "4 elements"]),
    ("scatter tuples", "g (float[4, 6] x, int64[2, 1] i, float[2, 6] u) => (float[4, 6] y) "
     "{ y = ScatterND <reduction = \"add\"> (x, i, u) }",
     {"i": [[3], [3]]}, {"i": [[3], [4]]}, ["ScatterND", "index 4", "4 elements"]),
    ("cache update", "g (float[2, 8, 4] x, float[2, 3, 4] u, int64[2] i) => (float[2, 8, 4] y) "
     "{ y = TensorScatter (x, u, i) }",
     {"i": [0, 5]}, {"i": [0, 6]}, ["TensorScatter", "value 6", "limit 5"]),
    ("reversal", "g (float[5, 2] x, int64[2] i) => (float[5, 2] y) { y = ReverseSequence (x, i) }",
     {"i": [5, 1]}, {"i": [6, 1]}, ["ReverseSequence", "value 6", "limit 5"]),
    # Proven to be in range: nothing to check, nothing to fail.
    ("a constant", "g (float[4, 6] x, float[1] i) => (float[2, 6] y) <int64[2] k = {3, -4}> { t = Gather (x, k) y = Mul (t, i) }",
     {"i": [1.0]}, None, []),
]


def make_inputs(model, given):
    arrays = {}
    for value in model.graph.input:
        tensor = value.type.tensor_type
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)
        shape = [dim.dim_value for dim in tensor.shape.dim]
        array = np.asarray(given[value.name], dtype) if value.name in given else np.ones(shape, dtype)
        arrays[value.name] = array.reshape(shape)
    return arrays


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--batch", required=True, help="the tp-batch program")
    options.add_argument("--tp", default="1,2", help="numbers of ranks")
    options = options.parse_args()
    jobs, wanted = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, text, good, bad, message) in enumerate(CASES):
            model = parser.parse_model(HEADER + text)
            path = os.path.join(folder, f"{number}.onnx")
            onnx.save(model, path)
            for kind, given in (("good", good), ("bad", bad)):
                if given is None:
                    continue
                inputs = os.path.join(folder, f"{number}.{kind}.npz")
                np.savez(inputs, **make_inputs(model, given))
                for tp in options.tp.split(","):
                    job = f"{name}, {kind}, tp {tp}"
                    wanted[job] = message if kind == "bad" else None
                    jobs.append({"id": job, "model": path, "tp": int(tp), "inputs": inputs,
                                 "outputs": os.path.join(folder, f"{number}.{kind}.{tp}.out.npz")})
        results = run_batch(options.batch, jobs)
    failures = len(jobs)
    for result in results:
        message = wanted[result["id"]]
        expected = "ok" if message is None else "failed"
        fine = result["status"] == expected and all(part in result["message"] for part in message or [])
        failures -= fine
        if not fine:
            print(f"FAILED {result['id']}: {result['status']}, need {expected} {message or ''}: {result['message']}")
    print(f"{len(jobs) - failures} passed, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
