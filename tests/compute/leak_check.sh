#!/usr/bin/env bash
# leak_check.sh OBJECT...   A unit compiled for one instruction set may define one symbol, its table, and nothing weak: the
# linker might take an inline function compiled for AVX-512 for everybody's.
set -euo pipefail
failed=0
for object in "$@"; do
  defined=$(nm -C --defined-only "$object" | grep -v ' [a-z] ' || true)
  if [ "$(printf '%s\n' "$defined" | grep -c .)" != 1 ] || ! printf '%s' "$defined" | grep -q ' T turdb::compute::[A-Za-z0-9]*Kernels()$'; then
    echo "$object defines more than its table:"
    printf '%s\n' "$defined"
    failed=1
  fi
done
[ $failed = 0 ] && echo "leaks: $# units define their table only"
exit $failed
