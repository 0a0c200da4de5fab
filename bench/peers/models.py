"""The networks that are measured, and how PyTorch trains them."""

import contextlib
import itertools

import torch
import torch.nn.functional as F
from torch import nn

LAYOUTS = {"nchw": torch.contiguous_format, "channels_last": torch.channels_last}


def mlp(dropout=0.1):
    layers = []
    for inputs, outputs in ((784, 512), (512, 512)):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()] + [nn.Dropout(dropout)] * (dropout > 0)
    return nn.Sequential(*layers, nn.Linear(512, 10))


class BasicBlock(nn.Module):
    """He et al., arXiv 1512.03385, with ReLU in place, as torchvision has it."""

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
        y = F.relu_(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        y += x if self.downsample is None else self.downsample(x)
        return F.relu_(y)


def resnet18():
    """The form for CIFAR: a 3x3 stem, no pooling before the first block."""
    layers = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True)]
    inputs = 64
    for stage, outputs in enumerate((64, 128, 256, 512)):
        layers += [BasicBlock(inputs, outputs, 1 if stage == 0 else 2),
                   BasicBlock(outputs, outputs, 1)]
        inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


def small_cnn():
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(inplace=True),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        nn.Conv2d(64, 128, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(8192, 256), nn.ReLU(inplace=True), nn.Dropout(0.2),
        nn.Linear(256, 10))


IMAGE_MODELS = {"small_cnn": small_cnn, "resnet18": resnet18}


def layout_of(words):
    return next((layout for name, layout in LAYOUTS.items() if name in words),
                torch.contiguous_format)


def parameter_count(model):
    return sum(p.numel() for p in model.parameters())


def precision(words):
    """What forward and loss run in."""
    if "bf16" in words:
        return torch.autocast("cpu", torch.bfloat16)
    return contextlib.nullcontext()


def training_step(model, batches, optimizer, words):
    """A whole training step; `words` may have "compiled" and "bf16"."""
    run = torch.compile(model) if "compiled" in words else model
    loss_of = nn.CrossEntropyLoss()
    batches = itertools.cycle(batches)

    def step():
        x, y = next(batches)
        with precision(words):
            loss = loss_of(run(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step
