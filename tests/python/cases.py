"""What the tests of the Python package share."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import torch

import plastic_optim
from plastic_optim.checkpoints import read_safetensors

torch.set_num_threads(1)  # tensors are small, and tests run beside others

GOLDEN = pathlib.Path(__file__).parents[1] / "optim/golden/neuroplastic.json"


def golden_cases():
    with open(os.environ.get("PLASTIC_GOLDEN", GOLDEN), encoding="utf-8") as file:
        return json.load(file)["cases"]


def options_of(case):
    return {**{name: case[name] for name in ("lr", "weight_decay", "decoupled_weight_decay")},
            **case["plasticity"], **case["homeostatic"]}


def tensors_of(entries):
    return [torch.tensor(entry["values"]).reshape(entry["shape"]) for entry in entries]


def set_gradients(parameters, gradients):
    """Lists of numbers, as the golden file has them, or tensors; None for none."""
    for p, gradient in zip(parameters, gradients):
        p.grad = None if gradient is None else torch.as_tensor(
            gradient, dtype=torch.float32).reshape(p.shape)


def engine(*words):
    subprocess.run([os.environ["PLASTIC_ENGINE_FILES"], *map(str, words)], check=True)


def engine_files(*words):
    """What the engine writes to a folder, {name: {name of tensor: tensor}}."""
    with tempfile.TemporaryDirectory() as folder:
        engine(*words, folder)
        return {path.stem: read_safetensors(path) for path in pathlib.Path(folder).iterdir()}


def part_of(tensors, prefix):
    return {name[len(prefix):]: tensor for name, tensor in tensors.items()
            if name.startswith(prefix)}


def relative(actual, expected):
    norm = expected.norm().item()
    error = (actual - expected).norm().item()
    return error / norm if norm else error


class Case(unittest.TestCase):
    def assert_same(self, actual, expected, message=None):
        """To the bit."""
        self.assertEqual(actual.dtype, expected.dtype, message)
        self.assertTrue(torch.equal(actual.detach(), expected.detach()), message)

    def assert_all_same(self, actual, expected, message=None):
        self.assertEqual(len(actual), len(expected))
        for a, b in zip(actual, expected):
            self.assert_same(a, b, message)

    def run_steps(self, optimizer, parameters, count, seed=0):
        """Steps with gradients drawn for each seed and step."""
        for k in range(count):
            generator = torch.Generator().manual_seed(1000 * seed + k)
            for p in parameters:
                p.grad = torch.randn(p.shape, generator=generator)
            optimizer.step()


def parameters(seed=0, shapes=((6, 4), (6,), (3, 6), (3,))):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator).requires_grad_() for shape in shapes]


def make(name, params, **options):
    return plastic_optim.optimizers[name](params, **options)
