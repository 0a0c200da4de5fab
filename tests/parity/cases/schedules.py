"""Every schedule over 20 steps, and the plateau over 30 metrics, on an optimizer of two groups."""
import warnings

import numpy as np
import torch
from torch.optim import lr_scheduler

from case import Case, family
from compare import whole
from draw import F64
from wire import Input

STEPS = 20


def optimizer_of(bases):
    return torch.optim.SGD([{"params": [torch.zeros(1, requires_grad=True)], "lr": base}
                            for base in bases])


def drawn(draw):
    """kind, attributes, and a function that makes PyTorch's schedule for an optimizer."""
    kind = draw.choice(["constant", "step", "exponential", "cosine", "one_cycle", "rule"])
    if kind == "constant":
        return kind, {}, lambda o: lr_scheduler.LambdaLR(o, lambda t: 1.0)
    if kind == "step":
        every, gamma = draw.integer(1, 7), draw.choice([0.1, 0.5, 2.0])
        return kind, {"every": every, "gamma": gamma}, lambda o: lr_scheduler.StepLR(o, every, gamma)
    if kind == "exponential":
        gamma = draw.choice([0.97, 0.5, 1.1])
        return kind, {"gamma": gamma}, lambda o: lr_scheduler.ExponentialLR(o, gamma)
    if kind == "cosine":
        period, lowest = draw.integer(1, 30), draw.choice([0.0, 1e-3])
        return (kind, {"period": period, "lowest": lowest},
                lambda o: lr_scheduler.CosineAnnealingLR(o, period, lowest))
    if kind == "rule":
        return kind, {}, lambda o: lr_scheduler.LambdaLR(o, lambda t: 1 / (1 + t))
    total, rising = draw.integer(STEPS + 1, 40), draw.choice([0.3, 0.1, 0.5])
    initial, final = draw.choice([25.0, 10.0]), draw.choice([1e4, 100.0])
    return (kind, {"total": total, "rising": rising, "initial_divisor": initial, "final_divisor": final},
            lambda o: lr_scheduler.OneCycleLR(o, [g["lr"] for g in o.param_groups], total,
                                              pct_start=rising, div_factor=initial,
                                              final_div_factor=final, cycle_momentum=False))


def rates(optimizer, step, count):
    values = [[g["lr"] for g in optimizer.param_groups]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for t in range(count):
            step(t)
            values.append([float(g["lr"]) for g in optimizer.param_groups])
    return torch.tensor(values, dtype=torch.float64).flatten()


@family
def schedule(draw):
    kind, attributes, make = drawn(draw)
    bases = [draw.choice([0.1, 1e-3, 1.0]), draw.choice([0.5, 0.02])]
    attributes |= {"kind": kind, "steps": STEPS, "base.0": bases[0], "base.1": bases[1]}
    warmup = 0
    if kind != "one_cycle" and draw.chance(0.4):
        warmup, first = draw.integer(1, 8), draw.choice([0.1, 0.5, 1.0])
        attributes |= {"warmup": warmup, "first": first}

    def reference():
        optimizer = optimizer_of(bases)
        if warmup:
            scheduler = lr_scheduler.SequentialLR(
                optimizer, [lr_scheduler.LinearLR(optimizer, first, 1.0, warmup), make(optimizer)],
                [warmup])
        else:
            scheduler = make(optimizer)
        return rates(optimizer, lambda t: (optimizer.step(), scheduler.step()), STEPS)

    return Case("schedule", [], reference, attributes, whole(4096))


@family
def plateau(draw):
    bases = [0.1, 0.5]
    a = {"max": int(draw.chance(0.5)), "factor": draw.choice([0.1, 0.5]), "patience": draw.integer(0, 4),
         "threshold": draw.choice([1e-4, 0.0, 0.1]), "absolute": int(draw.chance(0.5)),
         "cooldown": draw.integer(0, 3), "lowest": draw.choice([0.0, 0.01]), "eps": 1e-8}
    metrics = np.cumsum(draw.rng.standard_normal(30)) * 0.3 + draw.choice([0.0, 3.0, -3.0])
    metrics[draw.rng.random(30) < 0.05] = np.nan

    def reference(metrics):
        optimizer = optimizer_of(bases)
        scheduler = lr_scheduler.ReduceLROnPlateau(
            optimizer, "max" if a["max"] else "min", a["factor"], a["patience"], a["threshold"],
            "abs" if a["absolute"] else "rel", a["cooldown"], a["lowest"], a["eps"])
        return rates(optimizer, lambda t: scheduler.step(float(metrics[t])), len(metrics))

    return Case("plateau", [Input(metrics.astype(F64))], reference,
                a | {"base.0": bases[0], "base.1": bases[1]}, whole(16))
