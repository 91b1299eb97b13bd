#!/usr/bin/env python3
"""Opens every golden database with this build: it gives what it gave when it was made, checks clean, can be written to, copied
and recovered. A newer version than this build knows is refused, and nothing is written."""
import argparse
import pathlib
import struct
import subprocess
import sys
import tarfile
import tempfile

HERE = pathlib.Path(__file__).parent


def files(directory):
    return {path.relative_to(directory): path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()
            and path.name != "turdb.lock"}


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


class Golden:
    def __init__(self, turdb, home):
        self.turdb, self.home, self.failures = turdb, home, []

    def run(self, *words, ok=True):
        done = subprocess.run([self.turdb, *words], capture_output=True, text=True)
        if (done.returncode == 0) != ok:
            self.failures.append(f"{self.home.name}: turdb {' '.join(map(str, words))}\n{done.stdout}{done.stderr}")
        return done

    def expect(self, expected, actual, what):
        if expected != actual:
            self.failures.append(f"{self.home.name}, {what}: expected\n{expected}\ngot\n{actual}")

    def queries(self, database):
        return self.run("--no-create", "--csv", "--bail", "-f", self.home / "queries.sql", database).stdout

    def check(self, name, expected):
        with tempfile.TemporaryDirectory() as scratch:
            scratch = pathlib.Path(scratch)
            with tarfile.open(self.home / f"{name}.tar.xz") as tar:
                tar.extractall(scratch)
            database = scratch / "db"
            if name == "closed":
                before = files(database)
                self.expect(expected, self.run("--readonly", "--csv", "--bail", "-f", self.home / "queries.sql", database).stdout,
                            name + " read-only")
                self.expect(before, files(database), name + ": files after reading")
            self.expect(expected, self.queries(database), name)
            self.run("check", database)
            self.run("backup", database, scratch / "copy")
            self.expect(expected, self.queries(scratch / "copy"), name + ": copy")
            self.run("recover", database, scratch / "saved")
            self.expect(expected, self.queries(scratch / "saved"), name + ": recovered")
            self.run("--bail", "-f", self.home / "change.sql", database)
            self.run("check", database)

    def check_newer(self):
        with tempfile.TemporaryDirectory() as scratch:
            with tarfile.open(self.home / "closed.tar.xz") as tar:
                tar.extractall(scratch)
            database = pathlib.Path(scratch) / "db"
            meta = database / "turdb.meta"
            page = bytearray(meta.read_bytes())
            struct.pack_into("<I", page, 16, 1000)
            struct.pack_into("<I", page, 96, 1000)
            struct.pack_into("<I", page, 120, crc32c(page[:120]))
            meta.write_bytes(page)
            before = files(database)
            refused = self.run("--no-create", database, "select 1", ok=False)
            if "version 1000" not in refused.stderr:
                self.failures.append(f"a newer database is not refused for its version: {refused.stderr}")
            self.expect(before, files(database), "files of a newer database")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build/release")
    turdb = pathlib.Path(parser.parse_args().build).resolve() / "turdb"
    failures = []
    homes = sorted(path.parent for path in HERE.glob("*/closed.tar.xz"))
    for home in homes:
        golden = Golden(turdb, home)
        parts = (home / "expected.txt").read_text().split("== ")[1:]
        for part in parts:
            name, _, expected = part.partition("\n")
            golden.check(name, expected)
        golden.check_newer()
        failures += golden.failures
    print("\n".join(failures) or f"{len(homes)} golden databases, all as they were")
    sys.exit(1 if failures or not homes else 0)


if __name__ == "__main__":
    main()
