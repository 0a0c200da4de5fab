"""Section cifar: CIFAR-10 to 94%, where its files were carried along."""

import lzma
import pathlib

from gpu_check import build, failures, runs
from gpu_check.jobs import Job

SECTION = "cifar"
LIMIT = 300
PARTS = pathlib.Path(".gpu")
FILES = 6


def unpack():
    """The folder, and how many of the files are in it."""
    folder = PARTS / "cifar-10"
    folder.mkdir(parents=True, exist_ok=True)
    for packed in PARTS.glob("cifar-part*/*.bin.xz"):
        target = folder / packed.stem
        if not target.exists():
            target.write_bytes(lzma.decompress(packed.read_bytes()))
    return folder, len(list(folder.glob("*.bin")))


def run(check):
    folder, found = unpack()
    if found < FILES:
        check.table.not_run(SECTION, "CIFAR-10 to 94%",
                            f"{found} of {FILES} files are here (scripts/gpu-check pack)")
        return
    out = check.runs / "cifar"
    result = check.runner.run(Job("cifar", [
        check.build / build.PLASTIC, "train", "--data", "cifar-10", "--data-dir", folder, "--model",
        "resnet18", "--optimizer", "sgd", "--lr", "0.1", "--weight-decay", "5e-4", "--schedule",
        "one-cycle", "--augment", "crop,flip", "--batch-size", "128", "--epochs", "30", "--device",
        "cuda", "--precision", "bf16", "--out", out, "--overwrite"], LIMIT))
    if not result.ran:
        check.table.not_run(SECTION, "resnet18, 30 epochs, bf16", result.output)
    elif result.code != 0:
        check.table.failed(SECTION, "resnet18, 30 epochs, bf16", result.end,
                           failures.of_program(result.output))
    else:
        accuracy = runs.metrics(out)[-1]["test_accuracy"]
        check.table.judged(SECTION, "resnet18, 30 epochs, bf16", accuracy >= 0.94,
                           f"{accuracy:.2%} after {result.seconds:.0f} s")
