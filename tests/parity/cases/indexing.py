import torch

from case import Case, family
from cases.elementwise import integer_kind, kind_of, refuse
from compare import terms
from draw import I64


def axis_of(shape, axis):
    return axis % len(shape) if shape and -len(shape) <= axis < len(shape) else None


def data(draw, shape, dtype):
    kind = kind_of(draw) if dtype.kind == "f" else integer_kind(draw)
    return draw.tensor(shape, dtype, kind, grad=True)


@family
def gather(draw):
    shape = draw.shape(1)
    axis = draw.axis(len(shape))
    at = axis_of(shape, axis)
    of_index = list(shape)
    size = 1
    if at is not None:
        size, of_index[at] = shape[at], draw.size()
    if size == 0:
        of_index[at] = 0
    return Case("gather", [data(draw, shape, draw.dtype()), draw.indices(of_index, size)],
                lambda x, i: torch.gather(x, axis, i), {"axis": axis}, backward=terms(4))


@family
def scatter_add(draw):
    shape = draw.shape(1)
    axis = draw.axis(len(shape))
    at = axis_of(shape, axis)
    of_index = list(shape)
    size = 1
    if at is not None:
        size, of_index[at] = shape[at], draw.size()
    if size == 0:
        of_index[at] = 0
    dtype = draw.dtype()
    kind = "normal" if dtype.kind == "f" else "small"
    x, source = draw.tensor(shape, dtype, kind, True), draw.tensor(of_index, dtype, kind, True)
    return Case("scatter_add", [x, draw.indices(of_index, size), source],
                lambda x, i, s: torch.scatter_add(x, axis, i, s), {"axis": axis}, terms(4), terms(4))


@family
def index_select(draw):
    shape = draw.shape(1)
    axis = draw.axis(len(shape))
    at = axis_of(shape, axis)
    size = 1 if at is None else shape[at]
    count = 0 if size == 0 else draw.size()
    return Case("index_select", [data(draw, shape, draw.dtype()), draw.indices([count], size)],
                lambda x, i: torch.index_select(x, axis, i), {"axis": axis}, backward=terms(4))


@family
def embedding(draw):
    shape = [draw.size(), draw.size()] if draw.chance(0.95) else draw.shape()
    rows = shape[0] if len(shape) == 2 else 1
    of_indices = draw.shape()
    if rows == 0:
        of_indices = [*of_indices, 0]
    attributes = {}
    if rows and draw.chance(0.4):
        attributes["padding_idx"] = draw.integer(-rows, rows - 1 if draw.chance(0.9) else rows)

    def reference(table, i):
        if table.dim() != 2 or not -rows <= attributes.get("padding_idx", 0) < max(rows, 1):
            raise IndexError("no table, or no row of it")
        return torch.nn.functional.embedding(i, table, **attributes)

    return Case("embedding", [data(draw, shape, draw.floating()), draw.indices(of_indices, rows)],
                reference, attributes, backward=terms(4))


@family
def join(draw):
    name = draw.choice(["concat", "stack"])
    shape = draw.shape(2 if name == "concat" else 0, 3)
    rank = len(shape) + (name == "stack")
    axis = draw.axis(rank)
    dtype = draw.dtype()
    shapes = []
    for _ in range(draw.integer(1, 4)):
        one = list(shape)
        at = axis_of(shape, axis)
        if name == "concat" and at is not None:
            one[at] = draw.size()
        if one and draw.chance(0.02):
            one[draw.integer(0, len(one) - 1)] += 1
        shapes.append(one)
    if draw.chance(0.03):
        other = I64 if dtype.kind == "f" else np_f32()
        return Case(name, [data(draw, shape, dtype), data(draw, shape, other)],
                    refuse("no promotion"), {"axis": 0})
    function = torch.cat if name == "concat" else torch.stack
    return Case(name, [data(draw, s, dtype) for s in shapes], lambda *x: function(x, axis),
                {"axis": axis})


def np_f32():
    from draw import F32
    return F32


@family
def split(draw):
    shape = draw.shape(1)
    axis, size = draw.axis(len(shape)), draw.integer(0 if draw.chance(0.03) else 1, 5)
    x = data(draw, shape, draw.dtype())

    def reference(x):
        if size == 0:
            raise RuntimeError("no size")
        return list(torch.split(x, size, axis))

    return Case("split", [x], reference, {"size": size, "axis": axis})


@family
def flip(draw):
    shape = draw.shape()
    axes = draw.axes(len(shape))
    return Case("flip", [data(draw, shape, draw.dtype())], lambda x: x.flip(axes), {"axes": axes})


@family
def one_hot(draw):
    classes = draw.choice([-1, draw.integer(1, 9)])
    shape = draw.shape(limit=300)
    return Case("one_hot", [draw.indices(shape, draw.integer(1, 9) if classes == -1 else classes)],
                lambda x: torch.nn.functional.one_hot(x, classes), {"classes": classes})


@family
def diagonal(draw):
    shape = draw.shape(2)
    axis1, axis2 = draw.axis(len(shape)), draw.axis(len(shape))
    return Case("diagonal", [data(draw, shape, draw.dtype())],
                lambda x: torch.diagonal(x, 0, axis1, axis2), {"axis1": axis1, "axis2": axis2})


@family
def sort(draw):
    shape = draw.shape(1)
    axis, descending = draw.axis(len(shape)), draw.chance(0.5)
    x = data(draw, shape, draw.dtype())
    if draw.chance(0.5):
        return Case("sort", [x], lambda x: list(torch.sort(x, dim=axis, descending=descending, stable=True)),
                    {"axis": axis, "descending": int(descending)})
    at = axis_of(shape, axis)
    k = draw.integer(0, (0 if at is None else shape[at]) + draw.chance(0.05))

    def reference(x):
        # PyTorch's own leaves open which of equal elements it takes.
        torch.topk(x, k, axis, descending)
        found = torch.sort(x, dim=axis, descending=descending, stable=True)
        return [part.narrow(axis, 0, k) for part in found]

    return Case("topk", [x], reference, {"k": k, "axis": axis, "largest": int(descending)})


@family
def pad(draw):
    shape = draw.shape(1)
    dtype = draw.dtype()
    name = draw.choice(["pad", "pad", "pad list"])
    pairs = 1 if name == "pad list" else draw.integer(1, len(shape))
    amounts = [draw.integer(-2, 3) for _ in range(2 * pairs)]
    value = (draw.choice([0.0, 1.5, float("-inf"), float("nan")]) if dtype.kind == "f"
             else draw.integer(0, 9))
    return Case(name, [data(draw, shape, dtype)],
                lambda x: torch.nn.functional.pad(x, amounts, value=value),
                {"amounts": amounts, "value": value})


@family
def pad_mode(draw):
    """PyTorch pads the last 1 to 3 axes of what has one or two more."""
    pairs = draw.integer(1, 3)
    shape = [draw.integer(1, 3) for _ in range(draw.integer(1, 2))] + [draw.integer(1, 6) for _ in range(pairs)]
    name = "pad mode list" if pairs == 1 and draw.chance(0.4) else "pad mode"
    amounts = [draw.integer(-1 if draw.chance(0.3) else 0, 4) for _ in range(2 * pairs)]
    reflect = draw.chance(0.5)
    for i in range(pairs):
        size = shape[-1 - i]
        for j in (2 * i, 2 * i + 1):
            if reflect and draw.chance(0.95):
                amounts[j] = min(amounts[j], size - 1)
        if amounts[2 * i] + amounts[2 * i + 1] + size < 1:
            amounts[2 * i] = 1 - min(amounts[2 * i + 1], 0) if not reflect or size > 2 else 0
            amounts[2 * i + 1] = max(amounts[2 * i + 1], 0)
    kind = draw.choice(["normal", "special"])
    x = draw.tensor(shape, draw.floating(), kind, grad=True)
    return Case(name, [x], lambda x: torch.nn.functional.pad(
        x, amounts, mode="reflect" if reflect else "replicate"),
        {"amounts": amounts, "reflect": int(reflect)}, backward=terms(16))
