#!/usr/bin/env python3
"""Runs the suites of others (../shared/corpora, or $TURDB_CORPORA) against libturdb.

    run.py [PART...] [--all] [--record]

Parts: sqlite, pgsql, conformance, pgregress, json; all of them by default. Their known failures stand in known/PART.txt, one
`path:LINE  why` a line: a new failure is a failure, and so is a record that is listed and passes, so neither a regression
nor a success goes unnoticed. --record writes the lists anew (read the diff). Files that take minutes or need what is not
there yet are left out (SKIPPED below) unless --all is given. The corpora's own runner does the work.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BACKEND = "py:" + os.path.join(ROOT, "tests", "sql", "turdb_backend.py") + ":TurdbBackend"

SETUP_LINE = 100000  # where a _setup.slt begins

# part -> (style, paths in the corpora)
PARTS = {
    "sqlite": ("classic", ["sqllogictest-given.tar.zst"]),
    "pgsql": ("auto", ["pgsql/sqlite"]),
    "conformance": ("serene", ["pgsql/conformance", "pgsql/floating"]),
    "pgregress": ("pg", ["pgregress"]),
}
# Later work for the most part (partitions, sequences, enums, temporary tables, arrays, rules ...): nearly every record of
# these says 0A000 or misses a table that was not made.
SKIPPED = {
    "pgregress": ["create_index", "create_table", "enum", "errors", "insert", "sequence", "temp", "truncate", "update"],
    "conformance": [],
    "sqlite": [],
    "pgsql": [],
}
CAUSES = [
    (r"division by zero", "PostgreSQL's meaning: division by zero is an error"),
    (r"label .* disagrees", "PostgreSQL's meaning: avg of integers and what is computed with it is numeric"),
    (r"multiple assignments", "PostgreSQL's meaning: a column is assigned once"),
    (r"\[42883\] operator does not exist: bytea|invalid input syntax for type integer: \"hello\"",
     "PostgreSQL's meaning: no implicit conversion between text, bytes and numbers"),
    (r"integer out of range", "PostgreSQL's meaning: integer is int4"),
    (r"\[0A000\]", "not yet supported"),
    (r"\[42P01\]|index .* does not exist", "a table that an unsupported statement should have made or changed"),
    (r"\[42883\]|\[42704\]", "a function, type or setting that is not there yet"),
]


def files_of(path, skipped):
    if os.path.isfile(path):
        return [path]
    found = []
    for folder, _, names in os.walk(path):
        for name in names:
            stem, extension = os.path.splitext(name)
            if extension in (".test", ".slt", ".test_slow") and stem not in skipped:
                found.append(os.path.join(folder, name))
    return sorted(found)


def cause_of(message):
    for pattern, cause in CAUSES:
        if re.search(pattern, message):
            return cause
    return "differs: " + message.strip()[:90]


def run_part(part, corpora, arguments, workdir):
    style, paths = PARTS[part]
    skipped = [] if arguments.all else SKIPPED[part]
    files = []
    for path in paths:
        path = os.path.join(corpora, path)
        if path.endswith(".tar.zst"):
            target = os.path.join(workdir, part)
            os.makedirs(target)
            subprocess.run(["tar", "--zstd", "-xf", path, "-C", target], check=True)
            path = target
        setup = os.path.join(path, "_setup.slt")
        if os.path.exists(setup):
            # It runs before each file, and its lines are reported as that file's: move them out of the way.
            target = os.path.join(workdir, os.path.basename(path))
            shutil.copytree(path, target)
            path = target
            with open(setup, encoding="utf-8") as f, open(os.path.join(path, "_setup.slt"), "w", encoding="utf-8") as g:
                g.write("\n" * SETUP_LINE + f.read())
        files += files_of(path, skipped)
    command = [sys.executable, os.path.join(corpora, "slt_runner.py"), "--backend", BACKEND, "--style", style,
               "--engine", "postgresql,postgres,turdb", "--jobs", str(os.cpu_count() or 1), "--timeout", "300",
               "--max-show", "1000000"]
    known = os.path.join(HERE, "known", part + ".txt")
    if os.path.exists(known) and not arguments.record:
        command += ["--known", known]
    done = subprocess.run(command + files, capture_output=True, text=True, errors="replace")
    lines = done.stdout.splitlines()
    print(f"{part}: {lines[-1] if lines else done.stderr.strip()[-300:]}")
    if not arguments.record:
        if done.returncode != 0:
            print("\n".join(lines[:60]))
        return done.returncode == 0
    current, entries = None, []
    for line in lines:
        head = re.match(r"(FAIL|CRASH|TIMEOUT)\s+(\S+)", line)
        if head:
            current = head.group(2)
            if head.group(1) != "FAIL":
                print("not recorded:", line)
            continue
        record = re.match(r"\s+line (\d+): (.*)", line)
        if record and current:
            below = workdir if current.startswith(workdir) else corpora
            suffix = os.path.relpath(current, os.path.join(workdir, part) if part == "sqlite" else below)
            entries.append(f"{suffix}:{record.group(1)}  {cause_of(record.group(2))}")
    os.makedirs(os.path.dirname(known), exist_ok=True)
    with open(known, "w", encoding="utf-8") as f:
        f.write("# Written by tests/corpora/run.py --record; `path:LINE  why`.\n")
        f.write("\n".join(entries) + ("\n" if entries else ""))
    print(f"{part}: {len(entries)} known failures written")
    return True


def run_json(corpora, workdir):
    """json/: what begins with y must be accepted as json and jsonb, with n refused, with i must only not crash."""
    sys.path.insert(0, os.path.join(ROOT, "tests", "sql"))
    import turdb_backend

    backend = turdb_backend.TurdbBackend()
    backend.connect(workdir)
    passed, failures = 0, []
    for folder in ("test_parsing", "test_transform"):
        path = os.path.join(corpora, "json", folder)
        for name in sorted(os.listdir(path)) if os.path.isdir(path) else []:
            with open(os.path.join(path, name), "rb") as f:
                text = f.read().decode("utf-8", "surrogateescape")
            for kind in ("json", "jsonb"):
                try:
                    backend.execute(f"select ('{text.replace(chr(39), chr(39) * 2)}'::{kind})::text")
                    outcome = "accepted"
                except turdb_backend.TurdbError as error:
                    outcome = error.sqlstate
                # \\u0000 is JSON that no text can hold.
                good = {"y": ("accepted", "22P05") if kind == "jsonb" else ("accepted",),
                        "n": ("22P02", "22021", "54001", "42601")}.get(name[0] if name[1] == "_" else "", (outcome,))
                if outcome in good:
                    passed += 1
                else:
                    failures.append(f"{name} as {kind}: {outcome}")
    backend.close()
    print(f"json: {passed} passed, {len(failures)} failed", *failures, sep="\n  ")
    return not failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, "json", []])
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--record", action="store_true")
    arguments = parser.parse_args()
    corpora = os.environ.get("TURDB_CORPORA") or os.path.join(ROOT, "..", "shared", "corpora")
    if not os.path.isdir(corpora):
        print(f"no corpora at {corpora}: nothing to run")
        return 0
    os.environ.setdefault("TURDB_LIBRARY", os.path.join(ROOT, "build", "release", "libturdb.so"))
    good = True
    with tempfile.TemporaryDirectory(prefix="turdb_corpora_") as workdir:
        for part in arguments.parts or [*PARTS, "json"]:
            if part == "json":
                good = run_json(os.path.abspath(corpora), workdir) and good
            else:
                good = run_part(part, os.path.abspath(corpora), arguments, workdir) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
