"""What scripts/gpu-check runs on a machine with a CUDA device; see there. Prints a line for each
check as it ends and one table last; exits with 1 if any failed or did not run."""

import argparse
import json
import lzma
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

BUILD = pathlib.Path("build-gpu")
DEPS = pathlib.Path(".gpu/deps")
OPTIMIZER_BYTES = {"sgd": 20, "adam": 28, "neuroplastic": 60}  # a parameter; cuda/neuroplastic.cu
CURVE_BOUND = 0.02  # of an epoch's training loss, relative

# Section, what it shows, the seconds it may take at most.
SECTIONS = {
    "build": ("build with CUDA, warnings as errors", 180),
    "ops": ("(a) every op case against the CPU", 60),
    "golden": ("(b) golden trajectories", 40),
    "sanitizer": ("(c) compute-sanitizer on short trainings", 100),
    "curves": ("(d) loss curves follow the CPU's", 110),
    "bench": ("(e) against PyTorch", 240),
    "cifar": ("(f) CIFAR-10 to 94%", 300),
}


class Table:
    def __init__(self):
        self.rows = []

    def add(self, section, name, ok, text):
        self.rows.append((section, name, ok, text))
        print(self.line(self.rows[-1]), flush=True)

    @staticmethod
    def line(row):
        section, name, ok, text = row
        mark = {True: "pass", False: "FAIL", None: "    "}[ok]
        return f"{mark}  {section:9} {name:44} {text}"

    def failed(self):
        return [row for row in self.rows if row[2] is False]

    def print_all(self):
        print("\n" + "=" * 100)
        for row in self.rows:
            print(self.line(row))
        print("=" * 100)
        failed = len(self.failed())
        print("gpu-check: " + ("all passed" if failed == 0 else f"{failed} FAILED"))


class Check:
    def __init__(self, options):
        self.options = options
        self.table = Table()
        self.deadline = time.monotonic() + options.seconds
        self.logs = pathlib.Path(options.out)
        self.logs.mkdir(parents=True, exist_ok=True)

    def run(self, name, command, limit):
        """(exit code, output), the code None where time ran out. The output goes to a file, too."""
        left = min(limit, self.deadline - time.monotonic())
        if left < 5:
            return None, "no time left"
        started = time.monotonic()
        try:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                       text=True, errors="replace", start_new_session=True)
        except OSError as error:
            return error.errno, str(error)
        try:
            output, _ = process.communicate(timeout=left)
            code = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            output, _ = process.communicate()
            code = None
        log = self.logs / f"{name}.log"
        log.write_text(f"$ {' '.join(map(str, command))}\n{output}\n"
                       f"exit {code}, {time.monotonic() - started:.1f} s\n", encoding="utf-8")
        return code, output

    def report_failure(self, output, lines=15):
        print("\n".join("    | " + line for line in output.splitlines()[-lines:]), flush=True)

    # What is there.

    def environment(self):
        code, output = self.run("nvidia-smi", ["nvidia-smi", "--query-gpu=name,memory.total,"
                                               "driver_version,compute_cap",
                                               "--format=csv,noheader"], 20)
        if code != 0:
            self.table.add("device", "nvidia-smi", False, output.strip()[:80])
            return False
        self.table.add("device", "card", None, output.strip())
        _, nvcc = self.run("nvcc", ["nvcc", "--version"], 20)
        versions = re.findall(r"release ([\d.]+)", nvcc)
        self.table.add("device", "nvcc", None, versions[0] if versions else "not found")
        return True

    # (0) Build.

    def cudnn_folders(self):
        """Where a Python package has cuDNN, if one does: (header folder, library folder)."""
        code = ("import nvidia.cudnn, pathlib; p = pathlib.Path(list(nvidia.cudnn.__path__)[0]); "
                "print(p)")
        result = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, text=True, check=False)
        if result.returncode != 0:
            return None
        root = pathlib.Path(result.stdout.strip())
        return (root / "include", root / "lib") if (root / "include/cudnn.h").exists() else None

    def build(self):
        options = ["-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DPLASTIC_CUDA=ON",
                   "-DPLASTIC_BUILD_BENCH=OFF", "-DPLASTIC_BUILD_GPU_CHECK=ON",
                   "-DPLASTIC_DOWNLOAD=OFF", "-DPLASTIC_ZLIB=OFF", "-DPLASTIC_LZMA=OFF",
                   "-DPLASTIC_CSV=OFF", "-DPLASTIC_IMAGES=OFF"]
        compiler = os.environ.get("CXX", "g++")
        version = subprocess.run([compiler, "-dumpversion"], stdout=subprocess.PIPE, text=True,
                                 check=False).stdout
        # As in scripts/build: only the compiler that we test with must have no warnings.
        if not version.startswith("12"):
            options.append("-DPLASTIC_WERROR=OFF")
        if DEPS.exists():
            options.append(f"-DCMAKE_PREFIX_PATH={DEPS.resolve()}/usr")
        folders = self.cudnn_folders()
        if folders:
            options.append(f"-DPLASTIC_CUDNN_INCLUDE={folders[0]}")
            os.environ["LD_LIBRARY_PATH"] = \
                f"{folders[1]}:{os.environ.get('LD_LIBRARY_PATH', '')}"
        limit = SECTIONS["build"][1]
        started = time.monotonic()
        code, output = self.run("configure", ["cmake", "-B", BUILD, *options], limit)
        if code == 0:
            code, output = self.run("compile", ["cmake", "--build", BUILD, "--parallel",
                                                str(os.cpu_count()), "--target",
                                                "plastic_tests", "plastic-cli",
                                                "plastic_bench_device"], limit)
        self.table.add("build", SECTIONS["build"][0], code == 0,
                       f"{time.monotonic() - started:.0f} s, g++ {version.strip()}")
        if code != 0:
            self.report_failure(output, 40)
        return code == 0

    # (a), (b) Tests.

    def tests(self, section, pattern):
        code, output = self.run(section, [BUILD / "tests/plastic_tests", f"-tc={pattern}"],
                                SECTIONS[section][1])
        counts = re.findall(r"test cases: *(\d+) \| *(\d+) passed \| *(\d+) failed", output)
        skipped = "skipped: no CUDA device" in output
        ok = code == 0 and bool(counts) and int(counts[-1][0]) > 0 and not skipped
        assertions = re.findall(r"assertions: *(\d+)", output)
        text = f"{counts[-1][1]} of {counts[-1][0]} tests, {assertions[-1]} checks" if counts \
            else f"exit {code}"
        self.table.add(section, SECTIONS[section][0], ok, text + (", SKIPPED" if skipped else ""))
        if not ok:
            self.report_failure(output, 60)

    def ops(self):
        self.tests("ops", "cuda.*")

    def golden(self):
        self.tests("golden", "cuda.optim.*golden*,cuda.optim.torch*")

    # (c) compute-sanitizer.

    def sanitizer(self):
        tool = shutil.which("compute-sanitizer") or "/usr/local/cuda/bin/compute-sanitizer"
        if not os.path.exists(tool):
            self.table.add("sanitizer", SECTIONS["sanitizer"][0], False, "not installed")
            return
        trainings = {
            "mlp": ["--data", "digits", "--model", "mlp", "--fraction", "0.01"],
            "small_cnn": ["--data", "shapes", "--model", "small_cnn", "--augment", "crop,flip",
                          "--fraction", "0.01"],
        }
        for kind in ("memcheck", "racecheck"):
            for model, arguments in trainings.items():
                code, output = self.run(
                    f"{kind}-{model}",
                    [tool, "--tool", kind, "--error-exitcode", "9", BUILD / "plastic", "train",
                     *arguments, "--device", "cuda", "--epochs", "2", "--batch-size", "32"],
                    SECTIONS["sanitizer"][1] / 2)
                found = re.findall(r"(?:ERROR|RACECHECK) SUMMARY: (.*)", output)
                self.table.add("sanitizer", f"{kind}, {model}", code == 0,
                               found[-1] if found else f"exit {code}")
                if code != 0:
                    self.report_failure(output, 25)

    # (d) Loss curves.

    def curve(self, model, data, device):
        folder = self.logs / f"curve-{model}-{device}"
        code, output = self.run(
            f"curve-{model}-{device}",
            [BUILD / "plastic", "train", "--data", data, "--model", model, "--optimizer", "sgd",
             "--fraction", "0.2" if model == "mlp" else "0.1", "--epochs", "3",
             "--batch-size", "64", "--device", device, "--threads", str(os.cpu_count()),
             "--out", folder, "--overwrite"],
            SECTIONS["curves"][1])
        if code != 0:
            self.report_failure(output)
            return None
        lines = (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line)["train_loss"] for line in lines if line.strip()]

    def curves(self):
        for model, data in (("mlp", "digits"), ("small_cnn", "shapes"), ("resnet18", "shapes")):
            cpu = self.curve(model, data, "cpu")
            gpu = self.curve(model, data, "cuda")
            if not cpu or not gpu or len(cpu) != len(gpu):
                self.table.add("curves", model, False, "a training failed")
                continue
            worst = max(abs(a - b) / b for a, b in zip(gpu, cpu))
            self.table.add("curves", f"{model}, 3 epochs", worst <= CURVE_BOUND,
                           f"worst {worst:.2e} of at most {CURVE_BOUND}")

    # (e) Benchmarks.

    def entries(self, name, command):
        code, output = self.run(name, command, SECTIONS["bench"][1])
        found = {}
        for line in output.splitlines():
            if line.startswith("{"):
                entry = json.loads(line)
                found[entry["name"]] = entry
        if code != 0:
            self.table.add("bench", name, False, f"exit {code}")
            self.report_failure(output)
        return found

    def bench(self):
        peers = [sys.executable, "bench/peers/torch_device.py", "--min-time", "0.3"]
        ours = self.entries("plastic", [BUILD / "bench/plastic_bench_device", "--min-time=0.3",
                                        "--precisions=tf32,bf16", "--models=resnet18",
                                        "--batches=128,512"])
        theirs = self.entries("torch-optimizers", [*peers, "--optimizers"])
        self.compare_optimizers(ours, theirs)
        for precision, batch, modes in (("bf16", "128", "eager,compile"),
                                        ("tf32", "128", "eager,compile"),
                                        ("bf16", "512", "eager,compile"),
                                        ("tf32", "512", "eager")):
            peer = self.entries(f"torch-{precision}-{batch}",
                                [*peers, "--precisions", precision, "--models", "resnet18",
                                 "--batches", batch, "--modes", modes])
            self.compare_steps(ours, peer, precision, int(batch), modes.split(","))
        small = ["--precisions=tf32", "--models=mlp,small_cnn", "--batches=128"]
        more = self.entries("plastic-small",
                            [BUILD / "bench/plastic_bench_device", "--min-time=0.2", *small])
        peer = self.entries("torch-small", [*peers, "--precisions", "tf32", "--models",
                                            "mlp,small_cnn", "--modes", "eager"])
        for model in ("mlp", "small_cnn"):
            self.compare_steps(more, peer, "tf32", 128, ["eager"], model)

    def compare_optimizers(self, ours, theirs):
        if "copy" not in ours:
            return
        bandwidth = 8 * ours["copy"]["parameters"] / ours["copy"]["seconds"]
        self.table.add("bench", "copy on the device", None, f"{bandwidth / 1e9:.0f} GB/s")
        for rule, size in OPTIMIZER_BYTES.items():
            mine = ours.get(f"optimizer/{rule}")
            peer = theirs.get(f"optimizer/{rule}")
            if not mine or not peer:
                self.table.add("bench", f"optimizer {rule}", False, "not measured")
                continue
            bound = size * mine["parameters"] / bandwidth
            over_bound = mine["seconds"] / bound
            ratio = peer["seconds"] / mine["seconds"]
            ok = {"sgd": None, "adam": ratio >= 1 / 1.15,
                  "neuroplastic": ratio >= 50 and over_bound <= 1.5}[rule]
            against = "reference" if rule == "neuroplastic" else "PyTorch fused"
            self.table.add("bench", f"optimizer {rule}, resnet18", ok,
                           f"{mine['seconds'] * 1e6:.0f} us, {over_bound:.2f} of {size} B a "
                           f"parameter; {against} {ratio:.2f}x the time")

    def compare_steps(self, ours, theirs, precision, batch, modes, model="resnet18"):
        name = f"{model}/batch{batch}/{precision}"
        mine = ours.get(f"graph/{name}")
        if not mine:
            self.table.add("bench", name, False, "not measured")
            return
        asked = {"eager": 2.0, "compile": 1.2} if model == "resnet18" and batch == 128 else {}
        for mode in modes:
            peer = theirs.get(f"{mode}/{name}")
            if not peer:
                self.table.add("bench", f"{name} against {mode}", False, "not measured")
                continue
            ratio = peer["seconds"] / mine["seconds"]
            wanted = asked.get(mode)
            self.table.add("bench", f"{name} against {mode}",
                           None if wanted is None else ratio >= wanted,
                           f"{batch / mine['seconds']:.0f} / {batch / peer['seconds']:.0f} images/s"
                           f" = {ratio:.2f}" + (f" (asked {wanted})" if wanted else ""))

    # (f) CIFAR-10.

    def cifar(self):
        """Decompresses what was carried into .gpu/cifar-*/ and trains to 94%."""
        folder = pathlib.Path(".gpu/cifar-10")
        folder.mkdir(parents=True, exist_ok=True)
        for packed in pathlib.Path(".gpu").glob("cifar-part*/*.bin.xz"):
            target = folder / packed.stem
            if not target.exists():
                target.write_bytes(lzma.decompress(packed.read_bytes()))
        found = len(list(folder.glob("*.bin")))
        if found < 6:
            self.table.add("cifar", SECTIONS["cifar"][0], None,
                           f"not run: {found} of 6 files are here (scripts/gpu-check pack)")
            return
        out = self.logs / "cifar"
        started = time.monotonic()
        code, output = self.run(
            "cifar", [BUILD / "plastic", "train", "--data", "cifar-10", "--data-dir", folder,
                      "--model", "resnet18", "--optimizer", "sgd", "--lr", "0.1",
                      "--weight-decay", "5e-4", "--schedule", "one-cycle", "--augment",
                      "crop,flip", "--batch-size", "128", "--epochs", "30", "--device", "cuda",
                      "--precision", "bf16", "--out", out, "--overwrite"],
            SECTIONS["cifar"][1])
        seconds = time.monotonic() - started
        if code != 0:
            self.report_failure(output)
            self.table.add("cifar", SECTIONS["cifar"][0], False, f"exit {code}")
            return
        lines = (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        accuracy = json.loads(lines[-1])["test_accuracy"]
        self.table.add("cifar", "resnet18, 30 epochs, bf16", accuracy >= 0.94,
                       f"{accuracy:.2%} after {seconds:.0f} s")


def main():
    parser = argparse.ArgumentParser(prog="scripts/gpu-check")
    parser.add_argument("--only", default=",".join(SECTIONS), help="sections, comma-separated")
    parser.add_argument("--out", default=os.environ.get("OUT") or "runs/gpu-check",
                        help="folder for the logs")
    parser.add_argument("--seconds", type=float, default=530, help="after which nothing begins")
    options = parser.parse_args()
    chosen = options.only.split(",")
    unknown = set(chosen) - set(SECTIONS)
    if unknown:
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    check = Check(options)
    if check.environment() and check.build():
        for section in chosen:
            if section == "build":
                continue
            if check.deadline - time.monotonic() < 5:
                check.table.add(section, SECTIONS[section][0], False, "not run: no time left")
                continue
            getattr(check, section)()
    check.table.print_all()
    sys.exit(1 if check.table.failed() else 0)


if __name__ == "__main__":
    main()
