#!/usr/bin/env bash
# Runs every fuzzer of a build for a while: run_fuzzers.sh BUILD_DIR SECONDS. Starts from the corpus
# in test/fuzz/corpus/NAME; a finding is left in BUILD_DIR/fuzz/findings and fails the run. FUZZ_SEED=N
# draws other inputs than the run before; 0 draws anew each time.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly build=$1 seconds=$2 seed=${FUZZ_SEED:-20150101}

mkdir -p "$build/fuzz/findings"
found=false
for fuzzer in "$build"/fuzz/*_fuzzer; do
  [ -x "$fuzzer" ] || continue
  found=true
  name=$(basename "$fuzzer")
  work="$build/fuzz/work/$name"
  mkdir -p "$work"
  corpus=()
  [ -d "test/fuzz/corpus/$name" ] && corpus=("test/fuzz/corpus/$name")
  if ! "$fuzzer" -seed="$seed" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=4096 -print_final_stats=1 \
    -artifact_prefix="$build/fuzz/findings/$name-" "$work" "${corpus[@]}" >"$work.log" 2>&1; then
    tail -60 "$work.log"
    echo "$name: failed; the input is in $build/fuzz/findings" >&2
    exit 1
  fi
  echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$work.log") runs, no finding"
done
$found || { echo "no fuzzer in $build/fuzz" >&2; exit 1; }
