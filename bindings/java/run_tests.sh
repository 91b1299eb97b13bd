#!/usr/bin/env bash
# What `ctest -R '^java$'` runs: the tests of the driver, with the library that is handed over.
#
#   run_tests.sh LIBRARY BUILD [arguments of mvn]
#   TURDB_CYCLES=1000000 run_tests.sh build/release/libturdb.so build/release -Dtest=LeakTest   memory stays flat over a million cycles
#
# Maven builds in BUILD/java. The tests run with -Xcheck:jni, and fail when that has anything to say. Exits with 77, which ctest shows as
# skipped, where there is no JDK or Maven, or what the tests need cannot be had.
set -euo pipefail
library=$(realpath "${1:?the path of libturdb.so}")
mkdir -p "${2:?a folder to build in}/java"
build=$(realpath "$2/java")
shift 2
cd "$(dirname "$0")"
skip() {
  echo "skipped: $*"
  exit 77
}
command -v javac > /dev/null || skip "there is no JDK here"
command -v mvn > /dev/null || skip "there is no Maven here"
[ "$(javac -version 2>&1 | sed 's/javac \([0-9]*\).*/\1/')" -ge 17 ] || skip "the JDK is older than 17"
log="$build/test.log"
status=0
mvn -B -Dstyle.color=never -Dturdb.library="$library" -Dturdb.build="$build" -Dturdb.jvm=-Xcheck:jni ${TURDB_CYCLES:+-Dturdb.cycles="$TURDB_CYCLES"} test "$@" > "$log" 2>&1 || status=$?
grep -E '^\[(INFO|ERROR|WARNING)\] (Tests run|  )|^\[ERROR\]|JNI|^memory over' "$log" || true
if [ $status != 0 ]; then
  if ! grep -q 'Tests run:' "$log" && grep -qE 'Could not (resolve|transfer)|Could not find artifact|PluginResolutionException' "$log"; then
    skip "what the tests need cannot be downloaded: $(grep -m1 -oE '(Could not|Cannot) (resolve|transfer|find|access) .{0,120}' "$log" || true)"
  fi
  tail -60 "$log"
  exit $status
fi
# arrow-java's own library asks for classes by names that Java warns of.
if grep -E 'WARNING in native method|FATAL ERROR in native method' "$log" | grep -v 'received a bad class descriptor'; then
  echo "-Xcheck:jni found something: see $log"
  exit 1
fi
