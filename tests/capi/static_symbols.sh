#!/bin/sh
# static_symbols.sh ARCHIVE: every global symbol that the archive defines is turdb_*.
foreign=$(nm -g --defined-only "$1" 2> /dev/null | awk 'NF == 3 {print $3}' | grep -v '^turdb_' | head)
[ -z "$foreign" ] || {
  echo "global in $1: $foreign"
  exit 1
}
