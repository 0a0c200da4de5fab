"""The Python package's optimizers in PyTorch against the reference's transcription, PyTorch's fused
Adam, and the same rules in a program of C++; scripts/bench python calls it.

Steps alone, on the parameters of ResNet-18 and of an mlp with given gradients. All take turns in every
round, in one process but for the program; once with the C library's own settings of memory, once with
those by which scripts/bench lets PyTorch keep it.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

from compare import rounds

PROGRAM = rounds.PROGRAMS / "plastic_bench_optimizers"
# PyTorch as it is installed; and at its best, where memory is kept from step to step.
MEMORY = {"as-installed": {}, "kept": rounds.KEEP_MEMORY}
COMPARED = (  # what, the slower in theory, the faster
    ("the reference's transcription / package", "neuroplastic", "package neuroplastic"),
    ("package / program of C++", "package neuroplastic", "program neuroplastic"),
    ("PyTorch's fused Adam / package's Adam", "adam-fused", "package adam"),
    ("package's Adam / program of C++", "package adam", "program adam"),
)


def package_step(rule, model):
    import plastic_optim  # pylint: disable=import-outside-toplevel
    import shapes  # pylint: disable=import-outside-toplevel
    import torch  # pylint: disable=import-outside-toplevel
    parameters = [torch.empty(shape).uniform_(-0.1, 0.1) for shape in getattr(shapes, model)()]
    for p in parameters:
        p.grad = torch.empty_like(p).uniform_(-0.01, 0.01)
    return plastic_optim.optimizers[rule](parameters).step


def program_seconds(rule, model, options):
    output = subprocess.run(
        [PROGRAM, f"--threads={options.threads}", f"--min-time={options.min_time}",
         f"--benchmark_filter=^{rule}/{model}/", "--benchmark_format=json"],
        check=True, capture_output=True, text=True).stdout
    entry, = json.loads(output)["benchmarks"]
    return entry["real_time"] / 1e3


def measure(model, options):
    """Medians by name, in seconds, and page faults of a step."""
    import peer  # pylint: disable=import-outside-toplevel
    import torch_optimizers  # pylint: disable=import-outside-toplevel
    steps = {rule: torch_optimizers.prepare(f"{rule}/{model}", options.threads)[f"{rule}/{model}"][0]
             for rule in ("neuroplastic", "adam-fused")}
    for rule in ("neuroplastic", "adam"):
        steps["package " + rule] = package_step(rule, model)
    seconds = {}
    for _ in range(options.rounds):
        for name, step in steps.items():
            seconds.setdefault(name, []).append(peer.mean_step(step, options.min_time)["seconds"])
        for rule in ("neuroplastic", "adam"):
            seconds.setdefault("program " + rule, []).append(program_seconds(rule, model, options))
    return {name: statistics.median(values) for name, values in seconds.items()}


def report(options, memory):
    for model, count in (("resnet18", "11.17 M"), ("mlp", "0.67 M")):
        medians = measure(model, options)
        print(f"\nstep alone, {count} parameters, {memory}")
        for name, value in medians.items():
            print(f"  {name:24} {1e3 * value:9.3f} ms")
        for what, slower, faster in COMPARED:
            print(f"  {what}: {medians[slower] / medians[faster]:.2f}")
        for what, slower, faster in COMPARED:
            words = f"python-{model}-{slower}-vs-{faster}-{memory}"
            print(f"ratio: {words.replace(' ', '-')} {medians[slower] / medians[faster]:.3f}")


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench python")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--min-time", type=float, default=0.2)
    parser.add_argument("--memory", choices=MEMORY, help="one of the two settings alone")
    options = parser.parse_args()
    if options.memory is None:
        # The C library reads how to treat memory when a program starts.
        for memory in MEMORY:
            subprocess.run([sys.executable, __file__, *sys.argv[1:], f"--memory={memory}"],
                           check=True, env={**os.environ, **MEMORY[memory],
                                            "OMP_NUM_THREADS": str(options.threads)})
        return
    import peer  # pylint: disable=import-outside-toplevel
    import torch  # pylint: disable=import-outside-toplevel
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    print(f"PyTorch {torch.__version__}, {peer.context()['vectors']}, {options.threads} threads, "
          f"medians of {options.rounds} rounds")
    report(options, f"memory {options.memory}")


if __name__ == "__main__":
    main()
