"""Section card: what this machine has."""

import re

from gpu_check import places
from gpu_check.jobs import Job

SECTION = "card"
QUERY = "name,memory.total,driver_version,compute_cap"


def run(check):
    """Whether there is a card. Says what else is here, either way."""
    result = check.runner.run(Job("nvidia-smi", ["nvidia-smi", f"--query-gpu={QUERY}",
                                                 "--format=csv,noheader"], 20))
    found = result.code == 0 and bool(result.output.strip())
    if found:
        line = result.output.strip().splitlines()[0]
        check.table.figure(SECTION, "card", line)
        capability = re.search(r"(\d+)\.(\d)$", line.strip())
        check.capability = int(capability[1] + capability[2]) if capability else 0
    else:
        check.table.not_run(SECTION, "nvidia-smi", f"{result.end}: {result.output.strip()[:80]}"
                            if result.ran else result.output)
    nvcc = places.tool("nvcc")
    release = ""
    if nvcc:
        output = check.runner.run(Job("nvcc", [nvcc, "--version"], 20)).output
        release = "".join(re.findall(r"release ([\d.]+)", output)[:1])
    check.table.figure(SECTION, "nvcc", release or "not found")
    folders = places.library_folders()
    check.table.figure(SECTION, "libraries of Python packages",
                       f"{len(folders)} folders, {folders[0].parent.parent}" if folders else "none")
    return found
