import numpy as np
import torch
import torch.nn.functional as F

from case import Case, Refused, Replaced, family
from cases.elementwise import refuse
from compare import terms, whole
from draw import I64

REDUCTIONS = ["mean", "sum", "none"]


def logits_kind(draw, x):
    """Ordinary, large, or with what is not finite."""
    kind = draw.rng.random()
    if kind < 0.3:
        x.data = (x.data * draw.choice([100, 1e4, 1e8])).astype(x.data.dtype)
    return x


@family
def elementwise_loss(draw):
    name = draw.choice(["mse_loss", "l1_loss", "huber_loss"])
    shape, dtype = draw.shape(), draw.floating()
    kind = draw.choice(["normal", "small", "special"])
    x, t = draw.tensor(shape, dtype, kind, True), draw.tensor(shape, dtype, kind, draw.chance(0.7))
    attributes = {"reduction": draw.choice(REDUCTIONS)}
    if draw.chance(0.04) and shape and name != "huber_loss":
        t = draw.tensor([1] + shape, dtype)
        return Case(name, [x, t], refuse("losses do not broadcast"), attributes)
    options = {"delta": draw.choice([1.0, 0.3, 5.0])} if name == "huber_loss" else {}
    function = getattr(F, name)
    return Case(name, [x, t], lambda x, t: function(x, t, **attributes, **options),
                attributes | options, terms(8), terms(8))


def binary_cross_entropy(x, t, w, p, reduction):
    y = F.binary_cross_entropy_with_logits(x, t, w, reduction="none", pos_weight=p)
    with torch.no_grad():
        zero = torch.zeros_like(x)
        limit = (1 if p is None else p) * t * torch.logaddexp(-x, zero) + (1 - t) * torch.logaddexp(x, zero)
        limit = limit if w is None else w * limit
        values = torch.where(y.isnan() & x.isinf(), limit, y)
    y = Replaced.apply(y, values)
    return y if reduction == "none" else y.mean() if reduction == "mean" else y.sum()


@family
def bce_with_logits_loss(draw):
    shape, dtype = draw.shape(), draw.floating()
    x = logits_kind(draw, draw.tensor(shape, dtype, draw.choice(["normal", "normal", "special"]), True))
    t = draw.tensor(shape, dtype, "normal", draw.chance(0.3))
    t.data = draw.choice([np.clip(np.abs(t.data), 0, 1), (t.data > 0)]).astype(dtype)
    weights = [draw.tensor(draw.broadcastable(shape), dtype, "positive") if draw.chance(0.3) else None
               for _ in range(2)]
    attributes = {"reduction": draw.choice(REDUCTIONS)}
    return Case("bce_with_logits_loss", [x, t, *weights],
                lambda x, t, w, p: binary_cross_entropy(x, t, w, p, **attributes), attributes,
                # Logits of some 100 cancel.
                whole(16, least=16), whole(16, cancels=True),
                "infinite logits")


def classes(draw, shape, count, ignored=None):
    given = draw.tensor(shape, I64, dense=True)
    given.data = draw.rng.integers(0, max(count, 1), shape, np.int64)
    if ignored is not None and given.data.size:
        given.data = np.where(draw.rng.random(shape) < 0.3, np.int64(ignored), given.data)
    return given


def checked(x, t, ignored):
    """The documented choice: a target that is no class is refused."""
    if t.numel() and (((t < 0) | (t >= x.shape[1])) & (t != (2**62 if ignored is None else ignored))).any():
        raise Refused("targets")


@family
def fused_cross_entropy(draw):
    dtype = draw.floating()
    count = draw.choice([1, 2, 10, 10, draw.integer(20, 300)])
    rows = draw.integer(1, 12)
    x = logits_kind(draw, draw.tensor([rows, count], dtype, "special" if draw.chance(0.15) else "normal",
                                      True))
    t = classes(draw, [rows], count)
    if draw.chance(0.05):
        t.data[0] = draw.choice([-1, count, -100])
        return Case("cross_entropy", [x, t], refuse("fused cross-entropy"))
    return Case("cross_entropy", [x, t], F.cross_entropy, forward=whole(8, least=1), backward=whole(16, cancels=True))


@family
def classification_loss(draw):
    name = draw.choice(["nll_loss", "cross_entropy_loss", "cross_entropy_loss", "CrossEntropyLoss"])
    dtype = draw.floating()
    count = draw.choice([1, 2, 5, 10, draw.integer(20, 100)])
    rest = draw.choice([[], [], [3], [2, 3]])
    rows = draw.integer(1, 8)
    x = draw.tensor([rows, count] + rest, dtype, "special" if draw.chance(0.1) else "normal", True)
    if name != "nll_loss":
        x = logits_kind(draw, x)
    ignored = draw.choice([None, None, -100, 0, -1])
    t = classes(draw, [rows] + rest, count, ignored)
    weight = draw.tensor([count], dtype, "positive") if draw.chance(0.4) else None
    attributes = {"reduction": draw.choice(REDUCTIONS)}
    if draw.chance(0.05):
        t.data.flat[0] = -7
        attributes["label_smoothing"] = 0.0
        return Case(name, [x, t, weight], refuse("targets"), attributes)
    if ignored is not None:
        attributes["ignore_index"] = ignored
    options = dict(attributes)
    if name != "nll_loss":
        attributes["label_smoothing"] = options["label_smoothing"] = draw.choice([0.0, 0.1, 1.0])
    function = F.nll_loss if name == "nll_loss" else F.cross_entropy
    options.setdefault("ignore_index", -2**40)
    # PyTorch 2.15 cannot go backward through nll_loss of images that are not contiguous.
    return Case(name, [x, t, weight], lambda x, t, w: function(x.contiguous(), t, w, **options),
                attributes, whole(16), whole(16, cancels=True))
