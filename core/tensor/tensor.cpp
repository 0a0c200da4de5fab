#include "plastic/core/tensor.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include "core/check.h"
#include "core/device/backend.h"
#include "core/tensor/dispatch.h"
#include "core/tensor/number.h"
#include "core/tensor/recycled.h"
#include "core/tensor/tensor_impl.h"

namespace plastic {
namespace {

TensorImpl& impl_of(const char* op, const Tensor& tensor) {
  check_defined(op, tensor);
  return *tensor.impl();
}

std::size_t checked_bytes(const Shape& shape, DType dtype) {
  std::int64_t bytes = 0;
  if (__builtin_mul_overflow(shape.numel(), static_cast<std::int64_t>(size_of(dtype)), &bytes)) {
    fail("tensor", "shape ", to_string(shape), " has more bytes than can be counted");
  }
  if (std::cmp_greater(bytes, std::numeric_limits<std::size_t>::max())) {
    fail("allocate", "out of memory: asked for ", bytes, " bytes, more than this processor can ",
         "address; make the tensor of shape ", to_string(shape), " smaller");
  }
  return static_cast<std::size_t>(bytes);
}

/// Whether elements of this shape lie in row-major order without gaps.
bool is_row_major(const Shape& shape, const Shape& strides) {
  std::int64_t expected = 1;
  for (std::size_t i = shape.rank(); i-- > 0;) {
    if (shape[i] != 1 && strides[i] != expected) {
      // Nothing has no gaps.
      return std::find(shape.begin(), shape.end(), 0) != shape.end();
    }
    expected *= shape[i];
  }
  return true;
}

/// Whether S, the type of an element, can be given as T without losing what item() promises to
/// keep.
template <class T, class S>
bool is_held(S value) {
  if constexpr (std::is_floating_point_v<T> && std::is_integral_v<S>) {
    // By its digits: on 32-bit x86, g++ converts to T and back in a register that rounds nothing.
    const auto bits = static_cast<std::uint64_t>(value);
    const std::uint64_t size = value < 0 ? 0 - bits : bits;
    const int last = size == 0 ? 0 : std::countr_zero(size);
    return std::bit_width(size) - last <= std::numeric_limits<T>::digits;
  } else if constexpr (std::is_floating_point_v<T>) {
    return true;
  } else {
    const auto number = Number(value);
    if (number.is_integer()) return std::in_range<T>(number.integer());
    const bool fits = dtype_of<T>() == DType::i64
                          ? number.real() >= -0x1p63 && number.real() < 0x1p63
                          : number.real() >= 0 && number.real() < 256;
    return fits && static_cast<double>(static_cast<T>(number.real())) == number.real();
  }
}

}  // namespace

bool Array::is_contiguous() const { return is_row_major(shape, strides); }

Array array_of(const Tensor& tensor) {
  const TensorImpl& impl = *tensor.impl();
  return {impl.data(), impl.dtype, impl.shape, impl.strides};
}

// That the elements can be counted is checked where a shape is new: by empty(), reshape() and
// expand().
Tensor make_view(const std::shared_ptr<Storage>& storage, DType dtype, const Shape& shape,
                 const Shape& strides, std::int64_t offset) {
  auto impl = make_recycled<TensorImpl>();
  impl->storage = storage;
  impl->dtype = dtype;
  impl->shape = shape;
  impl->strides = strides;
  impl->offset = offset;
  return Tensor(std::move(impl));
}

std::size_t normalize_axis(const char* op, std::int64_t axis, std::size_t rank) {
  const auto signed_rank = static_cast<std::int64_t>(rank);
  if (axis < -signed_rank || axis >= signed_rank) {
    fail(op, "axis ", axis, " is out of range for a tensor of rank ", rank);
  }
  return static_cast<std::size_t>(axis < 0 ? axis + signed_rank : axis);
}

void check_defined(const char* op, const Tensor& tensor) {
  if (!tensor.defined()) fail(op, "the tensor is undefined; assign it first");
}

void check_floating(const char* op, const Tensor& tensor) {
  check_defined(op, tensor);
  if (!is_floating_point(tensor.dtype())) {
    fail(op, "needs f32 or f64, got ", name_of(tensor.dtype()), "; convert with .to()");
  }
}

void check_same_device(const char* op, const Tensor& a, const Tensor& b) {
  if (a.device() != b.device()) {
    fail(op, "devices differ: ", to_string(a.device()), " and ", to_string(b.device()),
         "; move one with .to()");
  }
}

void check_same_kind(const char* op, const Tensor& a, const Tensor& b) {
  check_defined(op, a);
  check_defined(op, b);
  if (a.dtype() != b.dtype()) {
    fail(op, "dtypes differ: ", name_of(a.dtype()), " and ", name_of(b.dtype()),
         "; convert one with .to()");
  }
  check_same_device(op, a, b);
}

Tensor Tensor::empty(const Shape& shape, const TensorOptions& options) {
  const std::size_t bytes = checked_bytes(shape, options.dtype);
  Tensor out = make_view(Storage::allocate(bytes, options.device), options.dtype, shape,
                         contiguous_strides(shape), 0);
  if (options.requires_grad) out.set_requires_grad();
  return out;
}

Tensor Tensor::full(const Shape& shape, Number value, const TensorOptions& options) {
  check_number("full", value, options.dtype);
  Tensor out = empty(shape, options);
  backend(options.device).fill(array_of(out), value);
  return out;
}

Tensor Tensor::zeros(const Shape& shape, const TensorOptions& options) {
  return full(shape, 0, options);
}

Tensor Tensor::ones(const Shape& shape, const TensorOptions& options) {
  return full(shape, 1, options);
}

Tensor Tensor::arange(std::int64_t count, const TensorOptions& options) {
  if (count > 0) check_number("arange", count - 1, options.dtype);
  Tensor out = empty({count}, {.dtype = options.dtype});
  dispatch_stored(options.dtype, [&](auto zero) {
    using T = decltype(zero);
    T* values = static_cast<T*>(memory(out));
    for (std::int64_t i = 0; i < count; ++i) values[i] = static_cast<T>(i);
  });
  out = out.to(options.device);
  if (options.requires_grad) out.set_requires_grad();
  return out;
}

template <class T>
Tensor Tensor::from(std::span<const T> values, const Shape& shape) {
  if (shape.numel() != std::ssize(values)) {
    fail("from", values.size(), " values do not fill shape ", to_string(shape));
  }
  Tensor out = empty(shape, {.dtype = dtype_of<T>()});
  std::copy(values.begin(), values.end(), out.mutable_data<T>());
  return out;
}

Tensor Tensor::of(std::initializer_list<float> values, const Shape& shape) {
  return from(std::span<const float>(values.begin(), values.size()), shape);
}

const Shape& Tensor::shape() const { return impl_of("shape", *this).shape; }
const Shape& Tensor::strides() const { return impl_of("strides", *this).strides; }

std::int64_t Tensor::size(std::int64_t axis) const {
  return shape()[normalize_axis("size", axis, shape().rank())];
}

std::int64_t Tensor::rank() const { return static_cast<std::int64_t>(shape().rank()); }
std::int64_t Tensor::numel() const { return shape().numel(); }
DType Tensor::dtype() const { return impl_of("dtype", *this).dtype; }
Device Tensor::device() const { return impl_of("device", *this).storage->device(); }

bool Tensor::is_contiguous() const {
  const TensorImpl& impl = impl_of("is_contiguous", *this);
  return is_row_major(impl.shape, impl.strides);
}

template <class T>
const T* Tensor::data() const {
  const TensorImpl& impl = impl_of("data", *this);
  if (impl.dtype != dtype_of<T>()) {
    fail("data", "the tensor holds ", name_of(impl.dtype), ", asked for ", name_of(dtype_of<T>()));
  }
  if (device().type != DeviceType::cpu) {
    fail("data", "the tensor is on ", to_string(device()), "; move it with .to(plastic::Device{})");
  }
  return static_cast<const T*>(impl.data());
}

template <class T>
T* Tensor::mutable_data() {
  const T* data = this->data<T>();
  impl_->storage->bump_version();
  return const_cast<T*>(data);
}

template <class T>
T Tensor::item() const {
  if (numel() != 1) fail("item", "needs a single element, got shape ", to_string(shape()));
  T value{};
  const bool is_here = device().type == DeviceType::cpu;
  const Tensor host = is_here ? *this : detach().to(Device{});
  dispatch_stored(dtype(), [&](auto zero) {
    using S = std::conditional_t<std::is_same_v<decltype(zero), bfloat16>, float, decltype(zero)>;
    const S stored = static_cast<S>(*static_cast<const decltype(zero)*>(memory(host)));
    if (!is_held<T>(stored)) {
      fail("item", name_of(dtype_of<T>()), " cannot hold the element, ", to_string(Number(stored)),
           "; ask for ", name_of(dtype()), ", or convert with .to()");
    }
    value = static_cast<T>(stored);
  });
  return value;
}

double Tensor::item() const { return item<double>(); }

template <class T>
std::vector<T> Tensor::to_vector() const {
  const Tensor host = detach().to(Device{});
  const bool widens = host.dtype() == DType::bf16 && dtype_of<T>() == DType::f32;
  const Tensor dense = (widens ? host.to(DType::f32) : host).contiguous();
  const T* first = dense.data<T>();
  return std::vector<T>(first, first + numel());
}

template Tensor Tensor::from(std::span<const float>, const Shape&);
template Tensor Tensor::from(std::span<const double>, const Shape&);
template Tensor Tensor::from(std::span<const std::int64_t>, const Shape&);
template Tensor Tensor::from(std::span<const std::uint8_t>, const Shape&);
template const float* Tensor::data() const;
template const double* Tensor::data() const;
template const std::int64_t* Tensor::data() const;
template const std::uint8_t* Tensor::data() const;
template float* Tensor::mutable_data();
template double* Tensor::mutable_data();
template std::int64_t* Tensor::mutable_data();
template std::uint8_t* Tensor::mutable_data();
template float Tensor::item<float>() const;
template double Tensor::item<double>() const;
template std::int64_t Tensor::item<std::int64_t>() const;
template std::uint8_t Tensor::item<std::uint8_t>() const;
template std::vector<float> Tensor::to_vector() const;
template std::vector<double> Tensor::to_vector() const;
template std::vector<std::int64_t> Tensor::to_vector() const;
template std::vector<std::uint8_t> Tensor::to_vector() const;

std::uint64_t Tensor::version() const { return impl_of("version", *this).storage->version(); }

Tensor Tensor::detach() const {
  const TensorImpl& impl = impl_of("detach", *this);
  return make_view(impl.storage, impl.dtype, impl.shape, impl.strides, impl.offset);
}

}  // namespace plastic
