#!/usr/bin/env bash
# The ONNX standard's node tests: run.sh TP_BATCH [OPTION...] (see node_tests.py --help).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
batch=$1
shift
# All of them, so also what has to fail while it runs.
if [[ $# == 0 ]]; then
  "$here/python.sh" "$here/run_errors.py" --batch "$batch"
fi
exec "$here/python.sh" "$here/node_tests.py" --batch "$batch" "$@"
