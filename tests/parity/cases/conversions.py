"""The methods of Tensor that make, read, write and convert."""
import numpy as np
import torch

from case import Case, Refused, family
from cases.elementwise import divide, integer_kind, kind_of, refuse
from compare import each, terms, whole
from draw import F32, F64, I64, U8

NAMES = {F32: "f32", F64: "f64", I64: "i64", U8: "u8"}
TORCH = {F32: torch.float32, F64: torch.float64, I64: torch.int64, U8: torch.uint8}


def data(draw, shape, dtype=None, grad=True):
    dtype = dtype or draw.dtype()
    return draw.tensor(shape, dtype, kind_of(draw) if dtype.kind == "f" else integer_kind(draw), grad)


@family
def factory(draw):
    name = draw.choice(["empty", "full", "zeros", "ones", "arange"])
    dtype = draw.dtype()
    options = {"dtype": NAMES[dtype]}
    if name == "arange":
        count = draw.choice([0, 1, 5, 200, 256, 257, 1000])
        if dtype == U8 and count > 256:
            return Case("Tensor::arange", [], refuse("arange"), options | {"count": count})
        return Case("Tensor::arange", [], lambda: torch.arange(count, dtype=TORCH[dtype]),
                    options | {"count": count})
    shape = draw.shape()
    options["shape"] = shape
    if name == "full":
        values = [0.1, float("nan"), float("inf"), -0.0, 3.0] if dtype.kind == "f" else [0, 3, 255]
        value = draw.choice(values + ([2**53 + 1, -2**63] if dtype == I64 else []))
        if dtype.kind != "f" and draw.chance(0.1):
            return Case("Tensor::full", [], refuse("numbers"), options | {"value": 0.5})
        return Case("Tensor::full", [], lambda: torch.full(shape, value, dtype=TORCH[dtype]),
                    options | {"value": value})
    filled = torch.ones if name == "ones" else torch.zeros
    return Case(f"Tensor::{name}", [], lambda: filled(shape, dtype=TORCH[dtype]), options)


@family
def literal(draw):
    return Case("Tensor::of", [], lambda: torch.tensor([[1, -2.5, 3], [4, 0.1, 6]]))


@family
def reading(draw):
    name = draw.choice(["Tensor::to_vector", "Tensor::data"])
    return Case(name, [data(draw, draw.shape())], lambda x: x.detach().clone())


@family
def writing_through_pointer(draw):
    dtype = draw.dtype()
    x = draw.tensor(draw.shape(), dtype, grad=True)
    return Case("Tensor::mutable_data", [x], lambda x: (x + x).detach())


@family
def item(draw):
    shape = [1] * draw.integer(0, 3) if draw.chance(0.8) else draw.shape()
    dtype = draw.dtype()
    name = draw.choice(["Tensor::item", "Tensor::item<T>"])
    kind = kind_of(draw) if dtype.kind == "f" else (
        "small" if name == "Tensor::item" else integer_kind(draw))
    x = draw.tensor(shape, dtype, kind, True)
    to = torch.float64 if name == "Tensor::item" else TORCH[dtype]
    return Case(name, [x], lambda x: torch.tensor([x.detach().item()], dtype=to))


@family
def faces(draw):
    shape = draw.shape(1)
    axis = draw.axis(len(shape))
    return Case("Tensor::size", [data(draw, shape)],
                lambda x: [torch.tensor([x.size(axis)]), torch.tensor([int(x.is_contiguous())])],
                {"axis": axis})


@family
def flags(draw):
    dtype = draw.dtype()
    x = draw.tensor(draw.shape(), dtype, grad=draw.chance(0.5), dense=True)
    return Case("Tensor::requires_grad", [x],
                lambda x: torch.tensor([1, int(x.requires_grad), int(x.is_leaf)]))


@family
def filling(draw):
    name = draw.choice(["Tensor::fill_", "Tensor::add_", "Tensor::sub_", "Tensor::mul_",
                        "Tensor::div_"])
    dtype = draw.dtype()
    value = draw.choice([0.1, -0.0, float("inf"), 2]) if dtype.kind == "f" else draw.integer(0, 5)
    if name == "Tensor::div_" and dtype.kind != "f":
        value += 1
    if dtype.kind != "f" and draw.chance(0.1):
        return Case(name, [data(draw, draw.shape(), dtype)], refuse("numbers"), {"value": 0.5})
    x = data(draw, draw.shape(), dtype, draw.chance(0.05))

    def reference(x):
        whole = x._base if x._base is not None else x
        if x.requires_grad:
            # PyTorch records a write into a view that requires one.
            raise RuntimeError("a tensor that requires a gradient is written to in place")
        method = name.split("::")[1]
        if method == "div_" and dtype.kind != "f":
            x.div_(value, rounding_mode="trunc")
        else:
            getattr(x, method)(value)
        return [x, whole]

    return Case(name, [x], reference, {"value": value}, each(1),
                differs="integer division" if name == "Tensor::div_" and dtype.kind != "f" else "")


def divide_(x, other):
    if x.is_floating_point():
        x.div_(other)
    else:
        # div_() itself would end the process at -2^63 / -1.
        x.copy_(divide(x, other))


# Name -> (how many tensors it is given, what it does, whether integers do).
WRITES = {
    "add_ tensor": (1, lambda x, t, v: x.add_(t[0], alpha=v), True),
    "sub_ tensor": (1, lambda x, t, v: x.sub_(t[0], alpha=v), True),
    "mul_ tensor": (1, lambda x, t, v: x.mul_(t[0]), True),
    "div_ tensor": (1, lambda x, t, v: divide_(x, t[0]), True),
    "addcmul_": (2, lambda x, t, v: x.addcmul_(t[0], t[1], value=v), False),
    "addcdiv_": (2, lambda x, t, v: x.addcdiv_(t[0], t[1], value=v), False),
    "lerp_": (1, lambda x, t, v: x.lerp_(t[0], v), False),
    "operator+=": (1, lambda x, t, v: x.add_(t[0]), True),
    "operator-=": (1, lambda x, t, v: x.sub_(t[0]), True),
    "operator*=": (1, lambda x, t, v: x.mul_(t[0]), True),
    "operator/=": (1, lambda x, t, v: divide_(x, t[0]), True),
    "operator+= number": (0, lambda x, t, v: x.add_(v), True),
    "operator-= number": (0, lambda x, t, v: x.sub_(v), True),
    "operator*= number": (0, lambda x, t, v: x.mul_(v), True),
    "operator/= number": (0, lambda x, t, v: divide_(x, v), True),
}


@family
def arithmetic_in_place(draw):
    name = draw.choice(list(WRITES))
    count, write, takes_integers = WRITES[name]
    dtype = draw.dtype() if takes_integers else draw.floating()
    is_real = dtype.kind == "f"
    value = draw.choice([1.0, 1.0, 0.3, -2.0, 0.75] if is_real else [1, 1, 2, 3])
    shape = draw.shape()
    # A recorded write is one to a tensor that was computed.
    copied = is_real and draw.chance(0.5)
    given = [draw.tensor(draw.broadcastable(shape), dtype, "positive" if is_real else "small",
                         grad=copied) for _ in range(count)]
    if not is_real and "div" in name + ("div" if "/" in name else ""):
        for tensor in given:
            tensor.data[tensor.data == 0] = 3
    kind = "normal" if is_real else "small"
    x = draw.tensor(shape, dtype, kind, grad=True) if copied else data(draw, shape, dtype, False)

    def reference(x, *tensors):
        if copied:
            y = x * 1
            write(y, tensors, value)
            return [y]
        whole = x._base if x._base is not None else x
        write(x, tensors, value)
        return [x, whole]

    differs = "integer division" if not is_real and ("div" in name or "/" in name) else ""
    return Case(name, [x] + given, reference, {"value": value, "copied": [int(copied)]},
                forward=whole(4, cancels=True), backward=whole(8, cancels=True), differs=differs)


@family
def copying(draw):
    to, source = draw.dtype(), draw.dtype()
    shape = draw.shape()
    kind = "normal" if source.kind == "f" else "small"
    given = draw.tensor(draw.broadcastable(shape), source, kind)
    if to.kind != "f" and source.kind == "f":
        given.data = np.abs(given.data)
    if to == U8 and source == I64:
        given.data = np.abs(given.data)

    def reference(x, s):
        whole = x._base if x._base is not None else x
        x.copy_(s)
        return [x, whole]

    return Case("Tensor::copy_", [data(draw, shape, to, False), given], reference)


@family
def layout(draw):
    name = draw.choice(["contiguous", "clone", "detach", "to device"])
    functions = {"contiguous": lambda x: x.contiguous(), "clone": lambda x: x.clone(),
                 "detach": lambda x: x.detach(), "to device": lambda x: x.to("cpu")}
    return Case(f"Tensor::{name}", [data(draw, draw.shape())], functions[name])


@family
def conversion(draw):
    source, to = draw.dtype(), draw.dtype()
    shape = draw.shape()
    x = data(draw, shape, source)
    if source.kind == "f" and to.kind != "f" and draw.chance(0.7):
        x = draw.tensor(shape, source, "normal")
        x.data = np.abs(x.data) if to == U8 else x.data

    def reference(x):
        low, high = (0, 255) if to == U8 else (-2**63, 2**63 - 1)
        if to.kind != "f" and not fits(x, low, high):
            raise Refused("conversion")
        return x.to(TORCH[to])

    return Case("Tensor::to", [x], reference, {"dtype": NAMES[to]})


def fits(x, low, high):
    return all(np.isfinite(v) and low <= int(v) <= high for v in x.detach().flatten().tolist())


@family
def bf16(draw):
    x = data(draw, draw.shape(), draw.choice([F32, F64]))
    return Case("Tensor::to bf16", [x], lambda x: x.to(torch.bfloat16).to(x.dtype))


@family
def backward(draw):
    shape = draw.shape()
    dtype = draw.floating()
    x, g = draw.tensor(shape, dtype, grad=True), draw.tensor(shape, dtype)

    def of_base(x, g):
        """Of the leaf: x is a view of it, perhaps one that repeats elements."""
        leaf = x._base if x._base is not None else x
        squares = x * x
        squares.register_hook(lambda g: g * 2)
        for _ in range(2):
            squares.backward(g, retain_graph=True)
        return leaf.grad.clone()

    return Case("Tensor::backward", [x, g], of_base, forward=terms(6))


@family
def gradient_set(draw):
    shape, dtype = draw.shape(), draw.floating()
    x, held, g = (draw.tensor(shape, dtype) for _ in range(3))

    def reference(x, held, g):
        leaf = x.clone().requires_grad_()
        leaf.grad = held.clone()
        (leaf * leaf).backward(g)
        return [held, leaf.grad.clone(), torch.tensor([0])]

    return Case("Tensor::set_grad", [x, held, g], reference, forward=terms(6))
