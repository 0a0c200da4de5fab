import numpy as np
import torch.nn.functional as F

from case import Case, Refused, family
from compare import EXACT, sums, terms, whole


def images(draw, dtype, kind="normal", low=1, high=12, channels=None, grad=True):
    shape = [0 if draw.chance(0.03) else draw.integer(1, 3), channels or draw.integer(1, 6),
             draw.integer(low, high), draw.integer(low, high)]
    if draw.chance(0.4):
        # Channels last, as the loader writes them.
        n, c, h, w = shape
        given = draw.tensor([n, h, w, c], dtype, kind, grad, dense=True)
        given.views = [("permute", [0, 3, 1, 2])]
        return given, shape
    return draw.tensor(shape, dtype, kind, grad), shape


def pair(draw, low, high):
    first = draw.integer(low, high)
    return [first, first if draw.chance(0.7) else draw.integer(low, high)]


def one_in(draw, p, kind):
    return kind if draw.chance(p) else "normal"


@family
def conv2d(draw):
    dtype = draw.floating()
    groups = draw.choice([1, 1, 1, 2, 3])
    channels, outputs = groups * draw.integer(1, 4), groups * draw.integer(1, 4)
    kernel = draw.choice([[3, 3], [3, 3], [1, 1], pair(draw, 1, 5)])
    stride = draw.choice([[1, 1], [1, 1], pair(draw, 1, 3)])
    padding, dilation = pair(draw, 0, 2), draw.choice([[1, 1], [1, 1], pair(draw, 1, 2)])
    x, _ = images(draw, dtype, low=1, high=12, channels=channels)
    return convolution(draw, dtype, x, channels, outputs, kernel, stride, padding, dilation, groups)


@family
def winograd(draw):
    """3x3 with a stride of 1 over more channels, where Winograd's form is taken."""
    channels, outputs = draw.choice([4, 16, 32]), draw.choice([8, 16, 32])
    x, _ = images(draw, np.dtype(np.float32), low=4, high=20, channels=channels)
    if draw.chance(0.3) and x.data.size:
        # One value that must reach its own windows only.
        x.data.flat[draw.integer(0, x.data.size - 1)] = draw.choice([np.inf, -np.inf, np.nan, 1e30])
    return convolution(draw, np.dtype(np.float32), x, channels, outputs, [3, 3], [1, 1],
                       pair(draw, 0, 1), [1, 1], 1)


def convolution(draw, dtype, x, channels, outputs, kernel, stride, padding, dilation, groups):
    weight = draw.tensor([outputs, channels // groups, *kernel], dtype, "normal", True)
    bias = draw.tensor([outputs], dtype, "normal", True) if draw.chance(0.6) else None
    relu = draw.chance(0.2)

    def reference(x, w, b):
        y = F.conv2d(x, w, b, stride, padding, dilation, groups)
        return y.relu() if relu else y

    return Case("conv2d", [x, weight, bias], reference,
                {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups,
                 "relu": int(relu)}, sums(64), sums(64))


@family
def conv1d(draw):
    dtype = draw.floating()
    groups = draw.choice([1, 1, 2])
    channels, outputs, kernel = groups * draw.integer(1, 4), groups * draw.integer(1, 4), draw.integer(1, 5)
    stride, padding, dilation = draw.integer(1, 3), draw.integer(0, 2), draw.choice([1, 1, 2])
    x = draw.tensor([0 if draw.chance(0.03) else draw.integer(1, 3), channels, draw.integer(1, 20)], dtype,
                    "normal", True)
    weight = draw.tensor([outputs, channels // groups, kernel], dtype, "normal", True)
    bias = draw.tensor([outputs], dtype, "normal", True) if draw.chance(0.6) else None
    relu = draw.chance(0.2)

    def reference(x, w, b):
        y = F.conv1d(x, w, b, stride, padding, dilation, groups)
        return y.relu() if relu else y

    return Case("conv1d", [x, weight, bias], reference,
                {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups,
                 "relu": int(relu)}, sums(64), sums(64))


@family
def conv_transpose2d(draw):
    dtype = draw.floating()
    groups = draw.choice([1, 1, 2, 3])
    channels, outputs = groups * draw.integer(1, 4), groups * draw.integer(1, 4)
    kernel = draw.choice([[3, 3], [2, 2], [1, 1], pair(draw, 1, 5)])
    stride, padding = draw.choice([[1, 1], [2, 2], pair(draw, 1, 3)]), pair(draw, 0, 2)
    dilation = draw.choice([[1, 1], [1, 1], pair(draw, 1, 3)])
    # Rarely as large as both, which is refused.
    extra = [draw.integer(0, max(s, d) - (not draw.chance(0.02))) if draw.chance(0.5) else 0
             for s, d in zip(stride, dilation)]
    x, _ = images(draw, dtype, high=7, channels=channels)
    weight = draw.tensor([channels, outputs // groups, *kernel], dtype, "normal", True)
    bias = draw.tensor([outputs], dtype, "normal", True) if draw.chance(0.6) else None

    def reference(x, w, b):
        y = F.conv_transpose2d(x, w, b, stride, padding, extra, groups, dilation)
        if 0 in y.shape[2:]:
            raise Refused("empty images")
        return y

    return Case("conv_transpose2d", [x, weight, bias], reference,
                {"stride": stride, "padding": padding, "output_padding": extra, "dilation": dilation,
                 "groups": groups}, sums(64), sums(64))


@family
def batch_norm(draw):
    dtype = draw.floating()
    if draw.chance(0.3):
        shape = [draw.integer(1, 12), draw.integer(1, 6)]
        x = draw.tensor(shape, dtype, "normal", True)
    else:
        x, shape = images(draw, dtype, high=6)
    channels = shape[1]
    training, relu = draw.chance(0.6), draw.chance(0.2)
    affine = [draw.tensor([channels], dtype, "normal", True) if draw.chance(0.8) else None
              for _ in range(2)]
    track = not training or draw.chance(0.8)
    statistics = [draw.tensor([channels], dtype, kind, dense=True) if track else None
                  for kind in ("normal", "positive")]
    skip = draw.tensor(shape, dtype, "normal", True) if draw.chance(0.2) else None
    momentum, eps = draw.choice([0.1, 0.0, 1.0, 0.3]), draw.choice([1e-5, 1e-3])

    def reference(x, weight, bias, mean, var, skip):
        # PyTorch 2.15 gives a wrong gradient where these are not contiguous: of x and of
        # the gradient, where sizes of 1 leave open whether channels come last.
        weight, bias = (v if v is None else v.contiguous() for v in (weight, bias))
        x = x.contiguous() if 1 in x.shape and 0 not in x.stride() else x
        y = F.batch_norm(x, mean, var, weight, bias, training, momentum, eps)
        if 1 in x.shape and y.requires_grad:
            y.register_hook(lambda grad: grad.contiguous())
        y = y if skip is None else y + skip
        results = [y.relu() if relu else y]
        return results + ([mean, var] if mean is not None else [])

    return Case("batch_norm", [x, *affine, *statistics, skip], reference,
                {"training": int(training), "momentum": momentum, "eps": eps, "relu": int(relu)},
                whole(64), whole(256, cancels=True))


def pooling(draw):
    kernel = pair(draw, 1, 3)
    attributes = {"kernel": kernel, "padding": [draw.integer(0, k // 2) for k in kernel],
                  "ceil_mode": int(draw.chance(0.3))}
    if draw.chance(0.6):
        attributes["stride"] = pair(draw, 1, 3)
    return attributes


@family
def max_pool2d(draw):
    x, _ = images(draw, draw.floating(), draw.choice(["normal", "small", "special"]), low=2)
    a = pooling(draw)
    return Case("max_pool2d", [x], lambda x: F.max_pool2d(
        x, a["kernel"], a.get("stride"), a["padding"], 1, bool(a["ceil_mode"])), a,
        backward=terms(4))


@family
def dilated_max_pool2d(draw):
    # Large enough for a kernel's whole reach, so that no window is empty.
    x, _ = images(draw, draw.floating(), draw.choice(["normal", "small", "special"]), low=5)
    a = pooling(draw) | {"dilation": pair(draw, 1, 2)}
    return Case("max_pool2d", [x], lambda x: F.max_pool2d(
        x, a["kernel"], a.get("stride"), a["padding"], a["dilation"], bool(a["ceil_mode"])), a,
        backward=terms(16))


@family
def interpolate(draw):
    bilinear = draw.chance(0.6)
    x, _ = images(draw, draw.floating(), one_in(draw, 0.1, "special") if not bilinear else "normal")
    size = [0 if draw.chance(0.01) else n for n in pair(draw, 1, 20)]
    return Case("interpolate", [x],
                lambda x: F.interpolate(x, size, mode="bilinear" if bilinear else "nearest"),
                {"size": size, "bilinear": int(bilinear)}, whole(64) if bilinear else EXACT,
                whole(64))


@family
def avg_pool2d(draw):
    x, _ = images(draw, draw.floating(), one_in(draw, 0.1, "special"), low=2)
    a = pooling(draw) | {"count_include_pad": int(draw.chance(0.5))}
    return Case("avg_pool2d", [x], lambda x: F.avg_pool2d(
        x, a["kernel"], a.get("stride"), a["padding"], bool(a["ceil_mode"]),
        bool(a["count_include_pad"])), a, terms(4), terms(4))


@family
def adaptive_avg_pool2d(draw):
    x, _ = images(draw, draw.floating(), one_in(draw, 0.1, "special"))
    size = pair(draw, 1, 7)
    return Case("adaptive_avg_pool2d", [x], lambda x: F.adaptive_avg_pool2d(x, size), {"size": size},
                terms(8), terms(8))
