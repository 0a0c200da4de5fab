"""A whole training step of 784-512-512-10 in PyTorch, on data in memory."""

import itertools

import torch
from torch import nn

import peer
from reference_neuroplastic import NeuroPlastic
from torch_optimizers import RULES

SAMPLES = 8192


def training_step(rule, batch):
    """ReLU and dropout 0.1 after each hidden layer; the batches cycle through the samples."""
    model = nn.Sequential(
        nn.Linear(784, 512), nn.ReLU(), nn.Dropout(0.1),
        nn.Linear(512, 512), nn.ReLU(), nn.Dropout(0.1),
        nn.Linear(512, 10))
    optimizer = rule(model.parameters())
    loss_of = nn.CrossEntropyLoss()
    images = torch.randn(SAMPLES, 784).split(batch)
    labels = torch.randint(10, (SAMPLES,)).split(batch)
    batches = itertools.cycle(zip(images, labels))

    def step():
        x, y = next(batches)
        loss_of(model(x), y).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


def main():
    options = peer.arguments(__doc__)
    rules = {**RULES, "neuroplastic": lambda p: NeuroPlastic(p, lr=0.1)}
    entries = {}
    for batch in map(int, options.batches.split(",")):
        for name, rule in rules.items():
            step = training_step(rule, batch)
            entries[f"{name}/batch{batch}"] = peer.mean_step(step, options.min_time)
    peer.report(entries)


if __name__ == "__main__":
    main()
