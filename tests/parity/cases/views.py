import torch

from case import Case, family
from cases.elementwise import integer_kind, refuse
from compare import terms


def data(draw, shape):
    dtype = draw.dtype()
    return draw.tensor(shape, dtype, "special" if dtype.kind == "f" else integer_kind(draw), True)


@family
def reshape(draw):
    shape = draw.shape()
    count = 1
    for size in shape:
        count *= size
    target, left = [], count
    while left > 1 and len(target) < 4:
        factor = draw.choice([f for f in range(1, min(left, 40) + 1) if left % f == 0])
        target.append(factor)
        left //= factor
    target.append(left)
    target = [target[i] for i in draw.permutation(len(target))]
    if draw.chance(0.4):
        target[draw.integer(0, len(target) - 1)] = -1
    if draw.chance(0.05):
        target.append(draw.choice([2, -1, -2]))
    return Case("Tensor::reshape", [data(draw, shape)], lambda x: x.reshape(target),
                {"shape": target})


@family
def flatten(draw):
    shape = draw.shape()
    first, last = draw.choice([(0, -1), (draw.axis(len(shape)), draw.axis(len(shape)))])
    return Case("Tensor::flatten", [data(draw, shape)], lambda x: x.flatten(first, last),
                {"first": first, "last": last})


@family
def transpose(draw):
    shape = draw.shape(1)
    a, b = draw.axis(len(shape)), draw.axis(len(shape))
    return Case("Tensor::transpose", [data(draw, shape)], lambda x: x.transpose(a, b),
                {"axis0": a, "axis1": b})


@family
def permute(draw):
    shape = draw.shape()
    axes = draw.permutation(len(shape))
    axes = [a - len(axes) if draw.chance(0.2) else a for a in axes]
    if axes and draw.chance(0.05):
        axes[0] = axes[-1] if len(axes) > 1 else 3
    return Case("Tensor::permute", [data(draw, shape)], lambda x: x.permute(axes), {"axes": axes})


@family
def slice_(draw):
    shape = draw.shape(1)
    axis = draw.axis(len(shape))
    size = shape[axis] if -len(shape) <= axis < len(shape) else 0
    start, end = draw.integer(-size - 2, size + 2), draw.integer(-size - 2, size + 2)
    step = draw.choice([1, -1, -1, 2, -2, 3, 100, -100, 2**40, -2**63, 0]) if draw.chance(0.6) else 1
    if draw.chance(0.1):
        end = draw.choice([2**63 - 1, -2**63])

    def reference(x):
        if not -x.dim() <= axis < x.dim():
            raise IndexError("axis")
        if step == 0:
            raise ValueError("no step")
        if step < 0:
            # NumPy's; PyTorch has none.
            places = list(range(*slice(start, end, step).indices(x.shape[axis])))
            return x.index_select(axis, torch.tensor(places, dtype=torch.int64))
        return x[(slice(None),) * (axis % x.dim()) + (slice(start, end, step),)]

    return Case("Tensor::slice", [data(draw, shape)], reference,
                {"axis": axis, "start": start, "end": end, "step": step})


@family
def expand(draw):
    target = draw.shape()
    shape = draw.broadcastable(target)
    if draw.chance(0.3) and shape:
        at = len(target) - len(shape) + draw.integer(0, len(shape) - 1)
        target[at] = -1
    return Case("Tensor::expand", [data(draw, shape)], lambda x: x.expand(target), {"shape": target},
                backward=terms(6))


@family
def squeeze(draw):
    shape = draw.shape(1)
    axis = draw.axis(len(shape))
    at_one = not -len(shape) <= axis < len(shape) or shape[axis] == 1
    x = data(draw, shape)
    if not at_one:
        return Case("Tensor::squeeze", [x], refuse("squeeze"), {"axis": axis})
    return Case("Tensor::squeeze", [x], lambda x: x.squeeze(axis), {"axis": axis})


@family
def unsqueeze(draw):
    shape = draw.shape()
    axis = draw.axis(len(shape) + 1)
    return Case("Tensor::unsqueeze", [data(draw, shape)], lambda x: x.unsqueeze(axis), {"axis": axis})
