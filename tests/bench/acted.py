"""A folder in which bench/compare runs: programs and peers that are acted out, by a clock of their own."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# 1 ms per entry of the filter, whatever it is, and half of that in bf16.
PROGRAM = """#!/usr/bin/env python3
import json, re, sys
from pathlib import Path
with Path("log").open("a") as log:
    log.write("plastic\\n")
wanted = next(a for a in sys.argv if a.startswith("--benchmark_filter=")).partition("=")[2]
ms = 0.5 if "--precision=bf16" in sys.argv else 1.0
names = wanted[wanted.index("(") + 1:wanted.index(")")].replace("\\\\", "").split("|")
print(json.dumps({"context": {"level": "acted instructions", "bf16": "acted tiles"}, "benchmarks": [
    {"name": f"{name}/min_time:0.2/real_time", "real_time": ms, "parameters": 10.0,
     "peak_memory": 1e6} for name in names]}))
"""

TORCH = """
import time
__version__ = "9.9"
clock = [0.0]
time.perf_counter = lambda: clock[0]
class backends:
    class cpu:
        get_cpu_capability = staticmethod(lambda: "ACTED")
get_num_threads = lambda: 2
set_num_threads = set_flush_denormal = manual_seed = lambda value: None
"""

# How many ms each word takes.
PEER = """
import os, time, torch
from pathlib import Path
MS = {times!r}
def prepare(entry, threads):
    with Path("log").open("a") as log:
        log.write(f"prepare {{entry}} {{os.getpid()}}\\n")
        log.write("keeps memory\\n" if "MALLOC_MMAP_MAX_" in os.environ else "")
    ms = next(ms for words, ms in MS.items() if all(w in entry.split("/")[0] for w in words.split()))
    if ms == "hangs":
        time.sleep(1000)
    if ms == "dies":
        os._exit(3)
    if ms == "fails":
        raise ValueError("no such way\\nand more")
    def step():
        torch.clock[0] += ms / 1000
    return {{entry: (step, {parameters})}}
"""


class Acted:
    def __init__(self, times, parameters=10):
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        (self.root / "build/bench").mkdir(parents=True)
        (self.root / "torch.py").write_text(TORCH)
        for suite in ("mlp", "cnn"):
            program = self.root / f"build/bench/plastic_bench_{suite}"
            program.write_text(PROGRAM)
            program.chmod(0o755)
            (self.root / f"torch_{suite}.py").write_text(
                PEER.format(times=times, parameters=parameters))

    def close(self):
        self.folder.cleanup()

    def compare(self, *arguments, suite="mlp"):
        path = os.pathsep.join(map(str, (self.root, ROOT / "bench", ROOT / "bench/peers")))
        return subprocess.run(
            [sys.executable, "-m", "compare", suite, "--batches", "16", "--rounds", "2", *arguments],
            cwd=self.root, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, check=False)

    def log(self):
        return (self.root / "log").read_text().splitlines()
