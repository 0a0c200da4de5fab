"""Writes curvature.json: Hessians' eigenvalues and noise scales of small networks, by PyTorch in f64.

    python tests/optim/golden/make_curvature.py

The whole Hessian comes from torch.autograd.functional.hessian, per-example gradients one at a time.
"""
import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

torch.manual_seed(20)
torch.set_default_dtype(torch.float64)


def fully_connected(activation):
    def logits(x, w1, b1, w2, b2):
        return F.linear(activation(F.linear(x, w1, b1)), w2, b2)
    shapes = [(6, 5), (6,), (3, 6), (3,)]
    return logits, shapes, (40, 5)


def convolutional(x, w1, b1, w2, b2):
    hidden = F.max_pool2d(torch.relu(F.conv2d(x, w1, b1, padding=1)), 2)
    return F.linear(hidden.flatten(1), w2, b2)


CASES = {
    "tanh": fully_connected(torch.tanh),
    "relu": fully_connected(torch.relu),
    "convolution": (convolutional, [(2, 1, 3, 3), (2,), (3, 8), (3,)], (24, 1, 4, 4)),
}


def numbers(tensor):
    return tensor.detach().flatten().tolist()


def case(logits, shapes, input_shape):
    parameters = [torch.randn(shape) * 0.6 for shape in shapes]
    x = torch.randn(input_shape)
    labels = torch.randint(0, 3, (input_shape[0],))
    sizes = [p.numel() for p in parameters]

    def loss(flat, x, labels):
        parts = [part.reshape(shape) for part, shape in zip(flat.split(sizes), shapes)]
        return F.cross_entropy(logits(x, *parts), labels)

    flat = torch.cat([p.flatten() for p in parameters]).requires_grad_()
    hessian = torch.autograd.functional.hessian(lambda f: loss(f, x, labels), flat)
    values = torch.linalg.eigvalsh(hessian).flip(0)
    gradients = torch.stack([
        torch.autograd.grad(loss(flat, x[i:i + 1], labels[i:i + 1]), flat)[0]
        for i in range(len(x))]).numpy()
    # The definitions, with no formula of the paper: the sample covariance of single gradients, and
    # the mean's square less what of it is noise.
    trace = np.trace(np.cov(gradients, rowvar=False))
    mean = gradients.mean(0)
    return {
        "parameters": [{"shape": list(p.shape), "values": numbers(p)} for p in parameters],
        "x": {"shape": list(x.shape), "values": numbers(x)},
        "labels": labels.tolist(),
        "eigenvalues": values.tolist(),
        "trace": float(trace),
        "gradient_square": float(mean @ mean - trace / len(x)),
        "gradient_norm": float(np.linalg.norm(mean)),
    }


out = pathlib.Path(__file__).with_name("curvature.json")
out.write_text(json.dumps({name: case(*parts) for name, parts in CASES.items()}) + "\n")
