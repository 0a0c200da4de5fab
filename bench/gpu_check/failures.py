"""What went wrong first, out of a program's output. The last lines seldom say: one misaligned
address makes everything after it fail."""

import re

MOST_LINES = 8  # of one failure

DOCTEST = re.compile(r"^\S*:\d+: (FATAL )?ERROR: |^\S*:\d+: FATAL|ERROR: test case ")
SANITIZER = re.compile(r"^=+ (Error|Warning|Invalid|Race|Potential|Stream-ordered|Barrier|"
                       r"Unused|Uninitialized|Program hit|Internal|Out-of-bounds|Misaligned)")
COMPILER = re.compile(r"(: |^)(fatal error|error)( #\S+)?: |^CMake Error|undefined reference")
PROGRAM = re.compile(r"^plastic|^\[\w+\] |Error|error|terminate called|Traceback")


def blocks(output, begins, ends):
    """The lines from one that begins a failure up to one that ends it."""
    found = []
    lines = output.splitlines()
    for position, line in enumerate(lines):
        if not begins.search(line):
            continue
        block = [line]
        for other in lines[position + 1:position + MOST_LINES]:
            if ends.search(other) or begins.search(other):
                break
            block.append(other)
        found.append("\n".join(block))
    return found


def of_doctest(output):
    """One failure a test case before a second one of the same."""
    first, others, seen = [], [], set()
    name = "?"
    for part in re.split(r"^=+$", output, flags=re.MULTILINE):
        found = re.search(r"^TEST CASE: *(.*)$", part, flags=re.MULTILINE)
        if found:
            name = found[1]
        for block in blocks(part, DOCTEST, re.compile(r"^$")):
            (others if name in seen else first).append(f"{name}: {block}")
            seen.add(name)
    return first + others


def of_sanitizer(output):
    return blocks(output, SANITIZER, re.compile(r"^=+ *$|^=+ .*SUMMARY"))


def of_compiler(output):
    return blocks(output, COMPILER, re.compile(r"^\[\d+/\d+\]|^$|^FAILED"))


def of_program(output):
    """A message where there is one, else the last lines."""
    found = blocks(output, PROGRAM, re.compile(r"^$"))
    return found or ["\n".join(output.splitlines()[-MOST_LINES:])]
