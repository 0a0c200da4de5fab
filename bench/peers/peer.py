"""What the peers share: the setting they run in, how a step is timed, and how bench/compare/rounds.py
talks to them.

A module torch_SUITE.py has prepare(entry, threads), which returns what is to be timed, by name: (step,
number of parameters). serve() calls it in a process of its own, which then times these steps whenever
it is asked. So rounds alternate between processes without loading PyTorch, or compiling networks, in
every round.
"""

import importlib
import logging
import os
import resource
import time

logging.disable(logging.WARNING)  # what is missing for GPUs

import torch  # pylint: disable=wrong-import-position


def peak_memory():
    """The most memory, in bytes, that this program has had resident so far. What getrusage() says
    counts the process that became this program, too."""
    with open("/proc/self/status", encoding="utf-8") as status:
        kilobytes, = (line.split()[1] for line in status if line.startswith("VmHWM:"))
    return 1024 * int(kilobytes)


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


def context():
    return {
        "torch": torch.__version__,
        "vectors": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "memory_of_library": MEMORY_OF_LIBRARY,
    }


def serve(connection, errors, suite, entry, threads, min_time):
    """Sends a dictionary about the setting, and then one of what was measured for each message; on
    failure text. What libraries print goes to the file `errors`."""
    os.setsid()  # a compiler that is started here ends with this process's group
    with open(errors, "ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    try:
        torch.set_num_threads(threads)
        # Averages that decay into denormals are dealt with on our side too.
        torch.set_flush_denormal(True)
        torch.manual_seed(1)
        entries = importlib.import_module(f"torch_{suite}").prepare(entry, threads)
        for step, _ in entries.values():
            step()
        connection.send(context())
        while True:
            connection.recv()
            connection.send({name: {**mean_step(step, min_time), "parameters": parameters}
                             for name, (step, parameters) in entries.items()})
    except EOFError:
        pass  # it is not asked any more
    except Exception as error:  # pylint: disable=broad-except
        connection.send(f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}")
