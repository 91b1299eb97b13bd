#!/usr/bin/env bash
# Writes turdb-sys/src/bindings.rs from include/turdb.h. `generate.sh --check` fails when it is not current, and exits with 77 where the
# bindgen that it is written with is not there: `cargo install bindgen-cli --version 0.73.2 --locked`, which needs libclang.
set -euo pipefail
version=0.73.2
cd "$(dirname "$0")"
have=$(bindgen --version 2> /dev/null || echo "no bindgen")
if [ "$have" != "bindgen $version" ]; then
  echo "bindgen $version is needed, and there is $have: cargo install bindgen-cli --version $version --locked" >&2
  [ "${1:-}" = --check ] && exit 77
  exit 1
fi
out=turdb-sys/src/bindings.rs
[ "${1:-}" = --check ] && out=$(mktemp)
bindgen ../../include/turdb.h --allowlist-function 'turdb_.*' --allowlist-type 'turdb_.*|Arrow.*' --allowlist-var 'TURDB_.*' \
  --no-doc-comments --no-layout-tests --default-enum-style=consts --no-prepend-enum-name --rust-target 1.77 \
  --raw-line '// Written by bindings/rust/generate.sh: do not change.' -o "$out"
if [ "${1:-}" = --check ]; then
  diff -u turdb-sys/src/bindings.rs "$out"
fi
