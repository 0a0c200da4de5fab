#!/usr/bin/python3
"""Writes torch_trajectories.json: what PyTorch's SGD, Adam and AdamW do to made-up gradients.

Run with Debian's python3-torch (1.13.1), as
  /usr/bin/python3 tests/optim/golden/make_torch_trajectories.py

A case names the optimizer and its options as PyTorch does and holds, in float32, the parameters at
first, and for each step the gradients (null: the parameter has none) and the parameters afterwards.
"""

import itertools
import json
import pathlib

import torch

SHAPES = [[3, 5], [3], [2, 1, 3, 3]]
STEPS = 5


def cases():
    for momentum, dampening, decay in itertools.product([0.0, 0.9], [0.0, 0.3], [0.0, 0.05]):
        yield "sgd", dict(lr=0.1, momentum=momentum, dampening=dampening, weight_decay=decay)
    for decay in [0.0, 0.05]:
        yield "sgd", dict(lr=0.05, momentum=0.8, nesterov=True, weight_decay=decay)
    for name, betas, eps, decay in itertools.product(
        ["adam", "adamw"], [(0.9, 0.999), (0.5, 0.7)], [1e-8, 1e-2], [0.0, 0.1]
    ):
        yield name, dict(lr=0.02, betas=betas, eps=eps, weight_decay=decay)


def listed(tensors):
    return [None if t is None else t.flatten().tolist() for t in tensors]


def run(name, options):
    kinds = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    parameters = [torch.randn(shape).requires_grad_() for shape in SHAPES]
    optimizer = kinds[name](parameters, **options)
    case = {"optimizer": name, "options": options, "params": listed(parameters), "steps": []}
    for step in range(STEPS):
        gradients = [torch.randn(shape) * 10 ** torch.randn(shape) for shape in SHAPES]
        # The second parameter joins late, so that its own step count is seen to matter.
        if step < 2:
            gradients[1] = None
        for parameter, gradient in zip(parameters, gradients):
            parameter.grad = gradient
        optimizer.step()
        case["steps"].append({"grads": listed(gradients), "params": listed(parameters)})
    return case


def main():
    torch.manual_seed(1)
    torch.set_num_threads(1)
    result = {
        "source": f"PyTorch {torch.__version__}, float32 CPU",
        "shapes": SHAPES,
        "cases": [run(name, options) for name, options in cases()],
    }
    path = pathlib.Path(__file__).with_name("torch_trajectories.json")
    path.write_text(json.dumps(result, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
