import numpy as np
import torch

from case import Case, family
from cases.elementwise import refuse
from cases.random_numbers import dropout_mask
from compare import terms
from draw import I64


def product_kind(draw):
    return "special" if draw.chance(0.08) else "normal"


@family
def matmul(draw):
    dtype = draw.floating()
    if draw.chance(0.04):
        return Case("matmul", [draw.tensor([4], dtype), draw.tensor([4], dtype)], refuse("vectors"))
    if draw.chance(0.02):
        return Case("matmul", [draw.tensor([4, 4], I64), draw.tensor([4, 4], I64)],
                    refuse("floating point only"))
    batch = draw.shape(0, 2, 20)
    rows, inner, columns = draw.size(), draw.size(), draw.size()
    if draw.chance(0.1):
        rows, inner, columns = draw.integer(30, 90), draw.integer(30, 200), draw.integer(30, 90)
    wrong = draw.chance(0.03)
    a = draw.tensor(draw.broadcastable(batch) + [rows, inner], dtype, product_kind(draw), True)
    b = draw.tensor(batch + [inner + wrong, columns], dtype, "normal", True)
    return Case("matmul", [a, b], torch.matmul, forward=terms(8), backward=terms(8))


def linear_inputs(draw):
    dtype = draw.floating()
    inputs, outputs = draw.size(), draw.size()
    x = draw.tensor(draw.shape(1, 3, 60) + [inputs], dtype, "normal", True)
    weight = draw.tensor([outputs, inputs + draw.chance(0.03)], dtype, "normal", True)
    bias = draw.tensor([outputs], dtype, "normal", True) if draw.chance(0.7) else None
    return [x, weight, bias]


@family
def linear(draw):
    return Case("linear", linear_inputs(draw), torch.nn.functional.linear, forward=terms(8),
                backward=terms(8))


@family
def linear_relu_dropout(draw):
    inputs = linear_inputs(draw)
    p, seed = draw.choice([0.0, 0.3, 0.75]), draw.integer(0, 2**40)

    def reference(x, weight, bias):
        y = torch.nn.functional.linear(x, weight, bias).relu()
        return y * torch.from_numpy(dropout_mask(seed, 0, 0, list(y.shape), p)).to(y.dtype) / (1 - p)

    return Case("linear_relu_dropout", inputs, reference, {"p": p, "seed": seed}, terms(8), terms(8),
                differs="random")


EQUATIONS = ["ij->ji", "ij,jk->ik", "bij,bjk->bik", "i,j->ij", "bij->b", "ij,ij->", "ij", "ij,jk",
             "bi,oi->bo", "bhid,bhjd->bhij", "abc->cab", "ij->", "ijk,jk->i", "i,i->i", "ab,cb->ac",
             "bik,jk->bij", "ijk,ikl->jl", "ji,kj->ik", "ba", " i j , j -> i "]


@family
def einsum(draw):
    equation = draw.choice(EQUATIONS)
    dtype = draw.floating()
    if draw.chance(0.04):
        return Case("einsum", [draw.tensor([3, 3], dtype) for _ in range(3)], refuse("three tensors"),
                    {"equation": "ij,jk,kl->il"})
    sizes = {letter: draw.size() for letter in "abcdefghijklmnopqrstuvwxyz"}
    operands = equation.split("->")[0].split(",")
    while any(np.prod([sizes[i] for i in o.replace(" ", "")]) > 4000 for o in operands):
        sizes = {letter: draw.size() for letter in sizes}
    tensors = [draw.tensor([sizes[i] for i in o.replace(" ", "")], dtype, "normal", True)
               for o in operands]
    return Case("einsum", tensors, lambda *x: torch.einsum(equation, *x), {"equation": equation},
                terms(8), terms(8))


ELLIPSES = ["...", "...->...", "i...->...i", "i...", "...ij->...ji", "...ij,...jk->...ik", "...i,i->...",
            "i...,i...->...", "...,...->...", "...i->i", "ii...->i...", "...ii,j->...j", "ii->i", "ii", "iij->j",
            "iji->ij", "ii,ij->j", "ij,jj->ij", "iii->i"]


@family
def einsum_of_diagonals(draw):
    equation, dtype = draw.choice(ELLIPSES), draw.floating()
    sizes = {letter: draw.integer(0 if draw.chance(0.05) else 1, 5) for letter in "ijk"}
    rest = [draw.integer(1, 3) for _ in range(draw.integer(0, 2))]
    tensors = []
    for operand in equation.split("->")[0].split(","):
        before, dots, after = operand.partition("...")
        middle = draw.broadcastable(rest) if dots else []
        tensors.append(draw.tensor([sizes[i] for i in before] + middle + [sizes[i] for i in after], dtype,
                                   "normal", True))
    return Case("einsum", tensors, lambda *x: torch.einsum(equation, *x), {"equation": equation},
                terms(8), terms(8))


@family
def einsum_of_integers(draw):
    equation = draw.choice(["ij->i", "ij->", "ij->ji", "ij"])
    x = draw.tensor(draw.shape(2, 2), draw.choice([I64, np.dtype(np.uint8)]), "any")
    return Case("einsum", [x], lambda x: sum_of_integers(equation, x), {"equation": equation})


def sum_of_integers(equation, x):
    if equation in ("ij->ji", "ij"):
        return x.t() if equation == "ij->ji" else x
    return x.sum(1) if equation == "ij->i" else x.sum()
