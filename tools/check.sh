#!/usr/bin/env bash
# Build everything and run all tests: unit tests, IR tests, and real models end to end.
# The last lines are ctest's summary.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/build.sh
echo "== testing"
if [[ -t 1 ]]; then
  exec ctest --test-dir build --output-on-failure --parallel "$(nproc)"
fi
status=0
ctest --test-dir build --output-on-failure --parallel "$(nproc)" >build/check.log 2>&1 </dev/null || status=$?
if [[ $status -ne 0 ]]; then
  # What passed is in build/check.log.
  grep -vE '^ *([0-9]+/[0-9]+ Test +#.* Passed |Start +[0-9]+:)' build/check.log
else
  # Skipped tests first: the summary ends the output.
  sed -n '/^The following tests did not run/,$p' build/check.log
  grep -E ' tests passed, |^Total Test time' build/check.log
fi
exit "$status"
