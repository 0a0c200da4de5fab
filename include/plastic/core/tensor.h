#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "plastic/core/device.h"
#include "plastic/core/dtype.h"
#include "plastic/core/number.h"
#include "plastic/core/shape.h"

#pragma GCC visibility push(default)

namespace plastic {

struct TensorImpl;

/// What functions that make tensors are told beside the shape.
struct TensorOptions {
  /// The type of the elements.
  DType dtype = DType::f32;
  /// Where the memory is.
  Device device = {};
  /// Whether backward() accumulates a gradient in it: an Error for i64 and u8.
  bool requires_grad = false;
};

/// A handle on an n-dimensional array. Copies of a handle share the array; views share its storage.
/// Functions that end in an underscore write in place; all others leave their inputs as they are.
/// A default-constructed handle is undefined and may only be assigned or asked defined().
class Tensor {
 public:
  Tensor() = default;
  /// Another handle on the same array.
  Tensor(const Tensor&) = default;
  /// Leaves the other undefined.
  Tensor(Tensor&&) noexcept = default;
  /// Makes this another tensor's handle. A result has no name to assign to: x.slice(0, 0, 1) = y
  /// would change nothing, and does not compile; copy_() and fill_() write through a view.
  Tensor& operator=(const Tensor&) & = default;
  /// The same; leaves the other undefined.
  Tensor& operator=(Tensor&&) & noexcept = default;
  ~Tensor() = default;

  /// Contents are unspecified.
  static Tensor empty(const Shape& shape, const TensorOptions& options = {});
  /// Throws Error for a number that the dtype cannot hold, like all that takes one.
  static Tensor full(const Shape& shape, Number value, const TensorOptions& options = {});
  /// All elements 0.
  static Tensor zeros(const Shape& shape, const TensorOptions& options = {});
  /// All elements 1.
  static Tensor ones(const Shape& shape, const TensorOptions& options = {});
  /// 0, 1, ..., count - 1. Throws Error for more than u8 can hold; floating-point types round.
  static Tensor arange(std::int64_t count, const TensorOptions& options = {});
  /// A CPU tensor of T's dtype holding a copy of `values` in row-major order. T is float, double,
  /// std::int64_t or std::uint8_t. Throws Error unless there are shape.numel() values.
  template <class T>
  static Tensor from(std::span<const T> values, const Shape& shape);
  /// The same for a vector.
  template <class T>
  static Tensor from(const std::vector<T>& values, const Shape& shape) {
    return from(std::span<const T>(values), shape);
  }
  /// The same with rank 1.
  template <class T>
  static Tensor from(const std::vector<T>& values) {
    return from(std::span<const T>(values), {static_cast<std::int64_t>(values.size())});
  }
  /// The same for f32 literals: Tensor::of({1, 2, 3, 4}, {2, 2}).
  static Tensor of(std::initializer_list<float> values, const Shape& shape);

  /// Whether this is a handle on an array. All other functions throw Error where it is not.
  bool defined() const { return impl_ != nullptr; }
  /// The size of each axis.
  const Shape& shape() const;
  /// Elements between neighbours along each axis; 0 along expanded axes.
  const Shape& strides() const;
  /// Size along `axis`; negative axes count from the end. Throws Error when out of range.
  std::int64_t size(std::int64_t axis) const;
  /// The number of axes.
  std::int64_t rank() const;
  /// The number of elements: the product of the sizes, 1 for rank 0.
  std::int64_t numel() const;
  /// The type of the elements.
  DType dtype() const;
  /// Where the memory is.
  Device device() const;
  /// Row-major without gaps.
  bool is_contiguous() const;

  /// First element, for reading. Throws Error when T is not the dtype or the tensor is not on the
  /// CPU. Neighbours are strides() apart.
  template <class T>
  const T* data() const;
  /// First element, for writing. A counted write: ask again for writes after a pass that read it.
  template <class T>
  T* mutable_data();
  /// The only element as a double. Throws Error unless numel() == 1, and for an i64 that a double
  /// would round (beyond 2^53).
  double item() const;
  /// The only element as T, which is float, double, std::int64_t or std::uint8_t. Throws Error
  /// unless numel() == 1 and T can hold it: exactly, except that a floating-point T may round a
  /// floating-point element.
  template <class T>
  T item() const;
  /// All elements in row-major order; those of a bf16 tensor as float. Throws Error when T is not
  /// the dtype.
  template <class T>
  std::vector<T> to_vector() const;

  /// @name Views
  /// They share storage with *this and pass gradients on.
  /// @{

  /// The same elements in another shape; one size may be -1 and is inferred. A view where strides
  /// allow it, otherwise a copy. Throws Error when the counts differ. Here as everywhere, so does a
  /// shape whose sizes, leaving out zeros, have a product beyond 64 bits.
  Tensor reshape(const Shape& shape) const;
  /// Joins the axes from `first` to `last`, both included, into one.
  Tensor flatten(std::int64_t first = 0, std::int64_t last = -1) const;
  /// With two axes exchanged; negative ones count from the end. Throws Error when out of range.
  Tensor transpose(std::int64_t axis0, std::int64_t axis1) const;
  /// Axis i of the result is axis axes[i] of this one. Throws Error unless `axes` is a permutation.
  Tensor permute(const Shape& axes) const;
  /// Elements start, start + step, ... below end of `axis`; a copy of those above it if step < 0.
  /// Positions are NumPy's: negative ones count from the end. Throws Error for a step of 0.
  Tensor slice(std::int64_t axis, std::int64_t start, std::int64_t end,
               std::int64_t step = 1) const;
  /// Repeats axes of size 1 without copying, as NumPy broadcasts; -1 keeps the size of an axis.
  /// Throws Error when impossible.
  Tensor expand(const Shape& shape) const;
  /// Without an axis of size 1; negative ones count from the end. Throws Error for an axis of
  /// another size or out of range.
  Tensor squeeze(std::int64_t axis) const;
  /// With an axis of size 1 more, number `axis` of the result; negative ones count from its end.
  /// Throws Error when out of range.
  Tensor unsqueeze(std::int64_t axis) const;
  /// @}

  /// This tensor if it is contiguous, else a contiguous copy.
  Tensor contiguous() const;
  /// A copy; images that are channels-last keep that layout, all else is contiguous.
  Tensor clone() const;
  /// Converted element by element; float to integer truncates toward zero. Differentiable between
  /// floating-point types. Returns *this when nothing changes. Throws Error naming the first
  /// element that an integer type cannot hold: NaN, an infinity, 300 or -1 for u8 (PyTorch wraps
  /// some of them, and leaves others to the processor). The check waits for a device, so it is also
  /// an Error while a step is being captured there.
  Tensor to(DType dtype) const;
  /// Moved to a device; images that are channels-last stay so. Differentiable.
  Tensor to(Device device) const;

  /// @name Writing in place
  /// Throws Error for a leaf that requires a gradient while gradients are being recorded (wrap the
  /// write in NoGrad) and, except for fill_(), for a tensor that has several elements in one place,
  /// as expand() makes them. fill_() and copy_() are never recorded; while gradients are, they
  /// throw Error for any tensor that requires one.
  ///
  /// Arithmetic is for f32 and f64, and for integers if `alpha` and the like are left out. Tensor
  /// arguments are broadcast to this shape and must have this dtype; they may overlap this tensor.
  /// Throws Error otherwise. While gradients are being recorded, and this tensor or an argument
  /// requires one, the write is recorded, as in PyTorch; if other tensors share the memory, views
  /// or what backward() needs, that is an Error (PyTorch records some, too): write x = x + y
  /// instead. All return *this.
  /// @{

  /// Every element becomes `value`. Throws Error for a number that the dtype cannot hold.
  Tensor& fill_(Number value);

  /// this + value
  Tensor& add_(Number value);
  /// this - value
  Tensor& sub_(Number value);
  /// this · value
  Tensor& mul_(Number value);
  /// this / value; integers are divided as by div().
  Tensor& div_(Number value);
  /// this + alpha · other
  Tensor& add_(const Tensor& other, Number alpha = 1);
  /// this - alpha · other
  Tensor& sub_(const Tensor& other, Number alpha = 1);
  /// this · other
  Tensor& mul_(const Tensor& other);
  /// this / other; integers are divided as by div().
  Tensor& div_(const Tensor& other);
  /// this + value · a · b; floating point only, like addcdiv_() and lerp_().
  Tensor& addcmul_(const Tensor& a, const Tensor& b, double value = 1);
  /// this + value · a / b
  Tensor& addcdiv_(const Tensor& a, const Tensor& b, double value = 1);
  /// this + weight · (end - this), an average that moves towards `end`.
  Tensor& lerp_(const Tensor& end, double weight);

  /// Copies `source`, broadcast to this shape and converted to this dtype as by to(); it may
  /// overlap this tensor. No gradient passes to `source`: throws Error if it requires one while
  /// gradients are being recorded.
  Tensor& copy_(const Tensor& source);
  /// @}
  /// Counts writes to the storage that this tensor shares with its views.
  std::uint64_t version() const;

  /// @name Autograd
  /// See plastic/core/autograd.h.
  /// @{

  /// Whether backward() computes a gradient for it: for a leaf that was set to, and for what was
  /// computed from one while gradients were recorded.
  bool requires_grad() const;
  /// Throws Error for an integer dtype or for a tensor computed from others.
  Tensor& set_requires_grad(bool requires_grad = true);
  /// True for a tensor that no recorded operation produced.
  bool is_leaf() const;
  /// The gradient accumulated so far; undefined before the first backward() and after zero_grad().
  Tensor grad() const;
  /// Replaces the gradient; an undefined tensor clears it. backward() adds to it in place, so one
  /// that has several elements in one place is copied. Throws Error when the shape or dtype
  /// differs.
  void set_grad(const Tensor& grad);
  /// Clears the gradient: grad() is undefined afterwards.
  void zero_grad();
  /// Adds the gradient of this tensor to the `grad()` of every leaf it was computed from.
  /// `gradient` is the gradient of this tensor itself: it may be left out for a single element,
  /// where it is 1. The recorded graph is freed unless `retain_graph`. Throws Error when nothing
  /// was recorded, the graph was freed, or a saved tensor was written to since.
  void backward(const Tensor& gradient = {}, bool retain_graph = false) const;
  /// Calls `hook` with each gradient that backward() computes for this tensor, before it is passed
  /// on or accumulated; a defined result of the same shape takes its place. Hooks run in order of
  /// registration. Throws Error unless the tensor requires a gradient.
  void register_hook(std::function<Tensor(const Tensor& grad)> hook) const;
  /// The same elements, cut from the graph.
  Tensor detach() const;
  /// @}

  /// For the engine's own files: the shared state behind the handle (core/tensor/tensor_impl.h).
  const std::shared_ptr<TensorImpl>& impl() const { return impl_; }
  /// For the engine's own files: a handle on that state.
  explicit Tensor(std::shared_ptr<TensorImpl> impl) : impl_(std::move(impl)) {}

 private:
  std::shared_ptr<TensorImpl> impl_;
};

/// Shape, dtype, device and the first elements of each axis, for printing.
std::string to_string(const Tensor& tensor);
/// Writes to_string(tensor).
std::ostream& operator<<(std::ostream& out, const Tensor& tensor);

}  // namespace plastic

#pragma GCC visibility pop
