#include "wire.h"

#include <array>
#include <cstring>
#include <stdexcept>

namespace plastic::parity {
namespace {

constexpr std::array dtypes = {DType::f32, DType::f64, DType::i64, DType::u8, DType::bf16};

class Reader {
 public:
  explicit Reader(const std::string& bytes) : bytes_(bytes) {}

  std::int64_t integer() { return value<std::int64_t>(); }

  std::string text() {
    std::string result(static_cast<std::size_t>(integer()), '\0');
    take(result.data(), result.size());
    return result;
  }

  std::vector<std::int64_t> integers() {
    std::vector<std::int64_t> result(static_cast<std::size_t>(integer()));
    for (std::int64_t& value : result) value = integer();
    return result;
  }

  Attribute attribute() {
    switch (integer()) {
      case 0:
        return value<double>();
      case 1:
        return integers();
      default:
        return text();
    }
  }

  /// A tensor that is given with its elements.
  Tensor tensor() {
    const DType dtype = dtypes.at(static_cast<std::size_t>(integer()));
    const bool requires_grad = integer() != 0;
    Tensor result = Tensor::empty(Shape(integers()), {.dtype = dtype});
    switch (dtype) {
      case DType::f32:
        elements<float>(result);
        break;
      case DType::f64:
        elements<double>(result);
        break;
      case DType::i64:
        elements<std::int64_t>(result);
        break;
      case DType::u8:
        elements<std::uint8_t>(result);
        break;
      case DType::bf16:
        throw std::logic_error("bf16 is made by to()");
    }
    if (requires_grad) result.set_requires_grad();
    return result;
  }

 private:
  void take(void* to, std::size_t count) {
    if (count > bytes_.size() - at_) throw std::logic_error("a call that ends too soon");
    if (count > 0) std::memcpy(to, bytes_.data() + at_, count);
    at_ += count;
  }
  template <class T>
  T value() {
    T result{};
    take(&result, sizeof result);
    return result;
  }
  template <class T>
  void elements(Tensor& to) {
    take(to.mutable_data<T>(), static_cast<std::size_t>(to.numel()) * sizeof(T));
  }

  const std::string& bytes_;
  std::size_t at_ = 0;
};

Tensor viewed(const Tensor& x, const std::string& view, const std::vector<std::int64_t>& a) {
  if (view == "permute") return x.permute(Shape(a));
  if (view == "slice") return x.slice(a.at(0), a.at(1), a.at(2), a.at(3));
  if (view == "expand") return x.expand(Shape(a));
  if (view == "reshape") return x.reshape(Shape(a));
  throw std::logic_error("no view " + view);
}

void read_tensors(Reader& reader, std::vector<Tensor>& bases, std::vector<Tensor>& tensors) {
  for (std::int64_t left = reader.integer(); left > 0; --left) {
    const std::int64_t kind = reader.integer();
    Tensor x;
    if (kind == 1) x = reader.tensor();
    // The gradient of a leaf is told once.
    bases.push_back(x);
    if (kind == 2) x = bases.at(static_cast<std::size_t>(reader.integer()));
    for (std::int64_t views = kind == 0 ? 0 : reader.integer(); views > 0; --views) {
      const std::string view = reader.text();
      x = viewed(x, view, reader.integers());
    }
    tensors.push_back(x);
  }
}

}  // namespace

Call read_call(const std::string& bytes) {
  Reader reader(bytes);
  Call call;
  call.operation = reader.text();
  for (std::int64_t left = reader.integer(); left > 0; --left) {
    const std::string name = reader.text();
    call.attributes[name] = reader.attribute();
  }
  read_tensors(reader, call.bases, call.tensors);
  std::vector<Tensor> dense;
  read_tensors(reader, dense, call.gradients);
  return call;
}

void Writer::text(const std::string& text) {
  integer(static_cast<std::int64_t>(text.size()));
  append(text.data(), text.size());
}

template <class T>
void Writer::elements(const Tensor& x) {
  const std::vector<T> values = x.to_vector<T>();
  if (!values.empty()) append(values.data(), values.size() * sizeof(T));
}

void Writer::tensor(const Tensor& x) {
  integer(x.defined() ? 1 : 0);
  if (!x.defined()) return;
  integer(static_cast<std::int64_t>(x.dtype()));
  integer(x.requires_grad() ? 1 : 0);
  integer(x.rank());
  for (const std::int64_t size : x.shape()) integer(size);
  switch (x.dtype()) {
    case DType::f32:
    case DType::bf16:
      return elements<float>(x);
    case DType::f64:
      return elements<double>(x);
    case DType::i64:
      return elements<std::int64_t>(x);
    case DType::u8:
      return elements<std::uint8_t>(x);
  }
}

}  // namespace plastic::parity
