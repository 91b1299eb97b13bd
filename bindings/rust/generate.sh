#!/usr/bin/env bash
# Writes turdb-sys/src/bindings.rs from include/turdb.h. `generate.sh --check` fails when it is not current.
set -euo pipefail
cd "$(dirname "$0")"
out=turdb-sys/src/bindings.rs
[ "${1:-}" = --check ] && out=$(mktemp)
bindgen ../../include/turdb.h --allowlist-function 'turdb_.*' --allowlist-type 'turdb_.*|Arrow.*' --allowlist-var 'TURDB_.*' \
  --no-doc-comments --no-layout-tests --default-enum-style=consts --no-prepend-enum-name --rust-target 1.77 \
  --raw-line '// Written by bindings/rust/generate.sh: do not change.' -o "$out"
if [ "${1:-}" = --check ]; then
  diff -u turdb-sys/src/bindings.rs "$out"
fi
