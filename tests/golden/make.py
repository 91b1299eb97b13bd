#!/usr/bin/env python3
"""Makes the golden databases of a format version, once, with the build that writes it:

    tests/golden/make.py VERSION [--build build/release]

tests/golden/VERSION/closed.tar.xz   closed properly
tests/golden/VERSION/crashed.tar.xz  its process was killed: the log must be replayed, and a transaction undone
tests/golden/VERSION/expected.txt    what queries.sql gives on each

A golden database is never made again: later builds must open it as it is. What a newer build of the same version can do more
gets a golden database of its own (VERSION is a name: 1, 1-sequences, ...), with a make.sql and queries.sql of its own."""
import argparse
import pathlib
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time

HERE = pathlib.Path(__file__).parent


def pack(archive, directory):
    def plain(info):
        if pathlib.PurePath(info.name).name in ("turdb.lock", "tmp", "versions.tmp"):
            return None
        info.uid = info.gid = info.mtime = 0
        info.uname = info.gname = ""
        return info

    with tarfile.open(archive, "w:xz", preset=9) as tar:
        tar.add(directory, arcname="db", filter=plain)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version")
    parser.add_argument("--build", default="build/release")
    arguments = parser.parse_args()
    turdb = pathlib.Path(arguments.build).resolve() / "turdb"
    home = HERE / arguments.version
    if (home / "closed.tar.xz").exists():
        sys.exit(f"{home} has been made already")
    with tempfile.TemporaryDirectory() as scratch:
        closed, crashed = pathlib.Path(scratch) / "closed", pathlib.Path(scratch) / "crashed"
        small = ["-o", "wal_limit_bytes=1048576"]
        subprocess.run([turdb, *small, "--bail", "-f", home / "make.sql", closed], check=True)
        shutil.copytree(closed, crashed)
        # Killed with one commit behind it that no checkpoint knows of, and in the middle of a transaction.
        shell = subprocess.Popen([turdb, *small, crashed], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        shell.stdin.write((home / "crash.sql").read_text() + "\nselect 'ready';\n")
        shell.stdin.flush()
        for line in shell.stdout:
            if "ready" in line:
                break
        time.sleep(0.2)
        shell.send_signal(signal.SIGKILL)
        shell.wait()
        for name, directory in (("closed", closed), ("crashed", crashed)):
            pack(home / f"{name}.tar.xz", directory)
        with open(home / "expected.txt", "w") as out:
            for name in ("closed", "crashed"):
                with tarfile.open(home / f"{name}.tar.xz") as tar:
                    tar.extractall(pathlib.Path(scratch) / ("check_" + name))
                database = pathlib.Path(scratch) / ("check_" + name) / "db"
                rows = subprocess.run([turdb, "--csv", "--bail", "-f", home / "queries.sql", database], check=True,
                                      capture_output=True, text=True).stdout
                out.write(f"== {name}\n{rows}")


if __name__ == "__main__":
    main()
