"""A whole training step of 784-512-512-10 in PyTorch, on data in memory. Entries: RULE-WORDS/batchN."""

import torch

import models
from torch_optimizers import make_optimizer

SAMPLES = 8192


def prepare(entry, _):
    rule, batch = entry.split("/")
    batch = int(batch.removeprefix("batch"))
    rule, *words = rule.split("-")
    model = models.mlp()
    optimizer = make_optimizer(rule, words, model.parameters())
    # ReLU and dropout 0.1 after each hidden layer; the batches cycle through the samples.
    batches = list(zip(torch.randn(SAMPLES, 784).split(batch),
                       torch.randint(10, (SAMPLES,)).split(batch)))
    step = models.training_step(model, batches, optimizer, words)
    return {entry: (step, models.parameter_count(model))}
