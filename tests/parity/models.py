#!/usr/bin/env python3
"""The same weights in Plastic and in PyTorch, through safetensors files in either direction, give
the same logits, gradients and running statistics, to 1e-4 of each tensor's norm.

PyTorch computes in f64 what Plastic computes in f32. An input is drawn for which no ReLU and no max
pool stands so close to a decision that f32 could decide otherwise: one activation of a million let
through instead of stopped moves a gradient by a thousandth of its norm.

usage: models.py PROGRAM [MODEL...], PROGRAM being plastic_parity"""
import copy
import json
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from torch import nn
import torch.nn.functional as F

TOLERANCE = 1e-4
# How far from a decision every activation must be, as a share of the root mean square of its layer.
MARGIN = 4e-6
DTYPES = {"F32": torch.float32, "F64": torch.float64, "I64": torch.int64, "U8": torch.uint8}
NAMES = {dtype: name for name, dtype in DTYPES.items()}


def save(path, tensors):
    header, parts, offset = {}, [], 0
    for name, tensor in tensors.items():
        data = tensor.detach().contiguous().numpy().tobytes()
        header[name] = {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape),
                        "data_offsets": [offset, offset + len(data)]}
        parts.append(data)
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


def load(path):
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    body = memoryview(bytearray(data[8 + length:]))
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        dtype = DTYPES[entry["dtype"]]
        flat = torch.frombuffer(body[begin:end], dtype=dtype) if end > begin else torch.empty(0, dtype=dtype)
        tensors[name] = flat.reshape(entry["shape"]).clone()
    return tensors


# Distances from a decision in the forward pass under way.
margins = []


def relu(x):
    x_ = x.detach()
    margins.append(float(x_.abs().min() / x_.square().mean().sqrt()))
    return F.relu(x)


def max_pool(x, kernel, stride, padding):
    x_ = F.pad(x.detach(), [padding] * 4, value=-1e30)
    windows = F.unfold(x_.flatten(0, 1).unsqueeze(1), kernel, stride=stride)
    first, second = windows.topk(2, dim=1).values.unbind(1)
    # Where ReLU has stopped both, neither has a gradient.
    gaps = (first - second)[(first > 0)]
    margins.append(float(gaps.min() / x.detach().square().mean().sqrt()))
    return F.max_pool2d(x, kernel, stride, padding)


class ReLU(nn.Module):
    def forward(self, x):
        return relu(x)


class MaxPool(nn.Module):
    def __init__(self, kernel, stride, padding):
        super().__init__()
        self.arguments = (kernel, stride, padding)

    def forward(self, x):
        return max_pool(x, *self.arguments)


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 20, 5)
        self.conv2 = nn.Conv2d(20, 50, 5)
        self.fc1 = nn.Linear(800, 500)
        self.fc2 = nn.Linear(500, 10)

    def forward(self, x):
        x = max_pool(relu(self.conv1(x)), 2, 2, 0)
        x = max_pool(relu(self.conv2(x)), 2, 2, 0)
        return self.fc2(relu(self.fc1(x.flatten(1))))


class BasicBlock(nn.Module):
    """With torchvision's names, like ResNet below."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False),
                                            nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(relu(self.bn1(self.conv1(x)))))
        return relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet18(nn.Module):
    def __init__(self, classes, imagenet):
        super().__init__()
        self.conv1 = (nn.Conv2d(3, 64, 7, 2, 3, bias=False) if imagenet
                      else nn.Conv2d(3, 64, 3, 1, 1, bias=False))
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = MaxPool(3, 2, 1) if imagenet else nn.Identity()
        inputs = 64
        for stage, outputs in enumerate((64, 128, 256, 512)):
            stride = 1 if stage == 0 else 2
            setattr(self, f"layer{stage + 1}", nn.Sequential(
                BasicBlock(inputs, outputs, stride), BasicBlock(outputs, outputs, 1)))
            inputs = outputs
        self.fc = nn.Linear(512, classes)

    def forward(self, x):
        x = self.maxpool(relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


def small_cnn():
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1), ReLU(), nn.Conv2d(32, 64, 3, padding=1), ReLU(),
        MaxPool(2, 2, 0), nn.Conv2d(64, 128, 3, padding=1), ReLU(), MaxPool(2, 2, 0), nn.Flatten(),
        nn.Linear(8192, 256), ReLU(), nn.Dropout(0), nn.Linear(256, 10))


def mlp():
    return nn.Sequential(nn.Flatten(), nn.Linear(60, 32), ReLU(), nn.Linear(32, 24), ReLU(),
                         nn.Linear(24, 10))


# Model: how to make it, the shape of its input, its classes.
MODELS = {
    "mlp": (mlp, (16, 3, 4, 5), 10),
    "lenet": (LeNet, (8, 1, 28, 28), 10),
    "small_cnn": (small_cnn, (2, 3, 32, 32), 10),
    "resnet18": (lambda: ResNet18(10, False), (4, 3, 16, 16), 10),
    "resnet18_imagenet": (lambda: ResNet18(1000, True), (4, 3, 64, 64), 1000),
}


def draw_input(model, mode, shape):
    """An input that leaves every decision clear, as f32 sees it, which is faster and close enough."""
    model = copy.deepcopy(model).float().train(mode == "train")
    for _ in range(2000):
        margins.clear()
        x = torch.randn(shape)
        with torch.no_grad():
            model(x)
        if min(margins) > MARGIN:
            return x
    raise AssertionError("no input leaves every decision clear")


def expected(model, mode, x, labels):
    model.train(mode == "train")
    model.zero_grad()
    x = x.double().requires_grad_()
    logits = model(x)
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    result = {"logits": logits, "loss": loss, "grad.x": x.grad}
    result.update({"grad." + name: p.grad for name, p in model.named_parameters()})
    result.update({"model." + name: value for name, value in model.state_dict().items()})
    return {name: tensor.detach() for name, tensor in result.items()}


def worst_difference(actual, wanted):
    if actual.keys() != wanted.keys():
        raise AssertionError(f"names differ: {sorted(actual.keys() ^ wanted.keys())}")
    worst = (0.0, "nothing")
    for name, reference in wanted.items():
        value = actual[name]
        if value.shape != reference.shape or (value.dtype == torch.int64) != (
                reference.dtype == torch.int64):
            raise AssertionError(f"{name}: {value.dtype} {tuple(value.shape)}, PyTorch has "
                                 f"{reference.dtype} {tuple(reference.shape)}")
        value, reference = value.double(), reference.double()
        difference = float((value - reference).norm() / max(float(reference.norm()), 1e-12))
        if not difference <= worst[0]:
            worst = (difference, name)
    return worst


def shake(model):
    """Weights and statistics of normalisations that are not those they begin with."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.2, 0.2)
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 1.5)


def check(program, folder, name):
    make, shape, classes = MODELS[name]
    torch.manual_seed(3)
    model = make().double()
    labels = torch.randint(classes, shape[:1])
    failed = False
    for direction in ("from PyTorch", "from Plastic"):
        if direction == "from PyTorch":
            with torch.no_grad():
                shake(model)
        else:
            subprocess.run([program, "init", name, folder / "init"], check=True)
            state = load(folder / "init")
            model.load_state_dict({key[len("model."):]: value for key, value in state.items()})
        for mode in ("train", "eval"):
            weights = {"model." + key: value.float() if value.is_floating_point() else value
                       for key, value in model.state_dict().items()}
            # Plastic is given what PyTorch continues with.
            model.load_state_dict({key[len("model."):]: value for key, value in weights.items()})
            x = draw_input(model, mode, shape)
            save(folder / "in", {**weights, "x": x, "labels": labels})
            subprocess.run([program, "run", name, mode, folder / "in", folder / "out"], check=True)
            worst, where = worst_difference(load(folder / "out"), expected(model, mode, x, labels))
            good = worst <= TOLERANCE
            failed |= not good
            print(f"{'ok  ' if good else 'FAIL'} {name:18} {direction}, {mode:5}: at most {worst:.1e} "
                  f"({where})", flush=True)
    return not failed


def main():
    # More would wait for each other where the machine is busy.
    torch.set_num_threads(1)
    program = Path(sys.argv[1]).resolve()
    names = sys.argv[2:] or list(MODELS)
    with tempfile.TemporaryDirectory() as folder:
        results = [check(program, Path(folder), name) for name in names]
    sys.exit(0 if all(results) else 1)


main()
