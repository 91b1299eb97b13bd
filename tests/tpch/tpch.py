#!/usr/bin/env python3
"""TPC-H: the 22 queries against DuckDB, as results and as times.

    tpch.py check                      our own tiny data, results against expected.txt (this is the ctest)
    tpch.py given                      the rows, queries and PostgreSQL's answers in ../shared/corpora/tpch (or $TURDB_CORPORA)
    tpch.py record                     writes expected.txt from DuckDB's results over the same data
    tpch.py compare [SF] [--queries 1,5] [--shapes] [--rounds N] [--threads N] [--reload] [--plans]
                                       dbgen's data in both engines: results must be equal, times are printed

`compare` and `record` need DuckDB's Python package, which they install into build/tpch (dbgen is linked into 1.1.3; the peer that
is measured is 1.5). Times are of a statement from its text to its last row, warm, the best of the rounds, which alternate.
"""
import argparse
import csv
import gzip
import importlib
import math
import os
import re
import subprocess
import sys
import tempfile
import time
from datetime import date
from decimal import Decimal

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "..", ".."))
WORK = os.path.join(ROOT, "build", "tpch")
sys.path.insert(0, os.path.join(HERE, "..", "sql"))
sys.path.insert(0, HERE)
import generator  # noqa: E402
import turdb_backend  # noqa: E402

TABLES = ["region", "nation", "supplier", "part", "partsupp", "customer", "orders", "lineitem"]
CHECK_SF = 0.01
DBGEN_VERSION, PEER_VERSION = "1.1.3", "1.5.0"


def queries(fraction):
    """{number: text}; `fraction` is q11's, which depends on the scale factor."""
    text = open(os.path.join(HERE, "queries.sql"), encoding="utf-8").read().replace("{FRACTION}", f"{fraction:.10f}")
    parts = re.split(r"^-- q(\d+)\n", text, flags=re.M)[1:]
    return {int(number): body.strip() for number, body in zip(parts[::2], parts[1::2])}


# Two shapes that the 22 queries leave out, over dbgen's tables: a million groups (of its order keys every fourth exists), and a join of all of its two largest tables.
SHAPES = {
    101: "SELECT count(*), max(s), sum(n) FROM (SELECT l_orderkey % 4000000 AS k, sum(l_quantity) AS s, count(*) AS n "
         "FROM lineitem GROUP BY l_orderkey % 4000000) AS g",
    102: "SELECT count(*), sum(l_quantity), max(o_totalprice) FROM lineitem JOIN orders ON l_orderkey = o_orderkey",
}


def schema():
    return open(os.path.join(HERE, "schema.sql"), encoding="utf-8").read()


# ---- results

def cell(value):
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return "NULL" if value is None else str(value)


def same(a, b):
    if a == b:
        return True
    try:  # averages and quotients are numeric here, doubles in DuckDB
        return math.isclose(float(a), float(b), rel_tol=1e-9, abs_tol=1e-9)
    except ValueError:
        return False


def difference(got, want):
    """None, or a description of how two lists of rows differ."""
    if len(got) != len(want):
        return f"{len(got)} rows, expected {len(want)}; first {got[:2]}, expected {want[:2]}"
    for i, (row, expected) in enumerate(zip(got, want)):
        if len(row) != len(expected) or not all(map(same, row, expected)):
            return f"row {i + 1} is {row}, expected {expected}"
    return None


# ---- engines

def load_turdb(path, files, **options):
    database = turdb_backend.Database(path, turdb_backend.load(), **options)
    connection = database.connect()
    connection.execute(schema())
    for table in TABLES:
        connection.execute(f"COPY {table} FROM '{files[table]}' WITH (FORMAT csv, DELIMITER '|')")
    return database, connection


def run_turdb(connection, sql):
    return [tuple(map(cell, row)) for row in connection.execute(sql)[1]]


def duckdb(version):
    """The module of that version, installed at build/tpch/duckdb-VERSION when it is missing."""
    where = os.path.join(WORK, "duckdb-" + version)
    if not os.path.isdir(where):
        print(f"installing duckdb {version}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore",
                        "--target", where, "duckdb==" + version], check=True)
    sys.path.insert(0, where)
    return importlib.import_module("duckdb")


def load_duckdb(module, files):
    connection = module.connect()
    # Without the keys: its indexes cost it memory and bring its plans nothing.
    connection.execute(schema().replace(" PRIMARY KEY,", " NOT NULL,").replace(", PRIMARY KEY (ps_partkey, ps_suppkey)", "")
                       .replace(",\n  PRIMARY KEY (l_orderkey, l_linenumber)", ""))
    for table in TABLES:
        connection.execute(f"COPY {table} FROM '{files[table]}' (FORMAT csv, DELIMITER '|', HEADER false)")
    return connection


# ---- our own data

def write_generated(directory, sf):
    files = {}
    for table, rows in generator.tables(sf).items():
        files[table] = os.path.join(directory, table + ".csv")
        with open(files[table], "w", newline="", encoding="utf-8") as f:
            csv.writer(f, delimiter="|").writerows(rows)
    return files


def expected_path():
    return os.path.join(HERE, "expected.txt")


def read_expected():
    results, number = {}, None
    for line in open(expected_path(), encoding="utf-8").read().splitlines():
        if line.startswith("-- q"):
            number = int(line[4:])
            results[number] = []
        else:
            results[number].append(tuple(line.split("|")))
    return results


def check():
    failures, want = 0, read_expected()
    with tempfile.TemporaryDirectory(prefix="turdb_tpch_") as directory:
        files = write_generated(directory, CHECK_SF)
        database, connection = load_turdb(os.path.join(directory, "tpch.turdb"), files, synchronous="off", memory_limit="256MB")
        for statistics in (False, True):  # estimates must not change results
            if statistics:
                connection.execute("ANALYZE")
            for number, sql in queries(0.0001 / CHECK_SF).items():
                try:
                    fault = difference(run_turdb(connection, sql), want[number])
                except turdb_backend.TurdbError as error:
                    fault = str(error)
                plan = "\n".join(row[0] for row in connection.execute("EXPLAIN " + sql)[1])
                if fault is None and ("Apply" in plan or "@" in plan):
                    fault = "runs a correlated subquery row by row\n" + plan
                if fault:
                    failures += 1
                    print(f"q{number}: {fault}")
        connection.close()
        database.close()
    print(f"{failures} queries failed" if failures else f"all {len(want)} queries as expected")
    return failures != 0


def given():
    corpus = os.path.join(os.environ.get("TURDB_CORPORA") or os.path.join(ROOT, "..", "shared", "corpora"), "tpch")
    if not os.path.isdir(corpus):  # a worktree lies one deeper
        corpus = os.path.join(ROOT, "..", "..", "shared", "corpora", "tpch")
    failures = 0
    with tempfile.TemporaryDirectory(prefix="turdb_tpch_") as directory:
        files = {}
        for table in TABLES:
            files[table] = os.path.join(directory, table + ".csv")
            with gzip.open(os.path.join(corpus, "sf-0.01", table + ".tbl.gz"), "rt") as rows, open(files[table], "w") as out:
                out.writelines(row.rstrip("\n").removesuffix("|") + "\n" for row in rows)
        database, connection = load_turdb(os.path.join(directory, "tpch.turdb"), files, synchronous="off", memory_limit="256MB")
        for number in range(1, 23):
            with open(os.path.join(corpus, "queries", f"q{number:02d}.sql")) as f:
                sql = f.read()
            with open(os.path.join(corpus, "answers-sf-0.01", f"q{number:02d}.csv")) as f:
                want = [tuple(line.split("|")) for line in f.read().splitlines()]
            try:
                fault = difference([tuple(value.strip() for value in row) for row in run_turdb(connection, sql)],
                                   [tuple(value.strip().replace('""', 'NULL') for value in row) for row in want])
            except turdb_backend.TurdbError as error:
                fault = str(error)
            if fault:
                failures += 1
                print(f"q{number}: {fault}")
        connection.close()
        database.close()
    print(f"{failures} queries failed" if failures else "all 22 queries give PostgreSQL's answers")
    return failures != 0


def record():
    module = duckdb(PEER_VERSION)
    with tempfile.TemporaryDirectory(prefix="turdb_tpch_") as directory:
        connection = load_duckdb(module, write_generated(directory, CHECK_SF))
        with open(expected_path(), "w", encoding="utf-8") as out:
            for number, sql in queries(0.0001 / CHECK_SF).items():
                rows = connection.execute(sql).fetchall()
                if not rows or any(value is None for value in rows[0]):
                    print(f"q{number} finds nothing: the data must change", file=sys.stderr)
                out.write(f"-- q{number}\n")
                out.writelines("|".join(map(cell, row)) + "\n" for row in rows)
    return 0


# ---- dbgen's data

DBGEN = """
import sys
sys.path.insert(0, sys.argv[1])
import duckdb
c = duckdb.connect()
c.execute(f"CALL dbgen(sf={sys.argv[2]})")
for table in sys.argv[4:]:
    c.execute(f"COPY {table} TO '{sys.argv[3]}/{table}.csv' (FORMAT csv, DELIMITER '|', HEADER false)")
"""


def dbgen(sf):
    directory = os.path.join(WORK, f"sf{sf:g}")
    files = {table: os.path.join(directory, table + ".csv") for table in TABLES}
    if not all(map(os.path.exists, files.values())):
        os.makedirs(directory, exist_ok=True)
        duckdb(DBGEN_VERSION) if not os.path.isdir(os.path.join(WORK, "duckdb-" + DBGEN_VERSION)) else None
        # In a process of its own: two versions of one module do not go into one.
        subprocess.run([sys.executable, "-c", DBGEN, os.path.join(WORK, "duckdb-" + DBGEN_VERSION), f"{sf:g}", directory, *TABLES],
                       check=True)
    return directory, files


def compare(arguments):
    directory, files = dbgen(arguments.sf)
    path = os.path.join(directory, "tpch.turdb")
    if arguments.reload or not os.path.exists(path):
        subprocess.run(["rm", "-rf", path], check=True)
        started = time.monotonic()
        database, connection = load_turdb(path, files, synchronous="off", memory_limit=arguments.memory)
        connection.execute("ANALYZE")
        print(f"loaded in {time.monotonic() - started:.1f} s")
    else:
        database = turdb_backend.Database(path, turdb_backend.load(), memory_limit=arguments.memory)
        connection = database.connect()
    connection.execute(f"SET threads = {arguments.threads}")
    todo = queries(0.0001 / arguments.sf)
    if arguments.shapes:
        todo = SHAPES
    if arguments.queries:
        todo = {n: todo[n] for n in map(int, arguments.queries.split(","))}
    peer = None
    if not arguments.alone:
        peer = load_duckdb(duckdb(PEER_VERSION), files)
        peer.execute(f"SET threads = {arguments.threads}")
    failures, totals, ratios = 0, [0.0, 0.0], []
    for number, sql in todo.items():
        best, rows = [math.inf, math.inf], [None, None]
        try:
            for _ in range(arguments.rounds):
                started = time.perf_counter()
                rows[0] = connection.execute(sql)[1]
                best[0] = min(best[0], time.perf_counter() - started)
                if peer:
                    started = time.perf_counter()
                    rows[1] = peer.execute(sql).fetchall()
                    best[1] = min(best[1], time.perf_counter() - started)
        except turdb_backend.TurdbError as error:
            failures += 1
            print(f"q{number:<3} {error}", flush=True)
            continue
        if not peer:
            print(f"q{number:<3} {best[0] * 1e3:9.1f} ms", flush=True)
            totals[0] += best[0]
            continue
        fault = difference([tuple(map(cell, row)) for row in rows[0]], [tuple(map(cell, row)) for row in rows[1]])
        failures += fault is not None
        ratio = best[0] / best[1]
        ratios.append(ratio)
        totals = [totals[0] + best[0], totals[1] + best[1]]
        print(f"q{number:<3} {best[0] * 1e3:9.1f} ms   DuckDB {best[1] * 1e3:8.1f} ms   {ratio:6.2f}x" +
              (f"   DIFFERS: {fault}" if fault else ""), flush=True)
        if arguments.plans:
            print("\n".join("     " + row[0] for row in connection.execute("EXPLAIN ANALYZE " + sql)[1]), flush=True)
    if ratios:
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        print(f"all  {totals[0] * 1e3:9.1f} ms   DuckDB {totals[1] * 1e3:8.1f} ms   {totals[0] / totals[1]:6.2f}x   "
              f"geometric mean {mean:.2f}x   threads {arguments.threads}")
    else:
        print(f"all  {totals[0] * 1e3:9.1f} ms")
    connection.close()
    database.close()
    return failures != 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["check", "given", "record", "compare"])
    parser.add_argument("sf", type=float, nargs="?", default=0.01)
    parser.add_argument("--queries", help="numbers, with commas between")
    parser.add_argument("--shapes", action="store_true", help="a million groups (101) and the join of the two largest tables (102)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2, help="of both engines")
    parser.add_argument("--memory", default="4GB", help="TurDB's memory_limit")
    parser.add_argument("--reload", action="store_true", help="load TurDB's database anew")
    parser.add_argument("--alone", action="store_true", help="without DuckDB")
    parser.add_argument("--plans", action="store_true", help="EXPLAIN ANALYZE of each query")
    arguments = parser.parse_args()
    if arguments.command == "check":
        return check()
    if arguments.command == "given":
        return given()
    return record() if arguments.command == "record" else compare(arguments)


if __name__ == "__main__":
    sys.exit(main())
