"""A whole training step of convolutional networks in PyTorch, on random 32x32 colour images in
memory, with images and weights in either memory layout. Entries: RULE-WORDS/MODEL/batchN."""

import torch

import models
from torch_optimizers import make_optimizer

DISTINCT_BATCHES = 8


def prepare(entry, _):
    rule, name, batch = entry.split("/")
    batch = int(batch.removeprefix("batch"))
    rule, *words = rule.split("-")
    layout = models.layout_of(words)
    model = models.IMAGE_MODELS[name]().to(memory_format=layout)
    optimizer = make_optimizer(rule, words, model.parameters())
    batches = [(torch.randn(batch, 3, 32, 32).to(memory_format=layout),
                torch.randint(10, (batch,))) for _ in range(DISTINCT_BATCHES)]
    step = models.training_step(model, batches, optimizer, words)
    return {entry: (step, models.parameter_count(model))}
