#include "plastic/core/ops/index.h"

#include "core/autograd/graph.h"
#include "core/check.h"
#include "core/device/backend.h"
#include "core/ops/axis.h"
#include "core/ops/gathered.h"
#include "core/ops/mixed_precision.h"

namespace plastic {
namespace {

/// Throws Error unless `index` has x's shape but for `axis`.
void check_index_shape(const char* op, const Tensor& x, std::size_t axis, const Tensor& index) {
  check_defined(op, index);
  Shape expected = x.shape();
  if (index.shape().rank() == expected.rank()) expected[axis] = index.shape()[axis];
  if (index.shape() != expected) {
    fail(op, "index ", to_string(index.shape()), " does not fit ", to_string(x.shape()),
         ": but for axis ", axis, " they must be equal");
  }
}

/// Several axes as one, where elements lie as far apart as one axis allows.
struct Joined {
  std::int64_t size = 1, stride = 0;
  bool fits = true;

  void add(std::int64_t next_size, std::int64_t next_stride) {
    if (next_size == 1) return;
    if (size > 1) fits = fits && stride == next_size * next_stride;
    size *= next_size;
    stride = next_stride;
  }
};

/// An index as (outer, count, inner) around `axis`, with whatever strides say so. The index of
/// index_select() is the same for every line: it stays as short as it is.
class IndexLines {
 public:
  IndexLines(const Tensor& index, std::size_t axis) : index_(index) {
    Joined outer, inner;
    for (std::size_t i = 0; i < index.shape().rank(); ++i) {
      if (i != axis) (i < axis ? outer : inner).add(index.shape()[i], index.strides()[i]);
    }
    if (!outer.fits || !inner.fits) {
      index_ = index.contiguous();
      array_ = around_axis(index_, axis);
      return;
    }
    array_ = array_of(index_);
    array_.shape = {outer.size, index.shape()[axis], inner.size};
    array_.strides = {outer.stride, index.strides()[axis], inner.stride};
  }

  const Array& array() const { return array_; }

 private:
  Tensor index_;
  Array array_;
};

}  // namespace

void check_index(const char* op, const Tensor& x, const Tensor& index, std::int64_t limit) {
  check_defined(op, index);
  check_same_device(op, x, index);
  if (index.dtype() != DType::i64) {
    fail(op, "the index must be i64, got ", name_of(index.dtype()));
  }
  const Tensor dense = index.contiguous();
  const std::int64_t bad = backend(index.device()).first_outside(array_of(dense), limit);
  if (bad >= 0) {
    fail(op, "index ", dense.flatten().slice(0, bad, bad + 1).item<std::int64_t>(), " at position ",
         bad, " is not in [0, ", limit, ")");
  }
}

Tensor for_every_line(const Tensor& index, std::size_t axis, const Shape& shape) {
  Shape along = Shape::filled(shape.rank(), 1);
  along[axis] = index.numel();
  return index.reshape(along).expand(shape);
}

Tensor gathered(const Tensor& x, std::size_t axis, const Tensor& index) {
  Tensor y = Tensor::empty(index.shape(), {.dtype = x.dtype(), .device = x.device()});
  const Tensor dense = x.detach().contiguous();
  backend(x.device())
      .gather(around_axis(dense, axis), IndexLines(index, axis).array(), around_axis(y, axis));
  return y;
}

namespace {

/// Adds `source` into `target`, in place.
void scatter_into(const Tensor& target, std::size_t axis, const Tensor& index,
                  const Tensor& source) {
  const Tensor dense = source.detach().contiguous();
  backend(target.device())
      .scatter_add(around_axis(dense, axis), IndexLines(index, axis).array(),
                   around_axis(target, axis));
}

/// The gradient of a tensor of shape `before` from that of what was picked out of it. Sums are
/// taken in f32 or wider.
Tensor scattered(const Shape& before, std::size_t axis, const Tensor& index, const Tensor& grad) {
  const Tensor terms = widened("backward", grad);
  const Tensor out = Tensor::zeros(before, options_of(terms));
  scatter_into(out, axis, index, terms);
  return out.to(grad.dtype());
}

/// The slices of x at `index`, of rank 1 and right; that at `without_gradient` receives none.
Tensor selected(const char* op, const Tensor& x, std::size_t axis, const Tensor& index,
                std::optional<std::int64_t> without_gradient) {
  Shape result = x.shape();
  result[axis] = index.numel();
  const Tensor everywhere = for_every_line(index, axis, result);
  return record(op, gathered(x, axis, everywhere), {x},
                [axis, without_gradient, before = x.shape(), saved = Saved(op, everywhere)](
                    const Tensor& g, const Inputs&) -> Gradients {
                  const Tensor out = scattered(before, axis, saved.get(), g);
                  if (without_gradient) {
                    const std::int64_t row = *without_gradient;
                    out.slice(static_cast<std::int64_t>(axis), row, row + 1).fill_(0);
                  }
                  return {out};
                });
}

}  // namespace

Tensor picked(const char* op, const Tensor& x, std::size_t axis,
              const std::vector<std::int64_t>& places) {
  return selected(op, x, axis, Tensor::from(places).to(x.device()), {});
}

Tensor gather(const Tensor& x, std::int64_t axis, const Tensor& index) {
  check_defined("gather", x);
  const std::size_t at = normalize_axis("gather", axis, x.shape().rank());
  check_index_shape("gather", x, at, index);
  check_index("gather", x, index, x.shape()[at]);
  return record("gather", gathered(x, at, index), {x},
                [at, before = x.shape(), saved = Saved("gather", index)](
                    const Tensor& g, const Inputs&) -> Gradients {
                  return {scattered(before, at, saved.get(), g)};
                });
}

Tensor scatter_add(const Tensor& x, std::int64_t axis, const Tensor& index, const Tensor& source) {
  check_same_kind("scatter_add", x, source);
  check_defined("scatter_add", x);
  const std::size_t at = normalize_axis("scatter_add", axis, x.shape().rank());
  check_index_shape("scatter_add", x, at, index);
  if (source.shape() != index.shape()) {
    fail("scatter_add", "source ", to_string(source.shape()), " and index ",
         to_string(index.shape()), " differ in shape");
  }
  if (x.dtype() == DType::bf16) {
    return scatter_add(x.to(DType::f32), axis, index, source.to(DType::f32)).to(DType::bf16);
  }
  check_index("scatter_add", x, index, x.shape()[at]);
  Tensor y = Tensor::empty(x.shape(), {.dtype = x.dtype(), .device = x.device()});
  y.copy_(x.detach());
  scatter_into(y, at, index, source);
  return record(
      "scatter_add", y, {x, source},
      [at, saved = Saved("scatter_add", index)](const Tensor& g, const Inputs& in) -> Gradients {
        return {g, in.needs(1) ? gathered(g, at, saved.get()) : Tensor()};
      });
}

Tensor index_select(const Tensor& x, std::int64_t axis, const Tensor& index) {
  check_defined("index_select", x);
  check_defined("index_select", index);
  const std::size_t at = normalize_axis("index_select", axis, x.shape().rank());
  if (index.rank() != 1) {
    fail("index_select", "the index must have rank 1, got ", to_string(index.shape()));
  }
  check_index("index_select", x, index, x.shape()[at]);
  return selected("index_select", x, at, index, {});
}

Tensor embedding(const Tensor& table, const Tensor& indices,
                 std::optional<std::int64_t> padding_idx) {
  check_defined("embedding", table);
  check_defined("embedding", indices);
  if (table.rank() != 2) {
    fail("embedding", "the table must have rank 2, got ", to_string(table.shape()));
  }
  const std::int64_t count = table.size(0);
  if (padding_idx && (*padding_idx < -count || *padding_idx >= count)) {
    fail("embedding", "padding_idx ", *padding_idx, " is not a row of ", count);
  }
  if (padding_idx && *padding_idx < 0) *padding_idx += count;
  check_index("embedding", table, indices, count);
  Shape shape = indices.shape();
  shape.push_back(table.size(1));
  return selected("embedding", table, 0, indices.flatten(), padding_idx).reshape(shape);
}

}  // namespace plastic
