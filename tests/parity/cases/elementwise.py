import math

import numpy as np
import torch

from case import Case, Refused, Replaced, family
from compare import EXACT, each, terms, whole
from draw import F32, F64, I64, U8


def kind_of(draw, positive=False):
    if draw.chance(0.25):
        return "special"
    return "positive" if positive else draw.choice(["normal", "normal", "small"])


def integer_kind(draw):
    return draw.choice(["small", "small", "any", "limits"])


def gelu(x):
    exact = x * (torch.special.erfc(x * -math.sqrt(0.5)) / 2)
    return Replaced.apply(torch.nn.functional.gelu(x), exact.detach())


# Name -> (PyTorch's, whether it is for positive numbers, forward, backward).
UNARY = {
    "neg": (torch.neg, False, EXACT, EXACT),
    "operator- unary": (torch.neg, False, EXACT, EXACT),
    "abs": (torch.abs, False, EXACT, EXACT),
    "exp": (torch.exp, False, each(4), each(6)),
    "log": (torch.log, True, each(4), each(4)),
    "sqrt": (torch.sqrt, True, each(1), each(4)),
    "rsqrt": (torch.rsqrt, True, each(3), each(8)),
    "sin": (torch.sin, False, each(4), each(4)),
    "cos": (torch.cos, False, each(4), each(4)),
    # Both lose digits where 1 - y² cancels.
    "tanh": (torch.tanh, False, each(4), whole(4, cancels=True)),
    "sigmoid": (torch.sigmoid, False, each(4), whole(4, cancels=True)),
    "relu": (torch.relu, False, EXACT, EXACT),
    "gelu": (gelu, False, whole(4), whole(8, cancels=True)),
    "silu": (torch.nn.functional.silu, False, each(6), whole(8, cancels=True)),
    "floor": (torch.floor, False, EXACT, EXACT),
    "ceil": (torch.ceil, False, EXACT, EXACT),
    "trunc": (torch.trunc, False, EXACT, EXACT),
    "round": (torch.round, False, EXACT, EXACT),
    "erf": (torch.erf, False, each(4), each(8)),
    "softplus": (lambda x: torch.logaddexp(x, torch.zeros_like(x)), False, each(4), each(8)),
}


TAKES_INTEGERS = ("neg", "abs", "operator- unary", "floor", "ceil", "trunc", "round")


@family
def unary(draw):
    name = draw.choice(list(UNARY))
    function, positive, forward, backward = UNARY[name]
    shape = draw.shape()
    if name in TAKES_INTEGERS and draw.chance(0.3):
        dtype = draw.choice([I64, U8])
        return Case(name, [draw.tensor(shape, dtype, integer_kind(draw))], function)
    if draw.chance(0.03) and name not in TAKES_INTEGERS:
        return Case(name, [draw.tensor(shape, I64)], refuse("floating point only"))
    x = draw.tensor(shape, draw.floating(), kind_of(draw, positive), grad=True)
    return Case(name, [x], function, forward=forward, backward=backward,
                differs="gelu" if name == "gelu" else "")


def refuse(difference):
    def reference(*_):
        raise Refused(difference)
    return reference


@family
def sign(draw):
    dtype = draw.dtype()
    kind = kind_of(draw) if dtype.kind == "f" else integer_kind(draw)
    x = draw.tensor(draw.shape(), dtype, kind, grad=True)
    return Case("sign", [x], lambda x: torch.sign(x.detach()), differs="dense sign")


@family
def leaky_relu(draw):
    slope = draw.choice([0.01, 0.2, 0.0, 1.0, -0.5])
    x = draw.tensor(draw.shape(), draw.floating(), kind_of(draw), grad=True)
    return Case("leaky_relu", [x], lambda x: torch.nn.functional.leaky_relu(x, slope),
                {"slope": slope}, each(1), each(1))


@family
def pow_(draw):
    exponent = draw.choice([2.0, 3.0, 0.5, -1.0, 0.0, 1.0, -2.0, 2.5, 1 / 3, -0.5])
    positive = draw.chance(0.5)
    x = draw.tensor(draw.shape(), draw.floating(), kind_of(draw, positive), grad=True)
    return Case("pow", [x], lambda x: torch.pow(x, exponent), {"exponent": exponent}, each(6), each(8))


@family
def clamp(draw):
    dtype = draw.dtype()
    if dtype.kind == "f":
        low, high = sorted([draw.number(-2, 2), draw.number(-2, 2)])
        low, high = draw.choice([(low, high), (-1.0, 1.0), (0.0, float("inf")), (high, high)])
    else:
        low, high = sorted([draw.integer(0, 9), draw.integer(0, 9)])
    kind = kind_of(draw) if dtype.kind == "f" else integer_kind(draw)
    x = draw.tensor(draw.shape(), dtype, kind, grad=True)
    if draw.chance(0.1):
        low, high = high, low
    return Case("clamp", [x], lambda x: torch.clamp(x, low, high), {"low": low, "high": high},
                each(1), EXACT)


def divide(a, b):
    if a.is_floating_point():
        return a / b
    if not torch.is_tensor(b):
        b = torch.tensor(b, dtype=a.dtype)
    least = torch.iinfo(a.dtype).min
    if a.dtype == torch.int64 and ((a == least) & (b == -1)).any():
        raise Refused("integer overflow of a quotient")
    return torch.div(a, b, rounding_mode="trunc")


ARITHMETIC = {"add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": divide}
OPERATORS = {"operator+": "add", "operator-": "sub", "operator*": "mul", "operator/": "div"}


@family
def binary(draw):
    name = draw.choice(list(ARITHMETIC) * 2 + list(OPERATORS))
    function = ARITHMETIC[OPERATORS.get(name, name)]
    dtype = draw.dtype()
    kind = kind_of(draw) if dtype.kind == "f" else integer_kind(draw)
    shape = draw.shape()
    shapes = [shape, draw.broadcastable(shape)]
    if draw.chance(0.5):
        shapes.reverse()
    other = draw.choice([d for d in (F32, F64, I64, U8) if d != dtype])
    if draw.chance(0.03):
        inputs = [draw.tensor(shapes[0], dtype), draw.tensor(shapes[1], other)]
        return Case(name, inputs, refuse("no promotion"))
    inputs = [draw.tensor(s, dtype, kind, grad=draw.chance(0.9)) for s in shapes]
    if function is divide and dtype.kind != "f" and draw.chance(0.8):
        # Else a division by 0 is in nearly every case.
        data = inputs[1].data
        data[data == 0] = 3
    backward = terms(6)
    if function is not divide and draw.chance(0.12):
        # What comes from either side may cancel.
        inputs[1], backward = draw.again(inputs[0], 0), whole(8, cancels=True)
    differs = "integer division" if function is divide and dtype.kind != "f" else ""
    return Case(name, inputs, function, forward=EXACT, backward=backward, differs=differs)


NUMBERS = {"add number": torch.add, "sub number": torch.sub, "mul number": torch.mul,
           "div number": divide, "operator+ number": torch.add, "operator- number": torch.sub,
           "operator* number": torch.mul, "operator/ number": divide,
           "number operator*": torch.mul, "number operator+": torch.add,
           "number operator-": lambda x, b: torch.sub(torch.tensor(b, dtype=x.dtype), x),
           "number operator/": lambda x, b: divide(torch.tensor(b, dtype=x.dtype), x)}


@family
def with_number(draw):
    name = draw.choice(list(NUMBERS))
    function = NUMBERS[name]
    dtype = draw.dtype()
    if dtype.kind == "f":
        number = draw.choice([draw.number(-3, 3), 0.1, 2, -1, 0.0, -0.0, float("inf"), 1e-3])
    elif draw.chance(0.08):
        bad = draw.choice([0.5, 1e30, float("nan")] + ([300, -1] if dtype == U8 else []))
        return Case(name, [draw.tensor(draw.shape(), dtype)], refuse("numbers"), {"b": bad})
    else:
        number = draw.choice([1, 2, 3, 7, 0] + ([-1, 2**53 + 1, -5, 3.0] if dtype == I64 else [255]))
    kind = kind_of(draw) if dtype.kind == "f" else integer_kind(draw)
    x = draw.tensor(draw.shape(), dtype, kind, grad=True)
    whole_number = number if dtype.kind == "f" else int(number)
    is_quotient = name in ("div number", "operator/ number", "number operator/") and dtype.kind != "f"
    if name == "number operator/" and is_quotient and draw.chance(0.8):
        x.data[x.data == 0] = 3
    return Case(name, [x], lambda x: function(x, whole_number), {"b": number}, each(1), each(1),
                differs="integer division" if is_quotient else "")


COMPARISONS = {"equal": torch.eq, "not_equal": torch.ne, "less": torch.lt, "less_equal": torch.le,
               "greater": torch.gt, "greater_equal": torch.ge}


@family
def comparison(draw):
    name = draw.choice(list(COMPARISONS))
    dtype = draw.dtype()
    kind = draw.choice(["special", "small"]) if dtype.kind == "f" else integer_kind(draw)
    shape = draw.shape()
    inputs = [draw.tensor(s, dtype, kind, grad=True) for s in (shape, draw.broadcastable(shape))]
    return Case(name, inputs, lambda a, b: COMPARISONS[name](a, b).to(torch.uint8), differs="masks")


OPERATORS_OF_ORDER = {"operator<": torch.lt, "operator<=": torch.le, "operator>": torch.gt,
                      "operator>=": torch.ge}


@family
def comparison_with_number(draw):
    function = draw.choice(list(COMPARISONS) + list(OPERATORS_OF_ORDER) * 2)
    compare = COMPARISONS.get(function) or OPERATORS_OF_ORDER[function]
    dtype = draw.dtype()
    kind = draw.choice(["special", "small"]) if dtype.kind == "f" else integer_kind(draw)
    x = draw.tensor(draw.shape(), dtype, kind, grad=True)
    number = draw.choice([0, 1, 2, 0.5, -0.0, float("inf")] if dtype.kind == "f" else [0, 1, 2, 7])
    if function.startswith("operator") and draw.chance(0.3):
        other = draw.tensor(draw.broadcastable(list(x.data.shape)), dtype, kind)
        return Case(function, [x, other], lambda a, b: compare(a, b).to(torch.uint8), differs="masks")
    if function.startswith("operator") and draw.chance(0.5):
        given = torch.tensor(number, dtype=torch.float64 if dtype.kind == "f" else torch.int64)
        return Case("number " + function, [x],
                    lambda a: compare(given.to(a.dtype), a).to(torch.uint8), {"b": number},
                    differs="masks")
    return Case(function + " number", [x], lambda a: compare(a, number).to(torch.uint8),
                {"b": number}, differs="masks")


@family
def finite(draw):
    name = draw.choice(["isnan", "isinf", "isfinite"])
    dtype = draw.dtype()
    x = draw.tensor(draw.shape(), dtype, "special" if dtype.kind == "f" else "any", grad=True)
    return Case(name, [x], lambda x: getattr(torch, name)(x).to(torch.uint8), differs="masks")


# Of two zeros, PyTorch gives the first or the second, by the length of the tensor.
EXTREME = each(0, zero_signs=False)

# Name -> (PyTorch's, forward, backward).
PAIRS = {
    "maximum": (torch.maximum, EXTREME, whole(64, cancels=True)),
    "minimum": (torch.minimum, EXTREME, whole(64, cancels=True)),
    "fmod": (torch.fmod, EXACT, terms(8)),
    "remainder": (torch.remainder, each(2), terms(8)),
    "pow tensor": (torch.pow, each(8), whole(16, cancels=True)),
}


@family
def pair(draw):
    name = draw.choice(list(PAIRS))
    function, forward, backward = PAIRS[name]
    dtype = draw.floating() if name == "pow tensor" else draw.dtype()
    is_extreme = name in ("maximum", "minimum")
    if dtype.kind != "f":
        kind = integer_kind(draw) if is_extreme else "small"
    else:
        kind = kind_of(draw) if is_extreme else draw.choice(["normal", "positive"])
    if name == "pow tensor":
        kind = "positive"
    shape = draw.shape()
    inputs = [draw.tensor(s, dtype, kind, grad=draw.chance(0.9))
              for s in (shape, draw.broadcastable(shape))]
    if not is_extreme and dtype.kind != "f":
        inputs[1].data[inputs[1].data == 0] = 3
    if name in ("fmod", "remainder") and draw.chance(0.3):
        number = draw.choice([1.5, -2.0, 3] if dtype.kind == "f" else [1, 3, 7])
        return Case(name + " number", inputs[:1], lambda x: function(x, number), {"b": number},
                    forward, backward)
    return Case(name, inputs, function, forward=forward, backward=backward)


def mask(draw, shape):
    base, views = draw.views(shape)
    given = draw.tensor(base, U8, dense=True)
    given.data = (given.data % 2 * draw.choice([1, 1, 255])).astype(np.uint8)
    given.views = views
    return given


@family
def where(draw):
    dtype = draw.dtype()
    kind = kind_of(draw) if dtype.kind == "f" else integer_kind(draw)
    shape = draw.shape()
    a, b = (draw.tensor(draw.broadcastable(shape), dtype, kind, grad=True) for _ in range(2))
    return Case("where", [mask(draw, draw.broadcastable(shape)), a, b],
                lambda c, a, b: torch.where(c != 0, a, b), backward=terms(4), differs="masks")


@family
def masked_fill(draw):
    dtype = draw.dtype()
    kind = kind_of(draw) if dtype.kind == "f" else integer_kind(draw)
    value = (draw.choice([0.0, -0.0, float("-inf"), 0.1, float("nan")]) if dtype.kind == "f"
             else draw.integer(0, 200))
    shape = draw.shape()
    x = draw.tensor(shape, dtype, kind, grad=True)
    return Case("masked_fill", [x, mask(draw, draw.broadcastable(shape))],
                lambda x, m: x.masked_fill(m != 0, value), {"value": value}, differs="masks")
