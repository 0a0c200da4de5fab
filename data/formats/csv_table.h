#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plastic/data/csv.h"

namespace plastic::data {

/// Collects the fields of a CSV file into a table. Throws Error naming file and line.
class CsvTable {
 public:
  CsvTable(std::string path, const CsvOptions& options);

  /// Fields come in order, each with the line that it ends on.
  void add_field(std::string_view text, std::int64_t line);
  void end_row(std::int64_t line);
  /// After the last row.
  LabelledTable finish();

 private:
  /// The label's column, once the number of columns is known.
  void settle_columns(std::int64_t line);
  float parse_feature(std::string_view text, std::int64_t line) const;
  std::int64_t parse_label(std::string_view text, std::int64_t line) const;
  template <class... Parts>
  [[noreturn]] void fail_at(std::int64_t line, const Parts&... parts) const;

  std::string path_;
  CsvOptions options_;
  bool in_header_;
  std::int64_t first_line_ = 0;
  /// Fields in every row; 0 before the end of the first.
  std::int64_t columns_ = 0;
  std::int64_t label_column_ = 0;
  /// Fields of the row being read.
  std::int64_t column_ = 0;
  /// The first row, kept as text until its length tells which column is the label's.
  std::vector<std::string> first_row_;
  std::vector<std::string> names_;
  std::vector<float> features_;
  std::vector<std::int64_t> labels_;
};

}  // namespace plastic::data
