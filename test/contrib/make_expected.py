#!/usr/bin/env python3
"""Make expected.npz: ONNX Runtime's outputs for the cases of cases.py.

  make_expected.py [--only REGEX] [-o expected.npz]

An entry NAME/RUN/OUTPUT is an array. Fails if ONNX Runtime's CPU provider rejects
a case (or the reference model of one that it lacks).
"""
import argparse
import os
import re
import sys

import numpy as np
import onnxruntime as ort

import cases

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="make the cases whose name matches")
    parser.add_argument("-o", "--output", default=os.path.join(HERE, "expected.npz"))
    options = parser.parse_args()
    ort.set_default_logger_severity(4)
    arrays, skipped = {}, 0
    for name in cases.CASES:
        if not re.search(options.only, name):
            continue
        model, runs = cases.build_case(name)
        model = model.reference or model
        try:
            session = ort.InferenceSession(model.build().SerializeToString(), providers=["CPUExecutionProvider"])
            for i, run in enumerate(runs):
                for value, result in zip(session.get_outputs(), session.run(None, run)):
                    arrays[f"{name}/{i}/{value.name}"] = result
        except Exception as error:
            print(f"{name}: ONNX Runtime: {str(error).splitlines()[0][:300]}")
            skipped += 1
    np.savez_compressed(options.output, **arrays)
    print(f"{len({key.split('/')[0] for key in arrays})} cases, {os.path.getsize(options.output)} bytes")
    return 1 if skipped else 0


if __name__ == "__main__":
    sys.exit(main())
