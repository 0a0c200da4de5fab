#include "core/number_text.h"

#include <version>

#ifndef __cpp_lib_to_chars
#include <locale.h>
#include <stdlib.h>
#ifdef __APPLE__
#include <xlocale.h>
#endif

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "core/text.h"
#endif

namespace plastic {

#ifdef __cpp_lib_to_chars

std::from_chars_result number_from_chars(const char* begin, const char* end, double& value) {
  return std::from_chars(begin, end, value);
}

#else

namespace {

/// strtod() with points that are points, whatever locale the process has chosen.
double read_digits(const std::string& text) {
#ifdef _WIN32
  static const _locale_t locale = _create_locale(LC_ALL, "C");
  return _strtod_l(text.c_str(), nullptr, locale);
#else
  static const locale_t locale = newlocale(LC_ALL_MASK, "C", nullptr);
  return strtod_l(text.c_str(), nullptr, locale);
#endif
}

struct Form {
  /// What belongs to the number; empty where there is none.
  std::string_view text;
  bool is_zero = true;
  /// What a word stands for.
  std::optional<double> word = {};
};

/// The pattern of std::chars_format::general: no sign but '-', digits with a point among them, and
/// an exponent where it has digits; or "inf", "infinity", "nan", whatever their case.
Form form_of(std::string_view text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const auto has_word = [&](std::string_view word) {
    if (text.size() - at < word.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i) {
      if (ascii_lower(text[at + i]) != word[i]) return false;
    }
    return true;
  };
  for (const std::string_view word : {"infinity", "inf", "nan"}) {
    if (!has_word(word)) continue;
    using Limits = std::numeric_limits<double>;
    const double value = word == "nan" ? Limits::quiet_NaN() : Limits::infinity();
    return {text.substr(0, at + word.size()), true, at > 0 ? -value : value};
  }
  Form form;
  std::size_t count = 0;
  const auto skip_digits = [&] {
    for (; at < text.size() && is_ascii_digit(text[at]); ++at, ++count) {
      if (text[at] != '0') form.is_zero = false;
    }
  };
  skip_digits();
  if (at < text.size() && text[at] == '.') {
    ++at;
    skip_digits();
  }
  if (count == 0) return {};
  std::size_t end = at;
  if (at < text.size() && ascii_lower(text[at]) == 'e') {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    for (; at < text.size() && is_ascii_digit(text[at]); ++at) end = at + 1;
  }
  form.text = text.substr(0, end);
  return form;
}

}  // namespace

std::from_chars_result number_from_chars(const char* begin, const char* end, double& value) {
  const Form form = form_of({begin, static_cast<std::size_t>(end - begin)});
  if (form.text.empty()) return {begin, std::errc::invalid_argument};
  const char* const stop = begin + form.text.size();
  // It is read to a zero byte.
  const double read = form.word ? *form.word : read_digits(std::string(form.text));
  const bool is_out_of_range = !form.is_zero && (read == 0.0 || std::isinf(read));
  if (is_out_of_range) return {stop, std::errc::result_out_of_range};
  value = read;
  return {stop, std::errc()};
}

#endif

}  // namespace plastic
