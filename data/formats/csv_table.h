#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace plastic::data {

/// What is in the column that is not a feature's.
enum class CsvColumn { labels, class_names, numbers };

/// How a file becomes a table: CsvOptions or CsvDatasetOptions.
struct CsvForm {
  bool header = true;
  char delimiter = ',';
  std::int64_t target_column = -1;
  /// The column's name instead; empty where its number says it.
  std::string target = {};
  CsvColumn kind = CsvColumn::labels;
  std::vector<std::string> class_names = {};
};

/// What was read. Of the targets only those of the form's kind are there; `classes` are places in
/// class_names.
struct CsvContents {
  std::vector<float> features;
  std::vector<std::int64_t> classes;
  std::vector<float> numbers;
  std::vector<std::string> class_names;
  std::vector<std::string> feature_names;
  std::string target_name;
  std::int64_t rows = 0;
  std::int64_t feature_count = 0;
};

/// Collects the fields of a CSV file into a table. Throws Error naming file and line.
class CsvTable {
 public:
  CsvTable(std::string path, const CsvForm& form);

  /// Fields come in order, each with the line that it ends on.
  void add_field(std::string_view text, std::int64_t line);
  void end_row(std::int64_t line);
  /// After the last row.
  CsvContents finish();

 private:
  /// The target's column, once the number of columns is known.
  void settle_columns(std::int64_t line);
  std::int64_t target_column_of(const std::vector<std::string>& row, std::int64_t line) const;
  void add_target(std::string_view text, std::int64_t line);
  float parse_real(std::string_view text, std::int64_t line) const;
  std::int64_t parse_label(std::string_view text, std::int64_t line) const;
  std::int64_t class_of(std::string_view text, std::int64_t line);
  /// Numbers the classes that occurred in the order of their bytes.
  void sort_classes();
  /// "column 2", with its name where there is one.
  std::string column_text() const;
  template <class... Parts>
  [[noreturn]] void fail_at(std::int64_t line, const Parts&... parts) const;

  std::string path_;
  CsvForm form_;
  bool in_header_;
  std::int64_t first_line_ = 0;
  /// Fields in every row; 0 before the end of the first.
  std::int64_t columns_ = 0;
  std::int64_t target_column_ = 0;
  /// Fields of the row being read.
  std::int64_t column_ = 0;
  /// The first row, kept as text until its length tells which column is the target's.
  std::vector<std::string> first_row_;
  std::vector<std::string> names_;
  /// Classes by name, in the order in which they were met.
  std::map<std::string, std::int64_t, std::less<>> class_numbers_;
  CsvContents contents_;
};

}  // namespace plastic::data
