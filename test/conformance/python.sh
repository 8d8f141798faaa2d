#!/usr/bin/env bash
# Python with the `onnx` package of the version that the compiler is built with: python.sh SCRIPT [ARGUMENT...].
# From an environment that is made once with pip: in $TPOPT_CONFORMANCE_ENV, or in the user's cache.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
version=$(sed -n 's/^set(TPOPT_ONNX_VERSION \(.*\))$/\1/p' "$here/../../cmake/Onnx.cmake")
environment=${TPOPT_CONFORMANCE_ENV:-${XDG_CACHE_HOME:-$HOME/.cache}/tp-opt/onnx-python-$version}
if [[ ! -e "$environment/complete" ]]; then
  mkdir -p "$(dirname "$environment")"
  # Two runs at once must not make it both.
  exec 9>"$environment.lock"
  flock 9
  if [[ ! -e "$environment/complete" ]]; then
    rm -rf "$environment"
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check "onnx==$version" numpy ml_dtypes
    touch "$environment/complete"
  fi
  exec 9>&-
fi
exec "$environment/bin/python" "$@"
