#!/usr/bin/env python3
"""Compile the cases under cases/ and compare with the stored results.

  check_cases.py --batch BUILD/bin/tp-batch [--only REGEX] [--tp 1,2]

Conversions and quantised results must be equal, floats nearly so.
make_cases.py says where the cases come from. Ends with 'N passed, N failed'.
"""
import argparse
import glob
import os
import re
import sys
import tempfile

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "batch"))

from tp_batch import run_batch  # noqa: E402  (beside tp-batch)

# Of outputs that are bit patterns, by name: the bits without the sign, and
# infinity. What lies above is a NaN, of which sign and payload mean nothing.
PATTERNS = {"BFLOAT16": (0x7fff, 0x7f80), "FLOAT8E5M2": (0x7f, 0x7c)}

HERE = os.path.dirname(os.path.abspath(__file__))


def compare(name, expected, actual):
    """The first disagreement, or an empty string."""
    for key in expected.files:
        if not key.startswith("out_"):
            continue
        want, output = expected[key], key[4:]
        if output not in actual.files:
            return f"no output '{output}'"
        got = actual[output]
        if got.dtype != want.dtype or got.shape != want.shape:
            return f"'{output}' is {got.dtype}{list(got.shape)}, need {want.dtype}{list(want.shape)}"
        if want.dtype.kind == "f" and not name.startswith("cast_"):
            tolerance = 1e-2 if want.dtype == np.float16 else 2e-4
            same = np.isclose(got.astype(np.float64), want.astype(np.float64), rtol=tolerance, atol=tolerance)
        else:
            same = (got == want) | ((got != got) & (want != want))
            if output in PATTERNS:
                mask, infinity = PATTERNS[output]
                same |= ((got & mask) > infinity) & ((want & mask) > infinity)
        if not same.all():
            at = tuple(int(i) for i in np.argwhere(~same)[0])
            return f"'{output}': {int((~same).sum())} of {same.size} off; at {at} {got[at]}, need {want[at]}"
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", required=True, help="the tp-batch program")
    parser.add_argument("--cases", default=os.path.join(HERE, "cases"))
    parser.add_argument("--only", default="", help="run the cases whose name matches")
    parser.add_argument("--tp", default="1,2", help="numbers of ranks")
    options = parser.parse_args()
    paths = [path for path in sorted(glob.glob(os.path.join(options.cases, "*.onnx")))
             if re.search(options.only, os.path.basename(path)[:-5])]
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        jobs = {}
        for path in paths:
            name = os.path.basename(path)[:-5]
            arrays = np.load(path[:-5] + ".npz")
            inputs = os.path.join(folder, name + ".in.npz")
            np.savez(inputs, **{key[3:]: arrays[key] for key in arrays.files if key.startswith("in_")})
            for tp in options.tp.split(","):
                job = f"{name}@{tp}"
                jobs[job] = {"id": job, "model": path, "tp": int(tp), "inputs": inputs,
                             "outputs": os.path.join(folder, job + ".npz")}
        for result in run_batch(options.batch, jobs.values()):
            job, message = jobs[result["id"]], result["message"]
            name = result["id"].split("@")[0]
            if result["status"] == "ok":
                message = compare(name, np.load(job["model"][:-5] + ".npz"), np.load(job["outputs"]))
            else:
                message = f"{result['status']}: {message}"
            passed += not message
            failed += bool(message)
            if message:
                print(f"FAIL {result['id']}: {message}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or passed != len(jobs) or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
