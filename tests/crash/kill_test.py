#!/usr/bin/env python3
"""Kills the writing process (tests/crash/writer.c) at random points and checks what is left.

    kill_test.py --rounds N --build BUILD_DIR [--seed S] [--clients C]

After each kill the database is opened again: every commit that was reported is there, no transaction is there in
part, nothing that was rolled back is there, indexes agree with rows, and turdb_db_check finds nothing. The next
round goes on with the same database, so recoveries pile up; every tenth round starts a new one. About a third of
the rounds are killed again while they recover.
"""
import argparse
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "sql"))
import turdb_backend  # noqa: E402

WINDOW, ACCOUNTS, MAX_STEP = 200, 64, 20


def run_and_kill(writer, path, clients, delay, reported):
    process = subprocess.Popen([writer, path, str(clients)], stdout=subprocess.PIPE)
    data, deadline, ready = b"", None, False
    try:
        while True:
            timeout = None if deadline is None else max(0, deadline - time.monotonic())
            readable, _, _ = select.select([process.stdout], [], [], timeout)
            if not readable:
                break
            chunk = os.read(process.stdout.fileno(), 65536)
            if not chunk:
                raise SystemExit(f"the writer ended by itself with {process.wait()}")
            data += chunk
            if not ready and b"ready\n" in data:
                ready, deadline = True, time.monotonic() + delay
            if deadline is not None and time.monotonic() >= deadline:
                break
    finally:
        process.send_signal(signal.SIGKILL)
        data += process.stdout.read()
        process.wait()
    for line in data.split(b"\n")[:-1]:
        if line != b"ready":
            client, last = line.split()
            reported[int(client)] = int(last)


def kill_while_opening(writer, path, clients, delay):
    process = subprocess.Popen([writer, path, str(clients)], stdout=subprocess.PIPE)
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    lines = process.stdout.read().split(b"\n")[:-1]
    process.wait()
    return [tuple(map(int, line.split())) for line in lines if line != b"ready"]


def verify(library, path, clients, reported, kills):
    database = turdb_backend.Database(path, library)
    connection = database.connect()
    try:
        problems = database.check()
        assert not problems, problems[:5]
        _, ledger = connection.execute("select client, last from ledger order by client")
        assert [row[0] for row in ledger] == list(range(clients)), ledger
        for client, last in ledger:
            known = reported.get(client, 0)
            # Each killed process may have committed one transaction that it could not report any more.
            assert known <= last <= known + MAX_STEP * kills, f"client {client}: reported {known}, found {last}"
            _, rows = connection.execute(f"select seq, bucket from item where client = {client} order by seq")
            want = list(range(max(1, last - WINDOW + 1), last + 1))
            assert [row[0] for row in rows] == want, f"client {client}: rows {rows[:3]}..{rows[-3:]}, ledger {last}"
            assert all(row[1] == row[0] * 37 % 101 for row in rows)
            reported[client] = last
        _, total = connection.execute("select count(*), sum(balance) from account")
        assert int(total[0][0]) == ACCOUNTS and int(total[0][1]) == ACCOUNTS * 1000, total
        for bucket in (0, 50, 100):
            _, by_index = connection.execute(f"select client, seq from item where bucket = {bucket} order by client, seq")
            _, by_scan = connection.execute(f"select client, seq from item where bucket + 0 = {bucket} order by client, seq")
            assert by_index == by_scan, f"bucket {bucket}: index and table disagree"
    finally:
        connection.close()
        database.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--clients", type=int, default=4)
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(1 << 30)
    print(f"seed {seed}", flush=True)
    rng = random.Random(seed)
    library = turdb_backend.load(os.path.join(arguments.build, "libturdb.so"))
    writer = os.path.join(arguments.build, "crash_writer")
    commits = 0
    with tempfile.TemporaryDirectory(prefix="turdb_kill_") as directory:
        path, reported = None, {}
        for number in range(arguments.rounds):
            if number % 10 == 0:
                path, reported = os.path.join(directory, f"db{number}"), {}
            before = sum(reported.values())
            run_and_kill(writer, path, arguments.clients, rng.uniform(0.0, 0.25), reported)
            kills = 1
            if rng.random() < 0.33:
                kills = 2
                for client, last in kill_while_opening(writer, path, arguments.clients, rng.uniform(0.0, 0.02)):
                    reported[client] = last
            try:
                verify(library, path, arguments.clients, reported, kills)
            except (AssertionError, turdb_backend.TurdbError) as fault:
                print(f"round {number}: {fault}\nseed {seed}")
                keep = tempfile.mkdtemp(prefix="turdb_kill_failed_")
                subprocess.run(["cp", "-r", path, keep], check=False)
                print(f"the database is kept in {keep}")
                print(f"{number} passed, 1 failed")
                return 1
            commits += sum(reported.values()) - before
    print(f"{arguments.rounds} kills, {commits} rows committed and found")
    print(f"{arguments.rounds} passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
