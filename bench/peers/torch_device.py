"""PyTorch's training and optimizer steps on a CUDA device, for scripts/gpu-check: eager and
compiled, channels-last, in the precision named. Prints a JSON object a line, as bench/device.cpp.

PyTorch at its best that a user gets by options: fused optimizers, cudnn.benchmark, no copies of
gradients, and the data on the device already.
"""

import argparse
import contextlib
import json
import math
import statistics
import time

import torch
from torch import nn

import models
import shapes
from reference_neuroplastic import NeuroPlastic

DEVICE = "cuda"


def set_precision(name):
    allowed = name != "f32"
    torch.backends.cuda.matmul.allow_tf32 = allowed
    torch.backends.cudnn.allow_tf32 = allowed


def seconds_of(count, step):
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(count):
        step()
    torch.cuda.synchronize()
    return time.perf_counter() - start


def time_step(step, min_time, runs=7):
    for _ in range(5):
        step()
    once = seconds_of(10, step) / 10
    count = max(1, int(min_time / runs / once))
    return statistics.median(seconds_of(count, step) / count for _ in range(runs))


def report(name, seconds, parameters):
    print(json.dumps({"name": name, "seconds": seconds, "parameters": parameters}), flush=True)


def training_step(model_name, batch, precision, mode):
    is_mlp = model_name == "mlp"
    model = (models.mlp if is_mlp else models.IMAGE_MODELS[model_name])().to(DEVICE)
    if is_mlp:
        images = torch.randn(batch, 784, device=DEVICE)
    else:
        model = model.to(memory_format=torch.channels_last)
        images = torch.randn(batch, 3, 32, 32, device=DEVICE).to(memory_format=torch.channels_last)
    labels = torch.randint(10, (batch,), device=DEVICE)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, fused=True)
    loss_of = nn.CrossEntropyLoss()
    run = model if mode == "eager" else torch.compile(model)
    context = (lambda: torch.autocast(DEVICE, torch.bfloat16)) if precision == "bf16" \
        else contextlib.nullcontext

    def step():
        optimizer.zero_grad(set_to_none=True)
        with context():
            loss = loss_of(run(images), labels)
        loss.backward()
        optimizer.step()

    return step, models.parameter_count(model)


def time_models(options):
    for precision in options.precisions.split(","):
        set_precision(precision)
        for model in options.models.split(","):
            for batch in map(int, options.batches.split(",")):
                for mode in options.modes.split(","):
                    torch._dynamo.reset()
                    step, parameters = training_step(model, batch, precision, mode)
                    report(f"{mode}/{model}/batch{batch}/{precision}",
                           time_step(step, options.min_time), parameters)


def time_optimizers(options):
    rules = {
        "sgd": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, fused=True),
        "adam": lambda p: torch.optim.Adam(p, lr=1e-3, fused=True),
        "neuroplastic": lambda p: NeuroPlastic(p, lr=1e-3),
    }
    for name, make in rules.items():
        params = [torch.empty(shape, device=DEVICE).uniform_(-0.1, 0.1)
                  for shape in shapes.resnet18()]
        for p in params:
            p.grad = torch.empty_like(p).uniform_(-0.01, 0.01)
        report(f"optimizer/{name}", time_step(make(params).step, options.min_time),
               sum(math.prod(p.shape) for p in params))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--min-time", type=float, default=0.5)
    parser.add_argument("--precisions", default="f32,tf32,bf16")
    parser.add_argument("--models", default="mlp,small_cnn,resnet18")
    parser.add_argument("--batches", default="128")
    parser.add_argument("--modes", default="eager,compile")
    parser.add_argument("--optimizers", action="store_true")
    options = parser.parse_args()
    torch.backends.cudnn.benchmark = True
    if options.optimizers:
        time_optimizers(options)
    else:
        time_models(options)


if __name__ == "__main__":
    main()
