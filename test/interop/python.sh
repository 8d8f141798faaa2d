#!/usr/bin/env bash
# Python with what our results are compared with, Shardy (in the jaxlib wheel, 85 MB) and HiGHS: python.sh SCRIPT
# [ARGUMENT...]. From an environment that is made once with pip: in $TPOPT_ORACLE_ENV, or in the user's cache. Exits 77,
# as skipped tests do, where pip cannot make it. jaxlib's bindings have no stable interface, so its version is fixed.
set -euo pipefail
jaxlib=0.10.2
environment=${TPOPT_ORACLE_ENV:-${XDG_CACHE_HOME:-$HOME/.cache}/tp-opt/oracle-python-$jaxlib}
make_environment() {
  rm -rf "$environment"
  python3 -m venv "$environment" &&
    "$environment/bin/pip" install --quiet --disable-pip-version-check numpy ml_dtypes highspy &&
    # Without SciPy, which Shardy does not need.
    "$environment/bin/pip" install --quiet --disable-pip-version-check --no-deps "jaxlib==$jaxlib" &&
    touch "$environment/complete"
}
if [[ ! -e "$environment/complete" ]]; then
  mkdir -p "$(dirname "$environment")"
  # Two runs at once must not make it both.
  exec 9>"$environment.lock"
  flock 9
  if [[ ! -e "$environment/complete" ]] && ! make_environment; then
    echo "skipped: pip cannot install jaxlib $jaxlib and highspy for this Python"
    exit 77
  fi
  exec 9>&-
fi
exec "$environment/bin/python" "$@"
