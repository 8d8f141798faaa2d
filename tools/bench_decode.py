#!/usr/bin/env python3
"""Compare decoding speed with ONNX Runtime on the same cores, in the same run.

  bench_decode.py MODEL.onnx [--bin build/bin] [--past 256] [--tp 2] [--rounds 5]

Both sides run single-token steps over a cache of --past tokens, in turns, so
that a machine whose speed drifts drifts for both. ONNX Runtime gets as many
threads as there are ranks. Prints JSON: the medians, and the median of the
round-by-round ratios (above 1: tp-run is faster).
Needs the Python packages numpy and onnxruntime.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time

import numpy as np
import onnxruntime as ort

DTYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(int64)": np.int64, "tensor(bool)": np.bool_}


def feeds_of(session, past):
    """One new token after `past` cached ones."""
    feeds = {}
    for item in session.get_inputs():
        name = item.name
        if name.startswith("past_key_values"):
            shape = [d if isinstance(d, int) else (1 if i == 0 else past) for i, d in enumerate(item.shape)]
        elif name == "attention_mask":
            shape = [1, past + 1]
        else:
            shape = [1, 1]
        value = np.ones(shape, DTYPES[item.type])
        if name == "position_ids":
            value *= past
        elif value.dtype.kind == "f":
            value = np.random.default_rng(0).standard_normal(shape).astype(value.dtype)
        feeds[name] = value
    return feeds


def time_onnxruntime(session, binding, seconds):
    times = []
    end = time.monotonic() + seconds
    while time.monotonic() < end or len(times) < 5:
        start = time.monotonic()
        session.run_with_iobinding(binding)
        times.append((time.monotonic() - start) * 1e3)
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--bin", default=os.path.join(os.path.dirname(__file__), "..", "build", "bin"))
    parser.add_argument("--past", type=int, default=256)
    parser.add_argument("--tp", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()

    settings = ort.SessionOptions()
    settings.intra_op_num_threads = options.tp
    session = ort.InferenceSession(options.model, settings, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    for name, value in feeds_of(session, options.past).items():
        binding.bind_cpu_input(name, value)
    for output in session.get_outputs():
        binding.bind_output(output.name)

    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as scratch:
        artifact = os.path.join(scratch, "model.tpx")
        subprocess.run(
            [os.path.join(options.bin, "tp-opt"), options.model, f"--tp={options.tp}", "-o", artifact], check=True
        )
        for _ in range(options.rounds):
            output = subprocess.run(
                [os.path.join(options.bin, "tp-run"), artifact, f"--bench=decode:{options.past}"],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
            ours.append(json.loads(output)["decode"]["median_ms"])
            theirs.append(time_onnxruntime(session, binding, seconds=2))
    ratios = [b / a for a, b in zip(ours, theirs)]
    print(
        json.dumps(
            {
                "model": options.model,
                "past": options.past,
                "ranks": options.tp,
                "tp_run_ms": round(statistics.median(ours), 3),
                "onnxruntime_ms": round(statistics.median(theirs), 3),
                "speed_ratio": round(statistics.median(ratios), 3),
                "ratios": [round(r, 3) for r in ratios],
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
