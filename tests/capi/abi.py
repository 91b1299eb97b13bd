"""turdb.h keeps its promises: compared with the copy that was accepted last (tests/capi/accepted/turdb.h), things may be added, but
nothing may be gone or have another meaning. What ctest's capi_abi does.

  - libabigail's abidiff compares functions, their types and the layout of structs. It gets two small libraries with debugging
    information that define every function of a header; that the real library exports them is capi_exported_symbols' part.
  - Constants keep their values.
  - A program that was compiled with the accepted header runs with today's library (--library).

usage: abi.py [--cc CC] [--library LIBTURDB.SO]
       abi.py --accept        today's header is the accepted one from now on
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
HEADER = HERE.parents[1] / "include/turdb.h"
ACCEPTED = HERE / "accepted/turdb.h"
SKIPPED = 77


def run(*command, **options):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)


def must(*command, **options):
    result = run(*command, **options)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: {result.stderr}")
    return result.stdout


def functions(cc, header):
    """The prototypes of a header: (text up to the semicolon)."""
    text = re.sub(r'__attribute__\(\(visibility\("default"\)\)\)', "", must(cc, "-E", "-P", header))
    text = re.sub(r"\s+", " ", text)
    for statement in text.split(";"):
        statement = statement.strip()
        found = re.match(r"[\w ]+?[ *]+(turdb_\w+)\(", statement)
        if found and not statement.startswith("typedef"):
            yield statement


def constants(cc, header, folder):
    """Values of the header's constants by name; texts for those of texts."""
    names = re.findall(r"^#define (TURDB_\w+)[ ]+\S", header.read_text(), re.M)
    names = [name for name in names if name != "TURDB_API"]
    comments_out = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
    for body in re.findall(r"enum \{(.*?)\}", comments_out, re.S):
        names += re.findall(r"(TURDB_\w+)\s*=", body)
    lines = [
        f'  printf(_Generic(({name}), char*: "{name}=%s\\n", default: "{name}=%lld\\n"), '
        f"_Generic(({name}), char*: ({name}), default: (long long)(intptr_t)({name})));"
        for name in names
    ]
    source = folder / "constants.c"
    source.write_text(f'#include <stdio.h>\n#include "{header}"\nint main(void) {{\n' + "\n".join(lines) + "\n  return 0;\n}\n")
    must(cc, "-std=c11", "-w", "-o", folder / "constants", source)
    return dict(line.split("=", 1) for line in must(folder / "constants").splitlines())


def stub(cc, header, path):
    source = path.with_suffix(".c")
    bodies = [
        statement + (" {}" if re.match(r"void turdb_", statement) else " { return 0; }") for statement in functions(cc, header)
    ]
    source.write_text(f'#include "{header}"\n' + "\n".join(bodies) + "\n")
    must(cc, "-std=c11", "-g", "-w", "-shared", "-fPIC", "-o", path, source)
    return len(bodies)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--library", type=pathlib.Path)
    parser.add_argument("--accept", action="store_true")
    arguments = parser.parse_args()
    if arguments.accept:
        shutil.copyfile(HEADER, ACCEPTED)
        return 0
    problems = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        before, now = constants(arguments.cc, ACCEPTED, folder), constants(arguments.cc, HEADER, folder)
        for constant, value in before.items():
            if constant.startswith("TURDB_VERSION"):
                continue
            if constant not in now:
                problems.append(f"{constant} is gone")
            elif now[constant] != value:
                problems.append(f"{constant} was {value} and is {now[constant]}")
        if arguments.library is not None:
            library = arguments.library.resolve()
            program = folder / "header"
            must(arguments.cc, "-std=c11", f"-I{ACCEPTED.parent}", "-o", program, HERE / "header.c", library, f"-Wl,-rpath,{library.parent}")
            if run(program).returncode != 0:
                problems.append("the program compiled with the accepted header fails with today's library")
        if shutil.which("abidiff") is None:
            print("\n".join(problems) or "constants are as they were; the rest is skipped: there is no abidiff (Debian: abigail-tools)")
            return 1 if problems else SKIPPED
        old, new = stub(arguments.cc, ACCEPTED, folder / "accepted.so"), stub(arguments.cc, HEADER, folder / "now.so")
        result = run("abidiff", "--no-added-syms", folder / "accepted.so", folder / "now.so")
        if result.returncode & 3:
            sys.exit(f"abidiff failed: {result.stdout}{result.stderr}")
        if result.returncode != 0:
            problems.append(result.stdout)
    for problem in problems:
        print(problem)
    print(f"{old} functions and {len(before)} constants accepted, {new} and {len(now)} now, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
