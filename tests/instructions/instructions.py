#!/usr/bin/env python3
"""Instructions that one run of a prepared point statement takes, against the numbers that are checked in.

    instructions.py --build build/release [--record]

callgrind counts what happens inside measured() of point_paths: all of the engine's part and the binding of parameters, nothing of
loading or of starting. A path that takes over 5% more than recorded fails. The numbers hold for one compiler, processor family
and C library; with others the comparison is skipped, and says so. `--record` writes the file anew: do that with a change that is
meant to cost or to save instructions, and say why in its message; or with a new compiler, on a commit that changes nothing else.
"""
import argparse
import os
import pathlib
import platform
import re
import subprocess
import sys
import tempfile

PATHS = ['select', 'select_text', 'insert', 'update', 'delete']
COUNT = 2000
MOST_GROWTH = 0.05
RECORDED = pathlib.Path(__file__).parent / 'recorded.txt'


def toolchain(build):
    """What must be the same for the numbers to be."""
    found = {}
    for path in (build / 'CMakeFiles').glob('*/CMakeCXXCompiler.cmake'):
        for key, value in re.findall(r'set\(CMAKE_CXX_COMPILER_(ID|VERSION) "([^"]*)"\)', path.read_text()):
            found[key] = value
    library = ' '.join(platform.libc_ver())
    return f"{found.get('ID', '?')} {found.get('VERSION', '?')}, {platform.machine()}, {library}"


def count(build, path):
    """Instructions of one run, from callgrind's total."""
    with tempfile.TemporaryDirectory() as directory:
        out = os.path.join(directory, 'out')
        command = ['valgrind', '--tool=callgrind', '--toggle-collect=measured', f'--callgrind-out-file={out}', '--quiet',
                   str(build / 'point_paths'), path, str(COUNT)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f'{" ".join(command)} failed:\n{done.stderr}')
        total = re.search(r'^(?:summary|totals): (\d+)', pathlib.Path(out).read_text(), re.MULTILINE)
    if total is None or int(total.group(1)) == 0:
        sys.exit('callgrind counted nothing: is point_paths stripped?')
    return round(int(total.group(1)) / COUNT)


def read_recorded():
    with_, numbers = '', {}
    if RECORDED.exists():
        for line in RECORDED.read_text().splitlines():
            if line.startswith('# with: '):
                with_ = line[len('# with: '):]
            elif line and not line.startswith('#'):
                path, number = line.split()
                numbers[path] = int(number)
    return with_, numbers


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', type=pathlib.Path, default=pathlib.Path('build/release'))
    parser.add_argument('--record', action='store_true', help='write the numbers anew')
    options = parser.parse_args()
    here = toolchain(options.build)
    with_, numbers = read_recorded()
    if not options.record and with_ != here:
        print(f'skipped: the numbers were recorded with {with_ or "nothing"}, this is {here}; '
              '`./dev instructions --record` records them for it')
        return 0
    counted = {path: count(options.build, path) for path in PATHS}
    if options.record:
        lines = ['# Instructions of one run of a prepared point statement (instructions.py, ./dev instructions --record).',
                 f'# with: {here}']
        RECORDED.write_text('\n'.join(lines + [f'{path} {counted[path]}' for path in PATHS]) + '\n')
    failed = False
    for path in PATHS:
        growth = counted[path] / numbers[path] - 1 if numbers.get(path) else 0.0
        grew = growth > MOST_GROWTH and not options.record
        failed |= grew
        note = 'FAILED: over 5% more' if grew else 'fewer: record it' if growth < -MOST_GROWTH and not options.record else ''
        print(f'{path:12} {counted[path]:8} instructions, recorded {numbers.get(path, 0):8} ({growth:+.1%}) {note}'.rstrip())
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
