#!/usr/bin/env bash
# Checks that each folder includes only what it may: the table below is the architecture. An
# include path starts at src/ (or at the SDK's include/), so that its first part names the layer.
set -euo pipefail
cd "$(dirname "$0")/.."

# folder: what it may include beside itself.
readonly table='
src/base:
src/value: base
src/schema: base value
src/query: base value schema
src/changeset: base value schema
src/merge: base value schema changeset
src/store: base value schema changeset query
src/protocol: base
src/net: base
src/sync: base value changeset protocol
src/client: base value schema query changeset merge store protocol net sync
src/server: base value schema query changeset merge store protocol net sync
sdk/cpp: base value schema query changeset merge store protocol net sync client tombolo
sdk/node: tombolo
'

status=0
while IFS=: read -r folder allowed; do
  [ -d "$folder" ] || continue
  layer=${folder#src/}
  while IFS=: read -r file line include; do
    target=${include#*\"}
    # A bare file name is a neighbour's.
    [[ $target == */* ]] || continue
    target=${target%%/*}
    case "$file" in
      # Tests may also use what is in test/support.
      *_test.cpp) [ "$target" != test ] || continue ;;
    esac
    case " $layer $allowed " in
      *" $target "*) ;;
      *)
        echo "$file:$line: $layer/ may not include $target/"
        status=1
        ;;
    esac
  done < <(grep -nrE '^#include "' --include='*.h' --include='*.cpp' "$folder" || true)
done <<<"${table#?}"

# Boost stays in net/: everything above moves bytes through its interfaces.
while IFS= read -r hit; do
  echo "$hit: Boost belongs in src/net/"
  status=1
done < <(grep -nrE '^#include <boost/' --include='*.h' --include='*.cpp' src sdk apps 2>/dev/null |
  grep -v '^src/net/' | cut -d: -f1,2 || true)

exit $status
