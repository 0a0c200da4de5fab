#include "core/io/exclusive_file.h"

#include <cerrno>
#include <cstdint>

#include "core/io/utf8_path.h"

namespace plastic {
namespace {

constexpr std::string_view digits = "0123456789abcdef";
constexpr std::string_view ending = ".tmp";
constexpr std::size_t drawn_digits = 16;
constexpr int max_attempts = 100;
// For names that leave no room for more.
constexpr const char* short_name = "plastic";

std::string drawn_text() {
  const std::uint64_t number = drawn_bits();
  std::string text;
  for (std::size_t i = 0; i < drawn_digits; ++i) text += digits[(number >> (4 * i)) & 15U];
  return text;
}

}  // namespace

ExclusiveFile::ExclusiveFile(const std::filesystem::path& folder, const std::string& name,
                             unsigned mode) {
  std::string beginning = name;
  for (int attempt = 0; attempt < max_attempts; ++attempt) {
    path_ = folder / path_of_utf8(beginning + "." + drawn_text() + std::string(ending));
    file_ = SystemFile(path_, SystemFile::Open::create, mode);
    if (note(file_.is_open())) {
      has_its_name_ = false;
      return;
    }
    if (error_ == ENAMETOOLONG && beginning != short_name) {
      beginning = short_name;
    } else if (error_ != EEXIST && error_ != EINTR) {
      return;
    }
  }
}

ExclusiveFile::~ExclusiveFile() {
  // Windows removes no file that is open.
  file_.close();
  if (!has_its_name_) remove_file(path_);
}

bool ExclusiveFile::note(bool went_well) {
  error_ = went_well ? 0 : errno;
  return went_well;
}

bool ExclusiveFile::rename_to(const std::filesystem::path& path) {
  file_.close();
  if (!note(rename_file(path_, path))) return false;
  has_its_name_ = true;
  return true;
}

bool is_exclusive_name(std::string_view file, std::string_view name) {
  if (file.size() != name.size() + 1 + drawn_digits + ending.size()) return false;
  if (!file.starts_with(name) || file[name.size()] != '.' || !file.ends_with(ending)) return false;
  const std::string_view drawn = file.substr(name.size() + 1, drawn_digits);
  return drawn.find_first_not_of(digits) == std::string_view::npos;
}

}  // namespace plastic
