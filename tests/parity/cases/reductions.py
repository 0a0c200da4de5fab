import warnings

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
    if any(x.shape[a] == 0 for a in axes) or (x.numel() == 0 and not kept):
        raise IndexError("nothing to choose from")
    rows = x.permute(kept + axes).reshape([x.shape[a] for a in kept] + [-1]) if x.numel() else (
        x.permute(kept + axes).reshape([x.shape[a] for a in kept] + [1]))
    values = rows.detach()
    index = values.argmax(-1) if largest else values.argmin(-1)
    result = rows.gather(-1, index.unsqueeze(-1)).squeeze(-1)
    return result.reshape([1 if a in axes else n for a, n in enumerate(x.shape)]) if keepdim else result


def norm_of(x, axes, keepdim):
    return torch.linalg.vector_norm(x, dim=checked(x, axes), keepdim=keepdim)


def variance(x, axes, keepdim, correction):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.var(x, checked(x, axes), keepdim=keepdim, correction=correction)


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
        return Case("mean", [x], lambda x: x.mean(checked(x, axes), keepdim=keepdim), attributes,
                    terms(8), each(1))
    if name == "norm":
        return Case("norm", [x], lambda x: norm_of(x, axes, keepdim), attributes, each(8), each(8))
    if name == "var":
        correction = draw.choice([1.0, 0.0, 1.0, 2.0, 0.5])
        return Case("var", [x], lambda x: variance(x, axes, keepdim, correction),
                    attributes | {"correction": correction}, whole(16), whole(16))
    return Case(name, [x], lambda x: first_extreme(x, axes, keepdim, name == "max"), attributes,
                differs="first extreme")


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
        return Case(name, [x], lambda x: torch.logsumexp(x, checked(x, axes), keepdim),
                    {"axes": axes, "keepdim": int(keepdim)}, whole(6), whole(16))
    if name == "logsumexp axis":
        return Case(name, [x], lambda x: torch.logsumexp(x, axis, keepdim),
                    {"axis": axis, "keepdim": int(keepdim)}, whole(6), whole(16))
    return Case(name, [x], lambda x: getattr(torch, name)(x, axis), {"axis": axis}, whole(8),
                whole(16, cancels=True))
