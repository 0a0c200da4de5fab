#!/usr/bin/python3
"""Writes torch_losses.json: PyTorch's losses, and their gradients, of made-up numbers.

Run with Debian's python3-torch (1.13.1), as
  /usr/bin/python3 tests/nn/golden/make_torch_losses.py

A case names the function of torch.nn.functional and its options, and holds in float64 the input, the
target, what the loss is, and the gradient of the input when every element of the loss has gradient 1.
"""

import json
import pathlib

import torch
from torch.nn import functional

REDUCTIONS = ["mean", "sum", "none"]


def listed(tensor):
    values = tensor.flatten().tolist()
    if tensor.is_floating_point():
        values = [float(f"{value:.12g}") for value in values]
    return {"shape": list(tensor.shape), "values": values}


def short(tensor):
    return tensor.mul(1000).round().div(1000)


def case(name, data, target, **options):
    data = data.clone().requires_grad_()
    loss = getattr(functional, name)(data, target, **options)
    loss.backward(torch.ones_like(loss))
    kept = {key: listed(o) if torch.is_tensor(o) else o for key, o in options.items()}
    return {
        "name": name,
        "options": kept,
        "input": listed(data.detach()),
        "target": listed(target),
        "loss": listed(loss.detach()),
        "grad": listed(data.grad),
    }


def numbers():
    x, t = short(2 * torch.randn(3, 5)), short(torch.randn(3, 5))
    for reduction in REDUCTIONS:
        yield case("mse_loss", x, t, reduction=reduction)
        yield case("l1_loss", x, t, reduction=reduction)
        for delta in [0.5, 1.0, 2.5]:
            yield case("huber_loss", x, t, delta=delta, reduction=reduction)


def binary():
    x = torch.cat([short(3 * torch.randn(3, 4)), torch.tensor([[-90.0, -20.0, 20.0, 90.0]])])
    t = short(torch.rand(4, 4))
    t[0] = torch.tensor([0.0, 1.0, 0.0, 1.0])
    t[3] = torch.tensor([1.0, 0.0, 1.0, 0.0])
    for reduction in REDUCTIONS:
        options = dict(reduction=reduction)
        name = "binary_cross_entropy_with_logits"
        yield case(name, x, t, **options)
        yield case(name, x, t, pos_weight=short(torch.rand(4) * 3), **options)
        yield case(name, x, t, weight=short(torch.rand(4, 1)), pos_weight=short(torch.rand(4)), **options)


def classes():
    weight = short(torch.rand(5) + 0.1)
    for shape in [[4, 5], [2, 5, 3]]:
        x = short(3 * torch.randn(shape))
        t = torch.randint(5, [shape[0]] + shape[2:])
        holes = t.clone()
        holes.view(-1)[1] = -100
        for reduction in REDUCTIONS:
            for options in [{}, {"weight": weight}]:
                for target in [t, holes]:
                    options = dict(options, reduction=reduction)
                    yield case("nll_loss", short(x.log_softmax(1)), target, **options)
                    for smoothing in [0.0, 0.1, 1.0]:
                        options = dict(options, label_smoothing=smoothing)
                        yield case("cross_entropy", x, target, **options)
                    options.pop("label_smoothing")


def main():
    torch.manual_seed(1)
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    result = {
        "source": f"PyTorch {torch.__version__}, float64 CPU",
        "cases": [*numbers(), *binary(), *classes()],
    }
    path = pathlib.Path(__file__).with_name("torch_losses.json")
    path.write_text(json.dumps(result, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
