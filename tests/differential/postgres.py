#!/usr/bin/env python3
"""Runs random statements through TurDB and PostgreSQL and compares what they answer.

    postgres.py [--seeds FIRST:LAST | --seconds N] [--statements N] [--option key=value ...]

A PostgreSQL server of its own is started in a temporary directory, reached by a socket there alone (Debian's packages
`postgresql` and `python3-psycopg2`, Python's the system's: `./dev differential postgres` installs and chooses them). Every
seed makes a script (postgres_generator.py): tables, indexes, changes in and out of transactions with savepoints, and
queries. Values are compared as the texts the two print; an error must be met by an error of the same SQLSTATE class, unless
EITHER_MAY_FAIL says why not. A script that fails is shortened and printed.
"""
import glob
import os
import pwd
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "sql"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import differential  # noqa: E402
import turdb_backend  # noqa: E402
from postgres_generator import Generator  # noqa: E402

# Which of two errors in one statement comes first depends on the plan. An error of one engine alone is a difference, except:
EITHER_MAY_FAIL = {
    "22003", "22012", "22008", "22023", "2201B", "22P02", "22007",  # an operand that one plan computes and the other does not
    "54000",  # a key longer than an index takes
}

# What is loaded before a program for TurDB's sake (a sanitizer) is not for the server.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}


class Server:
    """PostgreSQL in a directory of its own. Not for root, which the server refuses: there it runs as `postgres`."""

    def __init__(self, directory):
        programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[-2]))
        found = programs[-1] if programs else os.path.dirname(shutil.which("initdb") or "")
        if not found:
            sys.exit("PostgreSQL's server is missing: apt-get install postgresql python3-psycopg2")
        self.directory, self.data, self.programs = directory, os.path.join(directory, "data"), found
        self.user = "postgres" if os.getuid() == 0 else None
        if self.user:
            os.chown(directory, pwd.getpwnam(self.user).pw_uid, -1)
        self.run("initdb", "-D", self.data, "-U", "turdb", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8", "--lc-collate=C")
        self.run("pg_ctl", "-D", self.data, "-w", "-l", os.path.join(directory, "log"), "-o",
                 f"-c listen_addresses= -c unix_socket_directories={directory} -c fsync=off -c timezone=UTC -c jit=off", "start")

    def run(self, program, *arguments):
        command = [os.path.join(self.programs, program), *arguments]
        outcome = subprocess.run(command, user=self.user, cwd=self.directory, capture_output=True, text=True, env=ENVIRONMENT)
        if outcome.returncode != 0:
            sys.exit(f"{program}: {outcome.stderr or outcome.stdout}")

    def connect(self):
        import psycopg2
        import psycopg2.extensions as extensions
        connection = psycopg2.connect(host=self.directory, user="turdb", dbname="postgres")
        connection.autocommit = True
        raw = extensions.new_type(tuple(range(1, 20000)), "RAW", lambda value, cursor: value)
        extensions.register_type(raw, connection)
        return connection

    def stop(self):
        subprocess.run([os.path.join(self.programs, "pg_ctl"), "-D", self.data, "-m", "immediate", "stop"], user=self.user,
                       cwd=self.directory, capture_output=True, env=ENVIRONMENT)


def comparable(value):
    """A text as both would print it: PostgreSQL's numeric keeps the scale of each value, TurDB's columns have one scale; which of
    the equal 0 and -0 DISTINCT and sorts keep is nobody's promise."""
    if isinstance(value, bool):
        return "t" if value else "f"
    if value is not None and "." in value and re.fullmatch(r"-?[0-9]+\.[0-9]+", value):
        value = value.rstrip("0").rstrip(".")
    return "0" if value == "-0" else value


class Pair:
    """The two databases. run() returns a description of a difference, or None."""

    def __init__(self, directory, options, server):
        import psycopg2
        self.error = psycopg2.Error
        self.path, self.options = os.path.join(directory, "d.turdb"), options
        self.postgres = server.connect()
        self.cursor = self.postgres.cursor()
        self.cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public; SET statement_timeout = 20000")
        self.open()
        self.in_transaction = False

    def open(self):
        self.database = turdb_backend.Database(self.path, LIBRARY, **self.options)
        self.turdb = self.database.connect()

    def close(self):
        self.turdb.close()
        self.database.close()
        if self.postgres is not None:
            self.postgres.close()

    def run_turdb(self, sql):
        try:
            return self.turdb.execute_texts(sql), None
        except turdb_backend.TurdbError as error:
            return None, (error.sqlstate, str(error))

    def run_postgres(self, sql):
        try:
            self.cursor.execute(sql)
            return (self.cursor.fetchall() if self.cursor.description else []), None
        except self.error as error:
            return None, (error.pgcode or "XX000", str(error).strip())

    def run(self, kind, sql):
        if kind == "reopen":
            if not self.in_transaction:
                self.turdb.close()
                self.database.close()
                self.open()
            return None
        if kind == "check":
            problems = self.database.check()
            return "turdb check: " + "; ".join(problems[:3]) if problems else None
        if kind == "transaction":
            return self.transaction(sql)
        changes = kind in ("change", "schema")
        if changes:
            # An error takes the whole transaction down in PostgreSQL, and only its statement in TurDB.
            self.begin_part()
        elif self.in_transaction:
            self.cursor.execute("SAVEPOINT part")
        want, problem = self.run_postgres(sql)
        got, turdb_problem = self.run_turdb(sql)
        outcome = self.compare(kind, got, turdb_problem, want, problem)
        if changes:
            self.end_part(problem is not None or turdb_problem is not None, turdb_problem is None)
        elif problem is not None and self.in_transaction:
            self.cursor.execute("ROLLBACK TO part")
        return outcome

    def compare(self, kind, got, turdb_problem, want, problem):
        if turdb_problem is not None or problem is not None:
            if turdb_problem is not None and problem is not None:
                if turdb_problem[0][:2] == problem[0][:2] or {turdb_problem[0], problem[0]} <= EITHER_MAY_FAIL | {"23505", "23502", "23514", "21000"}:
                    return None
            alone = turdb_problem or problem
            if LACKS_PASS and turdb_problem is not None and turdb_problem[0] in ("0A000", "42883"):
                return None
            if (turdb_problem is None or problem is None) and alone[0] in EITHER_MAY_FAIL:
                return None
            return f"turdb: {turdb_problem or 'no error'}\npostgres: {problem or 'no error'}"
        got = [tuple(comparable(value) for value in row) for row in got]
        want = [tuple(comparable(value) for value in row) for row in want]
        if kind != "ordered":
            order = lambda row: [(value is None, value or "") for value in row]
            got, want = sorted(got, key=order), sorted(want, key=order)
        if got == want:
            return None
        extra = list((Counter(got) - Counter(want)).elements())[:4]
        missing = list((Counter(want) - Counter(got)).elements())[:4]
        order = "" if extra or missing else "the same rows in another order\n"
        return f"{order}turdb has {len(got)} rows, postgres {len(want)}\nonly turdb: {extra}\nonly postgres: {missing}"

    def begin_part(self):
        if not self.in_transaction:
            self.cursor.execute("BEGIN")
            self.turdb.execute("BEGIN")
        self.cursor.execute("SAVEPOINT part")
        self.turdb.execute("SAVEPOINT part")

    def end_part(self, failed, turdb_worked):
        if failed:
            self.cursor.execute("ROLLBACK TO part")
            self.turdb.execute("ROLLBACK TO part")
        if self.in_transaction:
            self.turdb.execute("RELEASE part")
            return
        self.cursor.execute("COMMIT")
        self.turdb.execute("COMMIT")

    def transaction(self, sql):
        if (sql == "BEGIN") == self.in_transaction:
            return None  # a shortened script
        _, turdb_problem = self.run_turdb(sql)
        _, problem = self.run_postgres(sql)
        if problem is not None:
            self.cursor.execute("ROLLBACK TO part")
        if (problem is None) != (turdb_problem is None):
            return f"turdb: {turdb_problem or 'no error'}\npostgres: {problem or 'no error'}"
        if sql == "BEGIN":
            self.in_transaction = True
            self.cursor.execute("SAVEPOINT part")
        elif sql in ("COMMIT", "ROLLBACK"):
            self.in_transaction = False
        elif sql.startswith("SAVEPOINT"):
            self.cursor.execute("SAVEPOINT part")
        return None


def script(seed, statements):
    """[(kind, sql)]; kinds: schema, change, transaction, query, ordered, reopen, check."""
    source = random.Random(seed)
    generator = Generator(source, max_depth=source.choice([1, 2, 2, 3]))
    steps = [("schema", generator.create_table()) for _ in range(source.choice([1, 2, 3, 3]))]
    for _ in range(source.randint(1, 8)):
        table = source.choice(generator.tables)
        rows = [generator.row(table, 4) for _ in range(source.choice([3, 10, 20, 60]))]
        steps.append(("change", generator.insert(table, rows, " ON CONFLICT DO NOTHING")))
    for _ in range(source.randint(0, 4)):
        if sql := generator.create_index():
            steps.append(("schema", sql))
    in_transaction, savepoints = False, 0
    while len(steps) < statements:
        r = source.random()
        if r < 0.3:
            if sql := generator.change():
                steps.append(("change", sql))
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
                else:
                    steps.append(("transaction", source.choice(["COMMIT", "COMMIT", "ROLLBACK"])))
                    in_transaction = False
        elif r < 0.38 and not in_transaction:
            if sql := generator.create_index():
                steps.append(("schema", sql))
        elif r < 0.39:
            steps.append(("reopen", ""))
        else:
            sql, ordered = generator.query()
            steps.append(("ordered" if ordered else "query", sql))
    steps.append(("check", ""))
    return steps


def run_steps(steps, options):
    with tempfile.TemporaryDirectory(prefix="turdb_differential_") as directory:
        pair = Pair(directory, options, SERVER)
        for i, (kind, sql) in enumerate(steps):
            problem = pair.run(kind, sql)
            if problem is not None:
                return i, problem
        pair.close()
    return None


def main():
    global LIBRARY, SERVER, LACKS_PASS
    parser = differential.make_parser(__doc__)
    parser.add_argument("--lacks-pass", action="store_true", help="what TurDB says it lacks (0A000, 42883) is no difference")
    arguments = parser.parse_args()
    LACKS_PASS = arguments.lacks_pass
    LIBRARY = turdb_backend.load()
    differential.run_steps = run_steps  # what run_apart and shorten run
    with tempfile.TemporaryDirectory(prefix="turdb_postgres_") as directory:
        os.chmod(directory, 0o755)
        SERVER = Server(directory)
        try:
            return differential.run_seeds(arguments, script)
        finally:
            SERVER.stop()


if __name__ == "__main__":
    sys.exit(main())
