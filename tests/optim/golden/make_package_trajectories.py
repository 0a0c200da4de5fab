#!/usr/bin/env python3
"""Writes package_trajectories.json: what optimizers from PyPI do to made-up gradients, 100 steps.

Run in an environment with PyTorch and the packages:
  pip install torch lion-pytorch

The form is that of torch_trajectories.json; the parameters are kept after every tenth step.
"""

import json
import pathlib

import lion_pytorch
import torch

SHAPES = [[3, 5], [3]]
STEPS = 100


def cases():
    for betas in [(0.9, 0.99), (0.5, 0.8)]:
        for decay in [0.0, 0.3]:
            yield "lion", lion_pytorch.Lion, dict(lr=0.01, betas=betas, weight_decay=decay)
    for momentum in [0.0, 0.9]:
        for centered in [False, True]:
            for decay, eps in [(0.0, 1e-8), (0.1, 1e-2)]:
                yield "rmsprop", torch.optim.RMSprop, dict(
                    lr=0.01, alpha=0.9, eps=eps, weight_decay=decay, momentum=momentum,
                    centered=centered)


def listed(tensors):
    return [None if t is None else t.flatten().tolist() for t in tensors]


def run(name, kind, options):
    parameters = [torch.randn(shape).requires_grad_() for shape in SHAPES]
    optimizer = kind(parameters, **options)
    case = {"optimizer": name, "options": options, "params": listed(parameters), "steps": []}
    for step in range(STEPS):
        gradients = [torch.randn(shape) * 10 ** torch.randn(shape) for shape in SHAPES]
        # The second parameter joins late, so that its own step count is seen to matter.
        if step < 2:
            gradients[1] = None
        for parameter, gradient in zip(parameters, gradients):
            parameter.grad = gradient
        optimizer.step()
        after = listed(parameters) if step % 10 == 9 else None
        case["steps"].append({"grads": listed(gradients), "params": after})
    return case


def main():
    torch.manual_seed(1)
    torch.set_num_threads(1)
    result = {
        "source": f"PyTorch {torch.__version__}, lion-pytorch, float32 CPU",
        "shapes": SHAPES,
        "cases": [run(*case) for case in cases()],
    }
    path = pathlib.Path(__file__).with_name("package_trajectories.json")
    path.write_text(json.dumps(result) + "\n")


main()
