#!/usr/bin/env python3
"""Run models with sizes that are not known before, at sizes of every kind.

  sizes.py --batch BUILD/bin/tp-batch [--only REGEX]

A case says for which sizes the model has a result: there it has to be that of
ONNX's reference evaluator, at any number of ranks. At all other sizes the run has
to end with an error: what a program took for granted about its sizes must never
be wrong in silence. Ends with 'N passed, N failed'.
"""
import argparse
import itertools
import os
import re
import sys
import tempfile

import numpy as np
import onnx
from onnx import parser
from onnx.reference import ReferenceEvaluator

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "batch"))

from tp_batch import run_batch  # noqa: E402  (beside tp-batch)

HEADER = '<ir_version: 10, opset_import: ["" : 24]>\n'
LAST = 2**63 - 1


def ints(*values):
    return f"Constant <value = int64[{len(values)}] {{{','.join(map(str, values))}}}> ()"


def scalar(value):
    return f"Constant <value = int64 {{{value}}}> ()"


def always(**sizes):
    return True


ROWS = "float[s, 4] x"
ROWS2 = "float[s, 4] x, float[t, 4] z"
IMAGE = "float[1, 1, s, t] x"
# The positions 0 to s - 1.
RANGE = f"sh = Shape (x) i = {scalar(0)} n = Gather (sh, i) o = {scalar(1)} r = Range (i, n, o)"

# name, inputs, output, body, sizes at which there is a result.
CASES = [
    ("first position", ROWS, "float[4] y", f"a = {scalar(0)} y = Gather (x, a)", lambda s: s >= 1),
    ("position", ROWS, "float[4] y", f"a = {scalar(5)} y = Gather (x, a)", lambda s: s >= 6),
    ("position from the end", ROWS, "float[4] y", f"a = {scalar(-3)} y = Gather (x, a)", lambda s: s >= 3),
    ("positions", ROWS, "float[2, 4] y", f"a = {ints(2, -3)} y = Gather (x, a)", lambda s: s >= 3),
    ("last position", ROWS, "float[4] y", RANGE + " m = Sub (n, o) y = Gather (x, m)", lambda s: s >= 1),
    ("embedding", ROWS, "float[s, 2] y",
     RANGE + " w = Constant <value = float[3, 2] {1, 2, 3, 4, 5, 6}> () y = Gather (w, r)", lambda s: s <= 3),
    ("elements", ROWS, "float[2, 4] y",
     "a = Constant <value = int64[2, 4] {0, 1, 2, 1, 0, -1, 2, -2}> () y = GatherElements (x, a)", lambda s: s >= 3),
    ("tuples", ROWS, "float[2] y", "a = Constant <value = int64[2, 2] {2, 1, -3, 0}> () y = GatherND (x, a)",
     lambda s: s >= 3),
    ("tuple", ROWS, "float y", f"a = {ints(3, 1)} y = GatherND (x, a)", lambda s: s >= 4),
    ("scatter", ROWS, "float[s, 4] y", "i = Constant <value = int64[2, 1] {1, -2}> () u = Constant <value = float[2, 4]"
     " {1, 2, 3, 4, 5, 6, 7, 8}> () y = ScatterND <reduction = \"add\"> (x, i, u)", lambda s: s >= 2),
    ("slice", ROWS, "float[n, 4] y", f"a = {ints(1)} b = {ints(3)} c = {ints(0)} y = Slice (x, a, b, c)", lambda s: s >= 3),
    ("slice to the end", ROWS, "float[n, 4] y", f"a = {ints(-2)} b = {ints(LAST)} c = {ints(0)} y = Slice (x, a, b, c)",
     lambda s: s >= 2),
    ("strided slice", ROWS, "float[n, 4] y",
     f"a = {ints(0)} b = {ints(LAST)} d = {ints(3)} y = Slice (x, a, b, a, d)", always),
    ("backwards", ROWS, "float[n, 4] y",
     f"a = {ints(-1)} b = {ints(-LAST)} c = {ints(0)} y = Slice (x, a, b, c, a)", always),
    ("part of a mask", "float[s, 4] x, float[t] z", "float[s, t] y",
     f"k = Constant <value = float[3, 3] {{1, 2, 3, 4, 5, 6, 7, 8, 9}}> () a = {ints(0)} b = {ints(1)}"
     " p = Shape <start = 0, end = 1> (x) q = Shape (z) m = Slice (k, a, p, a) y = Slice (m, a, q, b)",
     lambda s, t: s <= 3 and t <= 3),
    ("rows that both have", "float[s, 4] x, float[t] z", "float[n, 4] y",
     f"p = Shape <start = 0, end = 1> (x) q = Shape (z) d = Sub (p, q) a = {ints(0)} e = {ints(LAST)} y = Slice (x, d, e, a)",
     lambda s, t: s >= t),
    ("split", ROWS, "float[2, 4] y", f"a = {ints(2, 3)} y, z = Split <axis = 0> (x, a)", lambda s: s == 5),
    ("squeeze", ROWS, "float[4] y", f"a = {ints(0)} y = Squeeze (x, a)", lambda s: s == 1),
    ("reshape", ROWS, "float[n, 8] y", f"a = {ints(-1, 8)} y = Reshape (x, a)", lambda s: s % 2 == 0),
    ("reshape to fixed sizes", ROWS, "float[3, 4] y", f"a = {ints(3, 4)} y = Reshape (x, a)", lambda s: s == 3),
    ("reshape to rows", "float[s, 4] x, float[t] z", "float[t, n] y",
     f"q = Shape (z) a = {ints(-1)} d = Concat <axis = 0> (q, a) y = Reshape (x, d)",
     lambda s, t: t > 0 and 4 * s % t == 0),
    ("sum of two", ROWS2, "float[s, 4] y", "y = Add (x, z)", lambda s, t: s == t),
    ("side by side", ROWS2, "float[s, 8] y", "y = Concat <axis = 1> (x, z)", lambda s, t: s == t),
    ("product", "float[t, s] z, float[s, 4] x", "float[t, 4] y", "y = MatMul (z, x)", always),
    ("product over unequal sizes", "float[4, s] x, float[t, 4] z", "float[4, 4] y", "y = MatMul (x, z)",
     lambda s, t: s == t),
    ("largest", "float[4, s] x", "float[4, 3] y", f"k = {ints(3)} y, i = TopK (x, k)", lambda s: s >= 3),
    ("index of the largest", ROWS, "int64[4] y", "y = ArgMax <axis = 0, keepdims = 0> (x)", lambda s: s >= 1),
    ("sum of rows", ROWS, "float[4] y", f"a = {ints(0)} y = ReduceSum <keepdims = 0> (x, a)", always),
    ("one hot", ROWS, "float[s, 3] y", RANGE + f" d = {scalar(3)} v = Constant <value = float[2] {{0, 1}}> ()"
     " y = OneHot (r, d, v)", always),
    ("padded", ROWS, "float[n, 4] y", f"p = {ints(2, 0, 1, 0)} y = Pad (x, p)", always),
    ("reflected", ROWS, "float[n, 4] y", f"p = {ints(2, 0, 1, 0)} y = Pad <mode = \"reflect\"> (x, p)", lambda s: s >= 3),
    ("border repeated", ROWS, "float[n, 4] y", f"p = {ints(2, 0, 1, 0)} y = Pad <mode = \"edge\"> (x, p)", lambda s: s >= 1),
    ("wrapped", ROWS, "float[n, 4] y", f"p = {ints(2, 0, 1, 0)} y = Pad <mode = \"wrap\"> (x, p)", lambda s: s >= 1),
    ("resized", IMAGE, "float[1, 1, 4, 6] y", f"z = {ints(1, 1, 4, 6)} y = Resize <mode = \"linear\"> (x, , , z)",
     lambda s, t: s >= 1 and t >= 1),
    ("sampled", IMAGE, "float[1, 1, 2, 1] y",
     "g = Constant <value = float[1, 2, 1, 2] {0.1, 0.2, -0.5, 0.9}> () y = GridSample (x, g)",
     lambda s, t: s >= 1 and t >= 1),
    ("convolution", "float[1, 2, s] x", "float[1, 1, n] y",
     "w = Constant <value = float[1, 2, 3] {1, 2, 3, 4, 5, 6}> () y = Conv (x, w)", lambda s: s >= 2),
    ("channels", "float[1, s, 5] x", "float[1, 1, 3] y",
     "w = Constant <value = float[1, 2, 3] {1, 2, 3, 4, 5, 6}> () y = Conv (x, w)", lambda s: s == 2),
    ("scales of an axis", "float[s, 4] x, float[t] z", "float[s, 4] y",
     "q = Cast <to = 3> (x) y = DequantizeLinear <axis = 0> (q, z)", lambda s, t: s == t),
    ("selected", ROWS, "float[2, 4] y", "c = Constant <value = bool[3] {1, 0, 1}> () y = Compress <axis = 0> (x, c)",
     lambda s: s >= 3),
    ("attention", "float[1, 2, s, 4] x, float[1, 2, t, 4] z", "float[1, 2, s, 4] y", "y = Attention <is_causal = 1> (x, z, z)",
     always),
    ("attention's mask", "float[1, 2, s, 4] x, float[s, t] z", "float[1, 2, s, 4] y", "y = Attention (x, x, x, z)",
     lambda s, t: t == s),
    ("attention and a cache", "float[1, 2, s, 4] x, float[1, 2, t, 4] z", "float[1, 2, s, 4] y",
     "y, a, b = Attention (x, x, x, , z, z)", always),
    ("scale of a norm", "float[s, 4] x, float[t] z", "float[s, 4] y", "y = RMSNormalization (x, z)", lambda s, t: t == 4),
]
# An attention without queries or keys has no elements or no weights; the
# evaluator divides by their sum.
EMPTY = {"attention", "attention's mask", "attention and a cache", "sum of rows"}


def sizes_of(model):
    symbols = sorted({dim.dim_param for value in model.graph.input for dim in value.type.tensor_type.shape.dim} - {""})
    values = (0, 1, 2, 3, 5, 6) if len(symbols) == 1 else (0, 1, 2, 4)
    for chosen in itertools.product(values, repeat=len(symbols)):
        yield dict(zip(symbols, chosen))


def make_inputs(model, sizes, random):
    arrays = {}
    for value in model.graph.input:
        shape = [sizes[dim.dim_param] if dim.dim_param else dim.dim_value for dim in value.type.tensor_type.shape.dim]
        arrays[value.name] = random.uniform(-3, 3, shape).astype(np.float32)
    return arrays


def evaluate(model, arrays):
    with np.errstate(all="ignore"):
        return ReferenceEvaluator(model).run(None, arrays)[0]


def wrong(job, result):
    """What is wrong with a job's result, or None."""
    if not job["valid"]:
        fine = result["status"] == "failed" and result["message"].strip()
        return None if fine else f"{result['status']}, need an error: {result['message'][:300]}"
    if result["status"] != "ok":
        return f"{result['status']}: {result['message'][:300]}"
    if job["expected"] is None:
        return None
    actual, expected = np.load(job["outputs"])["y"], job["expected"]
    if actual.shape != expected.shape:
        return f"shape {actual.shape}, need {expected.shape}"
    return None if np.allclose(actual, expected, rtol=1e-4, atol=1e-5) else f"{actual.tolist()}, need {expected.tolist()}"


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--batch", required=True, help="the tp-batch program")
    options.add_argument("--only", default="", help="cases whose names match")
    options.add_argument("--tp", default="1,2", help="numbers of ranks")
    options = options.parse_args()
    random = np.random.default_rng(0)
    jobs, answers = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, inputs, output, body, valid) in enumerate(CASES):
            if not re.search(options.only, name):
                continue
            model = parser.parse_model(f"{HEADER} g ({inputs}) => ({output}) {{ {body} }}")
            path = os.path.join(folder, f"{number}.onnx")
            onnx.save(model, path)
            for sizes in sizes_of(model):
                arrays = make_inputs(model, sizes, random)
                known = valid(**sizes) and not (name in EMPTY and 0 in sizes.values())
                expected = evaluate(model, arrays) if known else None
                label = ",".join(f"{symbol}={size}" for symbol, size in sizes.items())
                given = os.path.join(folder, f"{number}.{label}.npz")
                np.savez(given, **arrays)
                for tp in options.tp.split(","):
                    job = f"{name}, {label}, tp {tp}"
                    jobs[job] = {"valid": valid(**sizes), "expected": expected, "model": path, "inputs": given, "tp": int(tp),
                                 "outputs": os.path.join(folder, f"{number}.{label}.{tp}.out.npz")}
        asked = [{"id": job, **{key: value[key] for key in ("model", "tp", "inputs", "outputs")}} for job, value in jobs.items()]
        for result in run_batch(options.batch, asked):
            answers[result["id"]] = wrong(jobs[result["id"]], result)
    failures = 0
    for job in jobs:
        problem = answers.get(job, "no answer")
        failures += problem is not None
        if problem:
            print(f"FAILED {job}: {problem}")
    print(f"{len(jobs) - failures} passed, {failures} failed")
    return 1 if failures or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
