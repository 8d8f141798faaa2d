#!/usr/bin/env python3
"""Count the collectives inside the layers of real exports: layer_collectives.py TP_OPT MODELS [--tp 2,4,8]

MODELS is a folder of folders with model.onnx. A layer has two sums to finish, of attention and of the feed-forward part:
two all-reduces, or each as a reduce-scatter and an all-gather. A layer whose two parts read the same values (parallel
residual) has one, and one with cross-attention three.
"""

import argparse
import collections
import glob
import json
import os
import subprocess
import sys
import tempfile

SUMS = {"gpt_neox": 1, "gptj": 1, "falcon": 1, "t5__decoder": 3, "torch_decoder": 3, "whisper__decoder": 3}


def expected_sums(name):
    return next((sums for prefix, sums in SUMS.items() if name.startswith(prefix)), 2)


def are_right(layers, sums):
    """Whether every layer has `sums` all-reduces, whole or in two halves.

    What the first half leaves split is gathered in the next layer, behind all layers, or never, where the model returns it.
    """
    gathers = sum(kinds["all_gather"] for kinds in layers.values())
    scatters = sum(kinds["reduce_scatter"] for kinds in layers.values())
    return gathers <= scatters and all(
        kinds["all_reduce"] + kinds["reduce_scatter"] == sums and kinds["all_gather"] <= sums
        and set(kinds) <= {"all_reduce", "reduce_scatter", "all_gather"} for kinds in layers.values())


def read_layers(tp_opt, model, tp, folder):
    report = os.path.join(folder, "report.json")
    subprocess.run([tp_opt, model, f"--tp={tp}", f"--report={report}", "-o", os.path.join(folder, "model.tpx")],
                   check=True, stderr=subprocess.DEVNULL)
    with open(report) as file:
        data = json.load(file)
    layers = collections.defaultdict(collections.Counter)
    for each in data["collectives"]:
        layers[each["layer"]][each["kind"]] += 1
    return layers


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tp_opt")
    parser.add_argument("models")
    parser.add_argument("--tp", default="2,4,8")
    arguments = parser.parse_args()
    failures = programs = 0
    with tempfile.TemporaryDirectory() as folder:
        for model in sorted(glob.glob(os.path.join(arguments.models, "*", "model.onnx"))):
            name = os.path.basename(os.path.dirname(model))
            for tp in map(int, arguments.tp.split(",")):
                layers = read_layers(arguments.tp_opt, model, tp, folder)
                outside = dict(layers.pop(None, {}))
                programs += 1
                # Exports of the sample models have two layers.
                if len(layers) < 2 or not are_right(layers, expected_sums(name)):
                    failures += 1
                    print(f"WRONG {name} tp={tp}: {({layer: dict(kinds) for layer, kinds in layers.items()})}")
                elif sum(outside.values()) > 2:
                    failures += 1
                    print(f"WRONG {name} tp={tp}: outside of layers {outside}")
    print(f"{programs - failures} programs have the least collectives, {failures} do not")
    sys.exit(1 if failures or not programs else 0)


if __name__ == "__main__":
    main()
