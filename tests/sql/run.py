#!/usr/bin/env python3
"""Runs TurDB's own sqllogictest files (tests/sql/slt) through libturdb.

    run.py [--option=KEY=VALUE...] [FILE_OR_DIR...]

Records: `statement ok`, `statement error [REGEX]`, `statement count N`, `query TYPES [nosort|rowsort|valuesort]`,
`connection NAME`, `restart` (close and reopen the database). Results stand one row a line, columns separated
by two or more spaces or a tab; NULL is NULL, the empty string is (empty). `query error REGEX` expects an error.
After each file `turdb_db_check` must find nothing. Options are settings of the database, beside those that the suite has.
"""
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import turdb_backend  # noqa: E402


NEEDS_MEMORY = "(needs memory)"  # in a file's first line: left out where --option=memory_limit says how much there is


def show(value):
    if value is None:
        return "NULL"
    if value is True:
        return "t"
    if value is False:
        return "f"
    if isinstance(value, float):
        if value != value:
            return "NaN"
        if value in (float("inf"), float("-inf")):
            return "Infinity" if value > 0 else "-Infinity"
        text = repr(value)
        return text[:-2] if text.endswith(".0") else text
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    return str(value) or "(empty)"


def records(path):
    with open(path, encoding="utf-8") as f:
        lines = f.read().split("\n")
    i = 0
    while i < len(lines):
        if not lines[i].strip() or lines[i].startswith("#"):
            i += 1
            continue
        start, head, sql, expected = i + 1, lines[i].split(), [], None
        i += 1
        while i < len(lines) and lines[i].strip() and lines[i] != "----":
            sql.append(lines[i])
            i += 1
        if i < len(lines) and lines[i] == "----":
            expected = []
            i += 1
            while i < len(lines) and lines[i].strip():
                expected.append(re.split(r"\t|  +", lines[i].strip()))
                i += 1
        yield start, head, "\n".join(sql), expected


def run_file(path, library, given):
    passed, failures = 0, []
    with tempfile.TemporaryDirectory(prefix="turdb_slt_") as directory:
        where = os.path.join(directory, "test.turdb")
        options = {"synchronous": "off", "memory_limit": "256MB", **given}
        database = turdb_backend.Database(where, library, **options)
        connections, name = {}, "default"
        for line, head, sql, expected in records(path):
            sql = sql.replace("{DIR}", directory)
            if head[0] == "connection":
                name = head[1]
                continue
            if head[0] == "restart":
                for connection in connections.values():
                    connection.close()
                connections = {}
                database.close()
                database = turdb_backend.Database(where, library, **options)
                continue
            if name not in connections:
                connections[name] = database.connect()
            connection = connections[name]
            try:
                count, rows = connection.execute(sql)
                problem = None
            except turdb_backend.TurdbError as error:
                count, rows, problem = 0, [], str(error)
            fault = None
            if head[1] == "error":
                pattern = " ".join(head[2:])
                if problem is None:
                    fault = "expected an error, but it succeeded"
                elif not re.search(pattern, problem):
                    fault = f"error does not match {pattern!r}: {problem}"
            elif problem is not None:
                fault = problem
            elif head[0] == "statement":
                if head[1] == "count" and library.turdb_conn_changes(connection.handle) != int(head[2]):
                    fault = f"changed {library.turdb_conn_changes(connection.handle)} rows, expected {head[2]}"
            elif head[0] == "query":
                got = [[show(value) for value in row] for row in rows]
                want = expected or []
                sort = head[2] if len(head) > 2 else "nosort"
                if count != len(head[1]):
                    fault = f"{count} columns, expected {len(head[1])}"
                if sort == "rowsort":
                    got.sort()
                    want.sort()
                elif sort == "valuesort":
                    got, want = sorted(sum(got, [])), sorted(sum(want, []))
                if fault is None and got != want:
                    fault = f"got      {got[:20]}\n  expected {want[:20]}"
            else:
                fault = f"unknown record {head[0]}"
            if fault is None:
                passed += 1
            else:
                failures.append(f"{path}:{line}: {fault}\n  {sql[:300]}")
        for problem in database.check():
            failures.append(f"{path}: turdb check: {problem}")
        for connection in connections.values():
            connection.close()
        database.close()
    return passed, failures


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    paths = []
    given = dict(each[len("--option="):].split("=", 1) for each in sys.argv[1:] if each.startswith("--option="))
    for argument in [each for each in sys.argv[1:] if not each.startswith("--")] or [os.path.join(here, "slt")]:
        if os.path.isdir(argument):
            for folder, _, names in os.walk(argument):
                paths += [os.path.join(folder, each) for each in names if each.endswith(".slt")]
        else:
            paths.append(argument)
    library = turdb_backend.load()
    passed, failures = 0, []
    for path in sorted(paths):
        if "memory_limit" in given and NEEDS_MEMORY in open(path, encoding="utf-8").readline():
            continue
        good, bad = run_file(path, library, given)
        passed += good
        failures += bad
    for failure in failures:
        print(failure)
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
