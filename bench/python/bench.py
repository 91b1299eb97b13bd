"""TurDB's Python package beside sqlite3 of the standard library, in one run, as ratios: `./dev bench python`.

usage: bench.py [--rows N] [--rounds N] [--file]

Rounds alternate between the two, and medians are compared: what else the machine does meets both alike. --file: databases in
files instead of memory, each with its defaults of durability.
"""

import argparse
import gc
import pathlib
import sqlite3
import statistics
import tempfile
import time

import turdb

TABLE = "create table t(id integer primary key, a integer, b double precision, c text)"
INSERT = "insert into t values (?, ?, ?, ?)"
SELECT = "select a, b, c from t where id = ?"
BARS = {"point select, execute + fetchone": 1.0, "executemany, a row": 0.7}


class Peer:
    def __init__(self, module, folder):
        self.module = module
        self.name = module.__name__
        self.folder = folder
        self.count = 0

    def connect(self):
        self.count += 1
        path = ":memory:" if self.folder is None else str(self.folder / f"{self.name}{self.count}")
        connection = self.module.connect(path)
        connection.execute(TABLE)
        connection.commit()
        return connection


def rows_of(count):
    return [(i, i * 7, i * 0.5, "sixteen letters.") for i in range(1, count + 1)]


def measure(peers, rounds, work):
    """Nanoseconds a unit, by peer: medians of alternating rounds."""
    times = {peer.name: [] for peer in peers}
    for round_number in range(rounds):
        for peer in peers if round_number % 2 == 0 else reversed(peers):
            gc.collect()
            times[peer.name].append(work(peer))
    return {name: statistics.median(values) for name, values in times.items()}


def report(title, times):
    ours, theirs = times["turdb"], times["sqlite3"]
    bar = BARS.get(title)
    verdict = "" if bar is None else f"   bar {bar:.1f}x: {'holds' if ours <= bar * theirs else 'MISSED'}"
    print(f"{title:38}  turdb {ours:8.0f} ns   sqlite3 {theirs:8.0f} ns   {ours / theirs:5.2f}x{verdict}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of executemany and fetchall (default 1,000,000)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--file", action="store_true", help="databases in files")
    arguments = parser.parse_args()
    print(f"turdb {turdb.library_version} ({turdb.library_source_id}), sqlite3 {sqlite3.sqlite_version}; medians of {arguments.rounds}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary) if arguments.file else None
        peers = [Peer(turdb, folder), Peer(sqlite3, folder)]
        run(peers, arguments)


def run(peers, arguments):
    few = rows_of(100_000)
    connections = {}
    for peer in peers:
        connections[peer.name] = peer.connect()
        connections[peer.name].executemany(INSERT, few)
        connections[peer.name].commit()

    def points(peer):
        cursor = connections[peer.name].cursor()
        begin = time.perf_counter()
        for i in range(1, 50_001):
            cursor.execute(SELECT, (i,)).fetchone()
        return (time.perf_counter() - begin) / 50_000 * 1e9

    report("point select, execute + fetchone", measure(peers, arguments.rounds, points))

    def updates(peer):
        connection = connections[peer.name]
        cursor = connection.cursor()
        begin = time.perf_counter()
        for i in range(1, 20_001):
            cursor.execute("update t set a = ? where id = ?", (i, i))
        connection.commit()
        return (time.perf_counter() - begin) / 20_000 * 1e9

    report("point update, one transaction", measure(peers, arguments.rounds, updates))

    def everything(peer):
        cursor = connections[peer.name].execute("select id, a, b, c from t")
        begin = time.perf_counter()
        count = len(cursor.fetchall())
        return (time.perf_counter() - begin) / count * 1e9

    report("fetchall, a row of 4 columns", measure(peers, arguments.rounds, everything))

    many = rows_of(arguments.rows)

    def inserts(peer):
        connection = peer.connect()
        begin = time.perf_counter()
        connection.executemany(INSERT, many)
        connection.commit()
        taken = (time.perf_counter() - begin) / len(many) * 1e9
        connection.close()
        return taken

    report("executemany, a row", measure(peers, arguments.rounds, inserts))

    arrow(arguments)


def arrow(arguments):
    """Rates of whole tables, for which sqlite3 has no counterpart."""
    try:
        import pyarrow
    except ImportError:
        print("no Arrow without pyarrow")
        return
    count = 3 * arguments.rows
    table = pyarrow.table({"a": pyarrow.array(range(count), pyarrow.int64()), "b": pyarrow.array(range(count), pyarrow.int64())})
    into, out = [], []
    for _ in range(arguments.rounds):
        connection = turdb.connect()
        connection.execute("create table t(a bigint, b bigint)")
        connection.commit()
        begin = time.perf_counter()
        connection.append("t", table)
        connection.commit()
        into.append(count / (time.perf_counter() - begin))
        begin = time.perf_counter()
        assert connection.execute("select a, b from t").fetch_arrow_table().num_rows == count
        out.append(count / (time.perf_counter() - begin))
        connection.close()
    rate = statistics.median(into)
    print(f"{'append, Arrow, 2 columns':38}  {rate / 1e6:8.2f} M rows/s   bar 3.0: {'holds' if rate >= 3e6 else 'MISSED'}")
    print(f"{'fetch_arrow_table, 2 columns':38}  {statistics.median(out) / 1e6:8.2f} M rows/s")


if __name__ == "__main__":
    main()
