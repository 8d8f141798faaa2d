#!/usr/bin/env python3
"""What a dense decoder layer sends, with no annotation: wire_bytes.py TP_OPT

Llama's and GPT-2's layers are built at the sizes of the figures known for GSPMD and Shardy (docs/planning.md), as their
exporters write them: Llama with grouped queries and an expanded key/value cache, GPT-2 with one fused product for queries,
keys and values. Asserts the collectives of each layer and the bytes that a device sends and receives for them in a ring:
two all-reduces, and with sequence parallelism these in two halves.
"""

import json
import os
import subprocess
import sys
import tempfile

import onnx
from onnx import TensorProto, helper

from decoders import Graph, gpt2_layer, llama_layer, rms_norm

BATCH, SEQ, WIDTH, LAYERS = 2, 512, 1024, 4
MIB = 1 << 20


def write_model(layer, sizes, path):
    g = Graph()
    x = "hidden"
    for _ in range(LAYERS):
        x = layer(g, x, "mask", WIDTH, **sizes)
    x = rms_norm(g, x, WIDTH)
    used = {name for node in g.nodes for name in node.input}
    shapes = {
        "hidden": ["batch", "seq", WIDTH],
        "mask": [1, 1, "seq", "seq"],
        "cos": [1, 1, "seq", 128],
        "sin": [1, 1, "seq", 128],
    }
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name]) for name in shapes if name in used]
    output = helper.make_tensor_value_info(x, TensorProto.FLOAT, shapes["hidden"])
    graph = helper.make_graph(g.nodes, "layers", inputs, [output], g.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    with open(path, "wb") as file:
        file.write(model.SerializeToString())
    with open(os.path.join(os.path.dirname(path), "weights.bin"), "wb") as file:
        file.truncate(4 * 4 * WIDTH * WIDTH)


def measure(tp_opt, path, tp, option):
    """Kinds of collectives and MiB per device of every layer; those outside of layers are at None."""
    report = path + ".json"
    out = path + ".tpx"
    sizes = f"--assume=batch={BATCH},seq={SEQ}"
    subprocess.run([tp_opt, path, f"--tp={tp}", sizes, option, f"--report={report}", "-o", out], check=True)
    with open(report) as file:
        data = json.load(file)
    layers = {}
    for each in data["collectives"]:
        kinds, size = layers.get(each["layer"], ([], 0))
        layers[each["layer"]] = (kinds + [each["kind"]], size + each["wire_bytes_per_rank"] / MIB)
    return layers


MODELS = (
    ("Llama", llama_layer, {"heads": 8, "kv_heads": 4, "hidden": 2816}),
    ("GPT-2", gpt2_layer, {"heads": 16}),
)

# MiB per device and layer. Fully annotated, GSPMD and Shardy send 15 for Llama at 8, and 22 for GPT-2.
EXPECTED = {
    ("Llama", 4): 12,
    ("Llama", 8): 14,  # more ranks than key/value heads
    ("GPT-2", 4): 12,
    ("GPT-2", 8): 14,
}


def is_right(layers, expected, option):
    if option == "--sequence-parallel=off":
        return all(kinds == ["all_reduce"] * 2 and abs(size - expected) < 1e-9 for kinds, size in layers.values())
    # The first layer's input is whole already, and the output of the last is returned split.
    missing = sum(abs(size - expected * 3 / 4) < 1e-9 for _, size in layers.values())
    inner = [(kinds, size) for kinds, size in layers.values() if abs(size - expected * 3 / 4) >= 1e-9]
    halves = ["all_gather"] * 2 + ["reduce_scatter"] * 2
    return missing == 1 and all(sorted(kinds) == halves and abs(size - expected) < 1e-9 for kinds, size in inner)


def check_limit(tp_opt, path):
    """Weights that must fit: dividing more of them moves more bytes, until nothing is left to divide."""
    report = path + ".json"
    totals = []
    for limit in (26, 24, 1):
        command = [tp_opt, path, "--tp=8", f"--max-weights={limit} MB", f"--report={report}", "-o", path + ".tpx"]
        done = subprocess.run(command, capture_output=True, text=True)
        if limit == 1:
            return done.returncode == 1 and "the weights of a rank take at least" in done.stderr and totals == sorted(totals)
        with open(report) as file:
            data = json.load(file)
        totals.append(data["totals"]["wire_bytes_per_rank"])
        if done.returncode or max(data["weights_bytes_per_rank"]) > limit * 1e6:
            return False


def main():
    tp_opt = sys.argv[1]
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, layer, sizes in MODELS:
            path = os.path.join(folder, "model.onnx")
            write_model(layer, sizes, path)
            onnx.checker.check_model(path)
            if name == "Llama":
                right = check_limit(tp_opt, path)
                failures += not right
                print(f"{name} tp=8 with limited weights: {'right' if right else 'WRONG'}")
            for tp in (4, 8):
                for option in ("--sequence-parallel=off", "--sequence-parallel=auto"):
                    layers = measure(tp_opt, path, tp, option)
                    outside = layers.pop(None, ([], 0.0))
                    expected = EXPECTED[name, tp]
                    right = len(layers) == LAYERS and is_right(layers, expected, option)
                    failures += not right
                    sizes = sorted({round(size, 3) for _, size in layers.values()})
                    print(f"{name} tp={tp} {option}: {len(layers)} layers, MiB per device and layer {sizes} (expected "
                          f"{expected}), outside {outside[1]:g} MiB: {'right' if right else f'WRONG {layers}'}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
