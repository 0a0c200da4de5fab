"""Runs Plastic and its peer alternately and prints what came out; scripts/bench calls it.

Medians and ratios, never single timings: the peer of each round runs right after Plastic, so that
a machine that grows slower slows both.
"""

import argparse
import collections
import glob
import json
import os
import platform
import statistics
import subprocess
import sys

import compare_conv

REFERENCE_NS = 24.0  # a parameter, at best, of the paper's implementation on two Zen 4 cores
NEUROPLASTIC_BYTES = 68  # a parameter and step; docs/design.md

Defaults = collections.namedtuple("Defaults", "rounds min_time")
DEFAULTS = {
    "mlp": Defaults(7, 0.2),
    "optimizers": Defaults(7, 0.2),
    "cnn": Defaults(5, 1.0),
    "conv": Defaults(3, 0.1),
}

# (name of the ratio, Plastic's rule, the peer's rules of which the fastest counts); entries are
# called rule/variant, the variant being a model, a batch size or both.
COMPARISONS = {
    "mlp": [
        (f"mlp-{rule}-{{variant}}", rule, peers)
        for rule, peers in (
            ("sgd", ("sgd", "sgd-foreach")),
            ("adam", ("adam", "adam-foreach")),
            ("neuroplastic", ("neuroplastic",)))
    ],
    "optimizers": [
        ("sgd-{variant}", "sgd", ("sgd", "sgd-foreach")),
        ("adam-{variant}", "adam", ("adam", "adam-foreach")),
        ("neuroplastic-{variant}-vs-adam", "neuroplastic", ("adam", "adam-foreach")),
        ("neuroplastic-{variant}-vs-reference", "neuroplastic", ("neuroplastic",)),
        ("neuroplastic-diagnostics-{variant}-vs-reference", "neuroplastic-diagnostics",
         ("neuroplastic",)),
    ],
    "cnn": [("cnn-{variant}-sgd", "sgd", ("sgd-nchw", "sgd-channels_last"))],
    "conv": [],  # compare_conv.py
}

WHAT = {
    "mlp": "a training step (forward, loss, backward, optimizer, zero_grad) of 784-512-512-10, "
           "ReLU,\n  dropout 0.1, on random data in memory; SGD with momentum",
    "optimizers": "one step of the optimizer on given gradients; SGD with momentum; resnet18: "
                  "11173962\n  parameters in 62 tensors, mlp: 669706 in 6",
    "cnn": "a training step (forward, loss, backward, optimizer, zero_grad) on random 32x32 colour "
           "images\n  in memory; resnet18 in its form for CIFAR; SGD with momentum; every model in "
           "a process of its own",
    "conv": "each pass of every distinct convolution of resnet18 (CIFAR) and small_cnn by itself",
}


def positive(kind):
    def parse(text):
        value = kind(text)
        if value <= 0:
            raise ValueError
        return value
    parse.__name__ = f"positive {kind.__name__}"
    return parse


def batch_list(text):
    return ",".join(str(positive(int)(item)) for item in text.split(","))


def model_list(text):
    if not set(text.split(",")) <= {"small_cnn", "resnet18"}:
        raise argparse.ArgumentTypeError("takes small_cnn, resnet18 or both")
    return text


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("suite", choices=COMPARISONS)
    parser.add_argument("--rounds", type=positive(int))
    parser.add_argument("--threads", type=positive(int), default=2)
    parser.add_argument("--min-time", type=positive(float),
                        help="seconds measured in each round for each entry")
    parser.add_argument("--batches", type=batch_list, default="128", help="batch sizes of models")
    parser.add_argument("--models", type=model_list, default="small_cnn,resnet18",
                        help="models of cnn")
    options = parser.parse_args()
    defaults = DEFAULTS[options.suite]
    options.rounds = options.rounds or defaults.rounds
    options.min_time = options.min_time or defaults.min_time
    if options.suite == "conv" and "," in options.batches:
        parser.error("conv takes one batch size")
    return options


def variants(options):
    """What each rule is measured with, and how a ratio calls it."""
    batches = [f"batch{batch}" for batch in options.batches.split(",")]
    if options.suite == "optimizers":
        return {"resnet18": "resnet18", "mlp": "mlp"}
    if options.suite == "mlp":
        return {batch: batch for batch in batches}
    return {f"{model}/{batch}": model if len(batches) == 1 else f"{model}-{batch}"
            for batch in batches for model in options.models.split(",")}


def processes(options):
    """What is measured one after the other: pairs of Plastic's entries and the peer's, a process
    for each of them; None is one process that measures all of them."""
    if options.suite != "cnn":
        return [([None], [None])]
    return [([f"{rule}/{variant}" for rule in ("sgd", "neuroplastic")],
             [f"{rule}/{variant}" for rule in ("sgd-nchw", "sgd-channels_last")])
            for variant in variants(options)]


def peer_environment(threads):
    """PyTorch at its best here: a threaded BLAS that shares its OpenMP, and memory kept."""
    folders = glob.glob("/usr/lib/*/openblas-openmp")
    if not folders:
        sys.exit("bench: no OpenMP build of OpenBLAS; run scripts/setup bench")
    return {
        **os.environ,
        "LD_LIBRARY_PATH": folders[0],
        "OMP_NUM_THREADS": str(threads),
        "MALLOC_MMAP_MAX_": "0",
        "MALLOC_TRIM_THRESHOLD_": str(1 << 33),
        "MALLOC_TOP_PAD_": str(1 << 28),
    }


def run_json(command, environment=None):
    result = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=False)
    if result.returncode != 0:
        sys.exit(f"bench: failed with {result.returncode}: {' '.join(command)}")
    return json.loads(result.stdout)


def run_plastic(options, only=None):
    """What was measured, by entry."""
    output = run_json([f"build/bench/plastic_bench_{options.suite}", "--benchmark_format=json",
                       f"--threads={options.threads}", f"--min-time={options.min_time}",
                       f"--batches={options.batches}",
                       f"--benchmark_filter={'^' + only + '/' if only else '.'}"])
    return {entry["name"].split("/min_time")[0]:
            {"seconds": entry["real_time"] / 1e3, **entry} for entry in output["benchmarks"]}


def run_peer(options, only=None, environment=None):
    """What peer.py's report() prints."""
    output = run_json([sys.executable, f"bench/peers/torch_{options.suite}.py",
                       "--threads", str(options.threads), "--min-time", str(options.min_time),
                       "--batches", options.batches] + (["--only", only] if only else []),
                      environment or peer_environment(options.threads))
    if not any("openblas-openmp" in path for path in output["context"]["blas"]):
        sys.exit(f"bench: PyTorch loaded another BLAS: {output['context']['blas']}")
    return output


def first_line(command):
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    return result.stdout.partition("\n")[0]


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return names[0] if names else platform.machine()


def print_setting(options, context):
    package = first_line(["dpkg-query", "-W", "-f", "${Version}", "python3-torch"])
    blas = first_line(["dpkg-query", "-W", "-f", "${Version}", "libopenblas0-openmp"])
    print(f"what       {WHAT[options.suite]}")
    print(f"processor  {processor()}, {os.cpu_count()} threads in the machine")
    print(f"threads    {options.threads} on both sides (PyTorch reports {context['threads']})")
    print(f"Plastic    {first_line(['git', 'describe', '--always', '--dirty'])}, Release, "
          f"{first_line([os.environ.get('CXX', 'g++'), '--version'])}")
    print(f"peer       PyTorch {context['torch']} (python3-torch {package}), OpenBLAS {blas},\n"
          f"           loaded {', '.join(context['blas'])};\n"
          "           memory kept between steps (MALLOC_MMAP_MAX_=0, MALLOC_TRIM_THRESHOLD_, "
          "MALLOC_TOP_PAD_)")
    if any("neuroplastic" in peers for _, _, peers in COMPARISONS[options.suite]):
        print("           neuroplastic: our plain PyTorch transcription of the reference, "
              "diagnostics on as there")
    print(f"rounds     {options.rounds}, alternating Plastic and peer; medians [smallest-largest]")


class OtherWork:
    """The share of the processors that others took while it lived: what makes figures noise."""

    def __init__(self):
        self.started = self.read()

    @staticmethod
    def read():
        with open("/proc/stat", encoding="utf-8") as file:
            ticks = list(map(int, file.readline().split()[1:9]))
        resting = ticks[3] + ticks[4]  # idle, and waiting for a disk
        times = os.times()
        own = times.user + times.system + times.children_user + times.children_system
        return sum(ticks) - resting, sum(ticks), own * os.sysconf("SC_CLK_TCK")

    def report(self):
        busy, total, own = (now - then for now, then in zip(self.read(), self.started))
        share = max(busy - own, 0) / max(total, 1)
        print(f"\nother work took {share:.0%} of the processors during this run"
              + ("; PyTorch's spinning threads suffer most from that: DO NOT QUOTE these figures"
                 if share > 0.1 else ""))


class Series:
    """Timings of one entry, a number a round."""

    def __init__(self, name):
        self.name = name
        self.seconds = []
        self.parameters = None
        self.faults = []
        self.peak_memory = 0

    def add(self, entry):
        self.seconds.append(entry["seconds"])
        self.parameters = entry.get("parameters")
        self.faults.append(entry.get("faults", 0))
        self.peak_memory = max(self.peak_memory, entry.get("peak_memory", 0))

    @property
    def median(self):
        return statistics.median(self.seconds)

    def row(self):
        per_parameter = ""
        if self.name.endswith(("/resnet18", "/mlp")):  # the optimizer alone
            per_parameter = f"{self.median / self.parameters * 1e9:8.2f}"
        return (f"{self.name:34} {self.median * 1e3:10.3f}  "
                f"[{min(self.seconds) * 1e3:.3f}-{max(self.seconds) * 1e3:.3f}]".ljust(72)
                + per_parameter)


def measure(options):
    plastic, peer = {}, {}
    for number in range(1, options.rounds + 1):
        if sys.stderr.isatty():
            print(f"\rround {number} of {options.rounds}", end="", file=sys.stderr, flush=True)
        for ours, theirs in processes(options):
            for only in ours:
                for name, entry in run_plastic(options, only).items():
                    plastic.setdefault(name, Series(name)).add(entry)
            for only in theirs:
                output = run_peer(options, only)
                for name, entry in output["entries"].items():
                    peer.setdefault(name, Series(name)).add(entry)
        if number == 1:
            if sys.stderr.isatty():
                print("\r", end="", file=sys.stderr)
            print_setting(options, output["context"])
    if sys.stderr.isatty():
        print("\r" + " " * 20 + "\r", end="", file=sys.stderr)
    return plastic, peer


def check_same_models(plastic, peer):
    for name, series in peer.items():
        twin = plastic.get(name)
        if twin and series.parameters and series.parameters != twin.parameters:
            sys.exit(f"bench: {name}: {twin.parameters} parameters here, {series.parameters} there")


def print_tables(plastic, peer):
    for title, entries in (("Plastic", plastic), ("PyTorch", peer)):
        print(f"\n{title:34} {'median ms':>10}  {'[smallest-largest]':24} ns a parameter")
        for series in entries.values():
            print(series.row())
    faults = max(statistics.median(series.faults) for series in peer.values())
    print(f"\npage faults of the peer in a timed step, median of the worst entry: {faults:.1f}")


def print_ratios(options, plastic, peer):
    print("\nratios: median of the peer over median of Plastic; above 1, Plastic is faster")
    for variant, called in variants(options).items():
        for name, rule, rivals in COMPARISONS[options.suite]:
            fastest = min(peer[f"{rival}/{variant}"].median for rival in rivals)
            ratio = fastest / plastic[f"{rule}/{variant}"].median
            print(f"ratio: {name.format(variant=called)} {ratio:.2f}")
    if options.suite == "optimizers":
        print_bounds(plastic)
    if options.suite == "cnn":
        print_memory(options, plastic, peer)


def print_memory(options, plastic, peer):
    """The peer's least: of either layout, and with glibc's own settings too, which return memory."""
    environment = {name: value for name, value in peer_environment(options.threads).items()
                   if not name.startswith("MALLOC_")}
    print("\nmost memory resident in a process that trains one model with SGD, MB:")
    for variant, called in variants(options).items():
        peaks = {}
        for rule in ("sgd-nchw", "sgd-channels_last"):
            name = f"{rule}/{variant}"
            peaks[rule] = peer[name].peak_memory
            output = run_peer(options, name, environment)
            peaks[f"{rule}, glibc's own settings"] = output["entries"][name]["peak_memory"]
        ours = plastic[f"sgd/{variant}"].peak_memory
        print(f"{called}: Plastic {ours / 1e6:.0f}; PyTorch "
              + "; ".join(f"{name} {peak / 1e6:.0f}" for name, peak in peaks.items()))
        print("of which PyTorch itself, once imported: "
              f"{output['context']['memory_of_library'] / 1e6:.0f}")
        print(f"ratio: cnn-{called}-memory {min(peaks.values()) / ours:.2f}")


def print_bounds(plastic):
    ours = plastic["neuroplastic/resnet18"]
    stream = plastic["stream"]
    bandwidth = 8 * stream.parameters / stream.median
    bound = NEUROPLASTIC_BYTES * ours.parameters / bandwidth
    for model in ("resnet18", "mlp"):
        series = plastic[f"neuroplastic/{model}"]
        ratio = REFERENCE_NS * 1e-9 * series.parameters / series.median
        print(f"ratio: neuroplastic-{model}-vs-24ns {ratio:.2f}")
    print(f"ratio: neuroplastic-resnet18-vs-bound {bound / ours.median:.2f}")
    print("\n24ns: what the paper's reference was seen to take a parameter at best, on two Zen 4 "
          "cores.")
    print(f"bound: {NEUROPLASTIC_BYTES} bytes a parameter at the {bandwidth / 1e9:.1f} GB/s of an "
          f"update in place measured in this run: {bound * 1e3:.2f} ms.")


def main():
    options = parse_arguments()
    sys.stdout.reconfigure(line_buffering=True)
    other_work = OtherWork()
    plastic, peer = measure(options)
    check_same_models(plastic, peer)
    if options.suite == "conv":
        compare_conv.report(plastic, peer, int(options.batches))
        sys.stdout.flush()
        for model in ("resnet18", "small_cnn"):
            subprocess.run(["build/bench/plastic_bench_step_profile", model, options.batches,
                            str(options.threads)], check=True)
    else:
        print_tables(plastic, peer)
        print_ratios(options, plastic, peer)
    other_work.report()


if __name__ == "__main__":
    main()
