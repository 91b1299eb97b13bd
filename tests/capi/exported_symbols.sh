#!/bin/sh
# exported_symbols.sh LIBRARY GOLDEN: the library exports exactly the symbols of the golden file.
nm -D --defined-only "$1" | awk '{print $3}' | sed 's/@.*//' | grep -v '^TURDB_' | sort | diff -u "$2" -
