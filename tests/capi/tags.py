"""Every tag of turdb.h ([C-OPEN-1]) is cited by a test, and tests cite only tags that there are: what ctest's capi_tags does."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TAG = re.compile(r"\[(C-[A-Z]+(?:-[A-Z]+)*-\d+)\]")
TESTS = [ROOT / "tests", ROOT / "bindings/python/tests"]
SOURCES = {".c", ".cc", ".h", ".py", ".slt", ".json"}


def main():
    declared = TAG.findall((ROOT / "include/turdb.h").read_text())
    cited = {}
    for folder in TESTS:
        for file in sorted(folder.rglob("*")):
            if file.suffix not in SOURCES or file == pathlib.Path(__file__).resolve():
                continue
            for tag in TAG.findall(file.read_text(errors="replace")):
                cited.setdefault(tag, file.relative_to(ROOT))
    problems = []
    for tag in sorted(set(declared)):
        if declared.count(tag) > 1:
            problems.append(f"{tag} stands {declared.count(tag)} times in turdb.h: each sentence has a tag of its own")
        if tag not in cited:
            problems.append(f"no test cites {tag}")
    for tag, file in sorted(cited.items()):
        if tag not in declared:
            problems.append(f"{file} cites {tag}, which turdb.h does not have")
    for problem in problems:
        print(problem)
    print(f"{len(set(declared))} tags, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
