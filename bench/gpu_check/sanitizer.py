"""Section sanitizer: compute-sanitizer on short trainings, then on the families of tests. It looks
at our kernels alone: what NVIDIA's libraries try and give up is theirs, and to watch their kernels
takes the time. initcheck is left out, since it would not see what they write."""

import re

from gpu_check import build, failures, places, tests
from gpu_check.jobs import Job

SECTION = "sanitizer"
LIMIT = 70
AT_ONCE = 6
ERROR_CODE = 9
# The tool itself could not work on this machine.
UNSUPPORTED = re.compile(r"Device not supported|not supported on|Unable to (find|launch)|"
                         r"Failed to initialize|No attachable process")

# Deterministic, so that nothing is tuned: it would time hundreds of kernels of others.
TRAIN = ("train", "--device", "cuda", "--deterministic", "--epochs", "2", "--batch-size", "32")
TRAININGS = {
    "mlp": ("--data", "digits", "--model", "mlp", "--fraction", "0.01"),
    "small_cnn": ("--data", "shapes", "--model", "small_cnn", "--augment", "crop,flip,jitter",
                  "--fraction", "0.01"),
    "resnet18 bf16": ("--data", "shapes", "--model", "resnet18", "--precision", "bf16",
                      "--fraction", "0.007"),
}
# What one test case of each family launches is much; those with most kernels of ours.
FAMILIES = ("ops", "reduce", "index", "elementwise", "batch_norm", "pool", "cross_entropy", "optim",
            "random", "loader", "strided", "gemm", "conv2d", "recording")


def filter_option(check, tool):
    """--kernel-regex, as it is called before CUDA 13, which still takes it but warns."""
    output = check.runner.run(Job("sanitizer-help", [tool, "--help"], 20)).output
    return "--kernel-name" if re.search(r"^ *--kernel-name ", output, re.MULTILINE) \
        else "--kernel-regex"


def options(kind, kernel_filter):
    found = ["--tool", kind, kernel_filter, "kns=plastic", "--print-level", "error",
             "--report-api-errors", "no", "--error-exitcode", str(ERROR_CODE)]
    if kind == "memcheck":
        found += ["--track-stream-ordered-races", "all"]
    return found


def training_jobs(check, tool, kernel_filter):
    found = {}
    for kind in ("memcheck", "racecheck", "synccheck"):
        for name, arguments in TRAININGS.items():
            found[Job(f"{kind}-{name.replace(' ', '-')}",
                      [tool, *options(kind, kernel_filter), check.build / build.PLASTIC, *TRAIN,
                       *arguments],
                      LIMIT)] = f"{kind}, {name}"
    return found


def test_jobs(check, tool, kernel_filter):
    result = check.runner.run(Job("sanitizer-list",
                                  [check.build / build.TESTS, "--list-test-cases"], 30))
    known = tests.families(tests.listed(result.output))
    found = {}
    for kind in ("memcheck", "racecheck"):
        for name in FAMILIES:
            if name in known:
                found[Job(f"{kind}-tests-{name}",
                          [tool, *options(kind, kernel_filter), check.build / build.TESTS,
                           f"-tc={','.join(known[name])}"], LIMIT)] = f"{kind}, tests {name}"
    return found


def report(check, name, result):
    summary = re.findall(r"(?:ERROR|RACECHECK) SUMMARY: (.*)", result.output)
    found = failures.of_sanitizer(result.output)
    if not result.ran:
        check.table.not_run(SECTION, name, result.output)
    elif UNSUPPORTED.search(result.output):
        check.table.not_run(SECTION, name, UNSUPPORTED.search(result.output)[0])
    elif result.code == 0:
        check.table.passed(SECTION, name, f"{summary[-1] if summary else ''}, {result.seconds:.0f} s")
    elif result.code is None and not found:
        # Slow is what it is; nothing was found until then.
        check.table.not_run(SECTION, name, result.end)
    else:
        check.table.failed(SECTION, name, summary[-1] if summary else result.end,
                           found or failures.of_doctest(result.output)
                           or failures.of_program(result.output))


def run(check):
    tool = places.tool("compute-sanitizer")
    if not tool:
        check.table.not_run(SECTION, "compute-sanitizer", "not installed")
        return
    kernel_filter = filter_option(check, tool)
    jobs = training_jobs(check, tool, kernel_filter) | test_jobs(check, tool, kernel_filter)
    for job, result in check.runner.run_all(jobs, AT_ONCE):
        report(check, jobs[job], result)
