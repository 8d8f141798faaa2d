#!/usr/bin/env python3
"""Compare the planner's minimum with an integer program's: ilp_oracle.py TP_OPT MODEL.onnx... [--tp 2,4,8]

The planner finds its minimum by elimination. Here the same sum of costs is an integer program (one binary per state of a
variable, one per pair of states of two variables that share a cost), which HiGHS solves with branch and bound. Exits 77,
as skipped tests do, where highspy is not installed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

try:
    import highspy
except ImportError:
    print("skipped: highspy is not installed")
    sys.exit(77)


def read_network(tp_opt, model, tp, folder):
    """Plans `model` and returns its cost network and the planner's minimum."""
    text = subprocess.run([tp_opt, model, f"--tp={tp}", "--emit=simplified"], check=True, capture_output=True, text=True).stdout
    head, rest = text.split("{\n", 1)
    while head.count("{") > head.count("}"):  # the module's attributes
        more, rest = rest.split("{\n", 1)
        head += "{\n" + more
    program = os.path.join(folder, "program.mlir")
    with open(program, "w") as file:
        file.write(head + "{\n" + f'tp.mesh @mesh <["tp"={tp}]>\n' + rest)
    network = os.path.join(folder, "network.json")
    subprocess.run([tp_opt, program, f"--tp-plan=write-network={network}", "-o", os.devnull], check=True)
    with open(network) as file:
        return json.load(file)


def solve(network):
    """The minimum of a cost network as HiGHS finds it."""
    highs = highspy.Highs()
    highs.silent()
    infinity = highspy.kHighsInf
    columns = []  # (cost, upper bound)
    rows = []  # (lower, upper, [(column, coefficient)])
    first = []
    for states in network["states"]:
        first.append(len(columns))
        columns += [[0.0, 1.0] for _ in range(states)]
        rows.append((1.0, 1.0, [(first[-1] + state, 1.0) for state in range(states)]))

    def charge(column, cost):
        if cost is None:
            columns[column][1] = 0.0
        else:
            columns[column][0] += cost

    for cost in network["costs"]:
        table = network["tables"][cost["table"]]
        if len(cost["scope"]) == 1:
            for state, value in enumerate(table):
                charge(first[cost["scope"][0]] + state, value)
            continue
        a, b = cost["scope"]
        pairs = len(columns)
        columns += [[0.0, 1.0] for _ in table]
        for index, value in enumerate(table):
            charge(pairs + index, value)
        count = network["states"][b]
        for i in range(network["states"][a]):
            rows.append((0.0, 0.0, [(pairs + i * count + j, 1.0) for j in range(count)] + [(first[a] + i, -1.0)]))
        for j in range(count):
            rows.append(
                (0.0, 0.0, [(pairs + i * count + j, 1.0) for i in range(network["states"][a])] + [(first[b] + j, -1.0)])
            )
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(columns), len(rows)
    lp.col_cost_ = [cost for cost, _ in columns]
    lp.col_lower_ = [0.0] * len(columns)
    lp.col_upper_ = [upper for _, upper in columns]
    lp.row_lower_ = [lower for lower, _, _ in rows]
    lp.row_upper_ = [upper for _, upper, _ in rows]
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    start, index, value = [0], [], []
    for _, _, entries in rows:
        index += [column for column, _ in entries]
        value += [coefficient for _, coefficient in entries]
        start.append(len(index))
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = start, index, value
    # Pairs are integral where states are.
    states = sum(network["states"])
    kinds = [highspy.HighsVarType.kInteger] * states + [highspy.HighsVarType.kContinuous] * (len(columns) - states)
    lp.integrality_ = kinds
    highs.passModel(lp)
    highs.setOptionValue("mip_rel_gap", 0.0)
    highs.setOptionValue("time_limit", 120.0)
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    return highs.getInfo().objective_function_value


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tp_opt")
    parser.add_argument("models", nargs="+")
    parser.add_argument("--tp", default="2,4,8")
    options = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for model in options.models:
            for tp in options.tp.split(","):
                planned = read_network(options.tp_opt, model, int(tp), folder)
                optimum = solve(planned["network"])
                name = f"{os.path.basename(os.path.dirname(os.path.abspath(model)))} tp={tp}"
                same = optimum is not None and abs(optimum - planned["minimum"]) <= 1e-6 * max(1.0, optimum)
                print(f"{name}: planner {planned['minimum']:.6f} us, HiGHS {optimum} us, {len(planned['network']['states'])} "
                      f"variables: {'equal' if same else 'DIFFERENT'}", flush=True)
                wrong += not same
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
