#!/usr/bin/env python3
"""Correlated subqueries of every shape, beside SQLite, which runs them row by row, or beside the same query written as a join.

    unnesting.py [--seeds FIRST:LAST] [--verbose]

Each seed fills o(id, k, j, x, s) and t(id, k, j, y, s) with small numbers, NULLs and duplicates, with or without indexes; every
template is a query over them. Rows are compared as sets with duplicates. A template with a second text is compared with that, on
TurDB; one that begins with "error" must fail in every seed where its condition holds. Plans of templates marked `joined` must hold no
correlated subquery any more.
"""
import argparse
import os
import random
import sqlite3
import sys
import tempfile
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "sql"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import turdb_backend  # noqa: E402
from differential import normal  # noqa: E402

# Over o and t. SQLite must be able to run them.
JOINED = [
    # EXISTS and IN as conditions
    "SELECT id FROM o WHERE EXISTS (SELECT 1 FROM t WHERE t.k = o.k)",
    "SELECT id FROM o WHERE NOT EXISTS (SELECT 1 FROM t WHERE t.k = o.k)",
    "SELECT id FROM o WHERE EXISTS (SELECT 1 FROM t WHERE t.k = o.k AND t.y > o.x)",
    "SELECT id FROM o WHERE EXISTS (SELECT 1 FROM t WHERE t.y > o.x)",
    "SELECT id FROM o WHERE NOT EXISTS (SELECT * FROM t WHERE t.k = o.k AND t.j <> o.j)",
    "SELECT id FROM o WHERE EXISTS (SELECT y FROM t WHERE t.k = o.k ORDER BY y LIMIT 1)",
    "SELECT id FROM o WHERE EXISTS (SELECT DISTINCT y FROM t WHERE t.k = o.k)",
    "SELECT id FROM o WHERE EXISTS (SELECT max(y) FROM t WHERE t.k = o.k)",
    "SELECT id FROM o WHERE EXISTS (SELECT k FROM t WHERE t.k = o.k GROUP BY k HAVING count(*) > 1)",
    "SELECT id FROM o WHERE EXISTS (SELECT count(*) FROM t WHERE t.k = o.k HAVING count(*) > 1)",
    "SELECT id FROM o WHERE x IN (SELECT y FROM t WHERE t.k = o.k)",
    "SELECT id FROM o WHERE x NOT IN (SELECT y FROM t WHERE t.k = o.k)",
    "SELECT id FROM o WHERE x NOT IN (SELECT y FROM t)",
    "SELECT id FROM o WHERE NOT (x IN (SELECT y FROM t WHERE t.k = o.k))",
    "SELECT id FROM o WHERE x NOT IN (SELECT y FROM t WHERE t.k = o.k AND y IS NOT NULL)",
    "SELECT id FROM o WHERE id NOT IN (SELECT id FROM t WHERE t.k = o.k)",
    "SELECT id FROM o WHERE x IN (SELECT max(y) FROM t WHERE t.k = o.k GROUP BY t.j)",
    "SELECT id FROM o WHERE x IN (SELECT y FROM t WHERE t.k = o.k UNION SELECT j FROM t WHERE t.k <> o.k)",
    "SELECT id FROM o WHERE x IN (SELECT y FROM t WHERE t.k = o.k ORDER BY y IS NULL, y LIMIT 2)",
    # conditions that are no conjunct
    "SELECT id FROM o WHERE x > 3 OR EXISTS (SELECT 1 FROM t WHERE t.k = o.k)",
    "SELECT id FROM o WHERE x > 3 OR x IN (SELECT y FROM t WHERE t.k = o.k)",
    "SELECT id FROM o WHERE x > 3 OR x NOT IN (SELECT y FROM t WHERE t.k = o.k)",
    "SELECT id, x IN (SELECT y FROM t WHERE t.k = o.k) FROM o",
    "SELECT id, x NOT IN (SELECT y FROM t WHERE t.k = o.k) FROM o",
    "SELECT id, EXISTS (SELECT 1 FROM t WHERE t.k = o.k AND t.y < o.x) FROM o",
    "SELECT id, CASE WHEN EXISTS (SELECT 1 FROM t WHERE t.k = o.k) THEN 1 ELSE 2 END FROM o",
    "SELECT id FROM o WHERE EXISTS (SELECT 1 FROM t WHERE t.k = o.k) = EXISTS (SELECT 1 FROM t WHERE t.j = o.j)",
    # aggregates as values
    "SELECT id, (SELECT max(y) FROM t WHERE t.k = o.k) FROM o",
    "SELECT id, (SELECT count(*) FROM t WHERE t.k = o.k) FROM o",
    "SELECT id, (SELECT count(y) FROM t WHERE t.k = o.k AND t.j = o.j) FROM o",
    "SELECT id, (SELECT count(*) FROM t WHERE t.k < o.k) FROM o",
    "SELECT id, (SELECT sum(y) FROM t WHERE t.k IS o.k) FROM o",
    "SELECT id, (SELECT coalesce(max(y), -1) + count(*) FROM t WHERE t.k = o.k) FROM o",
    "SELECT id, (SELECT max(y) + o.x FROM t WHERE t.k = o.k) FROM o",
    "SELECT id, (SELECT max(y * o.x) FROM t WHERE t.k = o.k) FROM o",
    "SELECT id, (SELECT count(DISTINCT y) FROM t WHERE t.k = o.k) FROM o",
    "SELECT id, (SELECT count(*) FROM (SELECT DISTINCT y FROM t WHERE t.k = o.k) d) FROM o",
    "SELECT id, (SELECT max(y) FROM t WHERE t.k = o.k HAVING count(*) > 1) FROM o",
    "SELECT id, (SELECT max(c) FROM (SELECT count(*) c FROM t WHERE t.k = o.k GROUP BY j) d) FROM o",
    "SELECT id, (SELECT max(c) FROM (SELECT count(*) c FROM t WHERE t.k = o.k) d) FROM o",
    "SELECT id, (SELECT sum(a.y) FROM t a JOIN t b ON a.j = b.j WHERE a.k = o.k AND b.k <> o.x) FROM o",
    "SELECT id, (SELECT count(b.id) FROM t a LEFT JOIN t b ON a.j = b.j AND b.k = o.k WHERE a.y = o.x) FROM o",
    "SELECT id, (SELECT sum(c) FROM (SELECT y c FROM t WHERE t.k = o.k UNION ALL SELECT j FROM t WHERE t.j = o.j) d) FROM o",
    "SELECT id, (SELECT sum(c) FROM (SELECT y c FROM t WHERE t.k = o.k EXCEPT SELECT j FROM t) d) FROM o",
    "SELECT id FROM o WHERE x > (SELECT avg(y) FROM t WHERE t.k = o.k)",
    "SELECT id FROM o WHERE x = (SELECT min(y) FROM t WHERE t.k = o.k) OR x IS NULL",
    "SELECT id FROM o WHERE 0 = (SELECT count(*) FROM t WHERE t.k = o.k)",
    "SELECT id FROM o WHERE (SELECT count(*) FROM t WHERE t.k = o.k) > (SELECT count(*) FROM t WHERE t.j = o.j)",
    "SELECT id FROM o WHERE x > 2 AND j < (SELECT sum(y) FROM t WHERE t.k = o.k) AND EXISTS (SELECT 1 FROM t WHERE t.j = o.j)",
    # one row
    "SELECT id, (SELECT y FROM t WHERE t.id = o.x) FROM o",
    "SELECT id, (SELECT y FROM t WHERE t.k = o.k ORDER BY y IS NULL, y, t.id LIMIT 1) FROM o",
    "SELECT id, (SELECT y FROM t WHERE t.k = o.k ORDER BY y IS NULL, y DESC, t.id LIMIT 1 OFFSET 1) FROM o",
    "SELECT id, (SELECT y FROM t WHERE t.k < o.k ORDER BY y IS NULL, y, t.id LIMIT 1) FROM o",
    "SELECT id, (SELECT o.x) FROM o",
    # elsewhere
    "SELECT k, count(*) FROM o GROUP BY k HAVING count(*) > (SELECT count(*) FROM t WHERE t.k = o.k)",
    "SELECT k, sum((SELECT count(*) FROM t WHERE t.j = o.j)) FROM o GROUP BY k",
    "SELECT (SELECT count(*) FROM t WHERE t.k = o.k), count(*) FROM o GROUP BY 1",
    "SELECT id FROM o ORDER BY (SELECT count(*) FROM t WHERE t.k = o.k), id",
    "SELECT o.id, t.id FROM o JOIN t ON t.k = o.k AND EXISTS (SELECT 1 FROM t u WHERE u.j = o.j AND u.y = t.y)",
    "SELECT o.id, p.id FROM o JOIN o p ON p.k = o.j WHERE o.x < (SELECT max(y) FROM t WHERE t.k = p.k)",
    # several levels
    "SELECT id FROM o WHERE EXISTS (SELECT 1 FROM t WHERE t.k = o.k AND y > (SELECT avg(y) FROM t u WHERE u.j = t.j))",
    "SELECT id FROM o WHERE EXISTS (SELECT 1 FROM t WHERE t.k = o.k AND EXISTS (SELECT 1 FROM t u WHERE u.j = t.j AND u.y = o.x))",
    "SELECT id, (SELECT count(*) FROM t WHERE t.k = o.k AND t.y > (SELECT avg(u.y) FROM t u WHERE u.j = t.j AND u.k = o.j)) FROM o",
    "SELECT id, (SELECT (SELECT max(u.y) FROM t u WHERE u.k = c.n) FROM (SELECT count(*) n FROM t WHERE t.k = o.k) c) FROM o",
    "SELECT id, (SELECT max(r) FROM (SELECT row_number() OVER (ORDER BY y) r FROM t WHERE t.k = o.k) w) FROM o",
    "WITH c AS (SELECT k, sum(y) s FROM t GROUP BY k) SELECT id, (SELECT max(s) FROM c WHERE c.k = o.k) FROM o "
    "WHERE x > (SELECT min(s) FROM c WHERE c.k <> o.k)",
]
# (query, the same without correlation): what SQLite has not.
TWINS = [
    ("SELECT id, m FROM o, LATERAL (SELECT max(y) m FROM t WHERE t.k = o.k) l",
     "SELECT id, m FROM o LEFT JOIN (SELECT k, max(y) m FROM t GROUP BY k) l ON l.k = o.k"),
    ("SELECT id, n FROM o, LATERAL (SELECT count(*) n FROM t WHERE t.k = o.k) l",
     "SELECT id, coalesce(n, 0) FROM o LEFT JOIN (SELECT k, count(*) n FROM t GROUP BY k) l ON l.k = o.k"),
    ("SELECT o.id, l.id FROM o, LATERAL (SELECT id FROM t WHERE t.k = o.k AND t.y > o.x) l",
     "SELECT o.id, t.id FROM o JOIN t ON t.k = o.k AND t.y > o.x"),
    ("SELECT o.id, l.id FROM o LEFT JOIN LATERAL (SELECT id FROM t WHERE t.k = o.k AND t.y > 2) l ON true",
     "SELECT o.id, t.id FROM o LEFT JOIN t ON t.k = o.k AND t.y > 2"),
    ("SELECT o.id, l.id FROM o LEFT JOIN LATERAL (SELECT id, y FROM t WHERE t.k = o.k) l ON l.y = o.x",
     "SELECT o.id, t.id FROM o LEFT JOIN t ON t.k = o.k AND t.y = o.x"),
    ("SELECT o.id, l.id FROM o, LATERAL (SELECT id FROM t WHERE t.k = o.k ORDER BY y DESC, id LIMIT 2) l",
     "SELECT o.id, l.id FROM o JOIN (SELECT id, k, row_number() OVER (PARTITION BY k ORDER BY y DESC, id) r FROM t) l "
     "ON l.k = o.k AND r <= 2"),
    ("SELECT o.id, l.id FROM o LEFT JOIN LATERAL (SELECT id FROM t WHERE t.k = o.k ORDER BY y, id LIMIT 1) l ON true",
     "SELECT o.id, l.id FROM o LEFT JOIN (SELECT id, k, row_number() OVER (PARTITION BY k ORDER BY y, id) r FROM t) l "
     "ON l.k = o.k AND r = 1"),
    ("SELECT id FROM o WHERE x > ALL (SELECT y FROM t WHERE t.k = o.k)",
     "SELECT id FROM o LEFT JOIN (SELECT k, max(y) m, count(*) - count(y) n FROM t GROUP BY k) l ON l.k = o.k "
     "WHERE l.k IS NULL OR (x > m AND n = 0)"),
    ("SELECT id, x < ANY (SELECT y FROM t WHERE t.k = o.k) FROM o",
     "SELECT id, CASE WHEN l.k IS NULL THEN false WHEN x < m THEN true WHEN n > 0 OR x IS NULL THEN NULL ELSE false END "
     "FROM o LEFT JOIN (SELECT k, max(y) m, count(*) - count(y) n FROM t GROUP BY k) l ON l.k = o.k"),
    ("SELECT id, (SELECT string_agg(s, ',' ORDER BY s, t.id) FROM t WHERE t.k = o.k) FROM o",
     "SELECT id, a FROM o LEFT JOIN (SELECT k, string_agg(s, ',' ORDER BY s, id) a FROM t GROUP BY k) l ON l.k = o.k"),
    ("SELECT id, ARRAY(SELECT y FROM t WHERE t.k = o.k ORDER BY y, t.id)::text FROM o",
     "SELECT id, coalesce(a, '{}') FROM o LEFT JOIN (SELECT k, array_agg(y ORDER BY y, id)::text a FROM t GROUP BY k) l "
     "ON l.k = o.k"),
]
# What may raise does so for rows that are asked for only; texts are compared with SQLite's where it does not raise.
CAREFUL = [
    ("SELECT id, (SELECT sum(12 / (t.y - 3)) FROM t WHERE t.k = o.k) FROM o WHERE k IN (SELECT k FROM t GROUP BY k "
     "HAVING sum(CASE WHEN y = 3 THEN 1 ELSE 0 END) = 0)"),
    ("SELECT id, CASE WHEN x <> 3 THEN (SELECT max(12 / (o.x - 3) + t.id) FROM t WHERE t.k = o.k) END FROM o"),
    ("SELECT id, CASE WHEN (SELECT count(*) FROM t WHERE t.k = o.k) = 1 THEN (SELECT y FROM t WHERE t.k = o.k) END FROM o"),
]


def fill(rng, run, size):
    for table, column in (("o", "x"), ("t", "y")):
        run(f"DROP TABLE IF EXISTS {table}")
        run(f"CREATE TABLE {table}(id INTEGER PRIMARY KEY, k integer, j integer, {column} integer, s text)")
        number = lambda high: "NULL" if rng.random() < 0.15 else str(rng.randint(0, high))
        rows = [f"({i}, {number(5)}, {number(3)}, {number(6)}, '{rng.choice('abc')}')" for i in range(size or rng.choice([0, 3, 20, 60]))]
        if rows:
            run(f"INSERT INTO {table} VALUES {', '.join(rows)}")
        if rng.random() < 0.4:
            run(f"CREATE INDEX {table}_k ON {table}(k)")


def answer(run, sql):
    try:
        return Counter(tuple(normal(value) for value in row) for row in run(sql)), None
    except (turdb_backend.TurdbError, sqlite3.Error) as error:
        return None, str(error)


def is_joined(connection, sql):
    plan = "\n".join(row[0] for row in connection.execute("EXPLAIN " + sql)[1])
    return "Apply" not in plan and "@" not in plan, plan


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="1:12")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    first, last = map(int, arguments.seeds.split(":"))
    failures, done = 0, 0
    with tempfile.TemporaryDirectory(prefix="turdb_unnesting_") as directory:
        database = turdb_backend.Database(os.path.join(directory, "d.turdb"), turdb_backend.load(), synchronous="off")
        connection = database.connect()
        turdb = lambda sql: connection.execute(sql)[1]
        for seed in range(first, last + 1):
            lite = sqlite3.connect(":memory:")
            both = lambda sql: (turdb(sql), lite.execute(sql))
            fill(random.Random(seed), both, 60 if seed == first else 0)  # plans are looked at in the first
            cases = [(sql, lambda sql=sql: lite.execute(sql).fetchall()) for sql in JOINED + CAREFUL]
            cases += [(sql, lambda twin=twin: turdb(twin)) for sql, twin in TWINS]
            for sql, other in cases:
                done += 1
                got, problem = answer(turdb, sql)
                want, other_problem = answer(lambda _: other(), sql)
                fault = problem or other_problem
                if fault is None and got != want:
                    fault = f"only TurDB: {list((got - want).elements())[:4]}  only the other: {list((want - got).elements())[:4]}"
                if fault is None and sql not in CAREFUL and seed == first:
                    joined, plan = is_joined(connection, sql)
                    if not joined:
                        fault = "runs a correlated subquery\n" + plan
                if fault:
                    failures += 1
                    print(f"seed {seed}: {sql}\n  {fault}")
        # Two rows where one must be: an error for the rows that meet them, and for no others.
        turdb("DROP TABLE o"), turdb("DROP TABLE t")
        turdb("CREATE TABLE o(id INTEGER PRIMARY KEY, k integer); CREATE TABLE t(k integer, y integer)")
        turdb("INSERT INTO o VALUES (1, 1), (2, 2); INSERT INTO t VALUES (1, 10), (3, 30), (3, 31)")
        one = "SELECT id, (SELECT y FROM t WHERE t.k = o.k) FROM o"
        if answer(turdb, one) != (Counter({(1, 10): 1, (2, None): 1}), None):
            failures += 1
            print(f"{one}: {answer(turdb, one)}")
        turdb("INSERT INTO o VALUES (3, 3)")
        if "21000" not in (answer(turdb, one)[1] or ""):
            failures += 1
            print(f"{one}: expected 21000, got {answer(turdb, one)}")
        connection.close()
        database.close()
    print(f"{failures} of {done} differ" if failures else f"all {done} as expected")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
