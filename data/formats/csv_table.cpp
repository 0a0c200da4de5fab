#include "data/formats/csv_table.h"

#include <algorithm>
#include <cmath>
#include <system_error>
#include <utility>

#include "core/check.h"
#include "core/number_text.h"

namespace plastic::data {
namespace {

/// The whole numbers that a double counts without a gap.
constexpr double max_label = 9007199254740992.0;

/// Not finite where `text` is not a number.
double parse_number(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double value = NAN;
  const auto [end, error] = number_from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? value : NAN;
}

/// A field as a message shows it: printable and not long.
std::string in_quotes(std::string_view text) {
  constexpr std::size_t most = 40;
  std::string out = "'";
  for (const char c : text.substr(0, most)) out += c >= ' ' && c <= '~' ? c : '?';
  return out + (text.size() > most ? "...'" : "'");
}

}  // namespace

CsvTable::CsvTable(std::string path, const CsvForm& form)
    : path_(std::move(path)), form_(form), in_header_(form.header) {
  for (const std::string& name : form.class_names) {
    const auto number = static_cast<std::int64_t>(class_numbers_.size());
    if (!class_numbers_.emplace(name, number).second) {
      fail("csv", path_, ": class_names has ", in_quotes(name), " twice; name each class once");
    }
  }
}

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
  if (column == target_column_) {
    add_target(text, line);
    ++contents_.rows;
  } else {
    contents_.features.push_back(parse_real(text, line));
  }
}

void CsvTable::add_target(std::string_view text, std::int64_t line) {
  switch (form_.kind) {
    case CsvColumn::labels:
      contents_.classes.push_back(parse_label(text, line));
      break;
    case CsvColumn::class_names:
      contents_.classes.push_back(class_of(text, line));
      break;
    case CsvColumn::numbers:
      contents_.numbers.push_back(parse_real(text, line));
      break;
  }
}

void CsvTable::end_row(std::int64_t line) {
  const std::int64_t fields = std::exchange(column_, 0);
  if (columns_ == 0) return settle_columns(line);
  if (fields != columns_) {
    fail_at(line, fields, fields == 1 ? " field" : " fields", ", expected ", columns_,
            " as in line ", first_line_, "; is a field missing, or the delimiter not '",
            form_.delimiter, "'?");
  }
}

std::int64_t CsvTable::target_column_of(const std::vector<std::string>& row,
                                        std::int64_t line) const {
  const std::int64_t columns = std::ssize(row);
  const std::int64_t wanted = form_.target_column;
  if (form_.target.empty()) {
    const std::int64_t column = wanted < 0 ? columns + wanted : wanted;
    if (column < 0 || column >= columns) {
      fail_at(line, form_.kind == CsvColumn::labels ? "label" : "target", " column ", wanted,
              " of ", columns, "; is the delimiter not '", form_.delimiter, "'?");
    }
    return column;
  }
  if (!in_header_) {
    fail("csv", path_, ": a file without a header names no column '", form_.target,
         "'; give its number");
  }
  const auto found = std::ranges::find(row, form_.target);
  if (found == row.end()) {
    fail_at(line, "no column is called ", in_quotes(form_.target), "; the first is ",
            in_quotes(row.front()), "; is the delimiter not '", form_.delimiter, "'?");
  }
  return found - row.begin();
}

void CsvTable::settle_columns(std::int64_t line) {
  target_column_ = target_column_of(first_row_, line);
  const std::int64_t columns = std::ssize(first_row_);
  if (columns < 2) {
    fail_at(line, "one column is the ", form_.kind == CsvColumn::labels ? "label" : "target",
            ", and there is no other; is the delimiter not '", form_.delimiter, "'?");
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

std::string CsvTable::column_text() const {
  std::string text = "column " + std::to_string(column_);
  if (!names_.empty())
    text += " (" + in_quotes(names_[static_cast<std::size_t>(column_) - 1]) + ")";
  return text;
}

float CsvTable::parse_real(std::string_view text, std::int64_t line) const {
  const auto value = static_cast<float>(parse_number(text));
  if (!std::isfinite(value)) {
    fail_at(line, column_text(), ": expected a number, found ", in_quotes(text),
            text.empty()                          ? "; the value is missing"
            : form_.header || line != first_line_ ? ""
                                                  : "; does the file have a header?");
  }
  return value;
}

std::int64_t CsvTable::parse_label(std::string_view text, std::int64_t line) const {
  const double value = parse_number(text);
  if (!(value >= 0 && value <= max_label && value == std::floor(value))) {
    fail_at(line, column_text(), ": expected a label, a whole number from 0, found ",
            in_quotes(text), "; is another column the label's?");
  }
  return static_cast<std::int64_t>(value);
}

std::int64_t CsvTable::class_of(std::string_view text, std::int64_t line) {
  if (text.empty()) {
    fail_at(line, column_text(), ": expected the name of a class, found ", in_quotes(text),
            "; the value is missing");
  }
  const auto known = class_numbers_.find(text);
  if (known != class_numbers_.end()) return known->second;
  if (!form_.class_names.empty()) {
    fail_at(line, column_text(), ": ", in_quotes(text), " is not one of the ",
            form_.class_names.size(), " classes of class_names");
  }
  const auto number = static_cast<std::int64_t>(class_numbers_.size());
  class_numbers_.emplace(text, number);
  return number;
}

void CsvTable::sort_classes() {
  // Real numbers that were taken for names would become as many classes, without a word.
  const auto is_number = [](const auto& entry) { return !std::isnan(parse_number(entry.first)); };
  const auto is_whole = [](const auto& entry) {
    const double value = parse_number(entry.first);
    return value == std::floor(value);
  };
  if (std::ranges::all_of(class_numbers_, is_number) &&
      !std::ranges::all_of(class_numbers_, is_whole)) {
    fail(
        "csv", path_, ": the targets are real numbers, such as ",
        in_quotes(class_numbers_.begin()->first),
        ", and would be taken for names of classes; read them with CsvTarget::numbers, or name the "
        "classes in class_names");
  }
  std::vector<std::int64_t> places(class_numbers_.size());
  for (const auto& [name, number] : class_numbers_) {
    places[static_cast<std::size_t>(number)] = std::ssize(contents_.class_names);
    contents_.class_names.push_back(name);
  }
  for (std::int64_t& number : contents_.classes) number = places[static_cast<std::size_t>(number)];
}

CsvContents CsvTable::finish() {
  if (contents_.rows == 0) {
    fail("csv", path_, ": holds no rows of data", columns_ > 0 ? ", only a header" : "",
         "; fetch the file again");
  }
  contents_.feature_count = columns_ - 1;
  if (!names_.empty()) {
    const auto target = names_.begin() + static_cast<std::ptrdiff_t>(target_column_);
    contents_.target_name = std::move(*target);
    names_.erase(target);
    contents_.feature_names = std::move(names_);
  }
  if (!form_.class_names.empty()) {
    contents_.class_names = form_.class_names;
  } else if (form_.kind == CsvColumn::class_names) {
    sort_classes();
  }
  return std::move(contents_);
}

}  // namespace plastic::data
