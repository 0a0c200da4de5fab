"""ONNX's operators in terms of Plastic's operations: operator -> a function of an Engine, its inputs
(arrays, None where one is left out) and its attributes, that gives its outputs.

What only says what is to be done (shapes, axes) is read here; what is computed, Plastic computes.
Masks are u8, integers of other widths are i64, and bf16, which is only converted, is kept in f32."""
import math

import ml_dtypes
import numpy as np
from onnx.helper import tensor_dtype_to_np_dtype
from onnx.numpy_helper import to_array

OPERATORS = {}
MAPPED = {np.dtype(t): np.dtype(u) for t, u in (
    (np.float32, np.float32), (np.float64, np.float64), (ml_dtypes.bfloat16, np.float32),
    (np.int64, np.int64), (np.int32, np.int64), (np.int16, np.int64), (np.int8, np.int64),
    (np.uint32, np.int64), (np.uint16, np.int64), (np.uint8, np.uint8), (np.bool_, np.uint8))}
NAMES = {np.dtype(np.float32): "f32", np.dtype(np.float64): "f64", np.dtype(np.int64): "i64",
         np.dtype(np.uint8): "u8"}


class Unmapped(Exception):
    """Plastic has no operation for it."""


def operator(*names):
    def enter(function):
        for name in names:
            OPERATORS[name] = function
        return function
    return enter


def mapped(array):
    array = np.asarray(to_array(array) if hasattr(array, "dims") else array)
    if array.dtype not in MAPPED:
        raise Unmapped(f"dtype {array.dtype}")
    return array.astype(MAPPED[array.dtype])


def ints(array):
    return [int(i) for i in np.asarray(array).reshape(-1)]


def number(array):
    """The only element, as what the wire takes."""
    value = np.asarray(array).reshape(-1)[0]
    return float(value) if array.dtype.kind == "f" else int(value)


def axis_from_0(axis, rank):
    return axis + rank if axis < 0 else axis


# Element by element.

for onnx_name, name in {"Abs": "abs", "Neg": "neg", "Exp": "exp", "Log": "log", "Sqrt": "sqrt",
                        "Sin": "sin", "Cos": "cos", "Tanh": "tanh", "Sigmoid": "sigmoid",
                        "Relu": "relu", "Softplus": "softplus", "Sign": "sign"}.items():
    OPERATORS[onnx_name] = lambda e, inputs, a, name=name: e(name, inputs[0])

for onnx_name, name in {"Add": "add", "Sub": "sub", "Mul": "mul", "Div": "div", "Equal": "equal",
                        "Less": "less", "Greater": "greater", "LessOrEqual": "less_equal",
                        "GreaterOrEqual": "greater_equal", "And": "mul", "Xor": "not_equal"}.items():
    OPERATORS[onnx_name] = lambda e, inputs, a, name=name: e(name, *inputs)


@operator("Reciprocal")
def _(e, inputs, a):
    return e("pow", inputs[0], exponent=-1.0)


@operator("LeakyRelu")
def _(e, inputs, a):
    return e("leaky_relu", inputs[0], slope=a.get("alpha", 0.01))


@operator("Gelu")
def _(e, inputs, a):
    x = inputs[0]
    if a.get("approximate", b"none") == b"none":
        return e("gelu", x)
    cube = e("pow", x, exponent=3.0)
    inner = e("mul number", e("add", x, e("mul number", cube, b=0.044715)), b=math.sqrt(2 / math.pi))
    return e("mul", e("mul number", x, b=0.5), e("add number", e("tanh", inner), b=1.0))


@operator("Swish")
def _(e, inputs, a):
    alpha = a.get("alpha", 1.0)
    if alpha == 1:
        return e("silu", inputs[0])
    return e("mul", inputs[0], e("sigmoid", e("mul number", inputs[0], b=alpha)))


@operator("Mish")
def _(e, inputs, a):
    return e("mul", inputs[0], e("tanh", e("softplus", inputs[0])))


@operator("Softsign")
def _(e, inputs, a):
    return e("div", inputs[0], e("add number", e("abs", inputs[0]), b=1.0))


@operator("Tan")
def _(e, inputs, a):
    return e("div", e("sin", inputs[0]), e("cos", inputs[0]))


@operator("HardSigmoid")
def _(e, inputs, a):
    x = e("add number", e("mul number", inputs[0], b=a.get("alpha", 0.2)), b=a.get("beta", 0.5))
    return e("clamp", x, low=0.0, high=1.0)


@operator("HardSwish")
def _(e, inputs, a):
    x = e("add number", e("mul number", inputs[0], b=1 / 6), b=0.5)
    return e("mul", inputs[0], e("clamp", x, low=0.0, high=1.0))


def positive(e, x):
    return e("greater", x, np.zeros([], x.dtype))


def elu(e, x, alpha, inside=1.0):
    below = e("mul number", e("add number", e("exp", e("mul number", x, b=1 / inside)), b=-1.0), b=alpha)
    return e("where", positive(e, x), x, below)


@operator("Elu")
def _(e, inputs, a):
    return elu(e, inputs[0], a.get("alpha", 1.0))


@operator("Celu")
def _(e, inputs, a):
    alpha = a.get("alpha", 1.0)
    return elu(e, inputs[0], alpha, alpha)


@operator("Selu")
def _(e, inputs, a):
    return e("mul number", elu(e, inputs[0], a.get("alpha", 1.67326319217681884765625)),
             b=a.get("gamma", 1.05070102214813232421875))


@operator("ThresholdedRelu")
def _(e, inputs, a):
    x = inputs[0]
    above = e("greater", x, np.asarray(a.get("alpha", 1.0), x.dtype))
    return e("where", above, x, np.zeros([], x.dtype))


@operator("PRelu")
def _(e, inputs, a):
    x, slope = inputs
    return e("where", positive(e, x), x, e("mul", x, slope))


@operator("Shrink")
def _(e, inputs, a):
    x, bias, limit = inputs[0], a.get("bias", 0.0), a.get("lambd", 0.5)
    zero = np.zeros([], x.dtype)
    below = e("less", x, np.asarray(-limit, x.dtype))
    above = e("greater", x, np.asarray(limit, x.dtype))
    inside = e("where", above, e("add number", x, b=-bias), zero)
    return e("where", below, e("add number", x, b=bias), inside)


@operator("Clip")
def _(e, inputs, a):
    x = inputs[0]
    ends = [number(i) if i is not None else None for i in (inputs[1:] + [None, None])[:2]]
    if x.dtype.kind == "f":
        ends = [-math.inf if ends[0] is None else ends[0], math.inf if ends[1] is None else ends[1]]
    else:
        info = np.iinfo(x.dtype)
        ends = [info.min if ends[0] is None else ends[0], info.max if ends[1] is None else ends[1]]
    return e("clamp", x, low=ends[0], high=ends[1])


@operator("Pow")
def _(e, inputs, a):
    x, exponent = inputs
    if x.dtype.kind != "f":
        raise Unmapped("powers of integers")
    if exponent.size == 1 and exponent.ndim <= x.ndim:
        return e("pow", x, exponent=float(exponent.reshape(-1)[0]))
    # One power per value of the exponent, each where it is meant.
    shape = list(np.broadcast_shapes(x.shape, exponent.shape))
    result = np.zeros(shape, x.dtype)
    for value in np.unique(exponent):
        powers = e("Tensor::expand", e("pow", x, exponent=float(value)), shape=shape)
        result = e("where", e("equal", exponent, np.asarray(value)), powers, result)
    return result


@operator("Mod")
def _(e, inputs, a):
    x, y = inputs
    if x.dtype != np.int64 or a.get("fmod", 0):
        raise Unmapped("remainders of floating point and of u8")
    zero = np.zeros([], x.dtype)
    rest = e("sub", x, e("mul", y, e("div", x, y)))
    wrong = e("mul", e("not_equal", rest, zero),
              e("not_equal", e("less", rest, zero), e("less", y, zero)))
    return e("where", wrong, e("add", rest, y), rest)


@operator("Not")
def _(e, inputs, a):
    return e("equal", inputs[0], np.zeros([], np.uint8))


@operator("Or")
def _(e, inputs, a):
    return e("not_equal", e("add", *inputs), np.zeros([], np.uint8))


@operator("IsNaN")
def _(e, inputs, a):
    return e("not_equal", inputs[0], inputs[0])


@operator("IsInf")
def _(e, inputs, a):
    x = inputs[0]
    up = e("equal", x, np.asarray(np.inf if a.get("detect_positive", 1) else np.nan, x.dtype))
    down = e("equal", x, np.asarray(-np.inf if a.get("detect_negative", 1) else np.nan, x.dtype))
    return e("add", up, down)


@operator("Where")
def _(e, inputs, a):
    return e("where", *inputs)


def folded(e, inputs, combine):
    result = inputs[0]
    for other in inputs[1:]:
        result = combine(result, other)
    return result


@operator("Sum")
def _(e, inputs, a):
    return folded(e, inputs, lambda x, y: e("add", x, y))


@operator("Mean")
def _(e, inputs, a):
    total = folded(e, inputs, lambda x, y: e("add", x, y))
    return e("div number", total, b=float(len(inputs)))


@operator("Max")
def _(e, inputs, a):
    return folded(e, inputs, lambda x, y: e("where", e("less", x, y), y, x))


@operator("Min")
def _(e, inputs, a):
    return folded(e, inputs, lambda x, y: e("where", e("less", y, x), y, x))


# Reductions.

def axes_of(inputs, a, rank):
    """The axes, from 0; all where none are given; None where nothing is to be done."""
    given = inputs[1] if len(inputs) > 1 and inputs[1] is not None else a.get("axes")
    if given is None or len(given) == 0:
        return None if a.get("noop_with_empty_axes", 0) else list(range(rank))
    return [axis_from_0(axis, rank) for axis in ints(given)]


def reduced(name, before=None, after=None, **more):
    def function(e, inputs, a):
        x = inputs[0]
        axes = axes_of(inputs, a, x.ndim)
        x = before(e, x) if before else x
        if axes is not None:
            x = e(name, x, axes=axes, keepdim=int(a.get("keepdims", 1)), **more)
        return after(e, x) if after else x
    return function


OPERATORS |= {
    "ReduceSum": reduced("sum"), "ReduceMean": reduced("mean"), "ReduceMax": reduced("max"),
    "ReduceMin": reduced("min"), "ReduceLogSumExp": reduced("logsumexp"),
    "ReduceL1": reduced("sum", lambda e, x: e("abs", x)),
    "ReduceSumSquare": reduced("sum", lambda e, x: e("mul", x, x)),
    "ReduceLogSum": reduced("sum", None, lambda e, x: e("log", x)),
    "ReduceL2": reduced("norm"),
}


@operator("Sinh", "Cosh")
def _(e, inputs, a):
    up, down = e("exp", inputs[0]), e("exp", e("neg", inputs[0]))
    return e("mul number", e("sub" if a["op"] == "Sinh" else "add", up, down), b=0.5)


@operator("ArgMax", "ArgMin")
def _(e, inputs, a):
    if a.get("select_last_index", 0):
        raise Unmapped("the last index")
    x, axis = inputs[0], a.get("axis", 0)
    index = e("argmax" if a["op"] == "ArgMax" else "argmin", x, axis=axis)
    if not a.get("keepdims", 1):
        return index
    return e("Tensor::unsqueeze", index, axis=axis_from_0(axis, x.ndim))


@operator("Softmax", "LogSoftmax")
def _(e, inputs, a):
    return e("softmax" if a["op"] == "Softmax" else "log_softmax", inputs[0], axis=a.get("axis", -1))


@operator("Hardmax")
def _(e, inputs, a):
    x = inputs[0]
    axis = axis_from_0(a.get("axis", -1), x.ndim)
    index = e("Tensor::unsqueeze", e("argmax", x, axis=axis), axis=axis)
    steps = np.arange(x.shape[axis], dtype=np.int64).reshape([-1] + [1] * (x.ndim - axis - 1))
    return e("Tensor::to", e("equal", index, steps), dtype=NAMES[x.dtype])


# Products.

@operator("MatMul")
def _(e, inputs, a):
    x, y = inputs
    squeezed = []
    if x.ndim == 1:
        x, squeezed = e("Tensor::unsqueeze", x, axis=0), squeezed + [-2]
    if y.ndim == 1:
        y, squeezed = e("Tensor::unsqueeze", y, axis=1), squeezed + [-1]
    product = e("matmul", x, y)
    for axis in sorted(squeezed):
        product = e("Tensor::squeeze", product, axis=axis)
    return product


@operator("Gemm")
def _(e, inputs, a):
    x, y = inputs[:2]
    if a.get("transA", 0):
        x = e("Tensor::transpose", x, axis0=0, axis1=1)
    if a.get("transB", 0):
        y = e("Tensor::transpose", y, axis0=0, axis1=1)
    product = e("mul number", e("matmul", x, y), b=a.get("alpha", 1.0))
    if len(inputs) < 3 or inputs[2] is None:
        return product
    return e("add", product, e("mul number", inputs[2], b=a.get("beta", 1.0)))


@operator("Einsum")
def _(e, inputs, a):
    equation = a["equation"].decode()
    if "." in equation:
        raise Unmapped("an ellipsis")
    return e("einsum", *inputs, equation=equation)


# Images.

def window(a, x, kernel):
    """stride, symmetric padding and dilation of two axes, or Unmapped. Padding that is not symmetric
    is returned apart, for pad()."""
    rank = len(kernel)
    stride = list(a.get("strides", [1] * rank))
    dilation = list(a.get("dilations", [1] * rank))
    pads = list(a.get("pads", [0] * 2 * rank))
    mode = a.get("auto_pad", b"NOTSET")
    if mode == b"VALID":
        pads = [0] * 2 * rank
    elif mode in (b"SAME_UPPER", b"SAME_LOWER"):
        pads = [0] * 2 * rank
        for i in range(rank):
            size = x.shape[2 + i]
            out = -(-size // stride[i])
            extra = max((out - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1 - size, 0)
            small, large = extra // 2, extra - extra // 2
            pads[i], pads[rank + i] = (small, large) if mode == b"SAME_UPPER" else (large, small)
    return stride, pads, dilation


def two_axes(e, x):
    """(N, C, L) as (N, C, 1, L)."""
    if x.ndim not in (3, 4):
        raise Unmapped(f"windows of {x.ndim - 2} axes")
    return e("Tensor::unsqueeze", x, axis=2) if x.ndim == 3 else x


def padded(e, x, pads, value=0.0):
    """x with what the padding is not symmetric in, and the symmetric rest."""
    rows, columns = (pads[0], pads[2]), (pads[1], pads[3])
    least = [min(rows), min(columns)]
    more = [columns[0] - least[1], columns[1] - least[1], rows[0] - least[0], rows[1] - least[0]]
    return (e("pad", x, amounts=more, value=value) if any(more) else x), least


@operator("Conv")
def _(e, inputs, a):
    x, weight = inputs[:2]
    bias = inputs[2] if len(inputs) > 2 else None
    stride, pads, dilation = window(a, x, weight.shape[2:])
    flat = x.ndim == 3
    if flat:
        stride, dilation, pads = [1] + stride, [1] + dilation, [0, pads[0], 0, pads[1]]
    x, weight = two_axes(e, x), two_axes(e, weight)
    x, padding = padded(e, x, pads)
    y = e("conv2d", x, weight, bias, stride=stride, padding=padding, dilation=dilation,
          groups=a.get("group", 1), relu=0)
    return e("Tensor::squeeze", y, axis=2) if flat else y


@operator("MaxPool", "AveragePool")
def _(e, inputs, a):
    if a["outputs"] > 1:
        raise Unmapped("indices of the maxima")
    x, kernel = inputs[0], list(a["kernel_shape"])
    stride, pads, dilation = window(a, x, kernel)
    if any(d != 1 for d in dilation):
        raise Unmapped("dilated pooling")
    flat = x.ndim == 3
    if flat:
        kernel, stride, pads = [1] + kernel, [1] + stride, [0, pads[0], 0, pads[1]]
    x = two_axes(e, x)
    more = {"kernel": kernel, "stride": stride, "ceil_mode": int(a.get("ceil_mode", 0))}
    is_max = a["op"] == "MaxPool"
    symmetric = pads[0] == pads[2] and pads[1] == pads[3]
    if not symmetric and not is_max and not a.get("count_include_pad", 0):
        # The sums of windows over the numbers of what is inside.
        ones = np.ones_like(x)
        return e("div", *(pooled_sum(e, v, pads, more, kernel) for v in (x, ones)))
    x, padding = padded(e, x, pads, -math.inf if is_max and x.dtype.kind == "f" else 0)
    if not is_max:
        more["count_include_pad"] = int(a.get("count_include_pad", 0))
    y = e("max_pool2d" if is_max else "avg_pool2d", x, padding=padding, **more)
    return e("Tensor::squeeze", y, axis=2) if flat else y


def pooled_sum(e, x, pads, more, kernel):
    x = e("pad", x, amounts=[pads[1], pads[3], pads[0], pads[2]], value=0.0)
    mean = e("avg_pool2d", x, padding=[0, 0], count_include_pad=1, **more)
    return e("mul number", mean, b=float(kernel[0] * kernel[1]))


@operator("GlobalAveragePool", "GlobalMaxPool")
def _(e, inputs, a):
    axes = list(range(2, inputs[0].ndim))
    return e("mean" if a["op"] == "GlobalAveragePool" else "max", inputs[0], axes=axes, keepdim=1)


# Normalisations.

def standardized(e, x, axes, eps):
    mean = e("mean", x, axes=axes, keepdim=1)
    var = e("var", x, axes=axes, keepdim=1, correction=0.0)
    return e("mul", e("sub", x, mean), e("rsqrt", e("add number", var, b=eps)))


def per_channel(e, v, rank):
    return e("Tensor::reshape", v, shape=[1, -1] + [1] * (rank - 2))


@operator("BatchNormalization")
def _(e, inputs, a):
    x, weight, bias, mean, var = inputs
    training = a.get("training_mode", 0)
    shape = list(x.shape)
    if x.ndim not in (2, 4):
        # Channels and all the rest, as one row of pixels.
        x = e("Tensor::reshape", x, shape=[shape[0], shape[1], 1, -1])
    more = {"training": training, "momentum": 1 - a.get("momentum", 0.9), "eps": a.get("epsilon", 1e-5),
            "relu": 0}
    y, mean, var = e.all("batch_norm", x, weight, bias, mean, var, None, **more)
    y = e("Tensor::reshape", y, shape=shape)
    return [y, mean, var] if training else [y]


@operator("InstanceNormalization")
def _(e, inputs, a):
    x, weight, bias = inputs
    y = standardized(e, x, list(range(2, x.ndim)), a.get("epsilon", 1e-5))
    return e("add", e("mul", y, per_channel(e, weight, x.ndim)), per_channel(e, bias, x.ndim))


@operator("GroupNormalization")
def _(e, inputs, a):
    x, weight, bias = inputs
    groups, shape = a["num_groups"], list(x.shape)
    y = e("Tensor::reshape", x, shape=[shape[0], groups, -1])
    y = e("Tensor::reshape", standardized(e, y, [2], a.get("epsilon", 1e-5)), shape=shape)
    return e("add", e("mul", y, per_channel(e, weight, x.ndim)), per_channel(e, bias, x.ndim))


@operator("LayerNormalization")
def _(e, inputs, a):
    x, weight = inputs[:2]
    axes = list(range(axis_from_0(a.get("axis", -1), x.ndim), x.ndim))
    eps = a.get("epsilon", 1e-5)
    y = e("mul", standardized(e, x, axes, eps), weight)
    if len(inputs) > 2 and inputs[2] is not None:
        y = e("add", y, inputs[2])
    mean = e("mean", x, axes=axes, keepdim=1)
    var = e("var", x, axes=axes, keepdim=1, correction=0.0)
    return [y, mean, e("rsqrt", e("add number", var, b=eps))][:a["outputs"]]


@operator("RMSNormalization")
def _(e, inputs, a):
    x, weight = inputs
    axes = list(range(axis_from_0(a.get("axis", -1), x.ndim), x.ndim))
    square = e("mean", e("mul", x, x), axes=axes, keepdim=1)
    return e("mul", e("mul", x, e("rsqrt", e("add number", square, b=a.get("epsilon", 1e-5)))), weight)


@operator("MeanVarianceNormalization")
def _(e, inputs, a):
    return standardized(e, inputs[0], list(a.get("axes", [0, 2, 3])), 0.0)


@operator("LpNormalization")
def _(e, inputs, a):
    x, axes = inputs[0], [a.get("axis", -1)]
    if a.get("p", 2) == 2:
        size = e("norm", x, axes=axes, keepdim=1)
    else:
        size = e("sum", e("abs", x), axes=axes, keepdim=1)
    zero = np.zeros([], x.dtype)
    return e("where", e("equal", size, zero), zero, e("div", x, size))


@operator("Dropout")
def _(e, inputs, a):
    ratio = 0.5 if len(inputs) < 2 or inputs[1] is None else float(inputs[1])
    training = len(inputs) > 2 and inputs[2] is not None and bool(inputs[2])
    if training and ratio > 0:
        raise Unmapped("what is drawn by chance")
    y = e.all("dropout", inputs[0], p=0.0, seed=0, stream=0, offset=0)[0]
    return [y, np.ones(y.shape, np.uint8)][:a["outputs"]]


# Losses.

@operator("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss")
def _(e, inputs, a):
    x, target = inputs[:2]
    weight = inputs[2] if len(inputs) > 2 else None
    more = {"reduction": a.get("reduction", b"mean").decode()}
    if "ignore_index" in a:
        more["ignore_index"] = a["ignore_index"]
    if a["op"] == "NegativeLogLikelihoodLoss":
        return e("nll_loss", x, target, weight, **more)
    loss = e("cross_entropy_loss", x, target, weight, label_smoothing=0.0, **more)
    return [loss, e("log_softmax", x, axis=1)][:a["outputs"]]


# Shapes.

@operator("Identity")
def _(e, inputs, a):
    return e("Tensor::clone", inputs[0])


@operator("Reshape")
def _(e, inputs, a):
    x, shape = inputs[0], ints(inputs[1])
    if not a.get("allowzero", 0):
        shape = [x.shape[i] if size == 0 else size for i, size in enumerate(shape)]
    return e("Tensor::reshape", x, shape=shape)


@operator("Flatten")
def _(e, inputs, a):
    x = inputs[0]
    axis = axis_from_0(a.get("axis", 1), x.ndim)
    rows = int(np.prod(x.shape[:axis], dtype=np.int64))
    columns = int(np.prod(x.shape[axis:], dtype=np.int64))
    return e("Tensor::reshape", x, shape=[rows, columns])


@operator("Transpose")
def _(e, inputs, a):
    return e("Tensor::permute", inputs[0], axes=list(a.get("perm", range(inputs[0].ndim)[::-1])))


@operator("Squeeze")
def _(e, inputs, a):
    x = inputs[0]
    axes = a.get("axes") if len(inputs) < 2 or inputs[1] is None else ints(inputs[1])
    if axes is None:
        axes = [i for i, size in enumerate(x.shape) if size == 1]
    for axis in sorted((axis_from_0(i, inputs[0].ndim) for i in axes), reverse=True):
        x = e("Tensor::squeeze", x, axis=axis)
    return x


@operator("Unsqueeze")
def _(e, inputs, a):
    x = inputs[0]
    axes = a.get("axes") if len(inputs) < 2 else ints(inputs[1])
    for axis in sorted(axis_from_0(i, x.ndim + len(axes)) for i in axes):
        x = e("Tensor::unsqueeze", x, axis=axis)
    return x


@operator("Expand")
def _(e, inputs, a):
    x = inputs[0]
    return e("Tensor::expand", x, shape=list(np.broadcast_shapes(x.shape, ints(inputs[1]))))


@operator("Tile")
def _(e, inputs, a):
    x = inputs[0]
    for axis, times in enumerate(ints(inputs[1])):
        x = e("concat", *[x] * times, axis=axis)
    return x


@operator("Concat")
def _(e, inputs, a):
    return e("concat", *inputs, axis=a["axis"])


@operator("Split")
def _(e, inputs, a):
    x, axis = inputs[0], axis_from_0(a.get("axis", 0), inputs[0].ndim)
    sizes = a.get("split") if len(inputs) < 2 or inputs[1] is None else ints(inputs[1])
    if sizes is None:
        return e.all("split", x, size=-(-x.shape[axis] // a.get("num_outputs", a["outputs"])), axis=axis)
    ends = np.cumsum(sizes)
    return [e("Tensor::slice", x, axis=axis, start=int(end - size), end=int(end), step=1)
            for size, end in zip(sizes, ends)]


@operator("Slice")
def _(e, inputs, a):
    x = inputs[0]
    starts, ends = ints(inputs[1]), ints(inputs[2])
    axes = range(len(starts)) if len(inputs) < 4 or inputs[3] is None else ints(inputs[3])
    steps = [1] * len(starts) if len(inputs) < 5 or inputs[4] is None else ints(inputs[4])
    for start, end, axis, step in zip(starts, ends, axes, steps):
        x = e("Tensor::slice", x, axis=axis, start=start, end=end, step=step)
    return x


@operator("Pad")
def _(e, inputs, a):
    if a.get("mode", b"constant") != b"constant":
        raise Unmapped("padding with what is there")
    x, pads = inputs[0], ints(inputs[1])
    value = 0 if len(inputs) < 3 or inputs[2] is None else number(inputs[2])
    axes = range(x.ndim) if len(inputs) < 4 or inputs[3] is None else ints(inputs[3])
    amounts = [0] * 2 * x.ndim
    for i, axis in enumerate(axes):
        at = 2 * (x.ndim - 1 - axis_from_0(axis, x.ndim))
        amounts[at:at + 2] = [pads[i], pads[len(axes) + i]]
    return e("pad", x, amounts=amounts, value=float(value) if x.dtype.kind == "f" else value)


@operator("Gather")
def _(e, inputs, a):
    x, index = inputs
    axis = axis_from_0(a.get("axis", 0), x.ndim)
    flat = counted_from_0(e, e("Tensor::reshape", index, shape=[-1]), x.shape[axis])
    y = e("index_select", x, flat, axis=axis)
    return e("Tensor::reshape", y, shape=[*x.shape[:axis], *index.shape, *x.shape[axis + 1:]])


def counted_from_0(e, index, size):
    return e("where", e("less", index, np.zeros([], np.int64)), e("add number", index, b=size), index)


@operator("GatherElements")
def _(e, inputs, a):
    x, index = inputs
    axis = a.get("axis", 0)
    return e("gather", x, counted_from_0(e, index, x.shape[axis]), axis=axis)


@operator("ScatterElements", "Scatter")
def _(e, inputs, a):
    if a.get("reduction", b"none") != b"add":
        raise Unmapped("scattering that replaces")
    x, index, source = inputs
    axis = a.get("axis", 0)
    return e("scatter_add", x, counted_from_0(e, index, x.shape[axis]), source, axis=axis)


@operator("DepthToSpace")
def _(e, inputs, a):
    x, b = inputs[0], a["blocksize"]
    n, c, h, w = x.shape
    if a.get("mode", b"DCR") == b"DCR":
        x = e("Tensor::reshape", x, shape=[n, b, b, c // b // b, h, w])
        x = e("Tensor::permute", x, axes=[0, 3, 4, 1, 5, 2])
    else:
        x = e("Tensor::reshape", x, shape=[n, c // b // b, b, b, h, w])
        x = e("Tensor::permute", x, axes=[0, 1, 4, 2, 5, 3])
    return e("Tensor::reshape", x, shape=[n, c // b // b, h * b, w * b])


@operator("SpaceToDepth")
def _(e, inputs, a):
    x, b = inputs[0], a["blocksize"]
    n, c, h, w = x.shape
    if a.get("mode", b"DCR") != b"DCR":
        raise Unmapped("another order of depth")
    x = e("Tensor::reshape", x, shape=[n, c, h // b, b, w // b, b])
    x = e("Tensor::permute", x, axes=[0, 3, 5, 1, 2, 4])
    return e("Tensor::reshape", x, shape=[n, c * b * b, h // b, w // b])


@operator("Trilu")
def _(e, inputs, a):
    x = inputs[0]
    k = 0 if len(inputs) < 2 or inputs[1] is None else int(inputs[1])
    rows = np.arange(x.shape[-2], dtype=np.int64).reshape(-1, 1)
    columns = np.arange(x.shape[-1], dtype=np.int64)
    distance = e("sub", columns, rows)
    keep = e("greater_equal" if a.get("upper", 1) else "less_equal", distance, np.asarray(k))
    return e("where", keep, x, np.zeros([], x.dtype))


@operator("EyeLike")
def _(e, inputs, a):
    rows, columns = inputs[0].shape
    distance = e("sub", np.arange(columns, dtype=np.int64), np.arange(rows, dtype=np.int64).reshape(-1, 1))
    return e("Tensor::to", e("equal", distance, np.asarray(a.get("k", 0))),
             dtype=type_name(a["dtype"]) if "dtype" in a else NAMES[inputs[0].dtype])


@operator("OneHot")
def _(e, inputs, a):
    index, depth, values = inputs
    depth = int(depth.reshape(-1)[0])
    axis = axis_from_0(a.get("axis", -1), index.ndim + 1)
    if index.dtype.kind == "f":
        index = e("Tensor::to", index, dtype="i64")
    index = e("Tensor::unsqueeze", counted_from_0(e, index, depth), axis=axis)
    steps = np.arange(depth, dtype=np.int64).reshape([-1] + [1] * (index.ndim - axis - 1))
    return e("where", e("equal", index, steps), values[1:].reshape([]), values[:1].reshape([]))


@operator("Range")
def _(e, inputs, a):
    start, end, step = (i.reshape(-1)[0] for i in inputs)
    count = max(math.ceil((end - start) / step), 0)
    x = e("Tensor::arange", count=count, dtype=NAMES[inputs[0].dtype])
    return e("add", e("mul", x, inputs[2]), inputs[0])


# Types, and what is known beforehand.

def type_name(code):
    dtype = np.dtype(tensor_dtype_to_np_dtype(code))
    if dtype not in MAPPED:
        raise Unmapped(f"dtype {dtype}")
    own = {np.dtype(np.bool_): "bool", np.dtype(ml_dtypes.bfloat16): "bf16"}
    return own.get(dtype, NAMES[MAPPED[dtype]])


def converted(e, x, name):
    if name == "bool":
        return e("not_equal", x, np.zeros([], x.dtype))
    if name == "bf16":
        return e("Tensor::to", e("Tensor::to bf16", x), dtype="f32")
    return e("Tensor::to", x, dtype=name)


@operator("Cast")
def _(e, inputs, a):
    return converted(e, inputs[0], type_name(a["to"]))


@operator("CastLike")
def _(e, inputs, a):
    return converted(e, inputs[0], type_name(a["like"]) if a.get("like") else NAMES[inputs[1].dtype])


@operator("Constant")
def _(e, inputs, a):
    for name in ("value", "value_float", "value_int", "value_floats", "value_ints"):
        if name in a:
            dtype = np.float32 if "float" in name else np.int64 if "int" in name else None
            return mapped(np.asarray(a[name], dtype))
    raise Unmapped("a constant that is no tensor")


@operator("ConstantOfShape")
def _(e, inputs, a):
    value = mapped(a["value"]) if "value" in a else np.zeros(1, np.float32)
    return e("Tensor::full", shape=ints(inputs[0]), value=number(value), dtype=NAMES[value.dtype])


@operator("Shape")
def _(e, inputs, a):
    return np.asarray(inputs[0].shape[a.get("start", 0):a.get("end")], np.int64).reshape(-1)


@operator("Size")
def _(e, inputs, a):
    return np.asarray(inputs[0].size, np.int64)
