#pragma once

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "plastic/core/tensor.h"

namespace plastic::test {

using Json = nlohmann::json;

inline Json read_json(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot open " + path.string());
  return Json::parse(file);
}

/// Values of one tensor, flattened.
using Values = std::vector<float>;

inline Values values_of(const Json& json) {
  Values out;
  for (const Json& element : json.is_object() ? json.at("values") : json) {
    if (element.is_array()) {
      for (const float value : values_of(element)) out.push_back(value);
    } else {
      out.push_back(element.get<float>());
    }
  }
  return out;
}

inline Tensor tensor_of(const Json& json) {
  const auto sizes = json.at("shape").get<std::vector<std::int64_t>>();
  return Tensor::from<float>(values_of(json), Shape(sizes));
}

inline double norm(const Values& values) {
  double square = 0;
  for (const float value : values) square += static_cast<double>(value) * value;
  return std::sqrt(square);
}

inline Values difference(const Values& a, const Values& b) {
  if (a.size() != b.size()) throw std::runtime_error("tensors differ in size");
  Values out;
  for (std::size_t i = 0; i < a.size(); ++i) out.push_back(a[i] - b[i]);
  return out;
}

/// ‖actual - expected‖ / ‖expected‖; NaN counts as infinitely far.
inline double relative_error(const Values& actual, const Values& expected) {
  const double error = norm(difference(actual, expected));
  if (std::isnan(error)) return INFINITY;
  return error == 0 ? 0 : error / norm(expected);
}

}  // namespace plastic::test
