#!/usr/bin/env bash
# Build into build/ (Release, Ninja): tools/build.sh [TARGET...], everything by default.
# On Debian, as root, what is missing of the packages below is installed first.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
  g++ cmake ninja-build ccache
  # The compiler: MLIR and LLVM 22, lld in process, protobuf for ONNX, whose sources pip downloads.
  libmlir-22-dev mlir-22-tools llvm-22-dev llvm-22-tools liblld-22-dev zlib1g-dev libzstd-dev
  libprotobuf-dev protobuf-compiler python3 python3-venv
  # The runtime and tp-run.
  nlohmann-json3-dev libcli11-dev libzip-dev
  # The tests.
  libgtest-dev libgmock-dev python3-numpy
)

say() { printf '== %s\n' "$*"; }

install_packages() {
  if ! command -v dpkg-query >/dev/null; then
    say "not a Debian: these packages, or what they are called here, must be installed: ${packages[*]}"
    return
  fi
  local missing=() name
  for name in "${packages[@]}"; do
    # shellcheck disable=SC2016  # dpkg-query expands it
    [[ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" == installed ]] || missing+=("$name")
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0
  if [[ $(id -u) -ne 0 ]]; then
    echo "tools/build.sh: missing packages; as root: apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  say "installing ${#missing[@]} packages: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  quietly apt-get update
  quietly apt-get install -y --no-install-recommends "${missing[@]}"
}

# Shows a command's output on a terminal; elsewhere only if it fails.
quietly() {
  if [[ -t 1 ]]; then
    "$@"
    return
  fi
  local log status=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 </dev/null || status=$?
  [[ $status -eq 0 ]] || cat "$log" >&2
  rm -f "$log"
  return "$status"
}

install_packages
say "configuring (the first time ONNX is downloaded and built: some minutes)"
quietly cmake --preset release
if grep -q '^TPRT_NVCC:.*NOTFOUND' build/CMakeCache.txt; then
  say "no CUDA toolkit here: --target=cuda stops at PTX"
fi
say "building ${*:-everything}"
quietly cmake --build build --parallel "$(nproc)" ${1:+--target "$@"}
