"""What the PyTorch peers share: the setting they run in, and how a step is timed."""

import argparse
import json
import resource
import time

import torch


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--min-time", type=float, default=0.2, help="seconds measured an entry")
    parser.add_argument("--batches", default="128", help="batch sizes of models")
    parser.add_argument("--only", help="the one entry to measure, where a peer has many")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    return options


def loaded_blas():
    """The files that the products really come from: the process's own map of its memory."""
    torch.ones(64, 64) @ torch.ones(64, 64)
    with open("/proc/self/maps", encoding="utf-8") as file:
        paths = {line.split()[-1] for line in file if "blas" in line.rsplit("/", 1)[-1]}
    return sorted(paths)


def peak_memory():
    """The most memory, in bytes, that this process has had resident so far."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


MEMORY_OF_LIBRARY = peak_memory()


def page_faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def mean_step(step, min_time):
    """Seconds and page faults of one call, a mean over calls that together take min_time."""
    start = time.perf_counter()
    warm_up = 0
    while warm_up < 3 or time.perf_counter() - start < min_time / 4:
        step()
        warm_up += 1
    each = (time.perf_counter() - start) / warm_up
    count = max(1, round(min_time / each))
    faults, start = page_faults(), time.perf_counter()
    for _ in range(count):
        step()
    seconds = time.perf_counter() - start
    return {"seconds": seconds / count, "faults": (page_faults() - faults) / count,
            "peak_memory": peak_memory()}


def report(entries):
    context = {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "blas": loaded_blas(),
        "memory_of_library": MEMORY_OF_LIBRARY,
    }
    print(json.dumps({"context": context, "entries": entries}))
