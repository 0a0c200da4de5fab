"""Section trainings: loss curves against the CPU's, those of lower precisions against f32's, and
the same deterministic training twice."""

import dataclasses
import os

from gpu_check import build, failures, runs
from gpu_check.jobs import Job

SECTION = "trainings"
LIMIT = 100
AT_ONCE = 6
TEST_IMAGES = 2000


@dataclasses.dataclass(frozen=True)
class Training:
    model: str
    arguments: tuple
    cpu: tuple  # bounds of the relative difference of each epoch's training loss, to the CPU's
    precisions: dict  # the same, of other precisions to f32's
    learns: float  # the last epoch's training loss is at most this share of the first's
    test_images: int = None  # so many at most may be told otherwise than by the CPU


# Each has a rate at which it learns, else it would agree without training. What a training makes of a
# difference in rounding was measured on the CPU: a change of lr by a millionth moves the third epoch's
# loss by 4e-7 of it for mlp (at twice the rate by 2e-4), by 1.4e-6 for small_cnn (by 3e-4), and by
# 1.75e-2 for resnet18 on twice as many images.
# Two test images may lie on a threshold.
TRAININGS = (
    Training("mlp", ("--data", "digits", "--fraction", "0.2", "--optimizer", "sgd",
                     "--lr", "0.005"),
             (5e-3,) * 3, {"tf32": (5e-3,) * 3, "bf16": (2e-2,) * 3}, 0.9),
    Training("small_cnn", ("--data", "digits", "--fraction", "0.1", "--optimizer", "sgd",
                           "--lr", "0.01"),
             (1e-4,) * 3, {"tf32": (5e-3,) * 3, "bf16": (2e-2,) * 3}, 0.985, test_images=2),
    Training("resnet18", ("--data", "shapes", "--fraction", "0.05", "--optimizer", "sgd",
                          "--lr", "0.01"),
             (1e-2, 5e-2, 5e-2), {"tf32": (1e-2, 5e-2, 1e-1), "bf16": (5e-2, 2e-1, 2e-1)}, 0.99),
)


def training_job(check, name, training, *more):
    folder = check.runs / name
    return Job(f"training-{name}",
               [check.build / build.PLASTIC, "train", "--model", training.model,
                *training.arguments, "--epochs", "3", "--batch-size", "64", *more,
                "--out", folder, "--overwrite"], LIMIT)


def jobs_of(check):
    """{(model, what): job}; the slowest first."""
    found = {}
    threads = str(max(1, (os.cpu_count() or 1) // 2))
    for training in reversed(TRAININGS):
        model = training.model
        found[model, "cpu"] = training_job(check, f"{model}-cpu", training, "--device", "cpu",
                                           "--threads", threads)
        for precision in ("f32", *training.precisions):
            found[model, precision] = training_job(
                check, f"{model}-{precision}", training, "--device", "cuda", "--precision",
                precision)
        for turn in ("first", "second"):
            found[model, turn] = training_job(
                check, f"{model}-{turn}", training, "--device", "cuda", "--precision", "bf16",
                "--deterministic")
    return found


def within(curve, expected, bounds):
    """(whether it is, how many test images are told otherwise, in words)."""
    differences = runs.worst(curve, expected)
    ok = len(curve) == len(expected) and all(a <= b for a, b in zip(differences, bounds))
    images = max(abs(a["test_accuracy"] - b["test_accuracy"]) * TEST_IMAGES
                 for a, b in zip(curve, expected))
    return ok, images, (", ".join(f"{value:.1e}" for value in differences) + " of at most "
                        + ", ".join(f"{bound:g}" for bound in dict.fromkeys(bounds))
                        + f"; {images:.0f} test images told otherwise")


class Section:
    def __init__(self, check):
        self.check = check
        self.table = check.table
        self.results = {}

    def curve(self, model, what):
        """The metrics of a run, or None after saying what became of it."""
        result = self.results[model, what]
        name = f"{model}, {what}"
        if not result.ran:
            self.table.not_run(SECTION, name, result.output)
        elif result.code != 0:
            self.table.failed(SECTION, name, result.end, failures.of_program(result.output))
        else:
            return runs.metrics(self.check.runs / f"{model}-{what}")
        return None

    def compare(self, training):
        model = training.model
        f32 = self.curve(model, "f32")
        if f32 is None:
            return
        losses = [epoch["train_loss"] for epoch in f32]
        self.table.judged(SECTION, f"{model}, f32 learns", losses[-1] <= training.learns * losses[0],
                          " ".join(f"{loss:.4f}" for loss in losses))
        for what, expected, bounds in (
                ("f32 follows the CPU", self.curve(model, "cpu"), training.cpu),
                *((f"{precision} follows f32", f32, bounds)
                  for precision, bounds in training.precisions.items())):
            precision = what.split()[0]
            curve = f32 if precision == "f32" else self.curve(model, precision)
            if curve is None or expected is None:
                continue
            ok, images, text = within(curve, expected, bounds)
            if precision == "f32" and training.test_images is not None:
                ok = ok and images <= training.test_images + 0.01
            self.table.judged(SECTION, f"{model}, {what}", ok, text)

    def compare_bytes(self, training):
        model = training.model
        if self.curve(model, "first") is None or self.curve(model, "second") is None:
            return
        different = runs.differences(*(self.check.runs / f"{model}-{turn}/checkpoint.safetensors"
                                       for turn in ("first", "second")))
        self.table.judged(SECTION, f"{model}, bf16 deterministic twice", not different,
                          f"{len(different)} tensors differ" if different else "the same bytes",
                          [", ".join(different[:5])] if different else [])

    def run(self):
        jobs = jobs_of(self.check)
        keys = {job.name: key for key, job in jobs.items()}
        for job, result in self.check.runner.run_all(jobs.values(), AT_ONCE):
            self.results[keys[job.name]] = result
        for training in TRAININGS:
            self.compare(training)
            self.compare_bytes(training)


def run(check):
    Section(check).run()
