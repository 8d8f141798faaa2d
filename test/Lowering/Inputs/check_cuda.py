"""check_cuda.py ARTIFACT CUDA-REPORT CPU-REPORT

kernels.fatbin defines every kernel of the manifest, and both targets have the
same plan and the same collectives.
"""
import json
import os
import sys

artifact, cuda, cpu = sys.argv[1:]
with open(os.path.join(artifact, "manifest.json")) as file:
    kernels = [kernel["name"] for kernel in json.load(file)["kernels"]]
with open(os.path.join(artifact, "kernels.fatbin"), "rb") as file:
    fatbin = file.read()
assert kernels, "no kernels"
missing = [name for name in kernels if fatbin.count(name.encode() + b"\0") == 0]
assert not missing, f"not in kernels.fatbin: {missing}"

with open(cuda) as a, open(cpu) as b:
    a, b = json.load(a), json.load(b)
for key in a:
    if key not in ("timings_ms", "peak_rss_bytes"):
        assert a[key] == b[key], f"the reports differ in '{key}'"
