"""A machine that has a card, acted out: a folder of programs that stand before the real ones on the
path, and a checkout whose packed programs are scripts."""

import io
import json
import lzma
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))

from gpu_check import build, pack  # noqa: E402

NVIDIA_SMI = 'echo "NVIDIA H100 80GB HBM3, 81559 MiB, 580.159.04, 9.0"'

# Lists four tests of three families, and runs those that it is asked for by name.
TESTS = r"""
case "$*" in
  *--list-test-cases*)
    printf '%s\n' '[doctest] listing all test case names' '=====' cuda.ops.f32_agrees \
      cuda.gemm.layouts cuda.gemm.empty cuda.optim.neuroplastic.golden core.ops.gradcheck '====='
    exit 0 ;;
esac
names=${1#-tc=}
count=$(echo "$names" | tr , '\n' | wc -l)
FAILING
echo "[doctest] test cases: $count | $count passed | 0 failed | 9 skipped"
echo "[doctest] assertions: $((count * 10)) | $((count * 10)) passed | 0 failed |"
echo "[doctest] Status: SUCCESS!"
"""

# Leaves a run behind, as plastic train does; `info` finds a card.
PLASTIC = r"""
if [ "$1" = info ]; then
  echo "devices              the CPU"
  echo "                     NVIDIA H100, 79 GiB, compute capability 9.0"
  echo "libraries            cuBLASLt 13.1.0, /opt/nvidia/cu13/lib/libcublasLt.so.13"
  echo "                     cuDNN 9.19.0, /opt/nvidia/cudnn/lib/libcudnn.so.9"
  exit 0
fi
exec python3 -S - "$@" <<'END'
import json, os, struct, sys
arguments = sys.argv[1:]
folder = arguments[arguments.index("--out") + 1]
os.makedirs(folder, exist_ok=True)
with open(folder + "/metrics.jsonl", "w") as stream:
    for loss in (2.0, 1.5, 1.0):
        stream.write(json.dumps({"train_loss": loss, "test_accuracy": 0.5}) + "\n")
content = {"w": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]},
           "epoch.seconds": {"dtype": "U8", "shape": [1], "data_offsets": [2, 3]}}
header = json.dumps(content).encode()
data = os.environ.get("WEIGHTS_OF_" + os.path.basename(folder).split("-")[-1], "ab").encode()
with open(folder + "/checkpoint.safetensors", "wb") as stream:
    stream.write(struct.pack("<Q", len(header)) + header + data + os.urandom(1))
END
"""

BENCH = r"""
echo '{"name": "copy", "seconds": 0.001, "parameters": 268435456}'
for rule in sgd adam neuroplastic; do
  echo "{\"name\": \"optimizer/$rule\", \"seconds\": 0.0003, \"parameters\": 11173962}"
done
echo '{"name": "graph/resnet18/batch128/bf16", "seconds": 0.004, "parameters": 11173962}'
"""


def script(path, body):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + body)
    path.chmod(0o755)


class Machine:
    """Its files go with it. `env` is what its programs see."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name)
        self.bin = self.root / "bin"
        self.bin.mkdir()
        self.checkout = self.root / "checkout"
        (self.checkout / "core").mkdir(parents=True)
        (self.checkout / "CMakeLists.txt").write_text("project(plastic)\n")
        (self.checkout / "core/tensor.cpp").write_text("int x;\n")
        self.env = {**os.environ, "PATH": f"{self.bin}:/usr/bin:/bin",
                    "PYTHONPATH": str(ROOT / "bench"), "PYTHONDONTWRITEBYTECODE": "1"}
        for name in ("LD_LIBRARY_PATH", "OUT", "CXX", "CUDA_HOME", "CUDA_PATH"):
            self.env.pop(name, None)
        self.program("python3", f'exec "{sys.executable}" "$@"')

    def close(self):
        self.folder.cleanup()

    def program(self, name, body):
        """A program on the path."""
        script(self.bin / name, body)

    def pack(self, tests_fail="", plastic=PLASTIC, bench=BENCH, architectures=(90,)):
        """Packed programs of these sources."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for name, body in ((build.PLASTIC, plastic), (build.BENCH, bench),
                               (build.TESTS, TESTS.replace("FAILING", tests_fail))):
                content = ("#!/bin/sh\n" + body).encode()
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
        (self.checkout / ".gpu").mkdir(exist_ok=True)
        (self.checkout / pack.PROGRAMS).write_bytes(lzma.compress(archive.getvalue(), preset=0))
        (self.checkout / pack.DESCRIPTION).write_text(json.dumps(
            {"architectures": list(architectures),
             "sources": build.sources_hash(self.checkout)}))

    def check(self, *arguments, timeout=60):
        """Runs gpu-check; its exit code."""
        result = subprocess.run([sys.executable, "-m", "gpu_check", *arguments], cwd=self.checkout,
                                env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, timeout=timeout, check=False)
        self.output = result.stdout
        return result.returncode

    def start(self, *arguments):
        return subprocess.Popen([sys.executable, "-m", "gpu_check", *arguments], cwd=self.checkout,
                                env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)

    @property
    def out(self):
        return self.checkout / "runs/gpu-check"

    @property
    def table(self):
        return (self.out / "table.txt").read_text()

    def row(self, *words):
        """The one line of the table that has all of these words."""
        found = [line for line in self.table.splitlines() if all(word in line for word in words)]
        assert len(found) == 1, (words, self.table)
        return found[0]

    def logs(self):
        with tarfile.open(self.out / "logs.tar.gz") as tar:
            return {member.name.removeprefix("logs/"): tar.extractfile(member).read().decode()
                    for member in tar.getmembers()}
