#!/usr/bin/env python3
"""Compiles units of a compile_commands.json for their warnings only: those that a file of names lists. Exit 1 when one warns."""
import concurrent.futures
import json
import os
import shlex
import subprocess
import sys


def check(entry):
    words = shlex.split(entry["command"])
    if words[0].endswith("ccache"):
        words = words[1:]
    result = subprocess.run(words, cwd=entry["directory"], capture_output=True, text=True)
    return result.returncode, entry["file"], result.stderr


def main():
    with open(sys.argv[1]) as f:
        entries = [e for e in json.load(f) if "/_deps/" not in e["file"]]
    with open(sys.argv[2]) as f:
        names = tuple("/" + line.strip() for line in f if line.strip())
    entries = [e for e in entries if e["file"].endswith(names)]
    failed = False
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for code, _, text in pool.map(check, entries):
            if code != 0 or "warning:" in text:
                failed = True
                print(text)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
