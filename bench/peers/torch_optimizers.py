"""Step time of PyTorch's optimizers, and of NeuroPlastic transcribed, on given gradients. Entries:
RULE-WORDS/MODEL."""

import math

import torch

import shapes
from reference_neuroplastic import NeuroPlastic


def make_optimizer(rule, words, parameters):
    """`words` may have "fused" or "foreach"; otherwise PyTorch chooses."""
    how = {word: True for word in ("fused", "foreach") if word in words}
    if rule == "sgd":
        return torch.optim.SGD(parameters, lr=1e-3, momentum=0.9, **how)
    if rule == "sgd_plain":
        return torch.optim.SGD(parameters, lr=1e-3, **how)
    if rule == "adam":
        return torch.optim.Adam(parameters, lr=1e-3, **how)
    if rule == "neuroplastic":
        return NeuroPlastic(parameters, lr=0.1)
    raise ValueError(f"no rule {rule}")


def prepare(entry, _):
    rule, model = entry.split("/")
    rule, *words = rule.split("-")
    parameters = [torch.empty(shape).uniform_(-0.1, 0.1) for shape in getattr(shapes, model)()]
    for p in parameters:
        p.grad = torch.empty_like(p).uniform_(-0.01, 0.01)
    optimizer = make_optimizer(rule, words, parameters)
    step = torch.compile(optimizer.step) if "compiled" in words else optimizer.step
    return {entry: (step, sum(math.prod(p.shape) for p in parameters))}
