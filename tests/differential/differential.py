#!/usr/bin/env python3
"""Runs random statements through TurDB and SQLite and compares what they answer.

    differential.py [--seeds FIRST:LAST | --seconds N] [--statements N] [--option key=value ...]

Every seed makes a script of its own (generator.py): tables, indexes, changes in and out of transactions with
savepoints, reopened now and then, and queries. Errors must be met by errors, results must be equal, `turdb_db_check`
must find nothing at the end. A script that fails is shortened and printed. Standard library only.
"""
import argparse
import os
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from decimal import Decimal

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "sql"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import turdb_backend  # noqa: E402
from generator import Generator  # noqa: E402

# What TurDB refuses and SQLite takes: a number out of range, a key longer than an index can hold.
OUT_OF_RANGE = {"22003", "54000"}
TIMEOUT_S = 120


def normal(value):
    """One form for both engines: whole numbers as int, others as a rounded float, conditions as 0 and 1."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        if value == int(value) and abs(value) < 1e15:
            return int(value)
        return float(f"{value:.10g}")
    return value


def sort_key(row):
    return [(value is not None, type(value).__name__ if not isinstance(value, (int, float)) else "0", value or 0)
            if not isinstance(value, (str, bytes)) else (True, type(value).__name__, value) for value in row]


def result(rows, ordered):
    out = [tuple(normal(value) for value in row) for row in rows]
    return out if ordered else sorted(out, key=sort_key)


class Pair:
    """The two databases. run() returns a description of a difference, or None."""

    def __init__(self, directory, options):
        self.path, self.options = os.path.join(directory, "d.turdb"), options
        self.lite_path = os.path.join(directory, "d.sqlite")
        self.open()

    def open(self):
        self.database = turdb_backend.Database(self.path, LIBRARY, **self.options)
        self.turdb = self.database.connect()
        self.lite = sqlite3.connect(self.lite_path, isolation_level=None, cached_statements=0)
        for pragma in ("case_sensitive_like = ON", "synchronous = OFF", "journal_mode = MEMORY"):
            self.lite.execute("PRAGMA " + pragma)
        self.in_transaction = False

    def close(self):
        self.turdb.close()
        self.database.close()
        self.lite.close()

    def reopen(self):
        if not self.in_transaction:
            self.close()
            self.open()

    def run_turdb(self, sql):
        try:
            return self.turdb.execute(sql)[1], None
        except turdb_backend.TurdbError as error:
            return None, error

    def run_lite(self, sql):
        try:
            return self.lite.execute(sql).fetchall(), None
        except sqlite3.Error as error:
            return None, error

    def run(self, kind, sql):
        if kind == "reopen":
            return self.reopen()
        if kind == "check":
            problems = self.database.check()
            return "turdb check: " + "; ".join(problems[:3]) if problems else None
        if kind in ("change", "schema"):
            return self.change(sql)
        if kind == "transaction":
            return self.transaction(sql)
        got, problem = self.run_turdb(sql)
        if problem is not None and problem.sqlstate in OUT_OF_RANGE:
            return None
        want, lite_problem = self.run_lite(sql)
        if problem is not None or lite_problem is not None:
            if problem is not None and lite_problem is not None:
                return None
            return f"turdb: {problem or 'no error'}\nsqlite: {lite_problem or 'no error'}"
        ordered = kind == "ordered"
        got, want = result(got, ordered), result(want, ordered)
        if got == want:
            return None
        extra = list((Counter(got) - Counter(want)).elements())[:4]
        missing = list((Counter(want) - Counter(got)).elements())[:4]
        return f"turdb has {len(got)} rows, sqlite {len(want)}\nonly turdb: {extra}\nonly sqlite: {missing}"

    def transaction(self, sql):
        if self.lite.in_transaction == (sql == "BEGIN"):
            return None  # a shortened script: SQLite would take it another way
        _, problem = self.run_turdb(sql)
        _, lite_problem = self.run_lite(sql)
        if (problem is None) != (lite_problem is None):
            return f"turdb: {problem or 'no error'}\nsqlite: {lite_problem or 'no error'}"
        self.in_transaction = self.lite.in_transaction
        return None

    def change(self, sql):
        self.lite.execute("SAVEPOINT differential")
        before = self.lite.total_changes
        _, lite_problem = self.run_lite(sql)
        lite_changes = self.lite.total_changes - before
        outcome = None
        if lite_problem is not None and "UNIQUE" in str(lite_problem) and sql.startswith("UPDATE"):
            # TurDB judges uniqueness at the end of the statement, SQLite row by row: both outcomes are right.
            begin, undo = ("SAVEPOINT differential", "ROLLBACK TO differential") if self.in_transaction else ("BEGIN", "ROLLBACK")
            self.turdb.execute(begin)
            self.run_turdb(sql)
            self.turdb.execute(undo)
        else:
            _, problem = self.run_turdb(sql)
            if problem is not None and lite_problem is None and problem.sqlstate in OUT_OF_RANGE:
                self.lite.execute("ROLLBACK TO differential")
            elif (problem is None) != (lite_problem is None):
                outcome = f"turdb: {problem or 'no error'}\nsqlite: {lite_problem or 'no error'}"
            elif problem is None and not sql.startswith(("CREATE", "DROP")):
                changes = LIBRARY.turdb_conn_changes(self.turdb.handle)
                if changes != lite_changes:
                    outcome = f"turdb changed {changes} rows, sqlite {lite_changes}"
        self.lite.execute("RELEASE differential")
        return outcome


def script(seed, statements):
    """[(kind, sql)]; kinds: schema, change, transaction, query, ordered, reopen, check."""
    source = random.Random(seed)
    generator = Generator(source, max_depth=source.choice([1, 2, 2, 3]))
    steps = [("schema", generator.create_table()) for _ in range(source.choice([1, 2, 2, 3]))]
    for _ in range(source.randint(0, 4)):
        steps.append(("schema", generator.create_index()))
    in_transaction, savepoints = False, 0
    for _ in range(source.randint(1, 8)):
        table = source.choice(generator.tables)
        names = ", ".join(column.name for column in table.columns)
        conflict = " ON CONFLICT DO NOTHING"
        rows = ", ".join(generator.row(table, 4) for _ in range(source.choice([3, 10, 20, 60])))
        steps.append(("change", f"INSERT INTO {table.name} ({names}) VALUES {rows}{conflict}"))
    while len(steps) < statements:
        r = source.random()
        if r < 0.3:
            sql = generator.change()
            if sql:
                steps.append(("change", sql))
                if source.random() < 0.3:
                    steps.append(("query", f"SELECT * FROM {source.choice(generator.tables).name}"))
        elif r < 0.36:
            if not in_transaction:
                steps.append(("transaction", "BEGIN"))
                in_transaction, savepoints = True, 0
            else:
                move = source.random()
                if move < 0.4:
                    savepoints += 1
                    steps.append(("transaction", f"SAVEPOINT s{savepoints}"))
                elif move < 0.7 and savepoints:
                    steps.append(("transaction", f"ROLLBACK TO s{savepoints}"))
                elif move < 0.8 and savepoints:
                    steps.append(("transaction", f"RELEASE s{savepoints}"))
                    savepoints -= 1
                else:
                    steps.append(("transaction", source.choice(["COMMIT", "COMMIT", "ROLLBACK"])))
                    in_transaction = False
        elif r < 0.39 and not in_transaction:
            steps.append(("schema", generator.create_index()))
        elif r < 0.40 and not in_transaction:
            sql = generator.drop_index()
            if sql:
                steps.append(("schema", sql))
        elif r < 0.41:
            steps.append(("reopen", ""))
        elif r < 0.55:
            sql, _ = generator.ordered_range()
            steps.append(("ordered", sql))
        else:
            sql, ordered = generator.query()
            steps.append(("ordered" if ordered else "query", sql))
    steps.append(("check", ""))
    return steps


def run_steps(steps, options):
    """(index of the first step that differs, description), or None. In this process."""
    with tempfile.TemporaryDirectory(prefix="turdb_differential_") as directory:
        pair = Pair(directory, options)
        for i, (kind, sql) in enumerate(steps):
            problem = pair.run(kind, sql)
            if problem is not None:
                return i, problem
        pair.close()
    return None


def run_apart(steps, options):
    """run_steps in a process of its own: a crash or a hang is an answer too."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(read)
            outcome = run_steps(steps, options)
            os.write(write, repr(outcome).encode("utf-8", "replace")[:60000])
        except BaseException as error:  # the parent decides
            os.write(write, repr((len(steps), f"runner: {error!r}")).encode())
        os._exit(0)
    os.close(write)
    end, data = time.monotonic() + TIMEOUT_S, b""
    os.set_blocking(read, False)
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        try:
            data += os.read(read, 65536)
        except BlockingIOError:
            pass
        if done:
            break
        if time.monotonic() > end:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
            os.close(read)
            return len(steps), "hangs"
        time.sleep(0.002)
    while chunk := os.read(read, 65536):
        data += chunk
    os.close(read)
    if status != 0 or not data:
        return len(steps), f"died, wait status {status}"
    return eval(data.decode("utf-8"))


def shorten(steps, options, budget_s=25):
    """Leaves out what the failure does not need."""
    end = time.monotonic() + budget_s
    size = max(1, len(steps) // 2)
    while size >= 1 and time.monotonic() < end:
        i, removed = 0, False
        while i < len(steps) and time.monotonic() < end:
            fewer = steps[:i] + steps[i + size:]
            outcome = run_apart(fewer, options) if fewer else None
            if outcome is not None and "no such" not in outcome[1] and "runner" not in outcome[1]:
                steps, removed = fewer[:outcome[0] + 1], True
            else:
                i += size
        if not removed:
            size //= 2
    return steps


def run_seeds(arguments, script):
    """Runs script(seed, statements) for each seed; the exit status."""
    options = {"synchronous": "off", "memory_limit": "64MB"}
    options.update(option.split("=", 1) for option in arguments.option)
    if arguments.seeds:
        first, last = (int(each) for each in arguments.seeds.split(":"))
    else:
        first = int(time.time()) * 1000 if arguments.seconds else 1
        last = first + 10**9 if arguments.seconds else 20
    start, seed, failures, count = time.monotonic(), first, 0, 0
    while seed <= last and (arguments.seconds is None or time.monotonic() - start < arguments.seconds):
        steps = script(seed, arguments.statements)
        outcome = run_apart(steps, options)
        count += len(steps)
        if outcome is not None:
            failures += 1
            short = shorten(steps[:outcome[0] + 1], options)
            last_outcome = run_apart(short, options)
            print(f"==== seed {seed}")
            for kind, sql in short:
                print(f"{sql if len(sql) < 1500 else sql[:1500] + ' ...'};" if sql else f"-- {kind}")
            print((last_outcome or outcome)[1])
            sys.stdout.flush()
            if failures >= arguments.failures:
                break
        seed += 1
    print(f"{seed - first + (failures > 0)} scripts, {count} statements, {failures} differences")
    return 1 if failures else 0


def make_parser(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default=None, help="FIRST:LAST, both included")
    parser.add_argument("--seconds", type=float, default=None, help="new seeds until this time has passed")
    parser.add_argument("--statements", type=int, default=120)
    parser.add_argument("--option", action="append", default=[], help="key=value for opening TurDB")
    parser.add_argument("--failures", type=int, default=1, help="stop after as many")
    return parser


def main():
    global LIBRARY
    arguments = make_parser(__doc__).parse_args()
    LIBRARY = turdb_backend.load()
    return run_seeds(arguments, script)


if __name__ == "__main__":
    sys.exit(main())
