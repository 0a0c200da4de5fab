"""What random cases are drawn with. The same seed and number give the same case everywhere."""
import numpy as np

from wire import Input

F32, F64, I64, U8 = (np.dtype(t) for t in (np.float32, np.float64, np.int64, np.uint8))


def special_values(dtype):
    """Zeros, infinities, NaN, denormals, the smallest and largest, and what is small beside them."""
    info = np.finfo(dtype)
    return np.array([0.0, -0.0, np.inf, -np.inf, np.nan, info.smallest_subnormal,
                     -info.smallest_subnormal * 77, info.tiny, info.max, -info.max, info.max / 3,
                     1.0, -1.0, 0.5, 88.0, -88.0, 1e4, -1e4, 1e-20, 3e19], dtype)


def limits(dtype):
    """Integers at the ends of their range, and where f64 no longer holds them."""
    if dtype == U8:
        return np.array([0, 1, 2, 127, 128, 254, 255], dtype)
    return np.array([-2**63, 2**63 - 1, 2**53 + 1, -2**53 - 1, 2**62, -1, 0, 1], dtype)


class Draw:
    def __init__(self, seed, number):
        self.rng = np.random.default_rng([seed, number])

    def chance(self, p):
        return self.rng.random() < p

    def integer(self, low, high):
        """In [low, high]."""
        return int(self.rng.integers(low, high + 1))

    def choice(self, values):
        return values[self.integer(0, len(values) - 1)]

    def number(self, low, high):
        return float(self.rng.uniform(low, high))

    def permutation(self, count):
        return [int(i) for i in self.rng.permutation(count)]

    def size(self):
        kind = self.rng.random()
        if kind < 0.04:
            return 0
        if kind < 0.24:
            return 1
        return self.integer(2, 6) if kind < 0.9 else self.integer(7, 40)

    def shape(self, low=0, high=4, limit=3000):
        while True:
            shape = [self.size() for _ in range(self.integer(low, high))]
            if np.prod(shape, dtype=np.int64) <= limit:
                return shape

    def floating(self):
        return self.choice([F32, F32, F64])

    def dtype(self):
        return self.choice([F32, F32, F64, I64, U8])

    def axis(self, rank):
        """One of `rank` axes, sometimes counted from the end, rarely out of range."""
        if rank == 0 or self.chance(0.02):
            return self.choice([rank, -rank - 1])
        return self.integer(-rank, rank - 1)

    def axes(self, rank):
        """Some axes in any order, perhaps none; rarely one twice."""
        axes = self.permutation(rank)[:self.integer(0, rank)]
        axes = [a - rank if self.chance(0.3) else a for a in axes]
        if axes and self.chance(0.02):
            axes.append(axes[0])
        return axes

    def broadcastable(self, shape):
        """A shape that broadcasts with `shape`; rarely one that does not."""
        other = [1 if self.chance(0.25) else size for size in shape]
        other = other[self.integer(0, len(other)):] if self.chance(0.4) else other
        if other and self.chance(0.03):
            other[self.integer(0, len(other) - 1)] += 1
        return other

    def values(self, shape, dtype, kind="normal"):
        """kind, of floating point: normal; positive; small (integers, with ties); special (half of
        them from special_values()). Of integers: small; any; limits."""
        dtype = np.dtype(dtype)
        if dtype.kind in "iu":
            if kind == "limits":
                return self.rng.choice(limits(dtype), shape)
            if kind == "any":
                info = np.iinfo(dtype)
                return self.rng.integers(info.min, info.max, shape, dtype, endpoint=True)
            return self.rng.integers(0 if dtype == U8 else -9, 10, shape, dtype)
        if kind == "small":
            return self.rng.integers(-3, 4, shape).astype(dtype)
        values = self.rng.standard_normal(shape) * self.choice([1, 1, 1, 0.01, 30])
        if kind == "positive":
            values = np.abs(values) + 0.01
        values = np.asarray(values, dtype)
        if kind == "special":
            chosen = self.rng.choice(special_values(dtype), shape)
            values = np.where(self.rng.random(shape) < 0.5, chosen, values)
        return np.asarray(values, dtype)

    def views(self, shape):
        """A shape, and views that make `shape` of it: (shape, views)."""
        shape, views = list(shape), []
        if self.chance(0.5):
            return shape, views
        for _ in range(self.integer(1, 2)):
            kind = self.choice(["permute", "slice", "expand"])
            if not shape and kind != "expand":
                continue
            if kind == "permute":
                axes = self.permutation(len(shape))
                views.append(("permute", axes))
                before = [0] * len(shape)
                for to, axis in enumerate(axes):
                    before[axis] = shape[to]
                shape = before
            elif kind == "slice":
                axis, step, start = (self.integer(0, len(shape) - 1), self.integer(1, 3),
                                     self.integer(0, 2))
                size = shape[axis]
                end = start + max(size * step - self.integer(0, step - 1), 0) if size else start
                views.append(("slice", [axis, start, end, step]))
                shape[axis] = end + self.integer(0, 2)
            else:
                views.append(("expand", list(shape)))
                shape = [1 if self.chance(0.4) else size for size in shape]
                if shape and self.chance(0.3):
                    shape = shape[1:]
        views.reverse()
        return shape, views

    def tensor(self, shape, dtype, kind="normal", grad=False, dense=False):
        """An input of `shape`, often a view of something else."""
        base, views = (list(shape), []) if dense else self.views(shape)
        return Input(self.values(base, dtype, kind), views, grad and np.dtype(dtype).kind == "f")

    def again(self, given, number):
        """Another view of the leaf of `given`, which is input `number`: of the same shape, some axes of
        one size exchanged."""
        views = list(given.views)
        shape = self.shape_of(given)
        axes = list(range(len(shape)))
        for i in range(len(shape)):
            j = self.integer(0, i)
            if shape[i] == shape[j]:
                axes[i], axes[j] = axes[j], axes[i]
        if axes != sorted(axes):
            views.append(("permute", axes))
        return Input(given.data, views, given.requires_grad, number)

    @staticmethod
    def shape_of(given):
        x = given.data
        for name, a in given.views:
            if name == "permute":
                x = x.transpose(a)
            elif name == "slice":
                x = x[(slice(None),) * a[0] + (slice(a[1], a[2], a[3]),)]
            else:
                x = np.broadcast_to(x, a)
        return list(x.shape)

    def indices(self, shape, size):
        """i64 in [0, size); rarely one that is not."""
        values = self.rng.integers(0, max(size, 1), shape, np.int64)
        if values.size and self.chance(0.03):
            values.flat[self.integer(0, values.size - 1)] = self.choice([-1, size, 2**40])
        base, views = self.views(shape)
        if any(name != "permute" for name, _ in views):
            return Input(values)
        # Only permuted: every element of the base is one that was drawn.
        out = values
        for _, axes in reversed(views):
            out = np.transpose(out, np.argsort(axes))
        return Input(np.ascontiguousarray(out).reshape(out.shape), views)
