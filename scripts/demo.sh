#!/usr/bin/env bash
# demo.sh [FILE|DIR...]   What TurDB is for, end to end, on real tables: a database directory is made, CSV files are
# imported, keys and indexes made, five questions answered, data changed in a transaction, a transaction rolled back,
# a writer killed in the middle of one, and the database opened again. Every step is checked; anything that is not
# there afterwards makes the exit code 1.
#
# FILE is a CSV file, DIR a directory with such files (*.csv, *.dat, *.tsv), looked through with those below it. The
# OpenFlights files and those of nycflights13 are known by name and get questions of their own; other files are
# imported and described. Without arguments the tables are those of the machine: its package database (Debian).
#   TURDB     the shell (default: build/release/turdb)
#   DEMO_DB   the database directory (default: a temporary one, removed at the end)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
turdb=${TURDB:-$root/build/release/turdb}
[ -x "$turdb" ] || { echo "demo.sh: no shell at $turdb; ./dev build makes it" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
db=${DEMO_DB:-$work/demo.db}
if [ -e "$db" ]; then
  echo "demo.sh: $db is there already; DEMO_DB names a directory to be made" >&2
  exit 2
fi

bold= dim= red= green= plain=
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
fi
failures=0
step=0
say() { printf '\n%s%d. %s%s\n' "$bold" $((++step)) "$*" "$plain"; }
note() { printf '   %s\n' "$*"; }
run() { "$turdb" "$db" "$@"; }                                   # for people
ask() { "$turdb" --list --headers off "$db" "$@"; }              # for the script
check() { # WHAT ACTUAL EXPECTED
  if [ "$2" = "$3" ]; then
    printf '   %sok%s    %s: %s\n' "$green" "$plain" "$1" "$2"
  else
    printf '   %sWRONG%s %s: %s, not %s\n' "$red" "$plain" "$1" "$2" "$3"
    failures=$((failures + 1))
  fi
}

# ---- the tables ------------------------------------------------------------------------------------
tables=()        # names, in the order of their import
declare -A rows  # how many rows each must have
questions=()     # text and SQL, one after the other
question() { questions+=("$1" "$2"); }

# Counts the records of a CSV file without TurDB: FILE DELIMITER HEADER(0|1)
count_records() {
  python3 - "$1" "$2" "$3" << 'PY'
import csv, sys
with open(sys.argv[1], newline="", encoding="utf-8-sig") as file:
    print(sum(1 for record in csv.reader(file, delimiter=sys.argv[2]) if record) - int(sys.argv[3]))
PY
}

load() { # TABLE FILE DELIMITER HEADER(0|1) IMPORT-OPTIONS...
  local table=$1 file=$2 delimiter=$3 header=$4
  shift 4
  local flag=--no-header
  [ "$header" = 1 ] && flag=--header
  run --import "$file" --table "$table" --delimiter "$delimiter" "$flag" "$@"
  tables+=("$table")
  rows[$table]=$(count_records "$file" "$delimiter" "$header")
}

load_openflights() { # DIR
  note "OpenFlights: airports, airlines and routes of the world, without header lines; \\N is NULL"
  run "CREATE TABLE airport (id integer PRIMARY KEY, name text NOT NULL, city text, country text NOT NULL, iata text, icao text,
         latitude double precision, longitude double precision, altitude_ft integer, utc_offset double precision, dst text,
         zone text, kind text, source text);
       CREATE TABLE airline (id integer PRIMARY KEY, name text NOT NULL, alias text, iata text, icao text, callsign text,
         country text, active text);
       CREATE TABLE route (airline text, airline_id integer, origin text, origin_id integer, destination text,
         destination_id integer, codeshare text, stops integer, equipment text)"
  load airport "$1/airports.dat" , 0 --null '\N'
  load airline "$1/airlines.dat" , 0 --null '\N'
  load route "$1/routes.dat" , 0 --null '\N'
  run "CREATE INDEX airport_by_country ON airport (country);
       CREATE INDEX route_by_origin ON route (origin_id);
       CREATE INDEX route_by_destination ON route (destination_id)"
  note "keys and indexes: airport (id), airline (id), airport_by_country, route_by_origin, route_by_destination"
  question "Which airports can one leave in most directions?" \
    "SELECT a.name, a.city, a.country, count(*) AS routes, count(DISTINCT r.destination_id) AS destinations
     FROM route r JOIN airport a ON a.id = r.origin_id
     GROUP BY a.id, a.name, a.city, a.country ORDER BY destinations DESC, a.name LIMIT 5"
  question "Which airlines reach most countries?" \
    "SELECT l.name AS airline, l.country AS home, count(DISTINCT a.country) AS countries, count(*) AS routes
     FROM route r JOIN airline l ON l.id = r.airline_id JOIN airport a ON a.id = r.destination_id
     GROUP BY l.id, l.name, l.country ORDER BY countries DESC, routes DESC, airline LIMIT 5"
  question "Which routes name an airport that is not in the list?" \
    "SELECT r.origin, r.destination, count(*) AS routes
     FROM route r LEFT JOIN airport a ON a.id = r.destination_id
     WHERE a.id IS NULL GROUP BY r.origin, r.destination ORDER BY routes DESC, r.origin, r.destination LIMIT 5"
  question "From which countries does nobody fly abroad, though they have ten airports or more?" \
    "SELECT a.country, count(*) AS airports, max(a.altitude_ft) AS highest_ft
     FROM airport a
     WHERE a.country NOT IN (SELECT o.country FROM route r JOIN airport o ON o.id = r.origin_id
                             JOIN airport d ON d.id = r.destination_id WHERE d.country <> o.country)
     GROUP BY a.country HAVING count(*) >= 10 ORDER BY airports DESC, a.country LIMIT 5"
  question "Where do the highest airports with a scheduled flight lie?" \
    "SELECT a.name, a.country, a.altitude_ft, (SELECT count(*) FROM route r WHERE r.origin_id = a.id) AS departures
     FROM airport a WHERE EXISTS (SELECT 1 FROM route r WHERE r.origin_id = a.id)
     ORDER BY a.altitude_ft DESC LIMIT 5"
  changed_table=route
  change="UPDATE airport SET name = 'Berlin Brandenburg Willy Brandt', iata = 'BER' WHERE icao = 'EDDB';
          INSERT INTO airline (id, name, country, active) VALUES (900001, 'TurDB Air', 'Germany', 'Y');
          INSERT INTO route (airline, airline_id, origin, origin_id, destination, destination_id, stops)
            SELECT 'TD', 900001, o.iata, o.id, d.iata, d.id, 0 FROM airport o, airport d
            WHERE o.icao = 'EDDB' AND d.country = 'Iceland' AND d.iata IS NOT NULL;
          DELETE FROM route WHERE stops > 0"
  changed="SELECT 'TurDB Air flies ' || count(*) || ' routes' FROM route WHERE airline_id = 900001;
           SELECT 'routes with stops: ' || count(*) FROM route WHERE stops > 0;
           SELECT name FROM airport WHERE icao = 'EDDB'"
  duplicate="INSERT INTO airport (id, name, country) VALUES (1, 'A second Goroka', 'Nowhere')"
}

load_nycflights() { # DIR
  note "nycflights13: weather, planes, airports and airlines of New York's flights of 2013; NA is NULL"
  load nyc_airport "$1/airports.csv" , 1 --null NA
  load nyc_airline "$1/airlines.csv" , 1 --null NA
  load plane "$1/planes.csv" , 1 --null NA
  load weather "$1/weather.csv" , 1 --null NA
  run "CREATE UNIQUE INDEX nyc_airport_by_faa ON nyc_airport (faa);
       CREATE UNIQUE INDEX plane_by_tailnum ON plane (tailnum);
       CREATE INDEX weather_by_origin ON weather (origin, month)"
  note "types were found in the files: $(ask "SELECT time_hour FROM weather WHERE origin = 'JFK' ORDER BY time_hour LIMIT 1") is weather's first hour"
  local seasons="SELECT a.name, w.month, count(*) AS hours, min(w.temp) AS coldest_f, max(w.temp) AS warmest_f, max(w.wind_gust) AS gust_mph
     FROM weather w JOIN nyc_airport a ON a.faa = w.origin WHERE w.month IN (1, 7)
     GROUP BY a.name, w.month ORDER BY w.month, a.name"
  local makers="SELECT manufacturer, count(*) AS planes, min(year) AS oldest, max(seats) AS most_seats
     FROM plane GROUP BY manufacturer HAVING count(*) > 100 ORDER BY planes DESC, manufacturer LIMIT 5"
  if [ ${#questions[@]} -gt 0 ]; then  # beside OpenFlights: one question of each of these two, in place of two there
    questions=("${questions[@]:0:6}")
    question "How cold and how windy does New York get, in winter and in summer?" "$seasons"
    question "Who built the planes that fly from there?" "$makers"
    return
  fi
  question "How cold and how windy does New York get, in winter and in summer?" "$seasons"
  question "Who built the planes that fly from there?" "$makers"
  question "Which planes are the oldest?" \
    "SELECT tailnum, year, manufacturer, model FROM plane WHERE year IS NOT NULL ORDER BY year, tailnum LIMIT 5"
  question "On which days did it rain most?" \
    "SELECT w.month, w.day, sum(w.precip) AS inches FROM weather w GROUP BY w.month, w.day ORDER BY inches DESC, w.month, w.day LIMIT 5"
  question "How far can one see from each airport when it is foggy?" \
    "SELECT a.name, count(*) AS hours, min(w.visib) AS miles FROM weather w JOIN nyc_airport a ON a.faa = w.origin
     WHERE w.visib < 1 GROUP BY a.name ORDER BY hours DESC, a.name"
  changed_table=weather
  change="UPDATE plane SET seats = seats + 1 WHERE manufacturer = 'CESSNA'; INSERT INTO nyc_airline (carrier, name) VALUES ('TD', 'TurDB Air');
          DELETE FROM weather WHERE temp IS NULL"
  changed="SELECT name FROM nyc_airline WHERE carrier = 'TD'; SELECT 'hours without a temperature: ' || count(*) FROM weather WHERE temp IS NULL"
  duplicate="INSERT INTO nyc_airport (faa, name) VALUES ('JFK', 'A second Kennedy')"
}

load_packages() {
  note "the packages of this machine and what they depend on, from /var/lib/dpkg/status"
  awk -F': ' -v OFS='\t' -v packages="$work/packages.tsv" -v dependencies="$work/dependencies.tsv" '
    function finish(   n, i, parts, alternatives) {
      if (name != "" && status ~ / installed$/) {
        print name, architecture, version, section, priority, size > packages
        n = split(depends, parts, ",")
        for (i = 1; i <= n; ++i) {
          split(parts[i], alternatives, "|")
          gsub(/\(.*\)|:[a-z0-9]+| /, "", alternatives[1])
          print name, architecture, alternatives[1], parts[i] ~ /\|/ ? "true" : "false" > dependencies
        }
      }
      name = status = version = section = priority = architecture = depends = size = ""
    }
    BEGIN {
      print "name", "architecture", "version", "section", "priority", "installed_kb" > packages
      print "name", "architecture", "needs", "has_alternatives" > dependencies
    }
    /^Package: /{name = $2} /^Status: /{status = $2} /^Version: /{version = substr($0, 10)} /^Section: /{section = $2}
    /^Priority: /{priority = $2} /^Architecture: /{architecture = $2} /^Installed-Size: /{size = $2}
    /^(Pre-)?Depends: /{depends = depends (depends == "" ? "" : ",") substr($0, index($0, ": ") + 2)}
    /^$/{finish()} END{finish()}' /var/lib/dpkg/status
  run "CREATE TABLE package (name text, architecture text, version text NOT NULL, section text, priority text, installed_kb bigint,
         PRIMARY KEY (name, architecture))"
  load package "$work/packages.tsv" $'\t' 1
  load dependency "$work/dependencies.tsv" $'\t' 1
  run "CREATE INDEX dependency_by_need ON dependency (needs); CREATE INDEX package_by_section ON package (section)"
  note "keys and indexes: package (name, architecture), dependency_by_need, package_by_section"
  question "Which packages take most of the disk?" \
    "SELECT name, version, section, installed_kb FROM package ORDER BY installed_kb DESC, name LIMIT 5"
  question "Which sections are the largest?" \
    "SELECT section, count(*) AS packages, sum(installed_kb) AS kb FROM package GROUP BY section HAVING count(*) > 1
     ORDER BY kb DESC, section LIMIT 5"
  question "What does everything else stand on?" \
    "SELECT p.name, p.section, count(DISTINCT d.name) AS needed_by FROM package p JOIN dependency d ON d.needs = p.name
     GROUP BY p.name, p.section ORDER BY needed_by DESC, p.name LIMIT 5"
  question "What could go, since nothing needs it?" \
    "SELECT p.name, p.installed_kb FROM package p WHERE p.priority = 'optional'
       AND NOT EXISTS (SELECT 1 FROM dependency d WHERE d.needs = p.name) ORDER BY p.installed_kb DESC, p.name LIMIT 5"
  question "Which needs does no installed package carry by name?" \
    "SELECT d.needs, count(*) AS wanted_by FROM dependency d LEFT JOIN package p ON p.name = d.needs
     WHERE p.name IS NULL GROUP BY d.needs ORDER BY wanted_by DESC, d.needs LIMIT 5"
  changed_table=dependency
  change="UPDATE package SET section = 'databases' WHERE name = 'dpkg';
          INSERT INTO package (name, architecture, version, section, installed_kb) VALUES ('turdb', 'amd64', '0.1.0', 'database', 12000);
          INSERT INTO dependency (name, architecture, needs, has_alternatives) VALUES ('turdb', 'amd64', 'libc6', false);
          DELETE FROM dependency WHERE has_alternatives"
  changed="SELECT section FROM package WHERE name = 'dpkg'; SELECT name || ' needs ' || needs FROM dependency WHERE name = 'turdb';
           SELECT 'needs with alternatives: ' || count(*) FROM dependency WHERE has_alternatives"
  duplicate="INSERT INTO package (name, architecture, version) SELECT name, architecture, 'twice' FROM package WHERE name = 'dpkg'"
}

load_any() { # FILE : a table we know nothing about
  local before name count
  before=$(ask .tables)
  run ".import \"$1\""
  name=$(comm -13 <(sort <<< "$before") <(ask .tables | sort) | head -1)
  [ -n "$name" ] || return 0
  tables+=("$name")
  count=$(ask "SELECT count(*) FROM \"$name\"")
  rows[$name]=$count
  question "What is in $name?" "SELECT * FROM \"$name\" LIMIT 3"
  changed_table=$name
}

# ---- the way through -------------------------------------------------------------------------------
changed_table= change= changed= duplicate=
printf '%s%s%s, database directory %s\n' "$bold" "$("$turdb" --version)" "$plain" "$db"
say "Import real tables"
if [ $# = 0 ]; then
  [ -r /var/lib/dpkg/status ] || { echo "demo.sh: this machine has no package database that I know; name some CSV files" >&2; exit 2; }
  load_packages
else
  mapfile -t files < <(for path in "$@"; do
    [ -e "$path" ] || { echo "demo.sh: no $path" >&2; exit 2; }
    find -L "$path" -maxdepth 3 -type f \( -name '*.csv' -o -name '*.dat' -o -name '*.tsv' -o -path "$path" \) | sort
  done)
  [ ${#files[@]} -gt 0 ] || { echo "demo.sh: no CSV files in $*" >&2; exit 2; }
  known=()
  for file in "${files[@]}"; do
    directory=$(dirname "$file")
    if [ "${file##*/}" = routes.dat ] && [ -e "$directory/airports.dat" ] && [ -e "$directory/airlines.dat" ]; then
      load_openflights "$directory"
      known+=("$directory"/{airports,airlines,routes}.dat)
    fi
  done
  for file in "${files[@]}"; do
    directory=$(dirname "$file")
    if [ "${file##*/}" = weather.csv ] && [ -e "$directory/planes.csv" ] && [ -e "$directory/airports.csv" ]; then
      load_nycflights "$directory"
      known+=("$directory"/{airports,airlines,planes,weather}.csv)
    fi
  done
  for file in "${files[@]}"; do
    case " ${known[*]-} " in *" $file "*) ;; *) load_any "$file" ;; esac
  done
fi

say "Count what arrived, against an independent reader of the files"
for table in "${tables[@]}"; do
  check "rows of $table" "$(ask "SELECT count(*) FROM \"$table\"")" "${rows[$table]}"
done
run .tables .indexes

say "Ask"
answer_all() { # FILE : every question's answer, in a form to compare
  local i
  for ((i = 1; i < ${#questions[@]}; i += 2)); do "$turdb" --csv "$db" "${questions[i]}"; done > "$1"
}
for ((i = 0; i < ${#questions[@]}; i += 2)); do
  printf '\n   %s%s%s\n' "$bold" "${questions[i]}" "$plain"
  printf '%s%s%s\n' "$dim" "$(sed 's/^ */   /' <<< "${questions[i + 1]}")" "$plain"
  run "${questions[i + 1]}" || failures=$((failures + 1))
done

if [ -n "$change" ]; then
  say "Change data in one transaction"
  sed 's/^ */   /' <<< "$change"
  before=$(ask "SELECT count(*) FROM $changed_table")
  run "BEGIN; $change; COMMIT"
  ask "$changed" | sed 's/^/   -> /'
  after=$(ask "SELECT count(*) FROM $changed_table")
  check "$changed_table had $before rows; it changed" "$([ "$before" != "$after" ] && echo yes || echo no)" yes
  rows[$changed_table]=$after
  for table in "${tables[@]}"; do rows[$table]=$(ask "SELECT count(*) FROM \"$table\""); done
  say "Be refused: a key is a key"
  if refusal=$(run "$duplicate" 2>&1); then refusal="it was accepted"; fi
  note "$refusal"
  check "SQLSTATE of the refusal" "$(grep -o 'error [0-9A-Z]*' <<< "$refusal" | head -1)" "error 23505"
fi

say "Roll a transaction back"
answer_all "$work/answers"
inside=$(ask "BEGIN; DELETE FROM \"$changed_table\"; SELECT count(*) FROM \"$changed_table\"; ROLLBACK")
check "rows of $changed_table inside the transaction" "$inside" 0
check "rows of $changed_table after ROLLBACK" "$(ask "SELECT count(*) FROM \"$changed_table\"")" "${rows[$changed_table]}"

say "Kill a writer in the middle of a transaction"
mkfifo "$work/feed" "$work/said"
"$turdb" --list --headers off "$db" -f - < "$work/feed" > "$work/said" 2>&1 &
writer=$!
exec 8> "$work/feed" 9< "$work/said"
printf 'BEGIN;\nDELETE FROM "%s";\nSELECT count(*) FROM "%s";\n' "$changed_table" "$changed_table" >&8 || true
said=
read -r -t 60 said <&9 || true
check "rows of $changed_table as the writer sees them" "$said" 0
if refusal=$(run "SELECT 1" 2>&1); then refusal="a second writer was let in"; fi
check "a second process meanwhile is told who has it" "$(grep -o "pid $writer" <<< "$refusal" || echo "$refusal")" "pid $writer"
kill -KILL "$writer"
wait "$writer" 2> /dev/null || true
exec 8>&- 9<&-

say "Open the database again, and find everything there"
for table in "${tables[@]}"; do
  check "rows of $table" "$(ask "SELECT count(*) FROM \"$table\"")" "${rows[$table]}"
done
answer_all "$work/answers.again"
check "the same answers to all $((${#questions[@]} / 2)) questions" "$(cmp -s "$work/answers" "$work/answers.again" && echo yes || echo no)" yes
check "every page, tree, index and log segment" "$(run --check)" ok
note "$(du -sh "$db" | cut -f1) in $(find "$db" -type f | wc -l) files"

echo
if [ $failures -gt 0 ]; then
  printf '%s%d things are not as they should be%s\n' "$red" "$failures" "$plain"
  exit 1
fi
printf '%sall of it is there%s\n' "$green" "$plain"
