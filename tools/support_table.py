#!/usr/bin/env python3
"""Compile and run exported models, and write what passed as a Markdown table.

  support_table.py --batch BUILD/bin/tp-batch --models DIR [--models DIR ...]
                   [--only REGEX] [--tp 1,2,4,8] [--results FILE.json] [--markdown FILE.md]

The folders are those that tools/export_models.py writes (model.onnx, meta.json,
caseN.npz). Every case is compiled and run at every tp and compared with the
stored outputs within meta.json's tolerance. --results keeps the figures: what is
in the file already and is not run again stays, so that a table can be made in
parts; with --only '^$' the table is written from the file alone.
Ends with 'N passed, N failed'.
"""
import argparse
import collections
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "test", "e2e"))

from check_models import compare  # noqa: E402  (beside the tests)


def find_models(options):
    seen = set()
    for folder in options.models:
        for path in sorted(glob.glob(os.path.join(folder, "*", "meta.json"))):
            with open(path) as file:
                meta = json.load(file)
            if "cases" in meta and re.search(options.only, meta["name"]):
                if meta["name"] in seen:
                    print(f"{path}: left out, {meta['name']} is in a folder before", file=sys.stderr)
                    continue
                seen.add(meta["name"])
                meta["outputs"] = [dict(value, dtype=normal_type(value["dtype"])) for value in meta["outputs"]]
                yield os.path.dirname(path), meta


def normal_type(name):
    return {"tensor(float)": "FLOAT", "tensor(bfloat16)": "BFLOAT16"}.get(name, name)


def make_jobs(models, tps, scratch):
    for folder, meta in models:
        for number, case in enumerate(meta["cases"]):
            stored = np.load(os.path.join(folder, case["file"]))
            inputs = os.path.join(scratch, f"{meta['name']}.{number}.npz")
            np.savez(inputs, **{key[3:]: stored[key] for key in stored.files if key.startswith("in_")})
            for tp in tps:
                yield dict(
                    id=f"{meta['name']} {number} {tp}",
                    model=os.path.abspath(os.path.join(folder, "model.onnx")),
                    tp=tp,
                    inputs=inputs,
                    outputs=os.path.join(scratch, f"{meta['name']}.{number}.{tp}.out.npz"),
                )


def run_jobs(options, jobs, scratch):
    """The answer of each job by its id."""
    command = [options.batch, f"--jobs={options.jobs}", f"--timeout={options.timeout}", f"--scratch={scratch}"]
    text = "".join(json.dumps(job) + "\n" for job in jobs)
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    answers = {}
    for line in done.stdout.splitlines():
        answer = json.loads(line)
        answers[answer["id"]] = answer
    return answers


def judge(folder, meta, case, job, answer):
    """What is wrong with a job's outputs, or None."""
    if answer is None:
        return "no answer"
    if answer["status"] != "ok":
        lines = [line for line in answer["message"].splitlines() if line.strip()] or [""]
        # Warnings may come first.
        reason = next((line for line in lines if "error:" in line), lines[0])
        return f"{answer['status']}: {reason[:300]}"
    expected = np.load(os.path.join(folder, case["file"]))
    return compare(meta, expected, np.load(job["outputs"]))


def measure(options, results):
    """Runs everything and adds it to `results`; the number passed and failed."""
    models = list(find_models(options))
    passed = failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        jobs = list(make_jobs(models, options.tps, scratch))
        answers = run_jobs(options, jobs, scratch)
        by_id = {job["id"]: job for job in jobs}
        for folder, meta in models:
            entry = results.setdefault(meta["name"], {})
            entry.update(arch=meta["arch"], exporter=meta["name"].split("__", 1)[1], cases=len(meta["cases"]))
            passes, errors = entry.setdefault("passed", {}), entry.setdefault("errors", {})
            for tp in options.tps:
                passes[str(tp)] = 0
                errors.pop(str(tp), None)
                for number, case in enumerate(meta["cases"]):
                    key = f"{meta['name']} {number} {tp}"
                    error = judge(folder, meta, case, by_id[key], answers.get(key))
                    passes[str(tp)] += error is None
                    passed, failed = passed + (error is None), failed + (error is not None)
                    if error:
                        errors.setdefault(str(tp), error)
                        print(f"FAIL {meta['name']} tp={tp} {case['name']}: {error}", flush=True)
    return passed, failed


def short_reason(error):
    """An error without the parts that differ between models."""
    error = re.sub(r"^\w+: .*?: (node '[^']*' )?", "", error) if "error:" not in error else error.split("error:", 1)[1]
    return error.strip().replace("|", "\\|")


def write_markdown(results, tps, path):
    cases, fully, totals = 0, 0, collections.Counter()
    rows = []
    for name in sorted(results):
        entry = results[name]
        measured = [tp for tp in tps if str(tp) in entry["passed"]]
        cells = [f"{entry['passed'][str(tp)]}/{entry['cases']}" if tp in measured else "" for tp in tps]
        reason = next((short_reason(text) for _, text in sorted(entry["errors"].items())), "")
        rows.append(f"| {entry['arch']} | {entry['exporter']} | {' | '.join(cells)} | {reason} |")
        cases += entry["cases"]
        fully += not entry["errors"]
        for tp in measured:
            totals[tp] += entry["passed"][str(tp)]
    lines = [
        "# What has been run",
        "",
        "Cases passed of all, by architecture, variant and number of ranks (CPU threads): the outputs equal ONNX",
        "Runtime's on the same file within the tolerance stored with the export (1e-3 relative, 1e-4 absolute in 32 bits).",
        "Where a model allows activations to be rounded to 8 bits (`accuracy_level` of `MatMulNBits`), which is not done here,",
        "ONNX Runtime was not allowed to, either. The models are small, with random weights; `tools/export_models.py` makes",
        "them and `tools/support_table.py` writes this page.",
        "",
        f"{len(rows)} exports, {fully} with all cases passed. Cases passed of {cases}: "
        + ", ".join(f"{totals[tp]} at tp {tp}" for tp in tps)
        + ".",
        "",
        "| architecture | export | " + " | ".join(f"tp {tp}" for tp in tps) + " | first failure |",
        "| --- | --- | " + " | ".join("---" for _ in tps) + " | --- |",
        *rows,
        "",
    ]
    with open(path, "w") as file:
        file.write("\n".join(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", required=True)
    parser.add_argument("--models", action="append", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--tp", default="1,2,4,8")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--timeout", type=int, default=120)
    parser.add_argument("--results")
    parser.add_argument("--markdown")
    options = parser.parse_args()
    options.tps = [int(tp) for tp in options.tp.split(",")]
    results = {}
    if options.results and os.path.exists(options.results):
        with open(options.results) as file:
            results = json.load(file)
    passed, failed = measure(options, results)
    if options.results:
        with open(options.results, "w") as file:
            json.dump(results, file, indent=1, sort_keys=True)
    if options.markdown:
        write_markdown(results, options.tps, options.markdown)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
