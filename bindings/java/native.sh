#!/usr/bin/env bash
# Builds libturdb_jni and puts it, with a copy of libturdb, where Maven takes the jar's resources from.
#
#   native.sh LIBRARY OUT
#
# LIBRARY is libturdb.so as the tree builds it; OUT receives org/turdb/native/<platform>/. The compiler is $CC, or cc.
set -euo pipefail
library=$(realpath "${1:?the path of libturdb.so}")
out=${2:?a folder for the resources}
cd "$(dirname "$0")"
home=${JAVA_HOME:-$(dirname "$(dirname "$(realpath "$(command -v javac)")")")}
case $(uname -s) in Linux) system=linux ;; Darwin) system=macos ;; *) system=$(uname -s) ;; esac
case $(uname -m) in x86_64 | amd64) processor=x86_64 ;; aarch64 | arm64) processor=aarch64 ;; *) processor=$(uname -m) ;; esac
folder="$out/org/turdb/native/$system-$processor"
mkdir -p "$folder"
new() { [ ! -e "$1" ] || [ -n "$(find "${@:2}" -newer "$1" -print -quit)" ]; }
if new "$folder/libturdb.so.1" "$library"; then
  strip --strip-unneeded -o "$folder/libturdb.so.1" "$library"
fi
if new "$folder/libturdb_jni.so" src/main/c ../../include/turdb.h "$library"; then
  "${CC:-cc}" -std=c11 -O2 -Wall -Wextra -Wconversion -Wno-unused-parameter -Werror -fPIC -fvisibility=hidden -shared \
    -I"$home/include" -I"$home/include/$system" -I../../include src/main/c/*.c -o "$folder/libturdb_jni.so" \
    "$folder/libturdb.so.1" -Wl,-z,defs "-Wl,-rpath,\$ORIGIN"
fi
