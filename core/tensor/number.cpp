#include "core/tensor/number.h"

#include <charconv>
#include <cmath>

#include "core/check.h"
#include "core/tensor/bfloat16.h"

namespace plastic {
namespace {

/// Whether a double is a whole number in [low, high).
bool is_whole(double value, double low, double high) {
  return value >= low && value < high && std::trunc(value) == value;
}

bool holds(DType dtype, const Number& number) {
  const double value = number.real();
  switch (dtype) {
    case DType::i64:
      return number.is_integer() || is_whole(value, -0x1p63, 0x1p63);
    case DType::u8:
      return is_whole(value, 0, 256);
    case DType::f32:
    case DType::f64:
    case DType::bf16:
      return !std::isfinite(value) || std::isfinite(rounded_to(dtype, value));
  }
  return false;
}

const char* range_of(DType dtype) {
  switch (dtype) {
    case DType::i64:
      return "whole numbers of 64 bits with a sign";
    case DType::u8:
      return "whole numbers from 0 to 255";
    case DType::f32:
    case DType::bf16:
      return "numbers up to 3.4e38";
    case DType::f64:
      return "numbers up to 1.8e308";
  }
  return "?";
}

}  // namespace

std::string to_string(const Number& number) {
  if (number.is_integer()) return std::to_string(number.integer());
  if (std::isnan(number.real())) return "nan";
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), number.real());
  return {text, end};
}

double rounded_to(DType dtype, double value) {
  // Half a unit of the last place above the largest f32: what is below is rounded to that.
  constexpr double too_large = 0x1.ffffffp127;
  if (dtype == DType::f64) return value;
  if (!(std::abs(value) < too_large)) {
    return std::isfinite(value) ? std::copysign(HUGE_VAL, value) : value;
  }
  const auto single = static_cast<float>(value);
  return dtype == DType::bf16 ? static_cast<double>(static_cast<float>(bfloat16(single)))
                              : static_cast<double>(single);
}

void check_unusual_number(const char* op, const Number& number, DType dtype) {
  if (holds(dtype, number)) return;
  fail(op, name_of(dtype), " cannot hold ", to_string(number), ", only ", range_of(dtype),
       "; use another number, or convert the tensor with .to()");
}

}  // namespace plastic
