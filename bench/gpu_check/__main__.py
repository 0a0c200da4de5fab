"""Arguments, and which sections run in which order; see scripts/gpu-check."""

import argparse
import os
import pathlib
import shutil
import signal
import sys

from gpu_check import (cifar, card, kernels, pack, peers, places, programs, sanitizer, speed, tests,
                       trainings)
from gpu_check.jobs import Runner
from gpu_check.table import Table

# By worth: what comes first is known if the time ends.
SECTIONS = {"tests": tests, "trainings": trainings, "speed": speed, "sanitizer": sanitizer,
            "peers": peers, "kernels": kernels, "cifar": cifar}
# What fits into one call on a machine that is lent for minutes: sections, seconds. Ten of the
# call's own limit remain to hand back the logs.
CALLS = {1: (("tests", "trainings", "speed"), 230),
         2: (("sanitizer",), 140),
         3: (("peers", "kernels"), 230)}
SECONDS = 620


class Check:
    """What every section is given."""

    def __init__(self, options):
        self.options = options
        self.build = pathlib.Path("build-gpu").resolve()
        logs = pathlib.Path(options.logs).resolve()
        self.runs = logs.parent / "runs"
        for folder in (logs, self.runs):
            shutil.rmtree(folder, ignore_errors=True)
        self.table = Table(options.out, logs)
        self.runner = Runner(self.table.logs, options.seconds)
        self.capability = 0  # 90 for compute capability 9.0; 0: unknown
        self.info = ""  # what `plastic info` prints


def run(check, chosen):
    try:
        found = card.run(check)
        ready = programs.run(check) and found and programs.has_device(check)
        check.table.write()
        for name in chosen:
            if ready:
                SECTIONS[name].run(check)
            else:
                check.table.not_run(name, "all", "no card" if not found else "see above")
            check.table.write()
    finally:
        check.runner.stop()
        check.table.write()


def parse(arguments):
    parser = argparse.ArgumentParser(prog="scripts/gpu-check")
    parser.add_argument("--call", type=int, choices=CALLS, help="the sections of one call of three")
    parser.add_argument("--only", help=f"sections, comma-separated: {', '.join(SECTIONS)}")
    parser.add_argument("--build", action="store_true", help="build, even if programs were packed")
    parser.add_argument("--out", default=os.environ.get("OUT") or "runs/gpu-check",
                        help="folder for table.txt and logs.tar.gz")
    parser.add_argument("--logs", default="runs/gpu-check/logs", help="folder for the logs")
    parser.add_argument("--seconds", type=float, help="after which nothing is run any more")
    options = parser.parse_args(arguments)
    sections, seconds = CALLS.get(options.call, (tuple(SECTIONS), SECONDS))
    chosen = options.only.split(",") if options.only else sections
    unknown = [name for name in chosen if name not in SECTIONS]
    if unknown:
        parser.error(f"no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    options.seconds = seconds if options.seconds is None else options.seconds
    return options, chosen


def main():
    if sys.argv[1:2] == ["pack"]:
        pack.main(sys.argv[2:])
        return
    options, chosen = parse(sys.argv[1:])
    os.environ["LD_LIBRARY_PATH"] = places.library_path()
    check = Check(options)
    # A limit from outside ends us so: the table and the logs are written all the same.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    run(check, chosen)
    print("=" * 100)
    print(check.table.whole_text(), end="")
    sys.exit(check.table.exit_code())


if __name__ == "__main__":
    main()
