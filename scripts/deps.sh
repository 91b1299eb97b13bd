#!/usr/bin/env bash
# deps.sh FLAVOUR   Builds the pinned third-party archives for one flavour of the build and prints the
# prefix that holds them. Flavours: release, debug (GCC or clang, no sanitizer), asan, tsan. A sanitizer
# needs an Abseil of its own: ASan changes the layout of its tables, and TSan reports false races when
# Abseil is not instrumented. NDEBUG must be the same in Abseil and in what is built with it: without it
# Mutex looks for cycles among locks, and only with it do destructors not tell that an address is free again, so that a mix
# of both sees cycles that do not exist and stops the process.
#
# Sources, in this order: $TURDB_SOURCES/{abseil,mimalloc,zstd,xsimd,yyjson,re2}; else, on Debian and Ubuntu,
# the distribution's source packages. Archives are cached under ${TURDB_CACHE:-~/.cache/turdb}, keyed
# by version, flavour and flags, so they are built once a machine.
set -euo pipefail
flavour=${1:-release}
here=$(cd "$(dirname "$0")" && pwd)
cache=${TURDB_CACHE:-$HOME/.cache/turdb}

abseil_version=20240722.0 mimalloc_version=2.0.9 zstd_version=1.5.4 xsimd_version=14 yyjson_version=0.10.0 re2_version=20240702
compiler=${CXX:-g++} c_compiler=${CC:-gcc}
flags="-O2 -g1 -fPIC -fvisibility=hidden -fvisibility-inlines-hidden -ffunction-sections -fdata-sections"
case $flavour in
  release) flags="$flags -DNDEBUG" ;;
  debug) ;;
  asan) flags="-O1 -g1 -fPIC -fvisibility=hidden -fvisibility-inlines-hidden -fsanitize=address,undefined -fno-sanitize=null,nonnull-attribute,returns-nonnull-attribute -fno-omit-frame-pointer" ;;
  tsan) flags="-O1 -g1 -fPIC -fvisibility=hidden -fvisibility-inlines-hidden -fsanitize=thread" ;;
  *) echo "deps.sh: unknown flavour '$flavour' (release, debug, asan, tsan)" >&2; exit 2 ;;
esac
compiler_id=$("$compiler" -dumpfullversion 2>/dev/null || "$compiler" -dumpversion)
key=$(printf '%s\n' "$flags" "$compiler" "$compiler_id" "$abseil_version" "$mimalloc_version" "$zstd_version" "$xsimd_version" \
  "$yyjson_version" "$re2_version" \
  "$(sha256sum < "$0")" | sha256sum | cut -c1-12)
prefix=$cache/deps/$flavour-$key
if [ -e "$prefix/.complete" ]; then echo "$prefix"; exit 0; fi
mkdir -p "$cache/deps"
exec 9> "$cache/deps/.lock"
flock 9
if [ -e "$prefix/.complete" ]; then echo "$prefix"; exit 0; fi

sources=${TURDB_SOURCES:-$cache/sources}
fetch() { # NAME SUITE DEBIAN_PACKAGE
  local name=$1 suite=$2 package=$3
  [ -e "$sources/$name" ] && return
  command -v apt-get > /dev/null || {
    echo "deps.sh: $name is missing: unpack its source at $sources/$name (or set TURDB_SOURCES), see docs/building.md" >&2
    exit 1
  }
  local work
  mkdir -p "$sources"
  work=$(mktemp -d "$sources/.fetch-XXXXXX")
  if [ "$name" = xsimd ]; then
    bash "$here/get-source.sh" binary "$suite" "$work" "$package" >&2
    dpkg-deb -x "$work"/*.deb "$work/tree"
    mv "$work/tree/usr/include" "$sources/$name"
  elif [ "$name" = yyjson ]; then
    bash "$here/get-source.sh" upstream "$suite" "$work" "$package" >&2
    tar -xf "$work"/*.orig.tar.* -C "$work"
    mv "$(find "$work" -mindepth 1 -maxdepth 1 -type d | head -1)" "$sources/$name"
  else
    bash "$here/get-source.sh" source "$suite" "$work" "$package" >&2
    mv "$(find "$work" -mindepth 1 -maxdepth 1 -type d | head -1)" "$sources/$name"
  fi
  rm -rf "$work"
}
fetch abseil trixie abseil
fetch mimalloc bookworm mimalloc
fetch zstd bookworm libzstd
fetch xsimd sid libxsimd-dev
fetch yyjson trixie yyjson
fetch re2 trixie re2

work=$(mktemp -d "$cache/deps/.build-XXXXXX")
trap 'rm -rf "$work"' EXIT
rm -rf "$prefix"
launcher=()
command -v ccache > /dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_C_COMPILER_LAUNCHER=ccache)
common=(-G Ninja -DCMAKE_BUILD_TYPE=None -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib
  -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DBUILD_SHARED_LIBS=OFF -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_C_COMPILER="$c_compiler"
  "${launcher[@]}")
{
  cp -r "$sources/abseil" "$work/abseil"
  # std types everywhere and an inline namespace of our own: no symbol of ours can meet a host's Abseil.
  sed -i -E 's/^#define ABSL_OPTION_USE_STD_(\w+) [0-9]/#define ABSL_OPTION_USE_STD_\1 1/;
    s/^#define ABSL_OPTION_USE_INLINE_NAMESPACE .*/#define ABSL_OPTION_USE_INLINE_NAMESPACE 1/;
    s/^#define ABSL_OPTION_INLINE_NAMESPACE_NAME .*/#define ABSL_OPTION_INLINE_NAMESPACE_NAME turdb_20240722/' "$work/abseil/absl/base/options.h"
  cmake -S "$work/abseil" -B "$work/abseil-build" "${common[@]}" -DCMAKE_CXX_STANDARD=20 -DABSL_PROPAGATE_CXX_STD=ON \
    -DABSL_BUILD_TESTING=OFF -DABSL_ENABLE_INSTALL=ON -DCMAKE_CXX_FLAGS="$flags" -DCMAKE_C_FLAGS="$flags"
  cmake --build "$work/abseil-build"
  cmake --install "$work/abseil-build"
  cmake -S "$sources/mimalloc" -B "$work/mimalloc-build" "${common[@]}" -DMI_OVERRIDE=OFF -DMI_BUILD_SHARED=OFF \
    -DMI_BUILD_OBJECT=OFF -DMI_BUILD_TESTS=OFF -DMI_LOCAL_DYNAMIC_TLS=ON -DMI_INSTALL_TOPLEVEL=ON \
    -DCMAKE_C_FLAGS="$flags -DNDEBUG" -DCMAKE_CXX_FLAGS="$flags -DNDEBUG"
  cmake --build "$work/mimalloc-build"
  cmake --install "$work/mimalloc-build"
  cmake -S "$sources/zstd/build/cmake" -B "$work/zstd-build" "${common[@]}" -DZSTD_BUILD_SHARED=OFF -DZSTD_BUILD_PROGRAMS=OFF \
    -DZSTD_BUILD_TESTS=OFF -DZSTD_MULTITHREAD_SUPPORT=OFF -DZSTD_LEGACY_SUPPORT=OFF -DCMAKE_C_FLAGS="$flags" -DCMAKE_CXX_FLAGS="$flags"
  cmake --build "$work/zstd-build"
  cmake --install "$work/zstd-build"
  # Readers of a document held whole and nothing else: no files, no incremental reading.
  cmake -S "$sources/yyjson" -B "$work/yyjson-build" "${common[@]}" -DYYJSON_BUILD_TESTS=OFF -DYYJSON_BUILD_MISC=OFF \
    -DYYJSON_DISABLE_NON_STANDARD=ON -DYYJSON_DISABLE_UTILS=ON -DYYJSON_DISABLE_INCR_READER=ON -DCMAKE_C_FLAGS="$flags"
  cmake --build "$work/yyjson-build"
  cmake --install "$work/yyjson-build"
  cmake -S "$sources/re2" -B "$work/re2-build" "${common[@]}" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_STANDARD=20 \
    -DRE2_BUILD_TESTING=OFF -DRE2_USE_ICU=OFF -DCMAKE_CXX_FLAGS="$flags"
  cmake --build "$work/re2-build"
  cmake --install "$work/re2-build"
  mkdir -p "$prefix/include"
  cp -r "$sources/xsimd/xsimd" "$prefix/include/"
} >&2
touch "$prefix/.complete"
echo "$prefix"
