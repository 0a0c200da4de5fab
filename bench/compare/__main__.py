"""Runs Plastic and its peers alternately and prints what came out; scripts/bench calls it.

Medians and ratios, never single timings: in each round the peers run right after Plastic, so that a
machine that grows slower slows all of them.
"""

import argparse
import signal
import subprocess
import sys

from compare import conv, report, rounds, setting, suites


def positive(kind):
    def parse(text):
        value = kind(text)
        if value <= 0:
            raise ValueError
        return value
    parse.__name__ = f"positive {kind.__name__}"
    return parse


def batch_list(text):
    return tuple(positive(int)(item) for item in text.split(","))


def one_of(allowed):
    def parse(text):
        if not set(text.split(",")) <= set(allowed):
            raise argparse.ArgumentTypeError(f"takes {' or '.join(allowed)}, or both")
        return tuple(text.split(","))
    return parse


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("suite", choices=(*suites.SUITES, "all"))
    parser.add_argument("--rounds", type=positive(int), default=7)
    parser.add_argument("--threads", type=positive(int), default=2)
    parser.add_argument("--min-time", type=positive(float), dest="seconds",
                        help="seconds measured in each round for each entry")
    parser.add_argument("--batches", type=batch_list, help="batch sizes of models")
    parser.add_argument("--models", type=one_of(("small_cnn", "resnet18")),
                        default=("small_cnn", "resnet18"), help="models of cnn and inference")
    parser.add_argument("--precisions", type=one_of(("f32", "bf16")),
                        default=("f32", "bf16") if setting.has_bf16() else ("f32",))
    parser.add_argument("--compile-limit", type=positive(float), default=600,
                        help="seconds that torch.compile may take for one entry")
    options = parser.parse_args()
    if options.suite == "conv" and len(options.batches or ()) > 1:
        parser.error("conv takes one batch size")
    if options.suite == "all" and options.batches:
        parser.error("--batches goes with one suite")
    return options


def run_suite(name, options):
    """Prints all about one suite; returns its rows of the summary and the peers' setting."""
    suite = suites.SUITES[name]
    options.min_time = options.seconds or suite.min_time
    groups = list(suite.groups(options.batches or suite.batches, options.models))
    results = rounds.Results()
    print(f"\n{name}: {suite.what}")
    for group in groups:
        rounds.measure(group, options, results)
    setting.describe(options, results)
    if name == "conv":
        batch = groups[0].batch
        conv.report(results.plastic, results.peers, batch)
        sys.stdout.flush()
        for model in options.models:
            subprocess.run([rounds.PROGRAMS / "plastic_bench_step_profile", model, str(batch),
                            str(options.threads)], check=True)
        return conv.summary_rows(results.plastic, results.peers, batch), results.context
    report.tables(results)
    report.ratios(groups, results)
    if name == "optimizers":
        report.bounds(results)
    return list(report.summary_rows(groups, results)), results.context


def main():
    options = parse_arguments()
    sys.stdout.reconfigure(line_buffering=True)
    rows = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: stopped"))  # peers end with it
    rounds.prepare_peers(options.threads)
    other_work = setting.OtherWork()
    try:
        for name in suites.SUITES if options.suite == "all" else (options.suite,):
            more, context = run_suite(name, options)
            rows += more
    except rounds.Failure as failure:
        sys.exit(f"bench: {failure}")
    report.summary(rows, options, context, other_work)
    other_work.report()


if __name__ == "__main__":
    main()
