"""Whole training steps on one process and on two ranks of half the threads each; scripts/bench ranks
calls it. No peer: what is compared are the ways to compute one batch."""

import argparse
import json
import os
import statistics
import subprocess

from compare import rounds, setting

PROGRAM = rounds.PROGRAMS / "plastic_bench_ranks"
WHOLE = "one process, whole batch"
SHARDED = "one process, 8 shards"
RANKS = "2 ranks, 8 shards"
FEW = "2 ranks, 2 shards"
PLAIN = "2 ranks, --shards 0"
WAYS = {  # ranks, shards
    WHOLE: (1, "none"),
    SHARDED: (1, "8"),
    RANKS: (2, "8"),
    FEW: (2, "2"),
    PLAIN: (2, "0"),
}
COMPARED = (
    ("ranks-vs-whole", WHOLE, RANKS),
    ("plain-ranks-vs-whole", WHOLE, PLAIN),
    ("ranks-vs-plain-ranks", PLAIN, RANKS),
    ("shards-vs-whole", WHOLE, SHARDED),
)


def measure(model, way, options):
    ranks, shards = WAYS[way]
    command = [PROGRAM, model, str(options.batch), shards, str(options.threads // ranks),
               str(options.min_time)]
    if ranks > 1:
        # The threads of both take all processors: neither is bound to a part of them.
        command = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), *command]
    environment = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    result = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if result.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}:\n{result.stderr}")
    return json.loads(result.stdout)


def report(model, series):
    print(f"\n{model:28} {'median ms':>10}  {'[smallest-largest]':22} "
          f"{'sums ms':>8} {'gradients ms':>12} {'messages':>8} {'MB sent':>8}")
    medians = {}
    for way, entries in series.items():
        seconds = [entry["seconds"] for entry in entries]
        medians[way] = statistics.median(seconds)
        parts = {name: statistics.median(entry[name] for entry in entries)
                 for name in ("gather_seconds", "exchange_seconds")}
        last = entries[-1]
        print(f"  {way:26} {1e3 * medians[way]:10.3f}  "
              + f"[{1e3 * min(seconds):.3f}-{1e3 * max(seconds):.3f}]".ljust(22)
              + f" {1e3 * parts['gather_seconds']:8.2f} {1e3 * parts['exchange_seconds']:12.2f} "
              f"{last['gathers'] + last['exchanges']:8.0f} {last['bytes'] / 1e6:8.2f}")
    for name, slower, faster in COMPARED:
        print(f"ratio: {model}-{name} {medians[slower] / medians[faster]:.3f}")


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench ranks")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2, help="of one process; each rank has half")
    parser.add_argument("--min-time", type=float, default=1)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--models", default="mlp,small_cnn,resnet18")
    options = parser.parse_args()
    if options.threads < 2 or options.threads % 2:
        parser.error("--threads: two ranks share them out, so it is an even number")
    print(f"{setting.processor()}, {options.threads} threads in all, batch {options.batch}, Plastic "
          f"{setting.plastic_version()}, medians of {options.rounds} rounds; load average "
          f"{setting.load()}")
    print("sums: of batch normalisations and losses; both of rank 0, waiting for the other included")
    for model in options.models.split(","):
        series = {way: [] for way in WAYS}
        for number in range(1, options.rounds + 1):
            for way, entries in series.items():
                rounds.progress(f"{model}: round {number} of {options.rounds}, {way}")
                entries.append(measure(model, way, options))
        rounds.progress("")
        report(model, series)


if __name__ == "__main__":
    main()
