"""Each pass of the convolutions of resnet18 and small_cnn in PyTorch, in the memory layout that the
entry names: LAYOUT/batchN."""

import torch

import models

PASSES = ("forward", "input_grad", "weight_grad")


def layers():
    """Distinct convolutions (in, out, size, kernel, stride), found by running the models."""
    found = {}

    def note(module, inputs, _):
        key = (module.in_channels, module.out_channels, inputs[0].shape[2], module.kernel_size[0],
               module.stride[0])
        found[key] = module.in_channels == 3

    for make in models.IMAGE_MODELS.values():
        model = make()
        for module in model.modules():
            if isinstance(module, torch.nn.Conv2d):
                module.register_forward_hook(note)
        model(torch.zeros(2, 3, 32, 32))
    return found


def pass_step(which, layer, batch, layout):
    inputs, outputs, size, kernel, stride = layer
    padding = kernel // 2
    result = (size + 2 * padding - kernel) // stride + 1
    x, y, weight = (torch.randn(shape).to(memory_format=layout)
                    for shape in ((batch, inputs, size, size), (batch, outputs, result, result),
                                  (outputs, inputs, kernel, kernel)))
    if which == "forward":
        return lambda: torch.nn.functional.conv2d(x, weight, None, stride, padding)
    mask = [which == "input_grad", which == "weight_grad", False]
    return lambda: torch.ops.aten.convolution_backward(
        y, x, weight, None, [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], 1, mask)


def prepare(entry, _):
    layout, batch = entry.split("/")
    size = int(batch.removeprefix("batch"))
    torch.set_grad_enabled(False)
    entries = {}
    for layer, first in layers().items():
        for which in PASSES:
            if first and which == "input_grad":
                continue
            name = f"{which}-{layout}/{'-'.join(map(str, layer))}/{batch}"
            entries[name] = (pass_step(which, layer, size, models.LAYOUTS[layout]),
                             layer[0] * layer[1] * layer[3] ** 2)
    return entries
