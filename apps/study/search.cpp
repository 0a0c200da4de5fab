#include "apps/study/search.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "apps/cli/values.h"
#include "core/number_text.h"
#include "plastic/core/random.h"

namespace plastic::apps {
namespace {

int next_prime(int after) {
  const auto is_prime = [](int number) {
    for (int i = 2; i * i <= number; ++i) {
      if (number % i == 0) return false;
    }
    return true;
  };
  do ++after;
  while (!is_prime(after));
  return after;
}

// The digits of `number` in this base, mirrored at the point.
double radical_inverse(int number, int base) {
  double inverse = 0.0;
  double digit = 1.0;
  for (; number > 0; number /= base) {
    digit /= base;
    inverse += digit * (number % base);
  }
  return inverse;
}

double rounded(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.begin(), text.end(), value, std::chars_format::scientific, 3);
  double result = 0.0;
  number_from_chars(text.data(), end.ptr, result);
  return result;
}

bool is_whole(const SearchDimension& dimension) {
  return dimension.kind == SearchDimension::Kind::integer ||
         dimension.kind == SearchDimension::Kind::integer_log;
}

double between(const SearchDimension& dimension, double share) {
  const double low = dimension.low;
  const double high = dimension.high;
  double value = low + share * (high - low);
  switch (dimension.kind) {
    case SearchDimension::Kind::log:
      value = low * std::pow(high / low, share);
      break;
    case SearchDimension::Kind::integer:
      value = std::floor(low + share * (high - low + 1.0));
      break;
    case SearchDimension::Kind::integer_log:
      // Each whole number has what lies between it and the next.
      value = std::floor(rounded(low * std::pow((high + 1.0) / low, share)));
      break;
    case SearchDimension::Kind::uniform:
    case SearchDimension::Kind::choices:
      break;
  }
  return std::clamp(is_whole(dimension) ? value : rounded(value), low, high);
}

std::string value_at(const SearchDimension& dimension, double share) {
  if (is_whole(dimension)) return std::to_string(std::llround(between(dimension, share)));
  if (dimension.kind != SearchDimension::Kind::choices) return exact(between(dimension, share));
  const auto count = static_cast<double>(dimension.choices.size());
  const auto last = dimension.choices.size() - 1;
  return dimension.choices[std::min(static_cast<std::size_t>(share * count), last)];
}

}  // namespace

const std::vector<std::string>& search_kind_names() {
  static const std::vector<std::string> names = {"uniform", "log", "integer", "integer-log",
                                                 "choices"};
  return names;
}

double quasi_random(std::uint64_t seed, int point, int dimension) {
  int base = 2;
  for (int i = 0; i < dimension; ++i) base = next_prime(base);
  Generator generator{.seed = seed, .stream = static_cast<std::uint64_t>(dimension)};
  const double shift = generator.next_u32() / 4294967296.0;
  const double place = shift + radical_inverse(point + 1, base);
  return place - std::floor(place);
}

Settings draw_trial(const SearchSpace& space, std::uint64_t seed, int trial) {
  Settings drawn;
  const int dimensions = static_cast<int>(space.size());
  for (int i = 0; i < dimensions; ++i) {
    const SearchDimension& dimension = space[static_cast<std::size_t>(i)];
    drawn.emplace_back(dimension.option->name, value_at(dimension, quasi_random(seed, trial, i)));
  }
  return drawn;
}

}  // namespace plastic::apps
