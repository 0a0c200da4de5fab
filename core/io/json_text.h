#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/check.h"

namespace plastic {

/// Reads JSON (RFC 8259) piece by piece, as far as safetensors headers and what their metadata hold
/// need it: punctuation, strings and numbers. Strict: anything else throws Error naming operation,
/// file and byte. Never recurses, so that hostile text cannot exhaust the stack.
class JsonReader {
 public:
  JsonReader(const char* op, std::string path, std::string_view text)
      : op_(op), path_(std::move(path)), text_(text) {}

  /// Skips blanks and takes `symbol`.
  void expect(char symbol);
  /// Takes `symbol` if it is next.
  bool accept(char symbol);
  /// UTF-8, with escapes resolved.
  std::string read_string();
  /// From 0 to 2^63 - 1.
  std::int64_t read_integer();
  /// Any number.
  double read_number();
  /// Nothing but blanks may follow.
  void expect_end();

  template <class... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    fail(op_, path_, ": ", parts..., " (header byte ", position_, ")");
  }

 private:
  void skip_blanks();
  char take();
  void append_escape(std::string& out);
  std::uint32_t read_hex4();

  const char* op_;
  std::string path_;
  std::string_view text_;
  std::size_t position_ = 0;
};

/// `text` as a JSON string with its quotes; nothing when it is not UTF-8.
std::optional<std::string> json_string(std::string_view text);

/// The same, U+FFFD in place of what is not UTF-8.
std::string repaired_json_string(std::string_view text);

/// The shortest JSON number from which `value`, which is finite, is read back.
std::string json_number(float value);
std::string json_number(double value);

/// What `print` makes of each item, as a JSON array.
template <class List, class Print>
std::string json_list(const List& items, const Print& print) {
  std::string text = "[";
  for (const auto& item : items) {
    if (text.size() > 1) text += ',';
    text += print(item);
  }
  return text + ']';
}

/// Whether `text` is well-formed UTF-8 (Unicode 15, table 3-7): no surrogates, nothing overlong.
bool is_utf8(std::string_view text);

}  // namespace plastic
