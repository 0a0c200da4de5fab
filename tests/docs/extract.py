"""extract.py PAGE OUT: makes a test program's source of the C++ blocks of a Markdown page.

A block that begins with ```cpp is the body of a test case; ```cpp declarations stands at namespace
scope, for all blocks after it; ```cpp prelude stands above everything, in place of the usual one.
Blocks in other languages, and ```cpp sketch, are left out. Compilers name the page and its lines.
"""
import pathlib
import re
import sys

FENCE = re.compile(r"^```cpp ?(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PRELUDE = "#include <plastic/plastic.h>\n\nusing namespace plastic;\n"
KINDS = ("", "declarations", "prelude", "sketch")


def main(page, out):
    page = pathlib.Path(page).resolve()
    text = page.read_text(encoding="utf-8")
    prelude, body, cases = [], [], 0
    for found in FENCE.finditer(text):
        kind, code = found.groups()
        if kind not in KINDS:
            sys.exit(f"{page}: a block is called cpp {kind}; known are {KINDS}")
        line = text.count("\n", 0, found.start(2)) + 1
        located = f'#line {line} "{page}"\n{code}'
        if kind == "prelude":
            prelude.append(located)
        elif kind == "declarations":
            body.append(f"namespace {{\n{located}}}  // namespace\n")
        elif kind == "":
            cases += 1
            body.append(f'TEST_CASE("docs.{page.stem}.line_{line}") {{\n{located}}}\n')
    if not cases:
        sys.exit(f"{page}: no block of C++ found")
    source = "#include <doctest/doctest.h>\n" + ("".join(prelude) or PRELUDE) + "\n".join(body)
    pathlib.Path(out).write_text(source, encoding="utf-8")


main(*sys.argv[1:])
