#include "apps/terminal/terminal_text.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <iostream>
#include <streambuf>

namespace plastic::apps {
namespace {

// The streams' own buffers, while they are escaped.
std::streambuf* plain_out = nullptr;

std::string hex(std::uint32_t value, int digits) {
  std::array<char, 8> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, 16).ptr;
  std::string out(text.data(), end);
  if (std::ssize(out) < digits)
    out.insert(0, static_cast<std::size_t>(digits - std::ssize(out)), '0');
  return out;
}

// Bytes of the UTF-8 character that begins with `first`; 1 for what begins none.
std::size_t length_of(char first) {
  const auto byte = static_cast<unsigned char>(first);
  if (byte >= 0xC2 && byte < 0xE0) return 2;
  if (byte >= 0xE0 && byte < 0xF0) return 3;
  if (byte >= 0xF0 && byte < 0xF5) return 4;
  return 1;
}

struct Character {
  std::uint32_t point = 0;
  std::size_t bytes = 1;
  bool is_valid = false;
};

// The first character of a text that is not empty. RFC 3629: no surrogates, nothing written longer
// than it need be.
Character first_of(std::string_view text) {
  const std::size_t bytes = length_of(text[0]);
  const auto first = static_cast<unsigned char>(text[0]);
  if (bytes == 1) return {first, 1, first < 0x80};
  if (text.size() < bytes) return {first, 1, false};
  std::uint32_t point = first & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0U) != 0x80U) return {first, 1, false};
    point = point << 6U | (next & 0x3FU);
  }
  constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = point >= 0xD800 && point < 0xE000;
  if (point < least[bytes] || point > 0x10FFFF || is_surrogate) return {first, 1, false};
  return {point, bytes, true};
}

bool changes_direction(std::uint32_t point) {
  return point == 0x061C || point == 0x200E || point == 0x200F ||
         (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069);
}

bool separates_lines(std::uint32_t point) { return point == 0x2028 || point == 0x2029; }

std::string escaped(std::string_view bytes, const Character& character) {
  if (!character.is_valid) return "\\x" + hex(character.point, 2);
  switch (character.point) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      break;
  }
  const std::uint32_t point = character.point;
  if (point < 0x20 || point == 0x7F) return "\\x" + hex(point, 2);
  const bool is_control = point >= 0x80 && point < 0xA0;
  if (is_control || changes_direction(point) || separates_lines(point)) {
    return "\\u{" + hex(point, 1) + "}";
  }
  return std::string(bytes.substr(0, character.bytes));
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Character character = first_of(text);
    out += escaped(text, character);
    text.remove_prefix(character.bytes);
  }
  return out;
}

/// Passes on to `to`. A character whose bytes come one after the other is kept until it is whole.
class EscapedOutput::Buffer : public std::streambuf {
 public:
  Buffer(std::ostream& stream) : stream_(stream), to_(stream.rdbuf(this)) {}
  ~Buffer() override {
    flush_begun();
    stream_.rdbuf(to_);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  std::streambuf* to() const { return to_; }

 protected:
  int_type overflow(int_type c) override {
    if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
    const char byte = traits_type::to_char_type(c);
    return put({&byte, 1}) ? c : traits_type::eof();
  }
  std::streamsize xsputn(const char* bytes, std::streamsize count) override {
    return put({bytes, static_cast<std::size_t>(count)}) ? count : 0;
  }
  int sync() override { return flush_begun() ? to_->pubsync() : -1; }

 private:
  bool put(std::string_view bytes) {
    begun_ += bytes;
    std::string out;
    std::string_view rest = begun_;
    while (!rest.empty() && rest.size() >= length_of(rest[0])) {
      const Character character = first_of(rest);
      const bool is_layout = rest[0] == '\n' || rest[0] == '\t';
      out += is_layout ? std::string(1, rest[0]) : escaped(rest, character);
      rest.remove_prefix(character.bytes);
    }
    begun_ = std::string(rest);
    return pass_on(out);
  }
  bool flush_begun() {
    const std::string out = printable(begun_);
    begun_.clear();
    return pass_on(out);
  }
  bool pass_on(const std::string& out) {
    const auto count = static_cast<std::streamsize>(out.size());
    return to_->sputn(out.data(), count) == count;
  }

  std::ostream& stream_;
  std::streambuf* to_;
  std::string begun_;
};

EscapedOutput::EscapedOutput()
    : out_(std::make_unique<Buffer>(std::cout)), error_(std::make_unique<Buffer>(std::cerr)) {
  plain_out = out_->to();
}

EscapedOutput::~EscapedOutput() {
  std::cout.flush();
  plain_out = nullptr;
}

std::string counted(std::int64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

void erase_line() { erase_lines(1); }

void erase_lines(int count) {
  std::cout.flush();
  std::ostream out(plain_out != nullptr ? plain_out : std::cout.rdbuf());
  out << "\r\033[K";
  for (int i = 1; i < count; ++i) out << "\033[A\033[K";
  out << std::flush;
}

}  // namespace plastic::apps
