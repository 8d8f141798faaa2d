#!/usr/bin/env python3
"""Compile a model under test/models for two ranks, run a case and show what happened.

  demo.py [MODEL] [--tp=N] [--bin=build/bin]
"""
import argparse
import collections
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def call(*command):
    print("$ " + " ".join([os.path.basename(command[0]), *(os.path.relpath(c) if os.path.isabs(c) else c for c in command[1:])]))
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout


def megabytes(size):
    return f"{size / 1e6:.2f} MB"


def show_plan(path):
    """The plan in a few lines: the report has every tensor and its reason."""
    with open(path) as file:
        report = json.load(file)
    print(f"  weights per rank: {', '.join(map(megabytes, report['weights_bytes_per_rank']))}")
    kinds = collections.Counter((c["kind"], c["layer"]) for c in report["collectives"])
    for (kind, layer), count in sorted(kinds.items(), key=lambda item: (item[0][1] is not None, item[0][1] or 0)):
        where = "outside of the layers" if layer is None else f"in layer {layer}"
        print(f"  {count} {kind.replace('_', '-')} {where}")
    print(f"  wire bytes per rank for 512 tokens: {megabytes(report['totals']['wire_bytes_per_rank'])}")
    print("  the first products, and why:")
    divided = [entry for entry in report["layouts"] if "dividing" in entry["reason"]]
    for entry in divided[:8]:
        print(f"    {entry['tensor']}: {entry['layout']} -- {entry['reason']}")


def show_result(meta, expected, actual):
    for output in meta["outputs"][:1]:
        got, want = actual[output["name"]], expected["out_" + output["name"]]
        off = np.abs(got - want)
        fits = bool((off <= meta["atol"] + meta["rtol"] * np.abs(want)).all())
        print(f"  {output['name']} {list(got.shape)}: {np.array2string(got.ravel()[:4], precision=4)} ...")
        print(f"  ONNX Runtime's outputs: {np.array2string(want.ravel()[:4], precision=4)} ..."
              f"; largest difference {off.max():.1e}: {'equal within tolerance' if fits else 'NOT EQUAL'}")
        if not fits:
            sys.exit(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default=os.path.join(ROOT, "test", "models", "llama__cache"))
    parser.add_argument("--tp", default="2")
    parser.add_argument("--bin", default=os.path.join(ROOT, "build", "bin"))
    arguments = parser.parse_args()
    arguments.model, arguments.bin = os.path.abspath(arguments.model), os.path.abspath(arguments.bin)
    with open(os.path.join(arguments.model, "meta.json")) as file:
        meta = json.load(file)
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        tool = lambda name: os.path.join(arguments.bin, name)
        os.symlink(os.path.join(arguments.model, "model.onnx"), "model.onnx")
        case = np.load(os.path.join(arguments.model, meta["cases"][0]["file"]))
        np.savez("in.npz", **{k[3:]: case[k] for k in case.files if k.startswith("in_")})
        print(f"{meta['name']}: {meta['model_class']}, {meta['n_params']} parameters, exported by PyTorch")
        call(tool("tp-opt"), "model.onnx", f"--tp={arguments.tp}", "-o", "model.tpx", "--report=plan.json")
        show_plan("plan.json")
        call(tool("tp-run"), "model.tpx", "--inputs=in.npz", "--outputs=out.npz")
        show_result(meta, case, np.load("out.npz"))
        if meta["kind"] == "cache":
            ids = call(tool("tp-run"), "model.tpx", "--generate", "--prompt-ids=1,2,3", "--max-new-tokens=8")
            print(f"  {ids.strip()}")


if __name__ == "__main__":
    main()
