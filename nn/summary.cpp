#include "plastic/nn/summary.h"

#include <algorithm>
#include <array>
#include <vector>

namespace plastic::nn {
namespace {

/// Name, shape, count.
using Row = std::array<std::string, 3>;

std::string padding(const std::string& text, std::size_t width) {
  return std::string(width - text.size(), ' ');
}

}  // namespace

std::string summary(const Module& module) {
  std::vector<Row> rows = {{"parameter", "shape", "count"}};
  for (const NamedTensor& entry : module.named_parameters()) {
    rows.push_back(
        {entry.name, to_string(entry.tensor.shape()), std::to_string(entry.tensor.numel())});
  }
  rows.push_back({"total", "", std::to_string(module.parameter_count())});
  std::array<std::size_t, 3> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& [name, shape, count] : rows) {
    text += name + padding(name, widths[0]) + "  " + shape + padding(shape, widths[1]) + "  " +
            padding(count, widths[2]) + count + "\n";
  }
  return text;
}

}  // namespace plastic::nn
