#include "data/formats/csv_table.h"

#include <charconv>
#include <cmath>
#include <span>
#include <system_error>
#include <utility>

#include "core/check.h"

namespace plastic::data {
namespace {

/// The whole numbers that a double counts without a gap.
constexpr double most_label = 9007199254740992.0;

/// Not finite where `text` is not a number.
double parse_number(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double value = NAN;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? value : NAN;
}

/// A field as a message shows it: printable and not long.
std::string quoted(std::string_view text) {
  constexpr std::size_t most = 40;
  std::string out = "'";
  for (const char c : text.substr(0, most)) out += c >= ' ' && c <= '~' ? c : '?';
  return out + (text.size() > most ? "...'" : "'");
}

}  // namespace

CsvTable::CsvTable(std::string path, const CsvOptions& options)
    : path_(std::move(path)), options_(options), in_header_(options.header) {}

template <class... Parts>
void CsvTable::fail_at(std::int64_t line, const Parts&... parts) const {
  fail("csv", path_, ": line ", line, ": ", parts...);
}

void CsvTable::add_field(std::string_view text, std::int64_t line) {
  const std::int64_t column = column_++;
  if (columns_ == 0) {
    first_row_.emplace_back(text);
    return;
  }
  // The row's end tells how many fields too many there are.
  if (column >= columns_) return;
  if (column == label_column_) {
    labels_.push_back(parse_label(text, line));
  } else {
    features_.push_back(parse_feature(text, line));
  }
}

void CsvTable::end_row(std::int64_t line) {
  const std::int64_t fields = std::exchange(column_, 0);
  if (columns_ == 0) return settle_columns(line);
  if (fields != columns_) {
    fail_at(line, fields, fields == 1 ? " field" : " fields", ", expected ", columns_,
            " as in line ", first_line_, "; is a field missing, or the delimiter not '",
            options_.delimiter, "'?");
  }
}

void CsvTable::settle_columns(std::int64_t line) {
  const std::int64_t columns = std::ssize(first_row_);
  const std::int64_t wanted = options_.label_column;
  label_column_ = wanted < 0 ? columns + wanted : wanted;
  if (label_column_ < 0 || label_column_ >= columns) {
    fail_at(line, "label column ", wanted, " of ", columns, "; is the delimiter not '",
            options_.delimiter, "'?");
  }
  if (columns < 2) {
    fail_at(line, "one column is the label, and there is no other; is the delimiter not '",
            options_.delimiter, "'?");
  }
  columns_ = columns;
  first_line_ = line;
  std::vector<std::string> row = std::exchange(first_row_, {});
  if (in_header_) {
    names_ = std::move(row);
    in_header_ = false;
    return;
  }
  for (const std::string& text : row) add_field(text, line);
  column_ = 0;
}

float CsvTable::parse_feature(std::string_view text, std::int64_t line) const {
  const auto value = static_cast<float>(parse_number(text));
  if (!std::isfinite(value)) {
    fail_at(line, "column ", column_, ": expected a number, found ", quoted(text),
            options_.header || line != first_line_ ? "" : "; does the file have a header?");
  }
  return value;
}

std::int64_t CsvTable::parse_label(std::string_view text, std::int64_t line) const {
  const double value = parse_number(text);
  if (!(value >= 0 && value <= most_label && value == std::floor(value))) {
    fail_at(line, "column ", column_, ": expected a label, a whole number from 0, found ",
            quoted(text), "; is another column the label's?");
  }
  return static_cast<std::int64_t>(value);
}

LabelledTable CsvTable::finish() {
  if (labels_.empty()) {
    fail("csv", path_, ": holds no rows of data", columns_ > 0 ? ", only a header" : "",
         "; fetch the file again");
  }
  LabelledTable out;
  const std::int64_t rows = std::ssize(labels_);
  out.features = Tensor::from(std::span<const float>(features_), {rows, columns_ - 1});
  out.labels = Tensor::from(std::span<const std::int64_t>(labels_), {rows});
  if (!names_.empty()) {
    const auto label = names_.begin() + label_column_;
    out.label_name = std::move(*label);
    names_.erase(label);
    out.feature_names = std::move(names_);
  }
  return out;
}

}  // namespace plastic::data
