#include "data/numpy/npy_header.h"

#include <cstdint>
#include <limits>

#include "core/check.h"
#include "core/text.h"

namespace plastic::data {
namespace {

constexpr const char* op = "npy";

/// Reads the literals of Python that headers are made of. Strict, and never recurses.
class Reader {
 public:
  Reader(const std::string& name, std::string_view text) : name_(name), text_(text) {}

  template <class... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    fail(op, name_, ": ", parts..., " (header byte ", position_, ")");
  }

  bool accept(char symbol) {
    skip_blanks();
    if (position_ == text_.size() || text_[position_] != symbol) return false;
    ++position_;
    return true;
  }

  void expect(char symbol) {
    if (!accept(symbol)) refuse("expected ", symbol);
  }

  std::string text() {
    skip_blanks();
    const char quote = position_ < text_.size() ? text_[position_] : '\0';
    if (quote != '\'' && quote != '"') refuse("expected a text");
    const std::size_t end = text_.find(quote, position_ + 1);
    if (end == std::string_view::npos) refuse("a text does not end");
    std::string value(text_.substr(position_ + 1, end - position_ - 1));
    if (value.find('\\') != std::string::npos) refuse("a text has an escape");
    position_ = end + 1;
    return value;
  }

  bool boolean() {
    skip_blanks();
    for (const bool value : {true, false}) {
      const std::string_view word = value ? "True" : "False";
      if (!text_.substr(position_).starts_with(word)) continue;
      position_ += word.size();
      return value;
    }
    refuse("expected True or False");
  }

  std::int64_t size() {
    skip_blanks();
    if (position_ == text_.size() || !is_ascii_digit(text_[position_])) refuse("expected a size");
    std::int64_t value = 0;
    for (; position_ < text_.size() && is_ascii_digit(text_[position_]); ++position_) {
      const int digit = text_[position_] - '0';
      if (value > (std::numeric_limits<std::int64_t>::max() - digit) / 10) {
        refuse("a size is too large");
      }
      value = 10 * value + digit;
    }
    // As Python 2 wrote long integers.
    if (position_ < text_.size() && text_[position_] == 'L') ++position_;
    return value;
  }

  void expect_end() {
    skip_blanks();
    if (position_ != text_.size()) refuse("something follows");
  }

 private:
  void skip_blanks() {
    while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\n')) {
      ++position_;
    }
  }

  const std::string& name_;
  std::string_view text_;
  std::size_t position_ = 0;
};

void take_descr(Reader& in, NpyHeader& header) {
  if (in.accept('[')) in.refuse("its elements are records; save each field as an array");
  const std::string descr = in.text();
  const char order = descr.empty() ? '\0' : descr[0];
  const std::string_view type = std::string_view(descr).substr(descr.empty() ? 0 : 1);
  const bool is_known = type == "f2" || type == "f4" || type == "f8" || type == "i1" ||
                        type == "i2" || type == "i4" || type == "i8" || type == "u1" ||
                        type == "u2" || type == "u4" || type == "u8" || type == "b1";
  if (!is_known || (order != '<' && order != '>' && order != '|' && order != '=')) {
    in.refuse("elements of dtype '", descr,
              "' cannot be read: f2, f4, f8, i1 to i8, u1 to u8 and b1 can; convert them with "
              "astype()");
  }
  header.kind = type[0];
  header.size = static_cast<std::size_t>(type[1] - '0');
  header.is_big_endian = order == '>';
}

void take_shape(Reader& in, NpyHeader& header) {
  in.expect('(');
  while (!in.accept(')')) {
    if (header.shape.rank() == Shape::max_rank) {
      in.refuse("it has more than ", Shape::max_rank, " axes; reshape it");
    }
    header.shape.push_back(in.size());
    if (in.accept(',')) continue;
    in.expect(')');
    break;
  }
}

}  // namespace

NpyHeader parse_npy_header(const std::string& name, std::string_view text) {
  Reader in(name, text);
  NpyHeader header;
  bool has_descr = false;
  bool has_order = false;
  bool has_shape = false;
  const auto once = [&](bool& seen, const std::string& key) {
    if (seen) in.refuse("'", key, "' is given twice");
    seen = true;
  };
  in.expect('{');
  while (!in.accept('}')) {
    const std::string key = in.text();
    in.expect(':');
    if (key == "descr") {
      once(has_descr, key);
      take_descr(in, header);
    } else if (key == "fortran_order") {
      once(has_order, key);
      header.is_fortran_order = in.boolean();
    } else if (key == "shape") {
      once(has_shape, key);
      take_shape(in, header);
    } else {
      in.refuse("an unknown key '", key, "'");
    }
    if (in.accept(',')) continue;
    in.expect('}');
    break;
  }
  in.expect_end();
  if (!has_descr || !has_order || !has_shape) {
    in.refuse("the header needs 'descr', 'fortran_order' and 'shape'");
  }
  return header;
}

}  // namespace plastic::data
