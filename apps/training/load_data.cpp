// Loading the data set that options name, and saying what becomes of its files.
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "apps/cli/run_options.h"
#include "apps/cli/values.h"
#include "apps/terminal/system_terminal.h"
#include "apps/terminal/terminal_text.h"
#include "plastic/core/error.h"
#include "plastic/data/catalog.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

bool has_xz(const fs::path& folder) {
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (const fs::directory_iterator end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".xz") return true;
  }
  return false;
}

/// Says that files are being read for as long as this lives, on a terminal; elsewhere once, where
/// it takes long.
class ReadingNote {
 public:
  explicit ReadingNote(const RunOptions& options) : on_terminal_(is_terminal(standard_error)) {
    const auto folder = data::locate(options.data, options.data_dir);
    if (!folder) return;
    const bool takes_long = has_xz(*folder);
    if (!on_terminal_ && !takes_long) return;
    // Past std::cerr, which escapes what goes back on a line.
    std::fprintf(stderr, "reading %s from %s%s ...%s", printable(options.data).c_str(),
                 printable(folder->string()).c_str(), takes_long ? ", compressed by xz," : "",
                 on_terminal_ ? "" : "\n");
    std::fflush(stderr);
    is_shown_ = on_terminal_;
  }
  ~ReadingNote() {
    if (is_shown_) std::fputs("\r\033[K", stderr);
    std::fflush(stderr);
  }
  ReadingNote(const ReadingNote&) = delete;
  ReadingNote& operator=(const ReadingNote&) = delete;

 private:
  bool on_terminal_;
  bool is_shown_ = false;
};

std::string counted(std::int64_t count, const std::string& one, const std::string& many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

/// "40 .webp, 3 without an extension", those of which there are most first.
std::string kinds_text(const std::map<std::string, std::int64_t>& files) {
  constexpr std::size_t max_shown = 6;
  std::vector<std::pair<std::string, std::int64_t>> kinds(files.begin(), files.end());
  std::ranges::stable_sort(kinds, std::greater<>(), &std::pair<std::string, std::int64_t>::second);
  std::vector<std::string> parts;
  for (const auto& [extension, count] : kinds) {
    if (parts.size() == max_shown) {
      parts.emplace_back("...");
      break;
    }
    parts.push_back(std::to_string(count) + " " +
                    (extension.empty() ? "without an extension" : printable(extension)));
  }
  return join(parts);
}

/// What was passed over, on a line; empty for nothing.
std::string passed_over(const data::ImageFolderReport& report) {
  std::vector<std::string> parts;
  std::int64_t others = 0;
  for (const auto& [extension, count] : report.other_files) others += count;
  if (others > 0) {
    parts.push_back(counted(others, "file of another kind", "files of other kinds") + " (" +
                    kinds_text(report.other_files) + ")");
  }
  if (report.loose_files > 0) {
    parts.push_back(counted(report.loose_files, "file", "files") + " beside the classes' folders");
  }
  if (report.hidden > 0) parts.push_back(counted(report.hidden, "hidden name", "hidden names"));
  return join(parts);
}

void tell(const RunOptions& options, const data::ImageFolderReport& report) {
  const std::string where = "plastic: " + printable(options.data_dir.value_or("").string()) + ": ";
  for (const std::string& reason : report.bad_images) {
    std::cerr << "plastic: left out: " << printable(reason) << "\n";
  }
  const auto bad = std::ssize(report.bad_images);
  if (bad > 0) {
    std::cerr << where
              << counted(bad, "image that cannot be read is", "images that cannot be read are")
              << " left out\n";
  }
  const auto damaged = std::ssize(report.damaged_images);
  if (damaged > 0) {
    std::cerr << where
              << counted(damaged, "image is damaged and was", "images are damaged and were")
              << " read as far as possible, such as " << printable(report.damaged_images.front())
              << "\n";
  }
  const std::string others = passed_over(report);
  if (!others.empty()) std::cerr << where << "passed over: " << others << "\n";
  std::cerr.flush();
}

}  // namespace

data::DatasetPair load_data(const RunOptions& options) {
  const std::int64_t side = image_size(options);
  data::ImageFolderReport report;
  data::DatasetPair data;
  try {
    const ReadingNote note(options);
    data = data::load(options.data, options.data_dir,
                      {.height = side,
                       .width = side,
                       .orientation = orientation(options),
                       .skip_bad_images = options.skip_bad_images},
                      &report);
  } catch (const Error& error) {
    const std::string reason = error.what();
    if (options.skip_bad_images || !reason.starts_with("[image] ")) throw;
    throw Error(reason + "; --skip-bad-images leaves out what cannot be read");
  }
  tell(options, report);
  return data;
}

}  // namespace plastic::apps
