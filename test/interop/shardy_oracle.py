#!/usr/bin/env python3
"""Compare the collectives of our programs with those that Shardy inserts: shardy_oracle.py TP_OPT MODELS [--tp 2,4]

A model's plan is exported as StableHLO with Shardy's annotations. Shardy's passes, from the jaxlib wheel, then complete
the annotations and insert collectives. Both programs must communicate alike in every layer; what Shardy cannot express
is in DIFFERENCES, with the reason. Every plan is compared twice: with the layouts of all values, and with those of
weights and other arguments only, where Shardy has to find what is in between. Exits 77, as skipped tests do, where
jaxlib is not installed.
"""

import argparse
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

try:
    from jaxlib import _jax  # noqa: F401 (loads what the extension below is linked to)
    from jaxlib.mlir import ir
    from jaxlib.mlir._mlir_libs import _jax_mlir_ext
    from jaxlib.mlir.dialects import chlo, sdy, stablehlo
    from jaxlib.mlir.passmanager import PassManager
except ImportError as error:
    print(f"skipped: Shardy is taken from the jaxlib wheel, which cannot be imported: {error}")
    sys.exit(77)

PASSES = (
    "builtin.module(sdy-propagation-pipeline,"
    "func.func(sdy-insert-explicit-reshards{enable-full-version=true},sdy-reshard-to-collectives))"
)
# Operations of Shardy that no data moves for; a slice is of what the device has.
LOCAL = {"mesh", "return", "constant", "sharding_constraint", "all_slice"}

# Every symbolic size is fixed: StableHLO is exported with static shapes.
CACHE = "batch=1,seq=8,past=4,total=12"
PLAIN = "batch=1,seq=8"
MODELS = {
    "llama__cache": CACHE,
    "llama__cache_legacy": CACHE,
    "llama__cache_op23": CACHE,
    "gpt2__cache": CACHE,
    "gpt2__nocache_legacy": PLAIN,
    "bert__mlm": PLAIN,
    "bert__mlm_legacy": PLAIN,
}

# model -> {(layer, kind): how many more Shardy's program has}, from which tp on, and why.
DIFFERENCES = {}
BACKWARD = (
    "the head's first weight is split by rows, and Shardy carries that split back into the residual stream of all layers"
)
# Where Shardy finds other layouts from those of the arguments, from which tp on.
OTHER_PROPAGATION = {"bert__mlm": (4, BACKWARD), "bert__mlm_legacy": (4, BACKWARD)}

# Plans that the exporter must reject rather than let Shardy pad.
INEXPRESSIBLE = {"llama_odd__cache": (CACHE, "is split into uneven pieces, which Shardy cannot express")}


def run_tp_opt(*command):
    subprocess.run(command, check=True)


def plan(tp_opt, source, tp, sizes, scratch):
    """Our collectives by (layer, kind), and the exported program."""
    exported, report = os.path.join(scratch, "exported.mlir"), os.path.join(scratch, "report.json")
    options = [tp_opt, source, f"--tp={tp}", f"--dim={sizes}"]
    run_tp_opt(*options, "--emit=sdy", "-o", exported)
    run_tp_opt(*options, "-o", os.path.join(scratch, "model.tpx"), f"--report={report}")
    with open(report) as file:
        collectives = json.load(file)["collectives"]
    with open(exported) as file:
        return collections.Counter((entry["layer"], entry["kind"]) for entry in collectives), file.read()


def run_shardy(text, only_arguments):
    """The collectives that Shardy inserts into an exported program, by (layer, kind)."""
    registry = ir.DialectRegistry()
    _jax_mlir_ext.register_dialects(registry)
    context = ir.Context()
    context.append_dialect_registry(registry)
    context.allow_unregistered_dialects = True
    for dialect in (sdy, stablehlo, chlo):
        dialect.register_dialect(context)
    counts = collections.Counter()

    def strip(op):
        if op.name.startswith("stablehlo.") and "sdy.sharding" in op.attributes:
            del op.attributes["sdy.sharding"]
        return ir.WalkResult.ADVANCE

    def count(op):
        dialect, _, kind = op.name.partition(".")
        if dialect == "sdy" and kind not in LOCAL:
            layer = re.search(r"layer (\d+)", str(op.location))
            counts[(int(layer.group(1)) if layer else None, kind)] += 1
        return ir.WalkResult.ADVANCE

    with context:
        module = ir.Module.parse(text)
        if only_arguments:
            module.operation.walk(strip)
        PassManager.parse(PASSES).run(module.operation)
        module.operation.walk(count)
    return counts


def show(counts):
    def place(layer):
        return "outside of layers" if layer is None else f"in layer {layer}"

    return ", ".join(f"{count} {kind} {place(layer)}" for (layer, kind), count in sorted(counts.items(), key=str)) or "none"


def compare(ours, text, model, tp):
    """Prints both programs' collectives; how many comparisons failed."""
    wrong = 0
    differences, first, reason = DIFFERENCES.get(model, ({}, 1, None))
    if tp < first:
        differences = {}
    first_other, other_reason = OTHER_PROPAGATION.get(model, (None, None))
    expected = collections.Counter(ours)
    expected.update(differences)
    print(f"{model} tp={tp}: {show(ours)}")
    for only_arguments in (False, True):
        found = run_shardy(text, only_arguments)
        given = "arguments" if only_arguments else "all values"
        if only_arguments and other_reason and tp >= first_other:
            verdict = f"{show(found)}\n    not comparable: {other_reason}" if found != expected else "EQUAL, though listed"
            wrong += found == expected
        elif found != expected:
            verdict = f"DIFFERENT: {show(found)}"
            wrong += 1
        else:
            verdict = f"{show(found)}\n    expected: {reason}" if differences else "equal"
        print(f"  Shardy with the layouts of {given}: {verdict}")
    return wrong


def check_rejected(tp_opt, source, tp, sizes, message):
    done = subprocess.run([tp_opt, source, f"--tp={tp}", f"--dim={sizes}", "--emit=sdy", "-o", os.devnull],
                          capture_output=True, text=True)
    fine = done.returncode == 1 and message in done.stderr
    print(f"{source} tp={tp}: {'rejected, ' + message if fine else 'NOT REJECTED: ' + done.stderr}")
    return not fine


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tp_opt")
    parser.add_argument("models", help="the folder of models")
    parser.add_argument("--tp", default="2,4")
    options = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as scratch:
        for tp in map(int, options.tp.split(",")):
            for model, sizes in MODELS.items():
                source = os.path.join(options.models, model, "model.onnx")
                wrong += compare(*plan(options.tp_opt, source, tp, sizes, scratch), model, tp)
            for model, (sizes, message) in INEXPRESSIBLE.items():
                source = os.path.join(options.models, model, "model.onnx")
                wrong += check_rejected(options.tp_opt, source, tp, sizes, message)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
