#!/usr/bin/python3
"""Writes torch_schedules.json: the learning rates of PyTorch's schedulers.

Run with PyTorch 2.15 from PyPI, as
  python3 tests/optim/golden/make_torch_schedules.py

A case names a schedule and its options as this project does and holds the rate at first and after
each step; a plateau's steps also have a metric. Composed cases have a schedule and a plateau on one
optimizer and hold the rate after each of the two; chained cases have two schedules.
"""

import json
import pathlib
import warnings

import torch
from torch.optim import lr_scheduler as schedulers

STEPS = 24


def optimizer_of(lr):
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)


def rates(make, steps=STEPS, lr=0.1):
    optimizer = optimizer_of(lr)
    scheduler = make(optimizer)
    found = [optimizer.param_groups[0]["lr"]]
    for _ in range(steps):
        optimizer.step()
        scheduler.step()
        found.append(optimizer.param_groups[0]["lr"])
    return found


def warmed(steps, first, after):
    def make(optimizer):
        linear = schedulers.LinearLR(optimizer, start_factor=first, total_iters=steps)
        return schedulers.SequentialLR(optimizer, [linear, after(optimizer)], milestones=[steps])

    return make


def step(every, gamma):
    return lambda o: schedulers.StepLR(o, every, gamma)


def exponential(gamma):
    return lambda o: schedulers.ExponentialLR(o, gamma)


def cosine(period, lowest):
    return lambda o: schedulers.CosineAnnealingLR(o, period, eta_min=lowest)


def cycle(total, rising, initial, final):
    return lambda o: schedulers.OneCycleLR(
        o, 0.1, total_steps=total, pct_start=rising, div_factor=initial, final_div_factor=final,
        cycle_momentum=False,
    )


def timed():
    for options in [(5, 0.1), (1, 0.5), (30, 0.2)]:
        yield "step", options, rates(step(*options))
    for options in [(0.9,), (1.05,)]:
        yield "exponential", options, rates(exponential(*options))
    for options in [(24, 0.0), (10, 0.001)]:
        yield "cosine", options, rates(cosine(*options))
    for options in [(25, 0.3, 25.0, 1e4), (25, 0.5, 4.0, 10.0), (25, 0.02, 25.0, 100.0)]:
        yield "one_cycle", options, rates(cycle(*options))
    yield "warmup_step", (4, 0.1, 5, 0.1), rates(warmed(4, 0.1, step(5, 0.1)))
    yield "warmup_cosine", (5, 0.01, 19, 0.001), rates(warmed(5, 0.01, cosine(19, 0.001)))


def plateaus():
    torch.manual_seed(1)
    falling = [1.0 / (1 + i) + 0.3 for i in range(8)]
    metrics = falling + (0.4 + 0.05 * torch.randn(STEPS)).tolist() + [float("nan")] * 3
    for options in [
        dict(patience=2),
        dict(patience=1, cooldown=3, factor=0.5),
        dict(patience=0, threshold=0.05, threshold_mode="abs", min_lr=0.002, factor=0.3),
        dict(patience=3, mode="max", threshold=0.01),
        dict(patience=0, mode="max", threshold=0.01, threshold_mode="abs", eps=0.003),
    ]:
        yield plateau(options, metrics)
    # Negative metrics, better and worse by less and by more than the threshold.
    negative = [-1.0, -1.0, -0.99995, -0.9998, -1.0, -1.00005, -1.0002, -1.5, -1.4, -1.4999, -2.0,
                -2.0, 0.0, 1.0, -3.0, -2.9998, -2.9, -3.0, -3.0, -3.1]
    for mode in ["min", "max"]:
        for threshold_mode in ["rel", "abs"]:
            options = dict(patience=0, mode=mode, threshold_mode=threshold_mode, factor=0.7)
            yield plateau(options, negative if mode == "min" else [-m - 2 for m in negative])
            yield plateau(dict(options, threshold=0.05), [-m for m in negative])


def plateau(options, metrics):
    optimizer = optimizer_of(0.1)
    scheduler = schedulers.ReduceLROnPlateau(optimizer, **options)
    found = [0.1]
    for metric in metrics:
        scheduler.step(metric)
        found.append(optimizer.param_groups[0]["lr"])
    listed = [None if metric != metric else metric for metric in metrics]
    return {"options": options, "metrics": listed, "lr": found}


def linear(steps, first):
    return lambda o: schedulers.LinearLR(o, start_factor=first, total_iters=steps)


def composed():
    metrics = [1.0, 0.9, 0.9, 0.9, 0.5, 0.6, 0.6, 0.6, 0.6, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4]
    reducing = dict(patience=1, factor=0.5)
    for name, options, make in [
        ("step", (5, 0.1), step(5, 0.1)),
        ("exponential", (0.9,), exponential(0.9)),
        ("warmup", (6, 0.1), linear(6, 0.1)),
        ("cosine", (20, 0.0), cosine(20, 0.0)),
        ("cosine", (20, 0.01), cosine(20, 0.01)),
        # Reduced to below the lowest rate.
        ("cosine", (20, 0.04), cosine(20, 0.04)),
    ]:
        optimizer = optimizer_of(0.1)
        scheduler = make(optimizer)
        reducer = schedulers.ReduceLROnPlateau(optimizer, **reducing)
        found = [optimizer.param_groups[0]["lr"]]
        for metric in metrics:
            optimizer.step()
            scheduler.step()
            found.append(optimizer.param_groups[0]["lr"])
            reducer.step(metric)
            found.append(optimizer.param_groups[0]["lr"])
        yield {"name": name, "options": options, "plateau": reducing, "metrics": metrics,
               "lr": found}


def chained():
    optimizer = optimizer_of(0.1)
    both = [linear(6, 0.1)(optimizer), exponential(0.9)(optimizer)]
    found = [optimizer.param_groups[0]["lr"]]
    for _ in range(12):
        optimizer.step()
        for scheduler in both:
            scheduler.step()
        found.append(optimizer.param_groups[0]["lr"])
    return found


def main():
    warnings.simplefilter("ignore")
    result = {
        "source": f"PyTorch {torch.__version__}, initial or peak rate 0.1",
        "timed": [{"name": n, "options": o, "lr": found} for n, o, found in timed()],
        "plateau": list(plateaus()),
        "composed": list(composed()),
        "chained": chained(),
    }
    path = pathlib.Path(__file__).with_name("torch_schedules.json")
    path.write_text(json.dumps(result, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
