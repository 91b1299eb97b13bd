#!/usr/bin/env bash
# neon.sh DIRECTORY   Builds the distance kernels and their tests for 64-bit ARM with a cross compiler and runs them under
# qemu-user. 77: something that is needed is not here (Debian: g++-aarch64-linux-gnu qemu-user libgtest-dev).
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:-$root/build/neon}
compiler=aarch64-linux-gnu-g++
emulator=$(command -v qemu-aarch64 || command -v qemu-aarch64-static || true)
gtest=/usr/src/googletest/googletest
if ! command -v $compiler > /dev/null || [ -z "$emulator" ] || [ ! -d $gtest ]; then
  echo "skipped: NEON needs $compiler, qemu-user and the sources of GoogleTest (apt-get install g++-aarch64-linux-gnu qemu-user libgtest-dev)"
  exit 77
fi
mkdir -p "$out"
cd "$root"
flags=(-std=c++20 -Wall -Wextra -Wconversion -Werror -Wno-sign-conversion -Isrc -Itests -isystem $gtest/include)
if [ ! -e "$out/gtest.o" ]; then
  $compiler -std=c++20 -O1 -w -I$gtest -I$gtest/include -c $gtest/src/gtest-all.cc -o "$out/gtest.o"
  $compiler -std=c++20 -O1 -w -I$gtest -I$gtest/include -c $gtest/src/gtest_main.cc -o "$out/gtest_main.o"
fi
for unit in scalar neon; do
  $compiler "${flags[@]}" -O3 -ffp-contract=off -fno-math-errno -fno-trapping-math -c src/compute/cpu/$unit.cc -o "$out/$unit.o"
done
tests/compute/leak_check.sh "$out/scalar.o" "$out/neon.o"
$compiler "${flags[@]}" -O1 -ffp-contract=off src/compute/distance.cc src/compute/sq8.cc tests/compute/distance_test.cc \
  "$out"/{scalar,neon,gtest,gtest_main}.o -static -o "$out/distance_test"
exec "$emulator" "$out/distance_test" --gtest_brief=1 --gtest_filter='*scalar:*NEON:Distance.*:Sq8.*'
