"""Section tests: every operation against the CPU, the golden trajectories, recording, training. A
family of tests is a process of its own, several run at a time: one misaligned address ends all that
a process can do on a device. A family that fails runs once more, test by test."""

import re

from gpu_check import build, failures
from gpu_check.jobs import Job

SECTION = "tests"
FAMILY_SECONDS = 90
CASE_SECONDS = 30
AT_ONCE = 8
SKIPPED = "skipped: no CUDA device"

# Those that take longest begin first.
FIRST = ("ops", "training", "conv2d", "gemm", "golden", "optim")


def listed(output):
    """The tests' names out of --list-test-cases."""
    return [line for line in output.splitlines() if re.fullmatch(r"(\w+\.)+\w+", line)]


def family_of(name):
    if re.search(r"golden|optim\.torch", name):
        return "golden"
    return name.split(".")[1]


def families(names):
    """Of the tests that are about a device: {family: names}."""
    found = {}
    for name in names:
        if name.startswith("cuda."):
            found.setdefault(family_of(name), []).append(name)
    order = {family: position for position, family in enumerate(FIRST)}
    return dict(sorted(found.items(), key=lambda item: order.get(item[0], len(order))))


def job(check, name, cases, limit):
    return Job(f"tests-{name}", [check.build / build.TESTS, f"-tc={','.join(cases)}"], limit)


def counts(output):
    found = re.findall(r"test cases: *(\d+) \| *(\d+) passed \| *(\d+) failed", output)
    checks = re.findall(r"assertions: *(\d+)", output)
    return (int(found[-1][0]), int(found[-1][1]), int(checks[-1])) if found and checks else None


def passed(result, cases):
    """All of them, and none for want of a device."""
    found = counts(result.output)
    return result.code == 0 and found is not None and found[0] == found[1] == len(cases) \
        and SKIPPED not in result.output


def report(check, name, cases, result):
    if not result.ran:
        check.table.not_run(SECTION, name, result.output)
        return
    found = counts(result.output)
    text = f"{found[1]} of {len(cases)} tests, {found[2]} checks, {result.seconds:.0f} s" \
        if found else result.end
    if SKIPPED in result.output:
        check.table.failed(SECTION, name, f"{text}, but some were skipped",
                           [line for line in result.output.splitlines() if SKIPPED in line])
    elif passed(result, cases):
        check.table.passed(SECTION, name, text)
    else:
        check.table.failed(SECTION, name, text, failures.of_doctest(result.output)
                           or failures.of_program(result.output))


def run(check):
    result = check.runner.run(Job("tests-list", [check.build / build.TESTS, "--list-test-cases"],
                                  30))
    found = families(listed(result.output))
    if result.code != 0 or not found:
        check.table.failed(SECTION, "list of tests", result.end,
                           failures.of_program(result.output))
        return
    jobs = {job(check, name, cases, FAMILY_SECONDS): (name, cases)
            for name, cases in found.items()}
    alone = {}
    for done, result in check.runner.run_all(jobs, AT_ONCE):
        name, cases = jobs[done]
        report(check, name, cases, result)
        if result.ran and not passed(result, cases) and len(cases) > 1:
            alone |= {job(check, case, [case], CASE_SECONDS): (case, [case]) for case in cases}
    passed_alone = 0
    for done, result in check.runner.run_all(alone, AT_ONCE):
        name, cases = alone[done]
        if passed(result, cases):
            passed_alone += 1
        else:
            report(check, name, cases, result)
    if alone:
        check.table.figure(SECTION, "of failed families, alone",
                           f"{passed_alone} of {len(alone)} tests pass")
