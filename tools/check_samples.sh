#!/usr/bin/env bash
# Checks that every C++ sample of a page is an excerpt of a program that the tests run:
#
#   check_samples.sh PAGE PROGRAM...
#
# White space does not count: a sample is indented less than the program that it is taken from.
set -euo pipefail

page=$1
shift
squeeze() { tr -d '[:space:]'; }
programs=$(squeeze < <(cat "$@"))

samples=0
status=0
sample=
in_sample=false
line_number=0
while IFS= read -r line; do
  line_number=$((line_number + 1))
  if $in_sample && [ "$line" = '```' ]; then
    in_sample=false
    samples=$((samples + 1))
    if [[ "$programs" != *"$(squeeze <<<"$sample")"* ]]; then
      echo "$page:$first_line: this sample is in no program: $*" >&2
      status=1
    fi
  elif $in_sample; then
    sample+=$line$'\n'
  elif [ "$line" = '```cpp' ]; then
    in_sample=true
    first_line=$line_number
    sample=
  fi
done <"$page"

if [ "$samples" = 0 ] || $in_sample; then
  echo "$page: no samples, or one that does not end" >&2
  exit 1
fi
exit "$status"
