#!/usr/bin/env python3
"""Writes optimizer_trajectories.json: 100 steps of implementations that are not ours.

Run in an environment with PyTorch, the authors' schedulefree, and davda54/sam's sam.py (commit
3c3afdb, the only file of https://github.com/davda54/sam that is needed) in the folder that is given:
  pip install torch==2.15.0 schedulefree==1.4.1
  python make_optimizer_trajectories.py FOLDER

All cases share the start, the gradients (null: the parameter has none) and the factors by which
step i's rate differs from the case's `lr`. A case holds the parameters after every tenth step; where
the optimizer has an evaluation mode, "averages" holds those of that mode too. Where a case has a
"curvature" h, a step's gradient is that of sum(g·θ + ½·h·θ²), so that it depends on the point.
"""

import itertools
import json
import pathlib
import sys

import schedulefree
import torch

SHAPES = [[3, 5], [3]]
STEPS = 100
CURVATURE = 0.7


def grid(**choices):
    for values in itertools.product(*choices.values()):
        yield dict(zip(choices, values))


def cases(sam):
    for options in grid(momentum=[0.0, 0.9], dampening=[0.0, 0.3], weight_decay=[0.0, 0.05]):
        yield "sgd", torch.optim.SGD, dict(lr=0.01, **options)
    for options in grid(momentum=[0.8], nesterov=[True], weight_decay=[0.0, 0.05]):
        yield "sgd", torch.optim.SGD, dict(lr=0.01, **options)
    adam = dict(betas=[(0.9, 0.999), (0.5, 0.7)], eps=[1e-8, 1e-2])
    for options in grid(**adam, weight_decay=[0.0, 0.1]):
        yield "adam", torch.optim.Adam, dict(lr=0.02, **options)
        yield "adamw", torch.optim.AdamW, dict(lr=0.02, **options)
    for options in grid(**adam, momentum_decay=[0.004, 0.1],
                        weight_decay=[0.0, 0.1], decoupled_weight_decay=[False, True]):
        if options["weight_decay"] or not options["decoupled_weight_decay"]:
            yield "nadam", torch.optim.NAdam, dict(lr=0.02, **options)
    # With 0.7 rectified from the tenth step on, with 0.3 never.
    for options in grid(betas=[(0.9, 0.999), (0.5, 0.7), (0.9, 0.3)], eps=[1e-8, 1e-2],
                        weight_decay=[0.0, 0.1], decoupled_weight_decay=[False, True]):
        if options["weight_decay"] or not options["decoupled_weight_decay"]:
            yield "radam", torch.optim.RAdam, dict(lr=0.02, **options)
    averaging = [dict(r=0.0, weight_lr_power=2.0), dict(r=0.5, weight_lr_power=0.0)]
    for options in grid(momentum=[0.9, 0.5], weight_decay=[0.0, 0.1], warmup_steps=[0, 20]):
        for how in averaging:
            yield "schedule_free_sgd", schedulefree.SGDScheduleFree, dict(lr=0.02, **options, **how)
    for options in grid(**adam, weight_decay=[0.0, 0.1], warmup_steps=[0, 20]):
        for how in averaging:
            yield "schedule_free_adamw", schedulefree.AdamWScheduleFree, dict(
                lr=0.02, **options, **how)
    for adaptive, rho in [(False, 0.05), (False, 0.5), (True, 0.5), (True, 2.0)]:
        yield "sam+sgd", sam, dict(base_optimizer=torch.optim.SGD, rho=rho, adaptive=adaptive,
                                   lr=0.01, momentum=0.9, weight_decay=0.05)
        yield "sam+adam", sam, dict(base_optimizer=torch.optim.Adam, rho=rho, adaptive=adaptive,
                                    lr=0.02, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)


def listed(tensors):
    # Nine digits tell all f32 numbers apart.
    return [None if t is None else [float(f"{x:.9g}") for x in t.detach().flatten().tolist()]
            for t in tensors]


def run(name, kind, options, start, gradients, factors):
    parameters = [t.clone().requires_grad_() for t in start]
    optimizer = kind(parameters, **options)
    has_modes = hasattr(optimizer, "eval")
    shown = {key: value for key, value in options.items() if key != "base_optimizer"}
    case = {"optimizer": name, "options": shown, "params": []}
    if has_modes:
        case["averages"] = []
    if name.startswith("sam"):
        case["curvature"] = CURVATURE

    def give(step):
        for parameter, gradient in zip(parameters, gradients[step]):
            if gradient is None:
                parameter.grad = None
            elif "curvature" in case:
                parameter.grad = gradient + CURVATURE * parameter.detach()
            else:
                parameter.grad = gradient.clone()

    for step in range(STEPS):
        if has_modes:
            optimizer.train()
        for group in optimizer.param_groups:
            group["lr"] = options["lr"] * factors[step]
        give(step)
        if name.startswith("sam"):
            optimizer.step(lambda: give(step))
        else:
            optimizer.step()
        if step % 10 == 9:
            case["params"].append(listed(parameters))
            if has_modes:
                optimizer.eval()
                case["averages"].append(listed(parameters))
    return case


def main():
    sys.path.insert(0, sys.argv[1])
    from sam import SAM

    torch.manual_seed(1)
    torch.set_num_threads(1)
    start = [torch.randn(shape) for shape in SHAPES]
    gradients = [[torch.randn(shape) * 10 ** torch.randn(shape) for shape in SHAPES]
                 for _ in range(STEPS)]
    # The second parameter joins late, so that its own step count is seen to matter.
    for step in range(2):
        gradients[step][1] = None
    factors = [1.0] * 50 + [0.5] * 30 + [0.25] * 20
    result = {
        "source": f"PyTorch {torch.__version__}, schedulefree 1.4.1, davda54/sam 3c3afdb, "
                  "float32 CPU",
        "shapes": SHAPES,
        "start": listed(start),
        "gradients": [listed(step) for step in gradients],
        "factors": factors,
        "cases": [run(*case, start, gradients, factors) for case in cases(SAM)],
    }
    path = pathlib.Path(__file__).with_name("optimizer_trajectories.json")
    path.write_text(json.dumps(result, separators=(",", ":")) + "\n")
    print(len(result["cases"]), "cases,", path.stat().st_size, "bytes")


main()
