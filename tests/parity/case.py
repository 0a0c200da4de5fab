"""A case: one call of an operation, and what PyTorch makes of the same."""
from dataclasses import dataclass, field

import numpy as np
import torch

from compare import EXACT
from differences import DIFFERENCES

# What PyTorch throws where an operation cannot be done.
TORCH_ERRORS = (RuntimeError, IndexError, ValueError, TypeError, NotImplementedError,
                ZeroDivisionError)


class Refused(Exception):
    """Raised by a reference where Plastic must refuse, by the documented choice `difference`."""

    def __init__(self, difference):
        super().__init__(difference)
        self.difference = difference


class Replaced(torch.autograd.Function):
    """Other values with the same gradient."""

    @staticmethod
    def forward(ctx, y, values):
        return values.clone()

    @staticmethod
    def backward(ctx, g):
        return g, None


@dataclass
class Case:
    """reference(*tensors) gives PyTorch's result, or a list of them. differs names the documented
    difference that the reference follows instead of PyTorch, if any."""
    operation: str
    tensors: list
    reference: object
    attributes: dict = field(default_factory=dict)
    forward: object = EXACT
    backward: object = EXACT
    differs: str = ""

    def __post_init__(self):
        assert not self.differs or self.differs in DIFFERENCES, self.differs


# Name of a family of cases -> a function of a Draw that gives a Case.
FAMILIES = {}


def family(function):
    FAMILIES[function.__name__] = function
    return function


@dataclass
class Expected:
    """Of PyTorch, or of its f64: arrays, and gradients of the leaves (None where there is none)."""
    results: list
    requires_grad: list
    gradients: list


def _leaf(given, how, leaf=None):
    """(leaf, view of it); of `leaf` where it is there already."""
    if given is None:
        return None, None
    if leaf is None:
        leaf = _new_leaf(given, how)
    view = leaf
    for name, arguments in given.views:
        view = _viewed(view, name, arguments)
    return leaf, view


def _new_leaf(given, how):
    data = torch.from_numpy(np.ascontiguousarray(given.data).reshape(given.data.shape).copy())
    if data.is_floating_point():
        if how != "dtype":
            data = data.double()
        if how == "magnitude":
            data = data.abs()
    return data.requires_grad_(given.requires_grad)


def _viewed(x, name, arguments):
    if name == "permute":
        return x.permute(arguments)
    if name == "expand":
        return x.expand(arguments)
    if name == "reshape":
        return x.reshape(arguments)
    axis, start, end, step = arguments
    return x[(slice(None),) * axis + (slice(start, end, step),)]


def array(x):
    """A copy: an operation may write where it reads."""
    x = x.detach()
    return x.numpy().copy()


def expected(case, gradients_for, how="dtype"):
    """(what the reference gives, gradients). how: "dtype" as it is; "f64" of the same numbers in f64;
    "magnitude" of their sizes. gradients_for(results) gives the gradients to go backward with."""
    leaves, views = [], []
    for given in case.tensors:
        again = given is not None and given.same_as >= 0
        leaf, view = _leaf(given, how, leaves[given.same_as] if again else None)
        # The gradient of a leaf is told once.
        leaves.append(None if again else leaf)
        views.append(view)
    results = case.reference(*views)
    results = list(results) if isinstance(results, (list, tuple)) else [results]
    gradients = gradients_for(results)
    arrays = [array(r) for r in results]
    needs = [r.requires_grad for r in results]
    ahead = [(r, _leaf(g, how)[1]) for r, g in zip(results, gradients) if g is not None]
    if ahead:
        torch.autograd.backward([r for r, _ in ahead], [g for _, g in ahead])
    grads = [None if leaf is None or leaf.grad is None else array(leaf.grad) for leaf in leaves]
    return Expected(arrays, needs, grads), gradients
