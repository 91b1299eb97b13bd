#!/usr/bin/env bash
# Proves that every #include goes downward: a room includes only itself, the rooms that its CMakeLists.txt
# names after DEPENDS, and (the tops only) turdb.h. Also that those lists are the ones of docs/architecture.md.
set -euo pipefail
cd "$(dirname "$0")/../.."
declare -A may
fail=0
for list in src/*/CMakeLists.txt; do
  room=$(basename "$(dirname "$list")")
  depends=$(tr '\n' ' ' < "$list" | sed -nE 's/.*turdb_room\([a-z]+ +DEPENDS ([a-z ]+).*/\1/p' | sed -E 's/ +$//')
  may[$room]="$depends"
  documented=$(sed -nE "s/^\| \`$room\` \|.*\| ([a-z ]+|none) \|$/\1/p" docs/architecture.md)
  [ "${depends:-none}" = "$documented" ] || {
    echo "docs/architecture.md says that $room includes '$documented', its CMakeLists.txt says '${depends:-none}'"
    fail=1
  }
done
while IFS=: read -r file line text; do
  room=$(cut -d/ -f2 <<< "$file")
  target=$(sed -E 's/.*"([a-z]+)\/.*/\1/' <<< "$text")
  if [ "$target" = "$room" ]; then continue; fi
  [ -d "src/$target" ] || continue
  case " ${may[$room]:-} " in
    *" $target "*) ;;
    *)
      echo "$file:$line: $room may not include $target (allowed: ${may[$room]:-none})"
      fail=1
      ;;
  esac
done < <(grep -rnE '^ *#include "[a-z]+/' src --include='*.h' --include='*.cc')
# turdb.h is seen by capi alone inside src/; tools, bindings and examples see nothing else of ours.
if grep -rlE '#include [<"]turdb\.h[>"]' src --include='*.h' --include='*.cc' | grep -v '^src/capi/' | grep -v '^src/adbc/'; then
  echo "turdb.h is included below capi"
  fail=1
fi
if grep -rnE '^ *#include "(base|os|compute|vec|storage|txn|btree|table|catalog|function|exec|sql|engine|capi)/' tools examples bindings 2> /dev/null; then
  echo "a client includes a room"
  fail=1
fi
[ $fail = 0 ] && echo "layering: every include goes downward"
exit $fail
