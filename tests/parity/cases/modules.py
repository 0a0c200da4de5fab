"""Modules of nn: a state is loaded, then forward and backward, with PyTorch's module of that name."""
import torch
from torch import nn

from case import Case, family
from cases.images import images, pair, pooling
from compare import whole
from draw import F32
from wire import Input

ACTIVATIONS = {"ReLU": nn.ReLU(), "LeakyReLU": nn.LeakyReLU(0.2), "GELU": nn.GELU(), "SiLU": nn.SiLU(),
               "Tanh": nn.Tanh(), "Sigmoid": nn.Sigmoid(), "Softplus": nn.Softplus(),
               "Softmax": nn.Softmax(-1), "Flatten": nn.Flatten(), "Identity": nn.Identity(),
               "Dropout": nn.Dropout(0.5)}


class Residual(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return x + self.inner(x)


def case(draw, kind, module, x, attributes, tolerance=whole(64), training=True):
    """x, the gradient of the result and the module's own state; see modules.cpp."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.from_numpy(draw.values(list(parameter.shape), F32)))
        for name, buffer in module.named_buffers():
            if buffer.is_floating_point():
                buffer.copy_(torch.from_numpy(draw.values(list(buffer.shape), F32, "positive")))
    module.train(training)
    state = {name: value.detach().numpy().copy() for name, value in module.state_dict().items()}
    first = torch.from_numpy(x.data[...].copy())
    for name, arguments in x.views:
        first = first.permute(arguments) if name == "permute" else first
    with torch.no_grad():
        shape = list(module.double()(first.double() if first.is_floating_point() else first).shape)
    module.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
    g = Input(draw.values(shape, F32))

    def reference(x, g, *values):
        dtype = x.dtype if x.is_floating_point() else g.dtype
        module.to(dtype)
        module.load_state_dict({name: value.detach() for name, value in zip(state, values)})
        module.zero_grad()
        y = module(x)
        results = [y.detach()]
        if y.requires_grad:
            gradients = torch.autograd.grad(
                y, ([x] if x.requires_grad else []) + list(module.parameters()), g)
            results += gradients
            if x.requires_grad:
                # What the leaf has accumulated, which may be a view's base.
                leaf = x._base if x._base is not None else x
                y = module_again(module, values, state, x)
                y.backward(g)
                results[1] = leaf.grad.clone()
        return results + [value.detach().clone() for value in module.state_dict().values()]

    return Case("module", [x, g, *[Input(value) for value in state.values()]], reference,
                attributes | {"kind": kind, "names": ",".join(state), "training": int(training)}, tolerance,
                tolerance)


def module_again(module, values, state, x):
    module.load_state_dict({name: value.detach() for name, value in zip(state, values)})
    return module(x)


@family
def activation_module(draw):
    kind = draw.choice(list(ACTIVATIONS))
    x = draw.tensor(draw.shape(1, 4), F32, "normal", True, dense=True)
    if kind == "Flatten" and x.data.ndim < 2:
        x = draw.tensor([2, 3, 1], F32, "normal", True, dense=True)
    return case(draw, kind, ACTIVATIONS[kind], x, {"slope": 0.2, "axis": -1, "p": 0.5}, whole(8),
                training=kind != "Dropout")


@family
def linear_module(draw):
    inputs, outputs, bias = draw.integer(1, 20), draw.integer(1, 20), draw.chance(0.7)
    x = draw.tensor(draw.shape(1, 2, 40) + [inputs], F32, "normal", True, dense=True)
    return case(draw, "Linear", nn.Linear(inputs, outputs, bias), x,
                {"in": inputs, "out": outputs, "bias": int(bias)})


@family
def conv_module(draw):
    groups = draw.choice([1, 1, 2])
    inputs, outputs, bias = groups * draw.integer(1, 4), groups * draw.integer(1, 4), draw.chance(0.7)
    kernel, stride, padding = pair(draw, 1, 3), pair(draw, 1, 2), pair(draw, 0, 1)
    x, shape = images(draw, F32, low=3, high=9, channels=inputs)
    if x.views != [("permute", [0, 3, 1, 2])]:
        x = draw.tensor(shape, F32, "normal", True, dense=True)
    module = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=bias)
    return case(draw, "Conv2d", module, x,
                {"in": inputs, "out": outputs, "bias": int(bias), "groups": groups, "kernel": kernel,
                 "stride": stride, "padding": padding})


@family
def conv1d_module(draw):
    groups = draw.choice([1, 1, 2])
    inputs, outputs, bias = groups * draw.integer(1, 4), groups * draw.integer(1, 4), draw.chance(0.7)
    kernel, stride, padding, dilation = draw.integer(1, 3), draw.integer(1, 2), draw.integer(0, 1), draw.integer(1, 2)
    x = draw.tensor([draw.integer(1, 3), inputs, draw.integer(6, 20)], F32, "normal", True, dense=True)
    module = nn.Conv1d(inputs, outputs, kernel, stride, padding, dilation, groups, bias)
    return case(draw, "Conv1d", module, x,
                {"in": inputs, "out": outputs, "bias": int(bias), "groups": groups, "kernel": kernel,
                 "stride": stride, "padding": padding, "dilation": dilation})


@family
def conv_transpose_module(draw):
    groups = draw.choice([1, 1, 2])
    inputs, outputs, bias = groups * draw.integer(1, 4), groups * draw.integer(1, 4), draw.chance(0.7)
    kernel, stride, padding = pair(draw, 2, 4), pair(draw, 1, 3), pair(draw, 0, 1)
    dilation, extra = pair(draw, 1, 2), [draw.integer(0, s - 1) for s in stride]
    x = draw.tensor([draw.integer(1, 3), inputs, draw.integer(2, 6), draw.integer(2, 6)], F32, "normal", True,
                    dense=True)
    module = nn.ConvTranspose2d(inputs, outputs, kernel, stride, padding, extra, groups, bias, dilation)
    return case(draw, "ConvTranspose2d", module, x,
                {"in": inputs, "out": outputs, "bias": int(bias), "groups": groups, "kernel": kernel,
                 "stride": stride, "padding": padding, "output_padding": extra, "dilation": dilation})


@family
def group_norm_module(draw):
    groups = draw.integer(1, 4)
    channels, eps, affine = groups * draw.integer(1, 4), draw.choice([1e-5, 1e-3]), draw.chance(0.7)
    rest = [draw.integer(1, 6) for _ in range(draw.integer(0, 3))]
    x = draw.tensor([draw.integer(2, 4), channels, *rest], F32, "normal", True, dense=True)
    return case(draw, "GroupNorm", nn.GroupNorm(groups, channels, eps, affine), x,
                {"groups": groups, "channels": channels, "eps": eps, "affine": int(affine)},
                whole(512, least=1))


@family
def rms_norm_module(draw):
    shape = [draw.integer(1, 40)] + ([draw.integer(1, 5)] if draw.chance(0.3) else [])
    eps, affine = draw.choice([None, None, 1e-3]), draw.chance(0.7)
    x = draw.tensor(draw.shape(1, 2, 30) + shape, F32, "normal", True, dense=True)
    attributes = {"shape": shape, "affine": int(affine)} | ({} if eps is None else {"eps": eps})
    return case(draw, "RMSNorm", nn.RMSNorm(shape, eps, affine), x, attributes, whole(512, least=1))


@family
def batch_norm_module(draw):
    kind = draw.choice(["BatchNorm1d", "BatchNorm2d"])
    channels, affine, track = draw.integer(1, 6), draw.chance(0.8), draw.chance(0.8)
    momentum, eps = draw.choice([0.1, 1.0, 0.0]), 1e-5
    rest = [] if kind == "BatchNorm1d" else [draw.integer(1, 5), draw.integer(1, 5)]
    x = draw.tensor([draw.integer(2, 9), channels] + rest, F32, "normal", True, dense=True)
    module = getattr(nn, kind)(channels, eps, momentum, affine, track)
    return case(draw, kind, module, x,
                {"out": channels, "eps": eps, "momentum": momentum, "affine": int(affine),
                 "track": int(track)}, whole(512, least=1), draw.chance(0.6))


@family
def layer_norm_module(draw):
    shape = [draw.integer(1, 40)] + ([draw.integer(1, 5)] if draw.chance(0.3) else [])
    eps, affine = draw.choice([1e-5, 1e-3]), draw.chance(0.7)
    x = draw.tensor(draw.shape(1, 2, 30) + shape, F32, "normal", True, dense=True)
    return case(draw, "LayerNorm", nn.LayerNorm(shape, eps, affine), x,
                {"shape": shape, "eps": eps, "affine": int(affine)}, whole(512, least=1))


@family
def embedding_module(draw):
    count, size = draw.integer(1, 12), draw.integer(1, 9)
    padding = draw.choice([None, 0, count - 1, -1])
    x = Input(draw.rng.integers(0, count, draw.shape(1, 3, 60), "int64"))
    attributes = {"count": count, "size": size}
    if padding is not None:
        attributes["padding_idx"] = padding
    return case(draw, "Embedding", nn.Embedding(count, size, padding), x, attributes, whole(8))


@family
def pooling_module(draw):
    kind = draw.choice(["MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d"])
    shape = [2, draw.integer(1, 4), draw.integer(3, 9), draw.integer(3, 9)]
    x = draw.tensor(shape, F32, "normal", True, dense=True)
    a = pooling(draw)
    if kind == "AdaptiveAvgPool2d":
        size = pair(draw, 1, 4)
        return case(draw, kind, nn.AdaptiveAvgPool2d(size), x, {"size": size}, whole(8))
    return case(draw, kind, getattr(nn, kind)(a["kernel"], None, a["padding"]), x,
                {"kernel": a["kernel"], "padding": a["padding"]}, whole(8))


@family
def container_module(draw):
    if draw.chance(0.5):
        inputs, hidden, outputs, bias = (draw.integer(1, 9), draw.integer(1, 9), draw.integer(1, 9),
                                         draw.chance(0.7))
        module = nn.Sequential(nn.Linear(inputs, hidden, bias), nn.ReLU(), nn.Dropout(0.0),
                               nn.Linear(hidden, outputs, bias))
        x = draw.tensor([draw.integer(1, 9), inputs], F32, "normal", True, dense=True)
        return case(draw, "mlp", module, x, {"in": inputs, "hidden": hidden, "out": outputs,
                                             "bias": int(bias)})
    channels = draw.integer(1, 5)
    norm = nn.BatchNorm2d(channels)
    module = Residual(nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), norm, nn.ReLU()))
    x = draw.tensor([3, channels, 6, 5], F32, "normal", True, dense=True)
    return case(draw, "block", module, x,
                {"in": channels, "out": channels, "kernel": [3, 3], "stride": [1, 1], "padding": [1, 1],
                 "groups": 1, "bias": 0, "eps": 1e-5, "momentum": 0.1, "affine": 1, "track": 1},
                whole(512, least=1), draw.chance(0.7))
