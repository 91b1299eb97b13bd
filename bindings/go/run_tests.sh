#!/usr/bin/env bash
# What `ctest -R '^go$'` runs: vet and the tests of the module, with the library that is handed over.
#
#   run_tests.sh LIBRARY [arguments of go test]
#   run_tests.sh LIBRARY --race                                                 what ctest -R go_race runs
#   run_tests.sh build/release/libturdb.so -race                                everything under the race detector, which takes minutes
#   GOEXPERIMENT=cgocheck2 run_tests.sh build/release/libturdb.so               pointers of Go that C must not have
#   TURDB_CYCLES=1000000 run_tests.sh build/release/libturdb.so -run 'TestCycles|TestOpenAndClose' -v -timeout 1h
#                                                                               memory stays flat over a million cycles
#
# Exits with 77, which ctest shows as skipped, where there is no Go, or its modules cannot be had.
set -euo pipefail
library=$(realpath "${1:?the path of libturdb.so}")
shift
cd "$(dirname "$0")"
skip() {
  echo "skipped: $*"
  exit 77
}
command -v go > /dev/null || skip "there is no Go here"
folder=$(dirname "$library")
export CGO_ENABLED=1 GOFLAGS="${GOFLAGS:+$GOFLAGS }-mod=mod"
export CGO_LDFLAGS="-L$folder" LD_LIBRARY_PATH="$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Modules alone: what does not compile is a failure, not a reason to skip.
go mod download > "$log" 2>&1 || skip "Go is too old, or its modules cannot be downloaded: $(tail -1 "$log")"
if [ "${1:-}" = --race ]; then
  shift
  # The tests with several goroutines and with functions of Go; arrow-go would have to be compiled for it, too.
  echo 'package main
func main() {}' > "$log.go"
  go build -race -o "$log.out" "$log.go" > "$log" 2>&1 || { rm -f "$log".*; skip "there is no race detector here: $(tail -1 "$log")"; }
  rm -f "$log".*
  exec go test -race -count=1 -run 'Concurren|Cancel|Goroutine|Close|Callback|Function|Aggregate|Collation|Hook|Trace|Authorizer|Progress|Iterators|Blobs' "$@" .
fi
go vet ./...
# Go would take results from its cache: it does not know that the library is another one.
exec go test -count=1 "$@" ./...
