#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plastic::apps {

/// What a compare.json says of the runs beside it.
struct ListedComparison {
  /// Numbers, texts and lists of these, by name, in the file's order.
  std::vector<std::pair<std::string, std::string>> facts;
  struct Row {
    std::string name;
    /// The optimizer behind it; the name itself where the file does not say.
    std::string optimizer;
    /// Its settings on one line.
    std::string settings;
  };
  /// In its order; nothing where it lists none, and then every run beside it belongs to it.
  std::optional<std::vector<Row>> rows;
  /// Likewise.
  std::optional<std::vector<std::uint64_t>> seeds;
};

/// Reads compare.json, which is not trusted. Throws Error naming the file for what is not the
/// content of a comparison.
ListedComparison read_comparison(const std::filesystem::path& path);

}  // namespace plastic::apps
