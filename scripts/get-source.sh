#!/usr/bin/env bash
# get-source.sh source|upstream|binary SUITE DEST PACKAGE[=VERSION]...
# `upstream` takes a source package without what the distribution adds to it.
# Debian packages of another suite from the mirror this machine already uses, without touching its
# configuration: a private apt configuration is derived from the machine's own, with the suite replaced.
set -euo pipefail
kind=$1 suite=$2 dest=$(mkdir -p "$3" && cd "$3" && pwd)
shift 3
apt=$(mktemp -d)
chmod 755 "$apt"
trap 'rm -rf "$apt"' EXIT
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/parts"
now=$(. /etc/os-release && echo "$VERSION_CODENAME")
types=deb-src
[ "$kind" = binary ] && types=deb
{
  cat /etc/apt/sources.list 2>/dev/null || true
  find /etc/apt/sources.list.d -name '*.list' -exec cat {} + 2>/dev/null || true
} | sed -nE "s#^deb(-src)?( +\[[^]]*\])? +([^ ]+) +$now +main.*#$types\2 \3 $suite main#p" | sort -u > "$apt/sources.list"
for f in /etc/apt/sources.list.d/*.sources; do
  [ -e "$f" ] || continue
  awk -v RS='' -v now="$now" 'match($0, "(^|\n)Suites:[^\n]*[ \t]" now "([ \t\n]|$)") {print $0 "\n"}' "$f" |
    sed -E "s/^Types:.*/Types: $types/; s/^Suites:.*/Suites: $suite/; s/^Components:.*/Components: main/" >> "$apt/parts/x.sources"
done
options=(-o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts="$apt/parts"
  -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache" -o APT::Get::List-Cleanup=0 -o APT::Sandbox::User=root)
apt-get "${options[@]}" -qq update
cd "$dest"
for try in 1 2 3; do
  if [ "$kind" = source ]; then
    apt-get "${options[@]}" -qq source --only-source "$@" && exit 0
  elif [ "$kind" = upstream ]; then
    apt-get "${options[@]}" -qq source --only-source --tar-only "$@" && exit 0
  else
    apt-get "${options[@]}" -qq download "$@" && exit 0
  fi
  sleep 2
done
echo "get-source.sh: $* of suite $suite could not be fetched after 3 tries" >&2
exit 1
