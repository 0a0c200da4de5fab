#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace plastic::apps {

/// What is wrong with a text that should be JSON.
class BadJson : public std::runtime_error {
 public:
  BadJson(const std::string& reason, std::size_t byte) : std::runtime_error(reason), byte_(byte) {}

  /// How many bytes had been read; 0 where unknown.
  std::size_t byte() const { return byte_; }

 private:
  std::size_t byte_;
};

/// Arrays and objects inside one another; walking a value may therefore recurse.
constexpr int json_depth_limit = 16;
/// Names in one object, in which they are looked for one after the other.
constexpr std::size_t json_name_limit = 1000;

/// Parses JSON that is not trusted. Throws BadJson for what is no JSON and beyond these limits.
nlohmann::ordered_json parse_json(std::string_view text);

}  // namespace plastic::apps
