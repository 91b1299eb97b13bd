#!/usr/bin/env python3
"""Lines that the tests ran, by room, of a build with TURDB_COVERAGE (./dev coverage).

    coverage.py BUILD [FILE]

A room below 90% makes it fail. FILE (as the table names it) is listed with the lines that nothing ran.
"""
import collections
import json
import pathlib
import subprocess
import sys

ROOMS = ['storage', 'txn', 'btree', 'table']
LEAST = 0.90


def read(build):
    """file -> line -> how often it ran, over all the programs that have it."""
    command = ['gcovr', '--root', '.', '--object-directory', build, '--filter', f'src/({"|".join(ROOMS)})/', '--json', '-',
               '--gcov-ignore-parse-errors']
    done = subprocess.run(command + [build], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stderr)
    files = collections.defaultdict(dict)
    for file in json.loads(done.stdout)['files']:
        lines = files[file['file']]
        for line in file['lines']:
            if line.get('gcovr/noncode'):
                continue
            number = line['line_number']
            lines[number] = lines.get(number, 0) + line['count']
    return files


def ranges(numbers):
    """3, 4, 5, 9 -> "3-5 9", where only lines without code lie in between."""
    spans = []
    for number in numbers:
        if spans and number <= spans[-1][1] + 2:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ' '.join(str(a) if a == b else f'{a}-{b}' for a, b in spans)


def main():
    build = sys.argv[1]
    files = read(build)
    if len(sys.argv) > 2:
        lines = files[sys.argv[2]]
        source = pathlib.Path(sys.argv[2]).read_text().splitlines()
        for number in sorted(lines):
            if lines[number] == 0:
                print(f'{number:5} {source[number - 1]}')
        return 0
    short = False
    for room in ROOMS:
        of_room = {name: lines for name, lines in files.items() if name.startswith(f'src/{room}/')}
        total = sum(len(lines) for lines in of_room.values())
        ran = sum(1 for lines in of_room.values() for count in lines.values() if count)
        short |= total == 0 or ran < LEAST * total
        print(f'{room}: {ran} of {total} lines, {ran / max(total, 1):.1%}')
        gaps = {name: sorted(n for n, count in lines.items() if not count) for name, lines in of_room.items()}
        for name in sorted(gaps, key=lambda name: -len(gaps[name])):
            if len(gaps[name]) < 5:
                break
            lines = of_room[name]
            print(f'  {name}: {len(lines) - len(gaps[name])} of {len(lines)}; not {ranges(gaps[name])[:160]}')
    if short:
        print('a room is below 90%')
    return 1 if short else 0


if __name__ == '__main__':
    sys.exit(main())
