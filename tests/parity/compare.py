"""When a result of Plastic's is right.

It has PyTorch's dtype, shape and requires_grad, and each element is near PyTorch's, or near what
PyTorch computes in f64 from the same numbers: a sum of f32 that overflows only because PyTorch adds
up in f32 is right when it does not. NaN is near NaN only, an infinity near itself only, and zeros
have one sign. How near finite numbers are is told in units of the dtype's precision times a scale:

  exact    not at all: the same number
  each     the element itself: for what rounds once or twice per element
  terms    what comes out where every number goes in without its sign: for sums of products, where a
           result may be small only because terms cancelled
  whole    the largest element of the tensor: for the others
  sums     likewise, and what comes out where every number goes in without its sign; elements that are
           10,000 times the median apart, which have a scale of their own: for convolutions, where a
           huge value must not be seen in what does not depend on it

But for exact, a number may also be four times as far away as PyTorch's own from that in f64; and sums
that overflow in PyTorch's order of terms may overflow otherwise in ours. Nothing wider tells what is
right near the end of the range of f64: a product that PyTorch has infinite may lie within a factor of
1,000 of that end, and sums with infinite terms may be infinite or NaN.
"""
import numpy as np


class Tolerance:
    """least: no scale is smaller. cancels: a gradient may be small only because what the result's
    gradient is multiplied with cancels; the largest of that is then in the scale."""

    def __init__(self, scale, units=0.0, zero_signs=True, cancels=False, least=0.0):
        self.scale, self.units, self.zero_signs = scale, units, zero_signs
        self.cancels, self.least = cancels, least

    def summed(self):
        """For what is summed up afterwards, as the gradients of repeated elements are."""
        if self.scale in ("terms", "sums"):
            return self
        if self.scale == "whole":
            return Tolerance("whole", 16 * self.units, False, self.cancels, self.least)
        return terms(max(self.units, 64))


EXACT = Tolerance("exact")


def each(units, zero_signs=True):
    return Tolerance("each", units, zero_signs)


def terms(units):
    return Tolerance("terms", units, zero_signs=False)


def whole(units, cancels=False, least=0.0):
    return Tolerance("whole", units, False, cancels, least)


def sums(units):
    return Tolerance("sums", units, zero_signs=False)


def _finite(values, dtype):
    """Their sizes, no larger than the dtype holds."""
    return np.minimum(np.abs(np.nan_to_num(values.astype(np.float64), nan=0.0)),
                      float(np.finfo(dtype).max))


def _allowed(tolerance, reference, truth, magnitude, largest, dtype):
    if tolerance.scale == "exact":
        return np.zeros(reference.shape)
    info = np.finfo(dtype)
    scale = np.maximum(_finite(reference, dtype), _finite(truth, dtype))
    scale = np.maximum(scale, tolerance.least)
    if tolerance.scale in ("terms", "sums"):
        scale = np.maximum(scale, _finite(magnitude, dtype))
    allowed = tolerance.units * float(info.eps) * scale + 32 * float(info.smallest_subnormal)
    with np.errstate(all="ignore"):
        theirs = 4 * np.nan_to_num(np.abs(reference - truth), nan=0, posinf=0)
    allowed = np.maximum(allowed, theirs)
    if tolerance.scale in ("whole", "sums") and scale.size:
        if tolerance.cancels:
            allowed = np.maximum(allowed, tolerance.units * float(info.eps) * largest)
        # Elements that nothing reaches, those outside of a slice, have no scale.
        reached = scale[scale > 0]
        usual = np.median(reached) if reached.size else 0.0
        common = scale <= 1e4 * usual if tolerance.scale == "sums" else scale >= 0
        allowed = np.maximum(allowed, allowed[common].max() if common.any() else 0.0)
    return allowed


def _near(ours, reference, allowed, zero_signs):
    with np.errstate(all="ignore"):
        difference = np.abs(ours.astype(np.float64) - reference.astype(np.float64))
    near = np.isfinite(ours) & np.isfinite(reference) & (difference <= allowed)
    near |= ours == reference
    near |= np.isnan(ours) & np.isnan(reference)
    if zero_signs:
        near &= ~((ours == 0) & (reference == 0) & (np.signbit(ours) != np.signbit(reference)))
    return near


def difference(ours, reference, truth, magnitude, tolerance, largest=0.0, finite=False):
    """What is wrong with the array `ours`, or None. truth and magnitude are f64, or None for
    integers; largest is the largest size of the gradients that were given; finite: all that was given
    is."""
    if ours.dtype != reference.dtype:
        return f"dtype {ours.dtype}, PyTorch has {reference.dtype}"
    if ours.shape != reference.shape:
        return f"shape {ours.shape}, PyTorch has {reference.shape}"
    if ours.dtype.kind != "f":
        near = ours == reference
    else:
        truth = reference if truth is None else truth
        magnitude = truth if magnitude is None else magnitude
        with np.errstate(all="ignore"):
            rounded = truth.astype(ours.dtype)
        allowed = _allowed(tolerance, reference, truth, magnitude, largest, ours.dtype)
        near = _near(ours, reference, allowed, tolerance.zero_signs)
        near |= _near(ours, rounded, allowed, tolerance.zero_signs)
        if tolerance.scale in ("terms", "sums"):
            near |= ~np.isfinite(ours) & ~np.isfinite(reference) & np.isfinite(truth)
            near |= ~np.isfinite(reference) & ~np.isfinite(magnitude) & finite
        if ours.dtype == np.float64:
            end = float(np.finfo(ours.dtype).max) / 1000
            near |= np.isinf(reference) & (ours * np.sign(reference) >= end)
            if tolerance.scale in ("terms", "sums"):
                near |= ~np.isfinite(ours) & ~np.isfinite(reference) & ~np.isfinite(magnitude)
    if near.all():
        return None
    at = tuple(int(i) for i in np.argwhere(~near)[0])
    where = f"[{', '.join(map(str, at))}]" if at else ""
    exact = "" if truth is None or ours.dtype.kind != "f" else f", exactly {truth[at]!r}"
    return (f"{int((~near).sum())} of {near.size} differ, the first{where}: {ours[at]!r}, "
            f"PyTorch has {reference[at]!r}{exact}")
