#!/usr/bin/env python3
"""Compile the models under test/models and compare with ONNX Runtime's outputs.

  check_models.py --bin BUILD/bin [--models DIR] [--only REGEX] [--tp 1,2,4,8] [--mesh MESH ...] [--option OPTION ...]

Every model is compiled once per tp, or per mesh if meshes are given; every case runs twice, and both runs must
give the same bits. At some of them (--static) a case is also compiled for its sizes
alone, with the same bits again: where the plan for these sizes is another, after it was given
that of the program for any sizes (--save-plan, --plan). Options are given to tp-opt. Prints a line per failure and ends with 'N passed, N failed'.
"""
import argparse
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

import numpy as np


def run(command, timeout):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return f"no end after {timeout} s"
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or [""]
        return f"exit {done.returncode}: {lines[0][:300]}"
    return None


def to_float(array, dtype):
    if array.dtype == np.uint16 and dtype == "BFLOAT16":
        return (array.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    return array.astype(np.float64)


def compare(meta, expected, actual):
    """The first disagreement, or None."""
    rows = expected["rowmask"].astype(bool) if "rowmask" in expected.files else None
    for output in meta["outputs"]:
        name = output["name"]
        if name not in actual.files:
            return f"{name}: missing"
        got = to_float(actual[name], output["dtype"])
        want = expected["out_" + name].astype(np.float64)
        if got.shape != want.shape:
            return f"{name}: shape {got.shape}, need {want.shape}"
        if rows is not None and want.shape[:2] == rows.shape:
            got, want = got[rows], want[rows]
        finite = np.isfinite(want)
        off = np.abs(got - want) > meta["atol"] + meta["rtol"] * np.abs(want)
        off = (off | ~np.isfinite(got)) & finite
        if off.any():
            worst = np.abs(got - want)[off].max()
            return f"{name}: {int(off.sum())} of {off.size} off, worst {worst:.3g}"
    return None


def same_bits(first, second):
    return all(first[k].tobytes() == second[k].tobytes() for k in first.files)


def run_case(arguments, artifact, inputs, scratch, name):
    """The outputs of one run, and what went wrong."""
    output = os.path.join(scratch, f"{name}.npz")
    command = [os.path.join(arguments.bin, "tp-run"), artifact, f"--inputs={inputs}", f"--outputs={output}"]
    problem = run(command, arguments.timeout)
    return (None if problem else np.load(output)), problem


def compile_model(arguments, directory, mesh, artifact, *options):
    model = os.path.join(directory, "model.onnx")
    command = [os.path.join(arguments.bin, "tp-opt"), model, f"--mesh={mesh}", "-o", artifact, *arguments.option, *options]
    return run(command, arguments.timeout)


def symbol_sizes(meta, arrays):
    """What the arrays give to the model's symbols, as --dim takes it."""
    sizes = {}
    for value in meta["inputs"]:
        for dim, size in zip(value["shape"], arrays["in_" + value["name"]].shape):
            if isinstance(dim, str) and dim.isidentifier():
                sizes[dim] = size
    return ",".join(f"{name}={size}" for name, size in sizes.items())


def run_compiled(arguments, directory, mesh, scratch, inputs, *options):
    """The outputs of a program compiled with the options, and what went wrong."""
    artifact = os.path.join(scratch, "static.tpx")
    problem = compile_model(arguments, directory, mesh, artifact, *options)
    return (None, problem) if problem else run_case(arguments, artifact, inputs, scratch, "static")


def check_static(arguments, directory, mesh, scratch, inputs, sizes, results):
    """What is wrong with the program for these sizes alone, or None."""
    static, problem = run_compiled(arguments, directory, mesh, scratch, inputs, f"--dim={sizes}")
    if problem or same_bits(static, results):
        return problem
    plan = os.path.join(scratch, "plan.json")
    static, problem = run_compiled(arguments, directory, mesh, scratch, inputs, f"--dim={sizes}", f"--plan={plan}")
    if problem:
        return f"with the plan for any sizes: {problem}"
    return None if same_bits(static, results) else "fixed sizes change the result's bits"


def check(arguments, directory, meta, mesh, scratch):
    """Yields (case, error or None)."""
    artifact = os.path.join(scratch, "model.tpx")
    error = compile_model(arguments, directory, mesh, artifact, "--save-plan=" + os.path.join(scratch, "plan.json"))
    for case in meta["cases"]:
        if error:
            yield case["name"], error
            continue
        expected = np.load(os.path.join(directory, case["file"]))
        inputs = os.path.join(scratch, "in.npz")
        np.savez(inputs, **{k[3:]: expected[k] for k in expected.files if k.startswith("in_")})
        results, problem = run_case(arguments, artifact, inputs, scratch, "first")
        problem = problem or compare(meta, expected, results)
        if not problem:
            again, problem = run_case(arguments, artifact, inputs, scratch, "second")
            problem = problem or (None if same_bits(results, again) else "two runs differ")
        sizes = symbol_sizes(meta, expected) if mesh in arguments.static.split(";") else ""
        if not problem and sizes:
            problem = check_static(arguments, directory, mesh, scratch, inputs, sizes, results)
        yield case["name"], problem


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--models", default=os.path.join(here, "..", "models"))
    parser.add_argument("--only", default="")
    parser.add_argument("--tp", default="1,2,4,8")
    parser.add_argument("--mesh", action="append", help="instead of --tp, as in --mesh=ep=2,tp=2")
    parser.add_argument("--static", default="tp=1;tp=2", help="the meshes at which cases are also compiled for their sizes alone, with ; between")
    parser.add_argument("--option", action="append", default=[], help="an option for tp-opt, as in --option=--shard=x=tp:0")
    parser.add_argument("--timeout", type=float, default=120)
    arguments = parser.parse_args()
    passed = failed = 0
    for path in sorted(glob.glob(os.path.join(arguments.models, "*", "meta.json"))):
        with open(path) as file:
            meta = json.load(file)
        if not re.search(arguments.only, meta["name"]):
            continue
        for mesh in arguments.mesh or [f"tp={tp}" for tp in arguments.tp.split(",")]:
            with tempfile.TemporaryDirectory() as scratch:
                for case, error in check(arguments, os.path.dirname(path), meta, mesh, scratch):
                    passed += error is None
                    failed += error is not None
                    if error:
                        print(f"FAIL {meta['name']} {mesh} {case}: {error}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
