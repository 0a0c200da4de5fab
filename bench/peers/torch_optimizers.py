"""Step time of PyTorch's optimizers, and of NeuroPlastic transcribed, on given gradients."""

import math

import torch

import peer
import shapes
from reference_neuroplastic import NeuroPlastic

RULES = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, foreach=False),
    "sgd-foreach": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, foreach=True),
    "adam": lambda p: torch.optim.Adam(p, lr=1e-3, foreach=False),
    "adam-foreach": lambda p: torch.optim.Adam(p, lr=1e-3, foreach=True),
    "neuroplastic": lambda p: NeuroPlastic(p, lr=1e-3),
}


def main():
    options = peer.arguments(__doc__)
    entries = {}
    for model in ("resnet18", "mlp"):
        for name, make in RULES.items():
            params = [torch.empty(shape).uniform_(-0.1, 0.1) for shape in getattr(shapes, model)()]
            for p in params:
                p.grad = torch.empty_like(p).uniform_(-0.01, 0.01)
            entry = peer.mean_step(make(params).step, options.min_time)
            entry["parameters"] = sum(math.prod(p.shape) for p in params)
            entries[f"{name}/{model}"] = entry
    peer.report(entries)


if __name__ == "__main__":
    main()
