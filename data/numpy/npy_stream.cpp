#include "data/numpy/npy_stream.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "core/check.h"
#include "core/io/little_endian.h"
#include "core/tensor/sizes.h"
#include "core/text.h"
#include "data/numpy/npy_header.h"

// Elements go to the file as they are.
static_assert(std::endian::native == std::endian::little);

namespace plastic::data {
namespace {

constexpr const char* op = "npy";
constexpr std::array<std::uint8_t, 6> magic = {0x93, 'N', 'U', 'M', 'P', 'Y'};
constexpr std::size_t max_header_bytes = 65535;
/// Elements start at a multiple of this.
constexpr std::size_t alignment = 64;
constexpr std::size_t piece_bytes = std::size_t{1} << 16U;

void fill(const std::string& name, ByteSource& source, std::span<std::uint8_t> out,
          const char* what) {
  if (source.read(out) != out.size()) fail(op, name, ": ends within its ", what);
}

/// The number of an IEEE 754 half, which every f32 can hold.
float from_half(std::uint16_t half) {
  const std::uint32_t sign = std::uint32_t{half & 0x8000U} << 16U;
  const std::uint32_t exponent = (half >> 10U) & 0x1FU;
  const std::uint32_t fraction = half & 0x3FFU;
  if (exponent == 0) {
    const float value = static_cast<float>(fraction) * 0x1p-24F;
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) | sign);
  }
  const std::uint32_t widened = exponent == 0x1F ? 0xFFU : exponent + 112;
  return std::bit_cast<float>(sign | widened << 23U | fraction << 13U);
}

template <class From>
From element_at(const std::uint8_t* bytes, bool is_big_endian) {
  std::array<std::uint8_t, sizeof(From)> own{};
  std::copy_n(bytes, own.size(), own.begin());
  if (is_big_endian) std::ranges::reverse(own);
  return std::bit_cast<From>(own);
}

/// Converts elements of a type that tensors lack.
template <class From, class To>
Tensor converted(const std::string& name, ByteSource& source, const NpyHeader& header,
                 const Shape& shape, To (*convert)(From)) {
  Tensor tensor = Tensor::empty(shape, {.dtype = dtype_of<To>()});
  To* const out = tensor.mutable_data<To>();
  const auto count = static_cast<std::size_t>(tensor.numel());
  std::vector<std::uint8_t> piece(std::min(piece_bytes, count * sizeof(From)));
  for (std::size_t done = 0; done < count;) {
    const std::size_t now = std::min(count - done, piece.size() / sizeof(From));
    fill(name, source, std::span(piece).first(now * sizeof(From)), "elements");
    for (std::size_t i = 0; i < now; ++i) {
      const From value = element_at<From>(piece.data() + i * sizeof(From), header.is_big_endian);
      if constexpr (std::is_same_v<From, std::uint64_t>) {
        if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
          fail(op, name, ": element ", done + i, " is ", value,
               ", more than i64 can hold; convert it with astype()");
        }
      }
      out[done + i] = convert(value);
    }
    done += now;
  }
  return tensor;
}

/// Elements that are read where they are to stay.
template <class T>
Tensor plain(const std::string& name, ByteSource& source, const NpyHeader& header,
             const Shape& shape) {
  if (header.is_big_endian) {
    return converted<T, T>(name, source, header, shape, [](T value) { return value; });
  }
  Tensor tensor = Tensor::empty(shape, {.dtype = dtype_of<T>()});
  const auto bytes = static_cast<std::size_t>(tensor.numel()) * sizeof(T);
  // Any pattern of bytes is a T.
  fill(name, source, {reinterpret_cast<std::uint8_t*>(tensor.mutable_data<T>()), bytes},
       "elements");
  return tensor;
}

template <class From>
Tensor widened(const std::string& name, ByteSource& source, const NpyHeader& header,
               const Shape& shape) {
  return converted<From, std::int64_t>(name, source, header, shape,
                                       [](From value) { return static_cast<std::int64_t>(value); });
}

Tensor read_elements(const std::string& name, ByteSource& source, const NpyHeader& header,
                     const Shape& shape) {
  switch (header.kind) {
    case 'f':
      if (header.size == 4) return plain<float>(name, source, header, shape);
      if (header.size == 8) return plain<double>(name, source, header, shape);
      return converted<std::uint16_t, float>(name, source, header, shape, from_half);
    case 'i':
      if (header.size == 8) return plain<std::int64_t>(name, source, header, shape);
      if (header.size == 4) return widened<std::int32_t>(name, source, header, shape);
      if (header.size == 2) return widened<std::int16_t>(name, source, header, shape);
      return widened<std::int8_t>(name, source, header, shape);
    case 'u':
      if (header.size == 8) return widened<std::uint64_t>(name, source, header, shape);
      if (header.size == 4) return widened<std::uint32_t>(name, source, header, shape);
      if (header.size == 2) return widened<std::uint16_t>(name, source, header, shape);
      return plain<std::uint8_t>(name, source, header, shape);
    default:
      return converted<std::uint8_t, std::uint8_t>(
          name, source, header, shape,
          [](std::uint8_t value) { return static_cast<std::uint8_t>(value != 0); });
  }
}

/// Throws Error where the file cannot hold so many elements.
void check_size(const std::string& name, const NpyHeader& header, std::uint64_t left) {
  if (!element_count(header.shape)) {
    fail(op, name, ": no tensor has the shape ", to_string(header.shape));
  }
  std::uint64_t count = 1;
  for (const std::int64_t size : header.shape) {
    if (size == 0) return;
    const auto factor = static_cast<std::uint64_t>(size);
    if (factor > left / header.size / count) {
      fail(op, name, ": elements of shape ", to_string(header.shape),
           " are more than the file holds");
    }
    count *= factor;
  }
  if (header.size > left) fail(op, name, ": ends within its elements");
}

std::size_t read_length(const std::string& name, ByteSource& source) {
  std::array<std::uint8_t, 8> start{};
  const std::size_t count = source.read(start);
  if (count < start.size() || !std::equal(magic.begin(), magic.end(), start.begin())) {
    fail(op, name, ": is not an array of NumPy, which begins with \\x93NUMPY");
  }
  const int version = start[6];
  if (version < 1 || version > 3 || start[7] != 0) {
    fail(op, name, ": is of version ", version, ".", int{start[7]},
         " of the format; 1.0, 2.0 and 3.0 can be read");
  }
  std::array<std::uint8_t, 4> length{};
  fill(name, source, std::span(length).first(version == 1 ? 2 : 4), "header");
  const auto bytes = std::bit_cast<std::uint32_t>(length);
  if (bytes > max_header_bytes) {
    fail(op, name, ": a header of ", bytes, " bytes; ", max_header_bytes, " can be read");
  }
  return bytes;
}

}  // namespace

Tensor read_npy(const std::string& name, ByteSource& source) {
  std::vector<std::uint8_t> text(read_length(name, source));
  fill(name, source, text, "header");
  const NpyHeader header =
      parse_npy_header(name, {reinterpret_cast<const char*>(text.data()), text.size()});
  check_size(name, header, source.max_bytes());
  Shape shape = header.shape;
  if (header.is_fortran_order) {
    for (std::size_t i = 0; i < shape.rank(); ++i) shape[i] = header.shape[shape.rank() - 1 - i];
  }
  const Tensor elements = read_elements(name, source, header, shape);
  std::uint8_t more = 0;
  if (source.read({&more, 1}) != 0) {
    fail(op, name, ": something follows its elements; save one array per file");
  }
  if (!header.is_fortran_order) return elements;
  Shape axes;
  for (std::size_t i = shape.rank(); i > 0; --i) axes.push_back(static_cast<std::int64_t>(i - 1));
  return elements.permute(axes).contiguous();
}

std::string npy_header(const std::string& name, const Tensor& tensor) {
  if (!tensor.defined()) fail(op, name, ": the tensor is undefined");
  const char* descr = "<f4";
  if (tensor.dtype() == DType::f64) descr = "<f8";
  if (tensor.dtype() == DType::i64) descr = "<i8";
  if (tensor.dtype() == DType::u8) descr = "|u1";
  std::string text = text_of("{'descr': '", descr, "', 'fortran_order': False, 'shape': (");
  for (const std::int64_t size : tensor.shape()) text += text_of(size, ", ");
  // A tuple of one has a comma, others none at their end.
  if (tensor.rank() > 0) text.resize(text.size() - (tensor.rank() == 1 ? 1 : 2));
  text += "), }";
  constexpr std::size_t before = magic.size() + 2 + 2;
  const std::size_t whole = (before + text.size() + alignment) / alignment * alignment;
  text.resize(whole - before - 1, ' ');
  text += '\n';
  return std::string(magic.begin(), magic.end()) + std::string("\x01\x00", 2) +
         little_endian(static_cast<std::uint16_t>(text.size())) + text;
}

Tensor npy_elements(const Tensor& tensor) {
  const Tensor here = tensor.detach().to(Device{});
  return (here.dtype() == DType::bf16 ? here.to(DType::f32) : here).contiguous();
}

}  // namespace plastic::data
