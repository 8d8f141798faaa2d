#!/usr/bin/env bash
# The ONNX standard's node tests: run.sh TP_BATCH [OPTION...] (see node_tests.py --help).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
batch=$1
shift
exec "$here/python.sh" "$here/node_tests.py" --batch "$batch" "$@"
