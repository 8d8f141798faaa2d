#!/usr/bin/env bash
# Install BUILD into a scratch prefix, then configure, build and run its consumers against it.
# Usage: check.sh BUILD MODEL.onnx
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cmake --install "$1" --prefix "$scratch/prefix" >/dev/null
cmake -S "$here" -B "$scratch/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$scratch/prefix" >/dev/null
cmake --build "$scratch/build"

# The compiler as a library.
"$scratch/build/consumer" "$2" >"$scratch/program.mlir"
grep -q 'tp.all_reduce' "$scratch/program.mlir"
"$scratch/prefix/bin/tp-opt" "$2" --tp=2 -o "$scratch/model.tpx"
"$scratch/prefix/bin/tp-run" "$scratch/model.tpx" --info

# A dialect of another compiler: its weights are halved by columns and by rows, one all-reduce, and the right numbers.
"$scratch/build/embedding" "$here/embedding/two-layers.mlir" "$scratch" >"$scratch/toy.mlir"
grep -q 'toy.scaled_product.*tensor<16x32xf32>, tensor<32xf32>' "$scratch/toy.mlir"
grep -q 'toy.scaled_product.*tensor<32x16xf32>, tensor<16xf32>' "$scratch/toy.mlir"
test "$(grep -c 'tp.all_reduce' "$scratch/toy.mlir")" = 1
test "$(grep -c 'tp.all_gather' "$scratch/toy.mlir")" = 0

# Loops and branches under given layouts: the sum of an iteration is finished inside of the loop.
"$scratch/build/loops" "$here/embedding/loops.mlir" "$scratch" >"$scratch/loops.mlir"
grep -q 'scf.for.*-> (tensor<4x8xf32>)' "$scratch/loops.mlir"
grep -q 'scf.if.*-> (tensor<4x8xf32>)' "$scratch/loops.mlir"
test "$(grep -c 'tp.reduce_scatter' "$scratch/loops.mlir")" = 1

# "Under 40 lines" (docs/embedding.md): the operator, its rule and its local form, blank lines and comments not counted.
lines=$(sed -n '/\[operator\]/,/\[\/operator\]/p' "$here"/embedding/Toy.{td,cpp} | grep -cvE '^ *(//.*)?$')
echo "the operator with rule and local form: $lines lines"
test "$lines" -lt 40
