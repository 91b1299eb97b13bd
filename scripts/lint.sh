#!/usr/bin/env bash
# clang-format, clang-tidy, layering, exported symbols, headers compiled pedantically, warnings under clang.
set -uo pipefail
cd "$(dirname "$0")/.."
fail=0
step() { printf '%-28s' "$1"; }
verdict() { if [ "$1" = 0 ]; then echo ok; else echo FAILED; fail=1; fi; }

mapfile -t files < <(git ls-files 'src/*.h' 'src/*.cc' 'tests/*.h' 'tests/*.cc' 'tests/*.c' 'tools/*.h' 'tools/*.cc' 'bench/*.h' 'bench/*.cc' 'examples/*.c' 'bindings/python/native/*.h' 'bindings/python/native/*.c' 'bindings/go/*.h' 'bindings/go/*.c' 'bindings/java/*.h' 'bindings/java/*.c')
step clang-format
clang-format-16 --dry-run -Werror "${files[@]}" > build/lint-format.log 2>&1
verdict $?
[ $fail = 0 ] || head -20 build/lint-format.log

if command -v gofmt > /dev/null; then
  step gofmt
  unformatted=$(gofmt -l bindings/go bench/go)
  [ -z "$unformatted" ]
  verdict $?
  [ -z "$unformatted" ] || echo "$unformatted"
fi

step "headers, pedantic"
(gcc -std=c11 -Wall -Wextra -Werror -pedantic -fsyntax-only -x c include/turdb.h &&
  g++ -std=c++11 -Wall -Wextra -Werror -pedantic -fsyntax-only -x c++ include/turdb.h &&
  clang-16 -std=c11 -Wall -Wextra -Werror -pedantic -fsyntax-only -x c include/turdb.h)
verdict $?

step layering
tests/layering/check.sh > build/lint-layering.log 2>&1
verdict $? 
grep -v 'every include' build/lint-layering.log

step "exported symbols"
nm -D --defined-only build/release/libturdb.so | awk '{print $3}' | sed 's/@.*//' | grep -v '^TURDB_' | sort > build/lint-symbols.log
diff -u tests/capi/exported_symbols.txt build/lint-symbols.log
verdict $?

step "tags of the header"
python3 tests/capi/tags.py > build/lint-tags.log
verdict $?
grep -v ' 0 problems' build/lint-tags.log

step "accepted ABI"
python3 tests/capi/abi.py --library build/release/libturdb.so > build/lint-abi.log 2>&1
verdict $?
grep -v ' 0 problems' build/lint-abi.log

step "pages of the header"
./dev docs > build/lint-docs.log 2>&1
verdict $?

# With LINT_SINCE ("4 hours"): clang's two looks are at what was committed in that time before the newest commit, and at what is
# not committed yet. Both take minutes a hundred files.
looked_at() {
  if [ -z "${LINT_SINCE:-}" ]; then git ls-files "$@"; return; fi
  local since
  since=$(date -d "$(git show -s --format=%cI HEAD) - $LINT_SINCE" --iso-8601=seconds)
  { git log --since="$since" --format= --name-only -- "$@"; git diff --name-only HEAD -- "$@"; } | sort -u | while read -r file; do
    [ -e "$file" ] && echo "$file"
  done
}

step "clang-tidy"
# Without the precompiled headers, which are another compiler's.
mkdir -p build/tidy
sed -E 's# -Winvalid-pch -include [^ ]*/cmake_pch\.hxx##' build/release/compile_commands.json > build/tidy/compile_commands.json
# What this platform builds: units of other instruction sets have no command.
mapfile -t changed < <(looked_at 'src/*.cc' 'tools/*.cc' | while read -r file; do
  grep -q "\"file\": \".*/$file\"" build/tidy/compile_commands.json && echo "$file"
done)
printf '%s\n' "${changed[@]}" | xargs -P "$(nproc)" -n 4 clang-tidy-16 -p build/tidy --quiet --extra-arg=-Wno-unknown-warning-option --warnings-as-errors='*' > build/lint-tidy.log 2> /dev/null
verdict $?
grep -E 'warning:|error:' build/lint-tidy.log | head -20

step "clang warnings"
flavour=$(scripts/deps.sh release)
cmake -S . -B build/clang -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-fsyntax-only -DCMAKE_C_COMPILER=clang-16 -DCMAKE_CXX_COMPILER=clang++-16 \
  -DTURDB_BUILD_TESTS=OFF -DTURDB_PRECOMPILED=OFF -DCMAKE_PREFIX_PATH="$flavour" > build/lint-clang.log 2>&1
looked_at 'src/*.cc' 'tools/*.cc' > build/lint-files.txt
python3 scripts/clang_warnings.py build/clang/compile_commands.json build/lint-files.txt > build/lint-clang.log 2>&1
verdict $?
grep -E 'warning:|error:' build/lint-clang.log | head -20
exit $fail
