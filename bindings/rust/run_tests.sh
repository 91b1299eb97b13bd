#!/usr/bin/env bash
# What `ctest -R '^rust$'` runs: the tests of both crates, examples of the documentation included, with the library that is handed over.
#
#   run_tests.sh LIBRARY BUILD [arguments of cargo test]
#   run_tests.sh LIBRARY BUILD --clippy                                         what ctest -R rust_clippy runs
#   TURDB_CYCLES=1000000 run_tests.sh build/release/libturdb.so build/release --release --test memory -- --nocapture
#                                                                               memory stays flat over a million cycles
#
# Cargo builds in BUILD/rust. Exits with 77, which ctest shows as skipped, where there is no Cargo, or its crates cannot be had.
set -euo pipefail
library=$(realpath "${1:?the path of libturdb.so}")
mkdir -p "${2:?a folder to build in}/rust"
build=$(realpath "$2/rust")
shift 2
cd "$(dirname "$0")"
skip() {
  echo "skipped: $*"
  exit 77
}
command -v cargo > /dev/null || skip "there is no Cargo here"
folder=$(dirname "$library")
export TURDB_LIB_DIR="$folder" CARGO_TARGET_DIR="$build" LD_LIBRARY_PATH="$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Crates alone: what does not compile is a failure, not a reason to skip.
cargo fetch > "$log" 2>&1 || skip "Cargo is too old, or its crates cannot be downloaded: $(tail -1 "$log")"
if [ "${1:-}" = --clippy ]; then
  cargo clippy --version > /dev/null 2>&1 || skip "there is no clippy here"
  exec cargo clippy --quiet --workspace --all-targets --features turdb/arrow,turdb/chrono,turdb/serde,turdb/tokio,turdb/uuid -- -D warnings
fi
exec cargo test --quiet --workspace --features turdb/arrow,turdb/chrono,turdb/serde,turdb/tokio,turdb/uuid "$@"
