#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace plastic::test {

/// A probe.jsonl of two tensors, fc.weight (2, 3) and fc.bias (2), with one signal, α in [0, 2] in
/// four bins, written line by line.
class ProbeText {
 public:
  ProbeText();

  /// A step like any other; members of it may be changed.
  nlohmann::ordered_json step(int number) const;
  ProbeText& add(const nlohmann::ordered_json& step);
  /// Steps `every`, 2 `every`, … like any other.
  ProbeText& add_steps(int count);

  /// The header, to be changed before text().
  nlohmann::ordered_json header;

  std::string text() const;

 private:
  std::vector<nlohmann::ordered_json> steps_;
};

}  // namespace plastic::test
