"""Where Plastic differs from PyTorch by choice: name -> (the header that says so, why).

The cases that meet one say so, and are compared with what the header promises instead."""

DIFFERENCES = {
    "no promotion": (
        "core/ops/elementwise.h",
        "tensors of different dtypes do not meet: an error says how to convert, where PyTorch "
        "promotes"),
    "numbers": (
        "core/number.h",
        "a number takes the tensor's dtype, and is refused where that cannot hold it; PyTorch "
        "promotes or wraps"),
    "integer division": (
        "core/ops/elementwise.h",
        "integers stay integers: the quotient is rounded toward zero, as torch.div with "
        "rounding_mode='trunc'"),
    "integer overflow of a quotient": (
        "core/ops/elementwise.h",
        "-2^63 / -1 is refused; PyTorch leaves it to the processor, which may end the process"),
    "masks": (
        "core/ops/compare.h",
        "comparisons give u8, and masks are u8: there is no bool"),
    "floating point only": (
        "core/ops/elementwise.h",
        "functions of real numbers, means and products refuse integers, which PyTorch converts or "
        "computes with"),
    "first extreme": (
        "core/ops/reduce.h",
        "the gradient of max and min goes to the first element that has the value; PyTorch's amax "
        "shares it out"),
    "range of products": (
        "core/ops/prod.h",
        "products of f32 are taken in f64, so that only the result can overflow"),
    "range of f64": (
        "core/ops/reduce.h",
        "norms and means of f64 are right where squares and sums leave its range; PyTorch's are "
        "infinite or 0"),
    "clipping": (
        "optim/clip.h",
        "the norm of all gradients is taken in f64, where PyTorch's f32 overflows beyond 1.8e19; and an "
        "infinite limit only measures"),
    "infinite logits": (
        "nn/loss.h",
        "where the other class is certain, binary cross-entropy is infinite; PyTorch's is NaN"),
    "logsumexp": (
        "core/ops/softmax.h",
        "the gradient is softmax(x) for logits of any size, and 0 where all are -inf; PyTorch's exp(x - y) "
        "rounds x - y, and is NaN there"),
    "gelu": (
        "core/ops/activation.h",
        "far below 0 it is x times the small rest of the normal distribution; PyTorch's 1 + erf(x) is 0 "
        "there"),
    "dense sign": (
        "core/ops/elementwise.h",
        "sign passes no gradient on; PyTorch's has one, of zeros"),
    "vectors": (
        "core/ops/matmul.h",
        "matmul takes matrices, and linear weights of two axes; PyTorch takes vectors too"),
    "three tensors": (
        "core/ops/matmul.h",
        "einsum refuses more than two tensors"),
    "squeeze": (
        "core/tensor.h",
        "squeeze of an axis that is not of size 1 is an error; PyTorch leaves it"),
    "conversion": (
        "core/tensor.h",
        "a number that an integer type cannot hold is refused; PyTorch wraps it, or leaves it to "
        "the processor"),
    "arange": (
        "core/tensor.h",
        "arange refuses what u8 cannot hold; PyTorch wraps"),
    "fused cross-entropy": (
        "core/ops/cross_entropy.h",
        "takes (N, C) logits and classes in [0, C) only; -100 marks nothing"),
    "targets": (
        "nn/loss.h",
        "a target outside [0, C) is refused unless it is the ignore_index that was asked for"),
    "losses do not broadcast": (
        "nn/loss.h",
        "shapes that are not equal are refused; PyTorch broadcasts, with a warning"),
    "empty images": (
        "core/ops/conv_transpose2d.h",
        "a transposed convolution whose result has no pixels is refused, as by some of PyTorch's algorithms"),
    "indices": (
        "core/ops/index.h",
        "index has x's sizes but along the axis; PyTorch lets it be smaller"),
    "one value per channel": (
        "core/ops/batch_norm.h",
        "a channel of one value is refused in training, as by torch.nn.functional.batch_norm"),
    "empty parameters": (
        "optim/optimizer.h",
        "a parameter without elements takes no step, so that none is counted"),
    "random": (
        "core/random.h",
        "numbers come from Philox4x32-10 by their own rules, which the reference repeats"),
}
