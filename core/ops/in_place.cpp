// Tensor's functions that write in place.
#include <algorithm>

#include "core/check.h"
#include "core/device/backend.h"
#include "core/ops/binary_rules.h"
#include "core/ops/broadcast.h"
#include "core/ops/convert.h"
#include "core/ops/quotients.h"
#include "core/tensor/number.h"
#include "core/tensor/overlap.h"
#include "core/tensor/tensor_impl.h"
#include "plastic/core/autograd.h"
#include "plastic/core/ops/elementwise.h"

namespace plastic {
namespace {

[[noreturn]] void refuse_write(const char* op, const Tensor& tensor) {
  fail(op, "writing in place to a tensor that requires a gradient, shape ",
       to_string(tensor.shape()), "; wrap it in plastic::NoGrad or detach() it");
}

void check_writable(const char* op, const Tensor& tensor) {
  check_defined(op, tensor);
  if (grad_enabled() && tensor.requires_grad()) refuse_write(op, tensor);
}

/// For what must write every element once.
void check_distinct(const char* op, const Tensor& tensor) {
  if (overlaps_itself(tensor)) {
    fail(op, "writing in place to a tensor with several elements in one place, shape ",
         to_string(tensor.shape()), ", strides ", to_string(tensor.strides()),
         "; clone() it first");
  }
}

/// The array without the axes that repeat elements.
Array distinct_elements(const Tensor& tensor) {
  Array array = array_of(tensor);
  for (std::size_t axis = 0; axis < array.shape.rank(); ++axis) {
    if (array.strides[axis] == 0 && array.shape[axis] > 1) array.shape[axis] = 1;
  }
  return array;
}

/// Whether `op`, which writes to `target` what it computes from it and from `operands`, is
/// recorded. Throws Error where the gradient could not be right.
bool is_recorded(const char* op, const Tensor& target, std::initializer_list<Tensor> operands) {
  check_defined(op, target);
  const auto requires_grad = [](const Tensor& tensor) {
    return tensor.defined() && tensor.requires_grad();
  };
  if (!grad_enabled()) return false;
  if (!target.requires_grad() && std::none_of(operands.begin(), operands.end(), requires_grad)) {
    return false;
  }
  if (target.requires_grad() && target.is_leaf()) refuse_write(op, target);
  const std::shared_ptr<Storage>& storage = target.impl()->storage;
  if (storage.use_count() > 1 || storage->is_part()) {
    fail(op,
         "writing in place, while gradients are being recorded, to a tensor whose memory others "
         "share, shape ",
         to_string(target.shape()),
         ": views of it, or what backward() needs; write x = x + y, or wrap it in plastic::NoGrad");
  }
  return true;
}

/// Throws Error unless `operand` can be broadcast to what is written to.
void check_fits(const char* op, const Tensor& target, const Tensor& operand) {
  check_same_kind(op, target, operand);
  if (broadcast_shapes(op, target.shape(), operand.shape()) != target.shape()) {
    fail(op, "cannot broadcast shape ", to_string(operand.shape()),
         " to that of the tensor that is written to, ", to_string(target.shape()));
  }
}

/// Makes `target` the result that was recorded. Nobody else reads its memory (see is_recorded()),
/// so the result's may take its place.
Tensor& become(const char* op, Tensor& target, const Tensor& result) {
  // The values are those of the target's own shape.
  if (result.shape() != target.shape()) check_fits(op, target, result);
  TensorImpl& to = *target.impl();
  const TensorImpl& from = *result.impl();
  to.storage = from.storage;
  to.strides = from.strides;
  to.offset = from.offset;
  to.requires_grad = from.requires_grad;
  to.grad_fn = from.grad_fn;
  return target;
}

/// `operand` as kernels may read it while they write to `target`: copied where its elements lie in
/// the same memory, but in other places.
Tensor readable(const char* op, const Tensor& target, const Tensor& operand) {
  check_fits(op, target, operand);
  const bool in_same_places = memory(operand) == memory(target) &&
                              operand.shape() == target.shape() &&
                              operand.strides() == target.strides();
  return in_same_places || !overlap(operand, target) ? operand : operand.detach().clone();
}

/// What all that compute in place check of the tensor that they write to.
void check_target(const char* op, const Tensor& target) {
  check_defined(op, target);
  check_distinct(op, target);
}

Tensor& write(const char* op, Binary function, Tensor& target, const Tensor& operand) {
  check_target(op, target);
  const Tensor source = readable(op, target, operand);
  if (function == Binary::div && !is_floating_point(target.dtype())) {
    check_quotients(target, source);
  }
  target.impl()->storage->bump_version();
  const Array out = array_of(target);
  backend(target.device()).binary(function, out, expanded_array(source, target.shape()), out);
  return target;
}

Tensor& write(const char* op, Binary function, Tensor& target, const Number& number) {
  check_target(op, target);
  check_number(op, number, target.dtype());
  if (function == Binary::div && !is_floating_point(target.dtype())) {
    check_quotients(target, number);
  }
  target.impl()->storage->bump_version();
  const Array out = array_of(target);
  backend(target.device()).binary_number(function, out, number, out);
  return target;
}

Tensor& write(const char* op, Ternary function, Tensor& target, double value, const Tensor& b,
              const Tensor& c) {
  check_floating(op, target);
  check_distinct(op, target);
  check_number(op, value, target.dtype());
  const Tensor first = readable(op, target, b);
  const Tensor second = readable(op, target, c);
  target.impl()->storage->bump_version();
  const Array out = array_of(target);
  backend(target.device())
      .ternary(function, value, out, expanded_array(first, target.shape()),
               expanded_array(second, target.shape()), out);
  return target;
}

}  // namespace

Tensor& Tensor::fill_(Number value) {
  check_writable("fill_", *this);
  check_number("fill_", value, dtype());
  impl_->storage->bump_version();
  backend(device()).fill(distinct_elements(*this), value);
  return *this;
}

Tensor& Tensor::copy_(const Tensor& source) {
  check_writable("copy_", *this);
  check_distinct("copy_", *this);
  check_defined("copy_", source);
  if (grad_enabled() && source.requires_grad()) {
    fail("copy_", "the source, shape ", to_string(source.shape()),
         ", requires a gradient, which a copy in place would not pass on; detach() it, wrap the "
         "copy in plastic::NoGrad, or join tensors with concat() or stack()");
  }
  Tensor from = (source.requires_grad() ? source.detach() : source).to(device());
  check_convertible("copy_", from, dtype());
  // What is read must not have been written to before.
  if (overlap(from, *this)) from = from.clone();
  const Tensor fitting = from.expand(shape());
  impl_->storage->bump_version();
  backend(device()).copy(array_of(fitting), array_of(*this));
  return *this;
}

Tensor& Tensor::add_(Number value) {
  if (is_recorded("add_", *this, {})) return become("add_", *this, add(*this, value));
  return write("add_", Binary::add, *this, value);
}

Tensor& Tensor::sub_(Number value) {
  if (is_recorded("sub_", *this, {})) return become("sub_", *this, sub(*this, value));
  return write("sub_", Binary::sub, *this, value);
}

Tensor& Tensor::mul_(Number value) {
  if (is_recorded("mul_", *this, {})) return become("mul_", *this, mul(*this, value));
  return write("mul_", Binary::mul, *this, value);
}

Tensor& Tensor::div_(Number value) {
  if (is_recorded("div_", *this, {})) return become("div_", *this, div(*this, value));
  return write("div_", Binary::div, *this, value);
}

Tensor& Tensor::add_(const Tensor& other, Number alpha) {
  const bool is_plain = alpha.real() == 1;
  if (is_recorded("add_", *this, {other})) {
    return become("add_", *this, add(*this, is_plain ? other : mul(other, alpha)));
  }
  if (is_plain) return write("add_", Binary::add, *this, other);
  if (is_floating_point(dtype())) {
    return write("add_", Ternary::add_scaled, *this, alpha.real(), other, other);
  }
  return write("add_", Binary::add, *this, mul(other, alpha));
}

Tensor& Tensor::sub_(const Tensor& other, Number alpha) {
  const bool is_plain = alpha.real() == 1;
  if (is_recorded("sub_", *this, {other})) {
    return become("sub_", *this, sub(*this, is_plain ? other : mul(other, alpha)));
  }
  if (is_plain) return write("sub_", Binary::sub, *this, other);
  if (is_floating_point(dtype())) {
    return write("sub_", Ternary::add_scaled, *this, -alpha.real(), other, other);
  }
  return write("sub_", Binary::sub, *this, mul(other, alpha));
}

Tensor& Tensor::mul_(const Tensor& other) {
  if (is_recorded("mul_", *this, {other})) return become("mul_", *this, mul(*this, other));
  return write("mul_", Binary::mul, *this, other);
}

Tensor& Tensor::div_(const Tensor& other) {
  if (is_recorded("div_", *this, {other})) return become("div_", *this, div(*this, other));
  return write("div_", Binary::div, *this, other);
}

Tensor& Tensor::addcmul_(const Tensor& a, const Tensor& b, double value) {
  if (is_recorded("addcmul_", *this, {a, b})) {
    return become("addcmul_", *this, add(*this, mul(mul(a, value), b)));
  }
  return write("addcmul_", Ternary::addcmul, *this, value, a, b);
}

Tensor& Tensor::addcdiv_(const Tensor& a, const Tensor& b, double value) {
  if (is_recorded("addcdiv_", *this, {a, b})) {
    return become("addcdiv_", *this, add(*this, div(mul(a, value), b)));
  }
  return write("addcdiv_", Ternary::addcdiv, *this, value, a, b);
}

Tensor& Tensor::lerp_(const Tensor& end, double weight) {
  if (is_recorded("lerp_", *this, {end})) {
    // From the nearer end, like the rule itself (binary_rules.h): 1 gives `end` to the last digit.
    const Tensor way = sub(end, *this);
    return become("lerp_", *this,
                  weight < 0.5 ? add(*this, mul(way, weight)) : sub(end, mul(way, 1 - weight)));
  }
  return write("lerp_", Ternary::lerp, *this, weight, end, end);
}

}  // namespace plastic
