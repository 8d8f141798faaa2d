#!/usr/bin/env python3
"""Write models for fuzz-import to begin with: make_corpus.py FOLDER MODEL.onnx...

The given models, their weights left out (as external data in weights.bin, which
the fuzzer has), and those of the ONNX standard's node tests.
"""
import os
import sys
import warnings

import onnx
from onnx.backend.test.case.node import collect_testcases

KEEP = 256  # bytes: smaller tensors stay, they hold shapes and axes


def move_weights_out(model):
    offset = 0
    for tensor in model.graph.initializer:
        length = len(tensor.raw_data)
        if length <= KEEP:
            continue
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in ("location", "weights.bin"), ("offset", str(offset)), ("length", str(length)):
            tensor.external_data.add(key=key, value=value)
        offset += (length + 63) // 64 * 64


def main():
    folder, paths = sys.argv[1], sys.argv[2:]
    os.makedirs(folder, exist_ok=True)
    models = {}
    for path in paths:
        model = onnx.load(path, load_external_data=False)
        move_weights_out(model)
        models["-".join(path.split(os.sep)[-2:])] = model
    warnings.simplefilter("ignore")
    for test in collect_testcases(None):
        if test.model is not None:
            models[test.name + ".onnx"] = test.model
    for name, model in models.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(model.SerializeToString())
    print(f"{len(models)} models")


if __name__ == "__main__":
    main()
