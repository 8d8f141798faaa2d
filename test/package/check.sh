#!/usr/bin/env bash
# Install BUILD into a scratch prefix, then configure, build and run a consumer against it.
# Usage: check.sh BUILD MODEL.onnx
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cmake --install "$1" --prefix "$scratch/prefix" >/dev/null
cmake -S "$here" -B "$scratch/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$scratch/prefix" >/dev/null
cmake --build "$scratch/build"
"$scratch/build/consumer" "$2" >"$scratch/program.mlir"
grep -q 'tp.all_reduce' "$scratch/program.mlir"
"$scratch/prefix/bin/tp-opt" "$2" --tp=2 -o "$scratch/model.tpx"
"$scratch/prefix/bin/tp-run" "$scratch/model.tpx" --info
