import functools
import math
import warnings

import numpy as np
import torch

from case import Case, family
from cases.elementwise import integer_kind, kind_of, refuse
from compare import EXACT, each, terms, whole


def all_axes(x, axes):
    return list(axes) if axes else list(range(x.dim()))


def checked(x, axes):
    """PyTorch's error for an axis that is out of range or there twice, and the axes from 0."""
    if x.dim() == 0 and axes:
        raise IndexError("no axes")
    for axis in axes:
        if not -x.dim() <= axis < x.dim():
            raise IndexError(f"axis {axis}")
    axes = [a % x.dim() for a in axes] if axes else list(range(x.dim()))
    if len(set(axes)) != len(axes):
        raise RuntimeError("an axis twice")
    return sorted(axes)


def first_extreme(x, axes, keepdim, largest):
    """amax or amin whose gradient goes to the first element that has the value."""
    axes = checked(x, axes)
    kept = [a for a in range(x.dim()) if a not in axes]
    shape = [x.shape[a] for a in kept]
    count = math.prod(x.shape[a] for a in axes)
    if count == 0 and math.prod(shape) > 0:
        raise IndexError("nothing to choose from")
    rows = x.permute(kept + axes).reshape(shape + [count])
    if count == 0:
        # PyTorch refuses this too, though nothing is to be chosen.
        rows = rows.sum(-1, keepdim=True, dtype=x.dtype)
    values = rows.detach()
    index = values.argmax(-1) if largest else values.argmin(-1)
    result = rows.gather(-1, index.unsqueeze(-1)).squeeze(-1)
    return result.reshape([1 if a in axes else n for a, n in enumerate(x.shape)]) if keepdim else result


class ScaledNorm(torch.autograd.Function):
    """vector_norm over the last axis of numbers divided by their largest, so that no square leaves the
    range of the dtype."""

    @staticmethod
    def forward(ctx, x):
        largest = x.abs().amax(-1, keepdim=True) if x.shape[-1] else x.new_zeros(x.shape[:-1] + (1,))
        scale = torch.where((largest > 0) & largest.isfinite(), largest, torch.ones_like(largest))
        size = torch.linalg.vector_norm(x / scale, dim=-1, keepdim=True)
        # The gradient is x divided by the norm as it is rounded, where that is infinite or denormal.
        norm = size * scale
        coarse = norm.isinf() | ((norm > 0) & (norm < torch.finfo(x.dtype).tiny))
        ctx.save_for_backward(torch.where(coarse, x, x / scale), torch.where(coarse, norm, size))
        return norm.squeeze(-1)

    @staticmethod
    def backward(ctx, g):
        x, size = ctx.saved_tensors
        return x * torch.where(size == 0, torch.zeros_like(size), g.unsqueeze(-1) / size)


def norm_of(x, axes, keepdim):
    axes = checked(x, axes)
    kept = [a for a in range(x.dim()) if a not in axes]
    count = math.prod(x.shape[a] for a in axes)
    y = ScaledNorm.apply(x.permute(kept + axes).reshape([x.shape[a] for a in kept] + [count]))
    return y.reshape([1 if a in axes else n for a, n in enumerate(x.shape)]) if keepdim else y


class LogSumExp(torch.autograd.Function):
    """torch.logsumexp with the gradient that is exactly its own, softmax, where y is finite, and 0 where
    all is -inf; PyTorch's is exp(x - y), which loses as many digits as y has before the point."""

    @staticmethod
    def forward(ctx, x, axes, keepdim):
        ctx.axes = axes
        ctx.save_for_backward(x)
        return torch.logsumexp(x, axes, keepdim)

    @staticmethod
    def backward(ctx, g):
        (x,), axes = ctx.saved_tensors, ctx.axes
        with torch.enable_grad():
            leaf = x.detach().requires_grad_()
            y = torch.logsumexp(leaf, axes, True)
            (theirs,) = torch.autograd.grad(y, [leaf], g.reshape(y.shape))
        if not x.numel():
            return theirs, None, None
        e = (x - (x.amax(axes, True) if axes else x)).exp()
        exact = e / (e.sum(axes, True) if axes else e) * g.reshape(y.shape)
        return torch.where(y.isfinite(), exact, theirs).masked_fill(y == -math.inf, 0), None, None


def logsumexp_of(x, axes, keepdim):
    return LogSumExp.apply(x, checked(x, axes), keepdim)


def mean_of(x, axes, keepdim):
    """PyTorch's sum of f64 may overflow where the mean does not."""
    large = x.dtype == torch.float64 and x.numel() and x.detach().nan_to_num(0, 0, 0).abs().max() > 1e290
    scale = 2.0**-13 if large else 1.0
    return (x * scale).mean(axes, keepdim=keepdim) / scale


def variance(x, axes, keepdim, correction):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dim = checked(x, axes) if axes else None
        freedom = x.numel() / max(1, x.mean(dim, keepdim=True).numel()) - correction
        if x.dtype == torch.float64 and freedom > 0 and x.isfinite().all() and x.abs().max() < 1e100:
            # PyTorch 2.15's running mean and square lose digits where thousands are added up.
            return (x - x.mean(dim, keepdim=True)).square().sum(dim, keepdim=keepdim) / freedom
        return torch.var(x, dim, keepdim=keepdim, correction=correction)


@family
def reduction(draw):
    name = draw.choice(["sum", "mean", "norm", "max", "min", "var"])
    shape = draw.shape(limit=6000)
    axes, keepdim = draw.axes(len(shape)), draw.chance(0.4)
    attributes = {"axes": axes, "keepdim": int(keepdim)}
    dtype = draw.dtype()
    if dtype.kind != "f" and name in ("mean", "norm", "var"):
        return Case(name, [draw.tensor(shape, dtype)], refuse("floating point only"), attributes | (
            {"correction": 1.0} if name == "var" else {}))
    kind = kind_of(draw) if dtype.kind == "f" else integer_kind(draw)
    x = draw.tensor(shape, dtype, kind, grad=True)
    if name == "sum":
        return Case("sum", [x], lambda x: x.sum(checked(x, axes), keepdim=keepdim), attributes,
                    terms(8), EXACT)
    if name == "mean":
        return Case("mean", [x], lambda x: mean_of(x, checked(x, axes), keepdim), attributes,
                    terms(8), each(1), "range of f64")
    if name == "norm":
        return Case("norm", [x], lambda x: norm_of(x, axes, keepdim), attributes, each(8),
                    each(8, zero_signs=False), "range of f64")
    if name == "var":
        correction = draw.choice([1.0, 0.0, 1.0, 2.0, 0.5])
        reference = functools.partial(variance, axes=axes, keepdim=keepdim, correction=correction)
        # Of equal numbers it may be what their mean was rounded by, squared.
        largest = np.abs(x.data[np.isfinite(x.data)]).max(initial=0.0)
        least = 64 * float(np.finfo(dtype).eps) * min(float(largest), 1e150)**2
        return Case("var", [x], reference, attributes | {"correction": correction},
                    whole(16, least=least), whole(16, cancels=True))
    return Case(name, [x], lambda x: first_extreme(x, axes, keepdim, name == "max"), attributes,
                differs="first extreme")


def product_of(x, axes, keepdim):
    """Over several axes; those of f32 in f64."""
    axes = checked(x, axes)
    kept = [a for a in range(x.dim()) if a not in axes]
    shape = [x.shape[a] for a in kept]
    rows = x.permute(kept + axes).reshape(shape + [math.prod(x.shape[a] for a in axes)])
    rows = rows.double() if x.is_floating_point() else rows
    y = rows.prod(-1)
    y = y.to(x.dtype) if x.is_floating_point() else y
    return y.reshape([1 if a in axes else n for a, n in enumerate(x.shape)]) if keepdim else y


@family
def product(draw):
    shape, dtype = draw.shape(limit=600), draw.dtype()
    axes, keepdim = draw.axes(len(shape)), draw.chance(0.4)
    x = draw.tensor(shape, dtype, draw.choice(["small", "normal"] if dtype.kind == "f" else ["small", "any"]),
                    grad=True)
    return Case("prod", [x], lambda x: product_of(x, axes, keepdim), {"axes": axes, "keepdim": int(keepdim)},
                each(1024, zero_signs=False), each(1024, zero_signs=False), "range of products")


@family
def cumsum(draw):
    shape = draw.shape(1)
    axis, dtype = draw.axis(len(shape)), draw.dtype()
    kind = draw.choice(["normal", "small"]) if dtype.kind == "f" else integer_kind(draw)
    return Case("cumsum", [draw.tensor(shape, dtype, kind, grad=True)], lambda x: x.cumsum(axis),
                {"axis": axis}, terms(8), terms(8))


@family
def argument_of_extreme(draw):
    name = draw.choice(["argmax", "argmin"])
    shape = draw.shape(1)
    axis = draw.axis(len(shape))
    dtype = draw.dtype()
    kind = draw.choice(["small", "normal", "special"]) if dtype.kind == "f" else integer_kind(draw)
    x = draw.tensor(shape, dtype, kind, grad=True)
    return Case(name, [x], lambda x: getattr(torch, name)(x, axis), {"axis": axis})


@family
def softmax(draw):
    name = draw.choice(["softmax", "log_softmax", "logsumexp axis", "logsumexp"])
    shape = draw.shape(1, limit=6000)
    kind = kind_of(draw)
    x = draw.tensor(shape, draw.floating(), kind, grad=True)
    if kind == "normal" and draw.chance(0.3):
        x.data = x.data * draw.choice([100, 1e4, 1e8])
        x.data = x.data.astype(x.data.dtype)
    axis, axes, keepdim = draw.axis(len(shape)), draw.axes(len(shape)), draw.chance(0.4)
    if name == "logsumexp":
        return Case(name, [x], lambda x: logsumexp_of(x, axes, keepdim),
                    {"axes": axes, "keepdim": int(keepdim)}, whole(6), whole(16), "logsumexp")
    if name == "logsumexp axis":
        return Case(name, [x], lambda x: logsumexp_of(x, [axis], keepdim),
                    {"axis": axis, "keepdim": int(keepdim)}, whole(6), whole(16), "logsumexp")
    return Case(name, [x], lambda x: getattr(torch, name)(x, axis), {"axis": axis}, whole(8),
                whole(16, cancels=True))
