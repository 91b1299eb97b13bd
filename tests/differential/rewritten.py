#!/usr/bin/env python3
"""Runs random queries and the same queries written or run otherwise through TurDB, and compares what they answer.

    rewritten.py [--seeds FIRST:LAST | --seconds N] [--statements N] [--option key=value ...]

Every seed makes tables with some thousands of rows, indexes and changes (postgres_generator.py), and queries. Each query is run on
one thread with memory enough, and then
  - on four threads, every scan shared out;
  - in a second database with the same rows, under a very small memory_limit, where whatever can spill does;
  - without the optimiser's ways: its tables are materialised first, so that there is no index, no statistics and no join order
    but the text's to go by;
  - in three parts: with a random condition, with its opposite and where it is NULL (ternary logic partitioning, Rigger and Su 2020);
    all together are the rows without it, also when counted, summed and grouped;
  - its condition asked as a value of every row (NoREC, by the same).
Errors that only some ways to run a query meet (an operand that one plan computes and the other does not, no memory, no time) are
no difference. A script that fails is shortened and printed. Standard library only.
"""
import os
import random
import sys
import tempfile
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "sql"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import differential  # noqa: E402
import turdb_backend  # noqa: E402
from postgres_generator import GROUPED, INT, JSON, NUM, Generator  # noqa: E402

# What depends on the plan or the memory there is: invalid operands, keys too long for an index, memory, disk, time.
EITHER_MAY_FAIL = ("22", "53", "54", "57")
SMALL_MEMORY = "1MB"


def canonical(rows, ordered):
    rows = [tuple("0" if value == "-0" else value for value in row) for row in rows]
    return rows if ordered else Counter(rows)


class World:
    """The database with memory enough, two connections, and the one without. run() returns a description of a difference, or None."""

    def __init__(self, directory, options):
        self.options = dict(options)
        self.paths = [os.path.join(directory, name) for name in ("plain.turdb", "small.turdb")]
        self.databases = []
        self.open()
        self.tables = []

    def open(self):
        limits = [self.options.get("memory_limit", "256MB"), SMALL_MEMORY]
        self.databases = [turdb_backend.Database(path, LIBRARY, **{**self.options, "memory_limit": limit})
                          for path, limit in zip(self.paths, limits)]
        self.plain, self.lanes, self.small = (self.databases[i].connect() for i in (0, 0, 1))
        self.plain.execute("SET threads = 1; SET statement_timeout = '1s'")
        self.lanes.execute("SET threads = 4; SET parallel_min_rows = 0; SET statement_timeout = '2s'")
        self.small.execute("SET statement_timeout = '2s'")

    def close(self):
        for connection in (self.plain, self.lanes, self.small):
            connection.close()
        for database in self.databases:
            database.close()

    @staticmethod
    def ask(connection, sql):
        try:
            return connection.execute_texts(sql), None
        except turdb_backend.TurdbError as error:
            return None, error

    def run(self, kind, sql):
        if kind == "reopen":
            self.close()
            self.open()
            return None
        if kind == "check":
            for database in self.databases:
                if problems := database.check():
                    return "turdb check: " + "; ".join(problems[:3])
            return None
        if kind in ("schema", "change"):
            return self.change(sql)
        if kind == "parts":
            return self.parts(*sql.split(SEPARATOR))
        for name, connection, text in (("on four threads", self.lanes, sql), (f"in {SMALL_MEMORY}", self.small, sql),
                                       ("with its tables materialised", self.plain, self.materialised(sql))):
            if problem := self.compare(kind, sql, name, connection, text):
                return problem
        return None

    def change(self, sql):
        """Both databases, or neither."""
        self.plain.execute("BEGIN")
        got, problem = self.ask(self.plain, sql)
        other, other_problem = self.ask(self.small, "BEGIN; " + sql) if problem is None else (None, None)
        if problem is not None or other_problem is not None:
            self.plain.execute("ROLLBACK")
            if problem is None:
                self.small.execute("ROLLBACK")
                if not other_problem.sqlstate.startswith(EITHER_MAY_FAIL):
                    return f"in {SMALL_MEMORY}: {other_problem}"
            return None
        self.plain.execute("COMMIT")
        self.small.execute("COMMIT")
        return self.difference("change", got, other, f"in {SMALL_MEMORY}")

    def materialised(self, sql):
        tables = [f"t{i} AS MATERIALIZED (SELECT * FROM t{i})" for i in range(9) if f"t{i} " in sql + " "]
        if sql.startswith("WITH RECURSIVE "):
            return f"WITH RECURSIVE {', '.join(tables + [''])}{sql[len('WITH RECURSIVE '):]}"
        if sql.startswith("WITH "):
            return f"WITH {', '.join(tables + [''])}{sql[len('WITH '):]}"
        return f"WITH {', '.join(tables)} {sql}" if tables else sql

    def compare(self, kind, sql, name, connection, text):
        want, problem = self.ask(self.plain, sql)
        got, other_problem = self.ask(connection, text)
        if problem is not None or other_problem is not None:
            states = {each.sqlstate for each in (problem, other_problem) if each is not None}
            if all(state.startswith(EITHER_MAY_FAIL) for state in states):
                return None
            if problem is not None and other_problem is not None and len(states) == 1:
                return None
            return f"plain: {problem or 'no error'}\n{name}: {other_problem or 'no error'}"
        return self.difference(kind, want, got, name)

    def difference(self, kind, want, got, name):
        ordered = kind == "ordered"
        if canonical(want, ordered) == canonical(got, ordered):
            return None
        extra = list((canonical(got, False) - canonical(want, False)).elements())[:4]
        missing = list((canonical(want, False) - canonical(got, False)).elements())[:4]
        order = "" if extra or missing else "the same rows in another order\n"
        return f"{order}plain has {len(want)} rows, {name} {len(got)}\nonly {name}: {extra}\nonly plain: {missing}"

    def parts(self, items, source, where, condition, groups):
        base = f"SELECT {items} FROM {source} WHERE {where}"
        pieces = [f"SELECT {items} FROM {source} WHERE ({where}) AND {part}"
                  for part in (f"({condition})", f"(NOT ({condition}))", f"(({condition}) IS NULL)")]
        together = " UNION ALL ".join(pieces)
        checks = [("in three parts", base, together)]
        inner = f"SELECT {groups} AS g FROM {source} WHERE {where}"
        inner_parts = " UNION ALL ".join(f"SELECT {groups} AS g FROM {source} WHERE ({where}) AND {part}"
                                         for part in (f"({condition})", f"(NOT ({condition}))", f"(({condition}) IS NULL)"))
        for summary in ("SELECT count(*), count(g), min(g), max(g), count(DISTINCT g) FROM ({}) x",
                        "SELECT g, count(*) FROM ({}) x GROUP BY g", "SELECT DISTINCT g FROM ({}) x"):
            checks.append((f"in three parts, put together by {summary}", summary.format(inner), summary.format(inner_parts)))
        checks.append(("asked of every row", f"SELECT count(*) FROM {source} WHERE {condition}",
                       f"SELECT coalesce(sum(n), 0) FROM (SELECT CASE WHEN {condition} THEN 1 ELSE 0 END AS n FROM {source}) x"))
        for name, one, other in checks:
            if problem := self.compare("query", one, name, self.plain, other):
                return f"{problem}\n{one}\n{other}"
        return None


SEPARATOR = "\x1f"


def bulk(source, generator, table, rows):
    """INSERT ... SELECT of so many rows, some of their values the same, some in order."""
    items = []
    for column in generator.settable(table):
        n = source.choice(["i", f"i % {source.choice([2, 7, 50, 1000])}", f"i * 7919 % {rows}", f"i / {source.choice([3, 40])}"])
        if column.name in table.key:
            n = "i"
        made = {"int": f"({n}) % 20000", "num": f"({n}) * 0.125", "real": f"CAST(({n}) AS double precision) * 0.25",
                "text": f"'{source.choice(['', 'x', 'a longer text than others '])}' || ({n})", "bool": f"({n}) % 2 = 0",
                "date": f"date '2000-01-01' + CAST({n} AS integer)", "timestamp": f"timestamp '2000-01-01' + ({n}) * interval '1 hour'",
                "interval": f"({n}) * interval '1 minute'"}.get(column.kind) or generator.literal(column.kind, 0)
        if column.name not in table.key and not column.not_null and source.random() < 0.3:
            made = f"CASE WHEN i % {source.choice([2, 3, 10])} <> 0 THEN {made} END"
        items.append(made)
    names = ", ".join(column.name for column in generator.settable(table))
    return f"INSERT INTO {table.name} ({names}) SELECT {', '.join(items)} FROM generate_series(1, {rows}) AS s(i) ON CONFLICT DO NOTHING"


def partition(source, generator):
    text, scope = generator.source(source.choice([0, 0, 1]))
    kinds = [kind for _, kind in scope]
    items = ", ".join(f"{generator.expression(scope, kind, 1)} AS o{i}"
                      for i, kind in enumerate(source.choice(kinds) for _ in range(source.randint(1, 3))))
    where = generator.condition(scope, source.randint(0, 2)) if source.random() < 0.5 else "true"
    kind = source.choice([kind for kind in kinds if kind in GROUPED] or [INT])
    return SEPARATOR.join([items, text, where, generator.condition(scope, source.randint(0, 2)), generator.expression(scope, kind, 1)])


def script(seed, statements):
    """[(kind, sql)]; kinds: schema, change, query, ordered, parts, reopen, check."""
    source = random.Random(seed)
    generator = Generator(source, max_depth=source.choice([1, 2, 2, 3]))
    steps = [("schema", generator.create_table()) for _ in range(source.choice([1, 2, 3]))]
    for table in generator.tables:
        steps.append(("change", bulk(source, generator, table, source.choice([50, 50, 200, 200, 200, 2000]))))
        rows = [generator.row(table, 4) for _ in range(source.choice([3, 20]))]
        steps.append(("change", generator.insert(table, rows, " ON CONFLICT DO NOTHING")))
    for _ in range(source.randint(0, 3)):
        if sql := generator.create_index():
            steps.append(("schema", sql))
    if source.random() < 0.5:
        steps.append(("schema", "ANALYZE"))
    while len(steps) < statements:
        r = source.random()
        if r < 0.1:
            if sql := generator.change():
                steps.append(("change", sql))
        elif r < 0.12:
            steps.append(("reopen", ""))
        elif r < 0.5:
            steps.append(("parts", partition(source, generator)))
        else:
            sql, ordered = generator.query()
            steps.append(("ordered" if ordered else "query", sql))
    steps.append(("check", ""))
    return steps


def run_steps(steps, options):
    with tempfile.TemporaryDirectory(prefix="turdb_rewritten_") as directory:
        world = World(directory, options)
        for i, (kind, sql) in enumerate(steps):
            problem = world.run(kind, sql)
            if problem is not None:
                return i, f"{problem}"
        world.close()
    return None


def main():
    global LIBRARY
    parser = differential.make_parser(__doc__)
    parser.set_defaults(statements=40, option=["memory_limit=256MB"])
    arguments = parser.parse_args()
    LIBRARY = turdb_backend.load()
    differential.run_steps = run_steps  # what run_apart and shorten run
    differential.TIMEOUT_S = 600
    return differential.run_seeds(arguments, script)


if __name__ == "__main__":
    sys.exit(main())
