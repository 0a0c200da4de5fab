"""What the benchmarks print: a JSON object a line."""

import json

from gpu_check import failures

OPTIMIZER_BYTES = {"sgd": 20, "adam": 28, "neuroplastic": 60}  # a parameter; cuda/optim/neuroplastic.cu


def parse(output):
    """{name: entry}; those before an end by force count."""
    found = {}
    for line in output.splitlines():
        if not line.startswith("{"):
            continue
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue
        found[entry["name"]] = entry
    return found


def measure(check, section, job):
    """A benchmark's entries, and a row where it did not end well."""
    result = check.runner.run(job)
    if not result.ran:
        check.table.not_run(section, job.name, result.output)
    elif result.code != 0:
        check.table.failed(section, job.name, result.end, failures.of_program(result.output))
    return parse(result.output)
