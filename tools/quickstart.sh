#!/usr/bin/env bash
# Build the compiler and the runtime, then compile and run a small real Llama on two ranks.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/build.sh tp-opt tp-run
for python in python3 /usr/bin/python3; do
  if "$python" -c 'import numpy' 2>/dev/null; then
    exec "$python" tools/demo.py "$@"
  fi
done
echo "tools/quickstart.sh: the demonstration needs Python with NumPy (Debian: python3-numpy)" >&2
exit 1
