"""Runs Plastic's programs and the peers' processes in turn, and keeps what each round measured.

Plastic's program of a group starts once per round. A peer's process starts once, prepares its entry,
and then answers in each round: to load PyTorch and to compile a network take far longer than to measure.
Peers fork from a process that has loaded PyTorch and has used nothing of it.
"""

import json
import multiprocessing
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from compare import setting, suites

PROGRAMS = Path("build/bench")  # scripts/bench enters the root


class Failure(Exception):
    """What ends the comparison."""


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


class Results:
    """Series by entry, of both sides; peers that were left out, with the reason."""

    def __init__(self):
        self.plastic = {}
        self.peers = {}
        self.skipped = {}
        self.memory = {}  # of peers under glibc's own settings, bytes
        self.level = None  # of instructions that Plastic uses
        self.bf16 = None  # how Plastic computes in it
        self.context = None  # of the peers; see bench/peers/peer.py

    @staticmethod
    def add(table, entries):
        for name, entry in entries.items():
            table.setdefault(name, Series(name)).add(entry)

    def best(self, names):
        """The fastest series of those names, or None."""
        found = [self.peers[name] for name in names if name in self.peers]
        return min(found, key=lambda series: series.median, default=None)


def cache_folder():
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(home, "plastic", "inductor")


KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 33),
               "MALLOC_TOP_PAD_": str(1 << 28)}


def prepare_peers(threads):
    """Starts what peers fork from. PyTorch at its best: memory is kept from step to step, and what is
    compiled for the next run."""
    os.environ.update({
        "OMP_NUM_THREADS": str(threads),
        "TORCHINDUCTOR_CACHE_DIR": cache_folder(),
        "TORCHINDUCTOR_COMPILE_THREADS": "1",  # no pool of processes that outlives a compilation
        **KEEP_MEMORY,
    })
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["peer", "torch._inductor.compile_fx"])
    first = context.Process(target=int)  # ends when all that is loaded
    first.start()
    first.join()


def serve(*arguments):
    """Only the peers' processes load PyTorch."""
    import peer  # pylint: disable=import-outside-toplevel
    peer.serve(*arguments)


class Peer:
    """A process that times one entry whenever it is asked. The C library reads how to treat memory
    when a program starts, so without keep_memory it is a program of its own."""

    def __init__(self, suite, entry, options, keep_memory=True):
        self.entry = entry
        self.forks = keep_memory
        self.errors = tempfile.NamedTemporaryFile("r", errors="replace")
        context = multiprocessing.get_context("forkserver" if keep_memory else "spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(
            target=serve, daemon=True,
            args=(theirs, self.errors.name, suite, entry, options.threads, options.min_time))
        if self.forks:
            self.process.start()
        else:
            for name in KEEP_MEMORY:
                del os.environ[name]
            self.process.start()
            os.environ.update(KEEP_MEMORY)
        theirs.close()

    def answer(self, limit=None):
        """The next message. TimeoutError after `limit` seconds; Failure where there is none."""
        if not self.connection.poll(limit):
            raise TimeoutError
        try:
            message = self.connection.recv()
        except (EOFError, ConnectionResetError):
            message = (self.errors.read().strip().splitlines() or ["it ended without a word"])[-1]
        if isinstance(message, str):
            raise Failure(f"{self.entry}: {message}")
        return message

    def measure(self):
        self.connection.send("measure")
        return self.answer()

    def close(self):
        if self.process.is_alive():
            if self.forks:
                setting.OtherWork.count(self.process.pid)
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:  # it has no group of its own yet
                self.process.kill()
        self.process.join()
        self.connection.close()
        self.errors.close()


def start(suite, entry, options, results, keep_memory=True):
    """A peer that is ready, or None where it compiles and that failed or took too long."""
    compiles = suites.COMPILED in entry
    peer = Peer(suite, entry, options, keep_memory)
    try:
        context = peer.answer(options.compile_limit if compiles else None)
    except TimeoutError:
        reason = f"not compiled within {options.compile_limit:g} s (--compile-limit)"
    except Failure as failure:
        if not compiles:
            peer.close()
            raise
        reason = str(failure).removeprefix(f"{entry}: ")
    except BaseException:
        peer.close()
        raise
    else:
        results.context = results.context or context
        return peer
    peer.close()
    results.skipped[entry] = reason
    return None


def measure_plastic(group, precision, options, results):
    """Adds what Plastic's program of the suite measures in a precision."""
    # Google Benchmark's expressions may know no escaped hyphen.
    wanted = "|".join(map(re.escape, group.ours(precision))).replace(r"\-", "-")
    command = [str(PROGRAMS / f"plastic_bench_{group.suite}"), "--benchmark_format=json",
               f"--threads={options.threads}", f"--min-time={options.min_time}",
               f"--batches={group.batch}", f"--precision={precision}",
               f"--benchmark_filter={f'^({wanted})(/min_time.*)?$' if wanted else '.'}"]
    result = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if result.returncode != 0:
        raise Failure(f"failed with {result.returncode}: {' '.join(command)}")
    output = json.loads(result.stdout)
    results.level = output["context"]["level"]
    results.bf16 = output["context"]["bf16"]
    for entry in output["benchmarks"]:
        name = entry["name"].split("/min_time")[0]
        results.add(results.plastic, {suites.in_bf16(name) if precision == "bf16" else name:
                                      {"seconds": entry["real_time"] / 1e3, **entry}})


def progress(text):
    if sys.stderr.isatty():
        print(f"\r{text:70}", end="\r" if not text else "", file=sys.stderr, flush=True)


def peer_entries(group, options):
    if group.suite == "conv":
        return tuple(f"{layout}/batch{group.batch}" for layout in ("nchw", "channels_last"))
    return group.peers("bf16" in options.precisions)


def measure(group, options, results):
    entries = peer_entries(group, options)
    precisions = ["f32"]
    if "bf16" in options.precisions and group.ours("bf16"):
        precisions.append("bf16")
    peers = []
    try:
        for entry in entries:
            progress(f"{group.suite}: preparing {entry}")
            peer = start(group.suite, entry, options, results)
            if peer:
                peers.append(peer)
        for number in range(1, options.rounds + 1):
            progress(f"{group.suite}: round {number} of {options.rounds}")
            for precision in precisions:
                measure_plastic(group, precision, options, results)
            for peer in peers:
                results.add(results.peers, peer.measure())
    finally:
        for peer in peers:
            peer.close()
    if group.memory:
        measure_memory(group, entries, options, results)
    progress("")
    check_same_models(group, results)


def measure_memory(group, entries, options, results):
    """The least that the peer needs: memory kept from step to step makes it faster and larger."""
    for entry in entries:
        if suites.COMPILED in entry or "bf16" in entry:
            continue
        progress(f"{group.suite}: memory of {entry}")
        peer = start(group.suite, entry, options, results, keep_memory=False)
        try:
            results.memory[entry] = peer.measure()[entry]["peak_memory"]
        finally:
            peer.close()


def check_same_models(group, results):
    for case in group.cases:
        ours = results.plastic[case.ours].parameters
        for name in case.peers + case.bf16:
            theirs = results.peers.get(name)
            if theirs and theirs.parameters != ours:
                raise Failure(f"{name}: {ours:.0f} parameters here, {theirs.parameters} there")
