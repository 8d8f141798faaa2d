#!/usr/bin/env python3
"""Run the ONNX standard's node tests through the compiler and the runtime.

  node_tests.py --batch BUILD/bin/tp-batch [--only REGEX] [--tp 1,2] [-v]
  node_tests.py --batch BUILD/bin/tp-batch --symbolic [--only REGEX] [-v]

The cases are those that the installed `onnx` Python package generates. Each is
compiled and run at every tp and compared with the standard's expected output.
An operand on which the result's shape depends (`shape`, `axes`, `k`) is tried
as an input of the model first, then as an initializer, which is how exporters
write it.

expected_failures.txt beside this script lists the cases that the compiler
rejects, each under the reason. The run fails if a case that is not listed is
rejected, if a listed one passes, and always if a case crashes, stalls or gives
wrong numbers. Ends with 'N passed, N failed'.

With --symbolic the sizes of the inputs are symbols (equal ones share one; 1
stays): all of them, or if that is refused those of batch and tokens, those of
batch and image of the first input, or the batch alone. What a program for any
sizes computes must be what one for these sizes does, bit for bit; the compiler
may refuse to make one.
"""
import argparse
import collections
import json
import os
import re
import sys
import tempfile
import warnings

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "batch"))

from tp_batch import run_batch  # noqa: E402  (beside tp-batch)

HERE = os.path.dirname(os.path.abspath(__file__))

# Operators of transformer graphs: text, vision and speech.
TRANSFORMER_OPERATORS = set(open(os.path.join(HERE, "transformer_operators.txt")).read().split())

# What is said where a shape depends on the contents of an input: by the
# compiler, and by the runtime where they are no sizes (a -1 in a shape).
DATA_DEPENDENT = r"only known when the model runs|element \d+ is -?\d+, |the model needs"

# What the runtime says of sizes that a program for any sizes did not expect.
REFUSED_SIZES = r"the model needs|input '.*': dimension \d+ is"


class Case:
    """One node test, and what became of it."""

    def __init__(self, test):
        self.name = test.name
        self.model = test.model
        self.rtol, self.atol = test.rtol, test.atol
        self.inputs, self.outputs = test.data_sets[0]
        self.base = re.sub(r"_expanded(_ver\d+)?$", "", test.name)
        self.expanded = self.base != self.name
        self.operator = None
        self.constant_inputs = False
        self.status = {}  # tp -> (status, message)

    def verdict(self):
        """'passed', or the status and message of the first tp that did not."""
        for tp, (status, message) in sorted(self.status.items()):
            if status != "passed":
                return status, f"tp {tp}: {message}"
        return "passed", ""


def to_arrays(value):
    """A test's input or output as an array; None if it is no tensor."""
    if isinstance(value, onnx.TensorProto):
        value = numpy_helper.to_array(value)
    if isinstance(value, (int, float, bool, np.generic)):
        value = np.asarray(value)
    if not isinstance(value, np.ndarray) or value.dtype.kind in "OUS":
        return None
    return value


def is_native(dtype):
    """Whether NumPy itself has the type; ml_dtypes registers its own beside."""
    return dtype.type.__module__ == "numpy"


def to_bits(array):
    """Types that NumPy lacks travel as the bit patterns of an unsigned type;
    those of less than a byte as one byte per element."""
    if is_native(array.dtype):
        return array
    if array.dtype.name in ("int4", "int2"):
        return array.astype(np.int8)
    if array.dtype.name in ("uint4", "uint2"):
        return array.astype(np.uint8)
    return array.view({1: np.uint8, 2: np.uint16}[array.dtype.itemsize])


def from_bits(array, like):
    """The inverse of `to_bits` for an array of the type of `like`."""
    if array.dtype == like.dtype or is_native(like.dtype):
        return array
    if like.dtype.name in ("int4", "int2", "uint4", "uint2"):
        return array.astype(like.dtype)
    if array.dtype.itemsize != like.dtype.itemsize:
        return array
    return array.view(like.dtype)


def fix_inputs(model, arrays):
    """A copy of the model in which small integer inputs are initializers."""
    fixed = onnx.ModelProto()
    fixed.CopyFrom(model)
    kept = []
    for value in fixed.graph.input:
        array = arrays.get(value.name)
        small = array is not None and array.size <= 64 and array.dtype.kind in "iu" and array.ndim <= 1
        # Bounds of ranges, conditions, modes.
        small |= array is not None and (array.ndim == 0 or array.ndim == 1 and array.dtype.kind == "b")
        # Scales and the like: floats that determine a shape.
        small |= array is not None and array.size <= 8 and array.ndim <= 1 and value.name in ("scales", "roi", "depth")
        if small:
            fixed.graph.initializer.append(numpy_helper.from_array(array, value.name))
        else:
            kept.append(value)
    del fixed.graph.input[:]
    fixed.graph.input.extend(kept)
    return fixed


# Which dimensions of an input of a rank have symbols as sizes, by the input's number.
SYMBOLIC = {
    "all": lambda number, rank: range(rank),
    "tokens": lambda number, rank: {3: (0, 1), 4: (0, 2)}.get(rank, (0,)),
    "image": lambda number, rank: (0, *range(2, rank)) if number == 0 else (),
    "batch": lambda number, rank: (0,),
}


def make_symbolic(model, which):
    """A copy of the model in which sizes of inputs are symbols."""
    symbolic = onnx.ModelProto()
    symbolic.CopyFrom(model)
    for number, value in enumerate(symbolic.graph.input):
        dims = value.type.tensor_type.shape.dim
        for i in SYMBOLIC[which](number, len(dims)):
            if i < len(dims) and dims[i].dim_value > 1:
                dims[i].dim_param = f"size_{dims[i].dim_value}"
    for value in [*symbolic.graph.output, *symbolic.graph.value_info]:
        value.type.tensor_type.ClearField("shape")
    return symbolic


def write_job(case, folder, tp, constant_inputs, symbolic=None):
    path = os.path.join(folder, f"{case.name}.{tp}.{int(constant_inputs)}.{symbolic}")
    names = [value.name for value in case.model.graph.input]
    arrays = {name: to_arrays(value) for name, value in zip(names, case.inputs)}
    arrays = {name: array for name, array in arrays.items() if array is not None}
    model = fix_inputs(case.model, arrays) if constant_inputs else case.model
    model = make_symbolic(model, symbolic) if symbolic else model
    onnx.save(model, path + ".onnx")
    np.savez(path + ".in.npz", **{name: to_bits(array) for name, array in arrays.items()})
    return {"id": json.dumps([case.name, tp, symbolic]), "model": path + ".onnx", "tp": tp, "inputs": path + ".in.npz",
            "outputs": path + ".out.npz"}


def compare(case, path):
    """An empty string, or how the outputs differ from the expected ones."""
    results = np.load(path)
    for value, expected in zip(case.model.graph.output, case.outputs):
        expected = to_arrays(expected)
        if expected is None or value.name not in results.files:
            return f"no output '{value.name}'"
        actual = from_bits(results[value.name], expected)
        if actual.dtype != expected.dtype:
            return f"output '{value.name}' is {actual.dtype}, need {expected.dtype}"
        if actual.shape != expected.shape:
            return f"output '{value.name}' has shape {actual.shape}, need {expected.shape}"
        # The standard rounds narrow floats after every step, kernels once.
        narrow = {"float16": 2 ** -9, "bfloat16": 2 ** -6}.get(expected.dtype.name, 0)
        if not is_native(expected.dtype):
            actual, expected = actual.astype(np.float64), expected.astype(np.float64)
        # What should cancel to zero is rounding noise of the largest term.
        atol = case.atol
        if case.operator in ("DFT", "STFT"):
            atol = max(atol, 2 ** -22 * float(np.max(np.abs(expected), initial=0)))
        try:
            np.testing.assert_allclose(actual, expected, rtol=max(case.rtol, narrow), atol=atol)
        except AssertionError as error:
            lines = [line for line in str(error).splitlines() if line.strip()]
            return f"output '{value.name}': " + "; ".join(lines[1:4])
    return ""


def run_jobs(jobs, options):
    """What tp-batch says of each job: name, number of ranks, symbolic, status and message."""
    for result in run_batch(options.batch, jobs, f"--jobs={options.jobs}"):
        yield *json.loads(result["id"]), result["status"], result["message"]


def remove_files(jobs):
    for job in jobs:
        for path in (job["model"], job["inputs"], job["outputs"]):
            if os.path.exists(path):
                os.remove(path)


def run_at_tps(cases, folder, options, constant_inputs):
    """Runs every case at every tp; fills their status."""
    by_name = {case.name: case for case in cases}
    jobs = [write_job(case, folder, int(tp), constant_inputs) for case in cases for tp in options.tp.split(",")]
    paths = {job["id"]: job["outputs"] for job in jobs}
    for name, tp, symbolic, status, message in run_jobs(jobs, options):
        case = by_name[name]
        case.constant_inputs = constant_inputs
        if status == "ok":
            message = compare(case, paths[json.dumps([name, tp, symbolic])])
            status = "wrong" if message else "passed"
        case.status[tp] = (status, message)
    remove_files(jobs)


def run_symbolic(cases, folder, options, constant_inputs):
    """Runs every case with its own sizes and with symbols; fills the status."""

    def run(group, symbolic):
        jobs = {case.name: write_job(case, folder, 1, constant_inputs, symbolic) for case in group}
        results = {name: result for name, _, _, *result in run_jobs(jobs.values(), options)}
        return jobs, results

    own_jobs, own = run(cases, None)
    left = list(cases)
    for which in SYMBOLIC:
        jobs, results = run(left, which)
        for case in left:
            status, message = results[case.name]
            if status == "ok" and own[case.name][0] == "ok":
                fixed, free = (np.load(some[case.name]["outputs"]) for some in (own_jobs, jobs))
                different = [name for name in fixed.files if fixed[name].tobytes() != free[name].tobytes()]
                status, message = ("different", " ".join(different)) if different else ("passed", which)
            elif status == "ok":
                message = compare(case, jobs[case.name]["outputs"])
                status = "wrong" if message else "passed"
            elif status == "failed" and re.search(REFUSED_SIZES, message):
                status = "rejected"
            case.status[1] = (status, message)
        remove_files(jobs.values())
        left = [case for case in left if case.verdict()[0] == "rejected"]
    remove_files(own_jobs.values())


def first_error(message):
    """The first line of a message that is no warning."""
    lines = [line for line in message.splitlines() if "warning: " not in line]
    return lines[0] if lines else ""


def report_symbolic(cases, verbose):
    """Prints what happened; the number of cases that differ or do not end well."""
    statuses = collections.Counter(case.verdict()[0] for case in cases)
    for case in cases:
        status, message = case.verdict()
        bad = status not in ("passed", "rejected")
        if bad or verbose:
            print(f"{'FAILED ' if bad else ''}{case.name} ({case.operator}): {status}: {first_error(message)}")
    print("  ".join(f"{status}: {count}" for status, count in sorted(statuses.items())))
    return len(cases) - statuses["passed"] - statuses["rejected"]


def read_expected():
    """name -> reason, of the cases that are rejected."""
    expected, reason = {}, None
    for line in open(os.path.join(HERE, "expected_failures.txt")):
        line = line.split("#")[0].strip()
        if line.startswith("=="):
            reason = line[2:].strip()
        elif line:
            expected[line] = reason
    return expected


def find_operators(cases):
    """The operator of each case: of an expanded one, that of its base."""
    bases = {}
    for case in cases:
        if not case.expanded:
            bases[case.name] = case.operator = case.model.graph.node[0].op_type
    for case in cases:
        if case.expanded:
            # 'test_x_expanded' comes from 'test_x'; losses have several spellings.
            case.operator = bases.get(case.base, case.model.graph.node[0].op_type)


def report(cases, expected, verbose):
    """Prints what happened; the number of cases that are not as expected."""
    failures, statuses = 0, collections.Counter()
    for case in cases:
        status, message = case.verdict()
        statuses[status] += 1
        wanted = "rejected" if case.name in expected else "passed"
        as_wanted = status == wanted
        failures += not as_wanted
        if not as_wanted or verbose:
            first = message.splitlines()[0] if message else ""
            print(f"{'' if as_wanted else 'FAILED '}{case.name} ({case.operator}): {status}, expected {wanted}: {first}")
    unknown = sorted(set(expected) - {case.name for case in cases})
    relevant = [case for case in cases if case.operator in TRANSFORMER_OPERATORS]
    for what, group in (("all", cases), ("transformer operators", [c for c in relevant if not c.expanded]),
                        ("transformer operators, expanded", [c for c in relevant if c.expanded])):
        passed = sum(case.verdict()[0] == "passed" for case in group)
        fixed = sum(case.verdict()[0] == "passed" and case.constant_inputs for case in group)
        print(f"{what}: {passed} of {len(group)} pass ({fixed} of them with a shape operand as an initializer)")
    print("  ".join(f"{status}: {count}" for status, count in sorted(statuses.items())))
    return failures, unknown


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", required=True, help="the tp-batch program")
    parser.add_argument("--only", default="", help="run the cases whose name matches")
    parser.add_argument("--operator", default="", help="run the cases of one operator")
    parser.add_argument("--tp", default="1,2", help="numbers of ranks")
    parser.add_argument("--symbolic", action="store_true", help="compare programs for any sizes and for the case's")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("-v", "--verbose", action="store_true", help="a line for each case")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    np.seterr(all="ignore")
    cases = [Case(test) for test in collect_testcases(None)]
    find_operators(cases)
    complete = not options.only and not options.operator
    cases = [case for case in cases if re.search(options.only, case.name)
             and options.operator in ("", case.operator)]
    with tempfile.TemporaryDirectory() as folder:
        run = run_symbolic if options.symbolic else run_at_tps
        run(cases, folder, options, constant_inputs=False)
        again = [case for case in cases if re.search(DATA_DEPENDENT, case.verdict()[1])]
        run(again, folder, options, constant_inputs=True)
    if options.symbolic:
        failures, unknown = report_symbolic(cases, options.verbose), []
    else:
        failures, unknown = report(cases, read_expected(), options.verbose)
    if unknown and complete:
        print("expected_failures.txt lists unknown cases: " + " ".join(unknown))
        failures += len(unknown)
    print(f"{len(cases) - failures} passed, {failures} failed")
    return 1 if failures or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
