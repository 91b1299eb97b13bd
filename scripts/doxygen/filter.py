"""Makes Doxygen's comments of turdb.h's plain ones: `/*` before a declaration, `/* ... */` behind one on its line, and the headings of
sections. Tags become code."""

import re
import sys

lines = open(sys.argv[1], encoding="utf-8").read().split("\n")
out = []
for line in lines:
    line = re.sub(r"[ ]+\[(C-[A-Z-]+-\d+)\]", r" <code>\1</code>", line)
    heading = re.match(r"/\* -{4} (.*?) -+ \*/$", line)
    if heading:
        out.append(f"/** @name {heading.group(1)} */")
        continue
    trailing = re.match(r"(.*[;,{})\w].*?)\s*/\* (.*)\*/$", line)
    if trailing and not line.lstrip().startswith(("/*", "*")):
        out.append(f"{trailing.group(1)} /**< {trailing.group(2)}*/")
        continue
    line = re.sub(r"^(\s*)/\*(?!\*)", r"\1/**", line)
    out.append(line)
print("\n".join(out))
