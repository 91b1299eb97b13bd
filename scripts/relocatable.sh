#!/usr/bin/env bash
# relocatable.sh OUT CXX OBJCOPY AR WHOLE_ARCHIVE ARCHIVE...
# Links WHOLE_ARCHIVE, and what it needs of the others, into one relocatable object; hides every symbol but
# turdb_*; puts it alone into the archive OUT.
set -euo pipefail
out=$1 cxx=$2 objcopy=$3 ar=$4 whole=$5
shift 5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$cxx" -nostdlib -r -Wl,--force-group-allocation -o "$work/turdb.o" -Wl,--whole-archive "$whole" -Wl,--no-whole-archive \
  -Wl,--start-group "$@" -Wl,--end-group
# objcopy cannot make a GNU-unique symbol local, but a weak one it can.
nm --defined-only "$work/turdb.o" | awk '$2 == "u" {print $3}' > "$work/unique"
"$objcopy" --weaken-symbols="$work/unique" "$work/turdb.o"
"$objcopy" --wildcard --keep-global-symbol='turdb_*' "$work/turdb.o"
rm -f "$out"
"$ar" rcs "$out" "$work/turdb.o"
