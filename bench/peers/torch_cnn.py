"""A whole training step of convolutional networks in PyTorch, on random 32x32 colour images in
memory, with images and weights in either memory layout."""

import itertools

import torch
import torch.nn.functional as F
from torch import nn

import peer

DISTINCT_BATCHES = 8
LAYOUTS = {"nchw": torch.contiguous_format, "channels_last": torch.channels_last}


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


MODELS = {"small_cnn": small_cnn, "resnet18": resnet18}


def training_step(make_model, layout, batch):
    model = make_model().to(memory_format=layout)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, foreach=True)
    loss_of = nn.CrossEntropyLoss()
    images = [torch.randn(batch, 3, 32, 32).to(memory_format=layout)
              for _ in range(DISTINCT_BATCHES)]
    labels = [torch.randint(10, (batch,)) for _ in images]
    batches = itertools.cycle(zip(images, labels))

    def step():
        x, y = next(batches)
        loss_of(model(x), y).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step, sum(p.numel() for p in model.parameters())


def main():
    options = peer.arguments(__doc__)
    entries = {}
    for batch in map(int, options.batches.split(",")):
        for model, make in MODELS.items():
            for layout, memory_format in LAYOUTS.items():
                name = f"sgd-{layout}/{model}/batch{batch}"
                if options.only not in (None, name):
                    continue
                step, parameters = training_step(make, memory_format, batch)
                entries[name] = peer.mean_step(step, options.min_time)
                entries[name]["parameters"] = parameters
    peer.report(entries)


if __name__ == "__main__":
    main()
