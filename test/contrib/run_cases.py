#!/usr/bin/env python3
"""Compile and run the cases of cases.py and compare with ONNX Runtime's outputs.

  run_cases.py --batch BUILD/bin/tp-batch [--only REGEX] [--tp 1,2,4] [-v]

Ends with 'N passed, N failed'.
"""
import argparse
import os
import re
import sys
import tempfile

import numpy as np
import onnx

import cases

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "batch"))

from tp_batch import run_batch  # noqa: E402  (beside tp-batch)

HERE = os.path.dirname(os.path.abspath(__file__))


def compare(path, expected):
    """An empty string, or how the outputs differ."""
    results = np.load(path)
    for name, wanted in expected.items():
        if name not in results.files:
            return f"no output '{name}'"
        actual = results[name]
        if actual.shape != wanted.shape or actual.dtype != wanted.dtype:
            return f"output '{name}' is {actual.dtype}{actual.shape}, need {wanted.dtype}{wanted.shape}"
        try:
            np.testing.assert_allclose(actual, wanted, rtol=1e-3, atol=2e-4)
        except AssertionError as error:
            lines = [line for line in str(error).splitlines() if line.strip()]
            return f"output '{name}': " + "; ".join(lines[1:4])
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", required=True, help="the tp-batch program")
    parser.add_argument("--only", default="", help="run the cases whose name matches")
    parser.add_argument("--tp", default="1,2,4", help="numbers of ranks")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("-v", "--verbose", action="store_true", help="a line for each run")
    options = parser.parse_args()
    stored = np.load(os.path.join(HERE, "expected.npz"))
    expected = {}
    for key in stored.files:
        name, run, output = key.split("/")
        expected.setdefault((name, int(run)), {})[output] = stored[key]
    counts, jobs, wanted = {True: 0, False: 0}, [], {}
    with tempfile.TemporaryDirectory() as folder:
        for name in cases.CASES:
            if not re.search(options.only, name):
                continue
            model, runs = cases.build_case(name)
            path = os.path.join(folder, name)
            onnx.save(model.build(), path + ".onnx")
            for i, run in enumerate(runs):
                np.savez(f"{path}.{i}.npz", **run)
                for tp in map(int, options.tp.split(",")):
                    job = {"id": f"{name}, run {i}, tp {tp}", "model": path + ".onnx", "tp": tp,
                           "inputs": f"{path}.{i}.npz", "outputs": f"{path}.{i}.{tp}.out.npz"}
                    jobs.append(job)
                    wanted[job["id"]] = (job["outputs"], expected[name, i])
        for result in run_batch(options.batch, jobs, f"--jobs={options.jobs}"):
            status, message = result["status"], result["message"]
            if status == "ok":
                message = compare(*wanted[result["id"]])
                status = "wrong" if message else "passed"
            counts[status == "passed"] += 1
            if status != "passed" or options.verbose:
                print(f"{result['id']}: {status}: {(message.splitlines() or [''])[0]}")
    print(f"{counts[True]} passed, {counts[False]} failed")
    return 1 if counts[False] or not counts[True] else 0


if __name__ == "__main__":
    sys.exit(main())
