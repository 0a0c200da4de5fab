"""Philox4x32-10 again (Salmon et al., SC 2011), so that what is drawn by chance can be compared."""
import numpy as np
import torch

from case import Case, family
from compare import each, whole
from draw import F32

ROUNDS = 10
MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
WEYL = (0x9E3779B9, 0xBB67AE85)


def philox(seed, stream, offset, count):
    """The first `count` 32-bit numbers from block `offset` on."""
    blocks = offset + np.arange((count + 3) // 4, dtype=np.uint64)
    low = np.uint64(0xFFFFFFFF)
    half = np.uint64(32)
    c0, c1 = blocks & low, blocks >> half
    c2 = np.full_like(c0, stream & 0xFFFFFFFF)
    c3 = np.full_like(c0, stream >> 32)
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(ROUNDS):
        p0, p1 = MULTIPLIERS[0] * c0, MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = ((p1 >> half) ^ c1 ^ np.uint64(k0), p1 & low,
                          (p0 >> half) ^ c3 ^ np.uint64(k1), p0 & low)
        k0, k1 = (k0 + WEYL[0]) & 0xFFFFFFFF, (k1 + WEYL[1]) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3], 1).reshape(-1)[:count].astype(np.uint32)


def dropout_mask(seed, stream, offset, shape, p):
    """1 where an element is kept."""
    count = int(np.prod(shape, dtype=np.int64))
    threshold = int(p * 2.0**32)
    return (philox(seed, stream, offset, count) >= threshold).reshape(shape).astype(np.float64)


def position(draw):
    return {"seed": draw.choice([0, draw.integer(0, 2**62)]),
            "stream": draw.choice([0, draw.integer(0, 2**40)]),
            "offset": draw.choice([0, 1, draw.integer(0, 2**40)])}


def after(at, shape):
    count = int(np.prod(shape, dtype=np.int64))
    return torch.tensor([at["offset"] + (count + 3) // 4])


@family
def dropout(draw):
    p = draw.choice([0.0, 0.1, 0.5, 0.9, draw.number(0, 1)])
    at = position(draw)
    if draw.chance(0.05):
        p = draw.choice([-0.1, 1.5, float("nan")])
    x = draw.tensor(draw.shape(), draw.floating(), "normal", True)

    def reference(x):
        if not 0 <= p <= 1:
            raise ValueError("p")
        mask = torch.from_numpy(dropout_mask(**at, shape=list(x.shape), p=p)).to(x.dtype)
        return [x * (mask / (1 - p)), after(at, list(x.shape))]

    return Case("dropout", [x], reference, at | {"p": p}, each(1), each(1), differs="random")


@family
def uniform(draw):
    at, shape = position(draw), draw.shape()
    low = draw.number(-5, 5)
    high = low + draw.choice([1.0, 0.0, 100.0, 1e-3])
    dtype = draw.floating()

    def reference():
        count = int(np.prod(shape, dtype=np.int64))
        u = (philox(**at, count=count) >> np.uint32(8)).astype(np.float64) * 2.0**-24
        x = torch.from_numpy((low + (high - low) * u).astype(dtype).reshape(shape))
        return [x, after(at, shape)]

    return Case("uniform", [], reference,
                at | {"shape": shape, "low": low, "high": high, "dtype": "f32" if dtype == F32 else "f64"},
                whole(4), differs="random")


@family
def normal(draw):
    at, shape = position(draw), draw.shape()
    mean, deviation = draw.number(-2, 2), draw.choice([1.0, 0.0, 0.02])
    dtype = draw.floating()

    def reference():
        count = int(np.prod(shape, dtype=np.int64))
        bits = philox(**at, count=(count + 1) // 2 * 2)
        u = (bits >> np.uint32(8)).astype(np.float64) * 2.0**-24
        radius, angle = deviation * np.sqrt(-2 * np.log(1 - u[0::2])), 2 * np.pi * u[1::2]
        pairs = np.stack([mean + radius * np.cos(angle), mean + radius * np.sin(angle)], 1)
        return [torch.from_numpy(pairs.reshape(-1)[:count].astype(dtype).reshape(shape)),
                after(at, shape)]

    return Case("normal", [], reference,
                at | {"shape": shape, "mean": mean, "deviation": deviation,
                      "dtype": "f32" if dtype == F32 else "f64"}, whole(4, least=4), differs="random")
