#include "core/io/json_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "core/number_text.h"

namespace plastic {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

template <class Real>
std::string shortest(Real value) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

bool is_surrogate(std::uint32_t unit) { return unit >= 0xD800 && unit <= 0xDFFF; }

void append_utf8(std::string& out, std::uint32_t code) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80U | ((code >> shift) & 0x3FU)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0U | (code >> 6));
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0U | (code >> 12));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0U | (code >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace

void JsonReader::skip_blanks() {
  while (position_ < text_.size() && is_blank(text_[position_])) ++position_;
}

char JsonReader::take() {
  if (position_ == text_.size()) refuse("the header's JSON ends early");
  return text_[position_++];
}

bool JsonReader::accept(char symbol) {
  skip_blanks();
  if (position_ == text_.size() || text_[position_] != symbol) return false;
  ++position_;
  return true;
}

void JsonReader::expect(char symbol) {
  if (accept(symbol)) return;
  if (position_ == text_.size()) refuse("the header's JSON ends early");
  refuse("the header's JSON is damaged: expected ", symbol);
}

void JsonReader::expect_end() {
  skip_blanks();
  if (position_ != text_.size()) refuse("the header's JSON is damaged: expected its end");
}

std::string JsonReader::read_string() {
  expect('"');
  std::string out;
  for (;;) {
    const char c = take();
    if (c == '"') break;
    if (static_cast<unsigned char>(c) < 0x20) refuse("a control character in a string");
    if (c == '\\') {
      append_escape(out);
    } else {
      out += c;
    }
  }
  if (!is_utf8(out)) refuse("a string is not UTF-8");
  return out;
}

void JsonReader::append_escape(std::string& out) {
  constexpr std::string_view letters = "\"\\/bfnrt";
  constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
  const char c = take();
  if (const std::size_t at = letters.find(c); at != std::string_view::npos) {
    out += meanings[at];
    return;
  }
  if (c != 'u') refuse("an unknown escape in a string");
  std::uint32_t code = read_hex4();
  if (is_surrogate(code)) {
    if (code >= 0xDC00 || take() != '\\' || take() != 'u') refuse("half a surrogate pair");
    const std::uint32_t low = read_hex4();
    if (low < 0xDC00 || !is_surrogate(low)) refuse("half a surrogate pair");
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  append_utf8(out, code);
}

std::uint32_t JsonReader::read_hex4() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = take();
    const std::size_t digit = digits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c);
    if (digit == std::string_view::npos) refuse("a \\u escape needs four hexadecimal digits");
    value = value * 16 + static_cast<std::uint32_t>(digit);
  }
  return value;
}

std::int64_t JsonReader::read_integer() {
  skip_blanks();
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const std::size_t start = position_;
  std::int64_t value = 0;
  while (position_ < text_.size() && text_[position_] >= '0' && text_[position_] <= '9') {
    const std::int64_t digit = text_[position_] - '0';
    if (value > (most - digit) / 10) refuse("a number is too large");
    value = value * 10 + digit;
    ++position_;
  }
  if (position_ == start) refuse("expected a whole number of 0 or more");
  if (text_[start] == '0' && position_ - start > 1) refuse("a number begins with 0");
  return value;
}

double JsonReader::read_number() {
  skip_blanks();
  double value = 0;
  const char* begin = text_.data() + position_;
  // What number_from_chars() takes besides, such as "inf", begins with a letter after the sign.
  accept('-');
  const auto is_digit = [&](std::size_t at) {
    return at < text_.size() && is_ascii_digit(text_[at]);
  };
  if (!is_digit(position_)) refuse("expected a number");
  if (text_[position_] == '0' && is_digit(position_ + 1)) refuse("a number begins with 0");
  const auto [end, error] = number_from_chars(begin, text_.data() + text_.size(), value);
  if (error != std::errc()) refuse("a number is out of range");
  position_ = static_cast<std::size_t>(end - text_.data());
  return value;
}

bool is_utf8(std::string_view text) {
  std::size_t i = 0;
  const auto byte = [&](std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
  };
  const auto is_tail = [&](std::size_t at) { return (byte(at) & 0xC0U) == 0x80U; };
  while (i < text.size()) {
    const unsigned lead = byte(i);
    const unsigned second = byte(i + 1);
    if (lead < 0x80) {
      i += 1;
    } else if (lead >= 0xC2 && lead <= 0xDF && is_tail(i + 1)) {
      i += 2;
    } else if (lead >= 0xE0 && lead <= 0xEF && is_tail(i + 1) && is_tail(i + 2) &&
               (lead != 0xE0 || second >= 0xA0) && (lead != 0xED || second < 0xA0)) {
      i += 3;
    } else if (lead >= 0xF0 && lead <= 0xF4 && is_tail(i + 1) && is_tail(i + 2) && is_tail(i + 3) &&
               (lead != 0xF0 || second >= 0x90) && (lead != 0xF4 || second < 0x90)) {
      i += 4;
    } else {
      return false;
    }
  }
  return true;
}

std::string json_number(float value) { return shortest(value); }
std::string json_number(double value) { return shortest(value); }

std::optional<std::string> json_string(std::string_view text) {
  if (!is_utf8(text)) return std::nullopt;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (code < 0x20) {
      out += "\\u00";
      out += digits[code / 16U];
      out += digits[code % 16U];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string repaired_json_string(std::string_view text) {
  std::string repaired;
  while (!text.empty()) {
    std::size_t length = 1;
    while (length <= 4 && !is_utf8(text.substr(0, length))) ++length;
    repaired += length <= 4 ? text.substr(0, length) : "\xEF\xBF\xBD";
    text.remove_prefix(length <= 4 ? std::min(length, text.size()) : 1);
  }
  return *json_string(repaired);
}

}  // namespace plastic
