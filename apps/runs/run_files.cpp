#include "apps/runs/run_files.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <string>

#include "core/check.h"
#include "core/io/atomic_file.h"
#include "core/io/regular_file.h"
#include "core/io/system_file.h"
#include "core/text.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

/// By which a text file of a run is known.
struct Mark {
  const char* name;
  std::string_view beginning;
  std::string_view content;
};

constexpr std::array marks = {
    Mark{config_file, "# Repeat this run: plastic ", ""},
    Mark{metrics_file, "{\"epoch\":", ""},
    Mark{probe_file, "{\"format\":1,\"optimizer\":", ""},
    Mark{comparison_file, "{", "\"optimizers\""},
    Mark{curvature_file, "{\"step\":", "\"eigenvalues\""},
    Mark{divergence_file, "{\"epoch\":", "\"where\""},
    Mark{report_file, "<!", "content=\"plastic report\""},
    Mark{study_file, "# The study in this folder: plastic ", ""},
    Mark{results_file, "{\"task\":", ""},
    Mark{journal_file, "{\"task\":", ""},
    Mark{timings_file, "{\"task\":", ""},
    Mark{summary_file, "{", "\"comparisons\""},
    Mark{range_file, "{", "\"suggested_lr\""},
    Mark{range_page_file, "<!", "content=\"plastic report\""},
    Mark{times_file, "{", "\"profile_of_seconds_to_target\""},
};

constexpr std::uint64_t max_bytes = std::uint64_t{64} << 20;

bool holds_weights(const fs::path& path) { return path.extension() == ".safetensors"; }

// From `offset` on, `count` bytes at most.
std::string bytes_in(RegularFile& file, std::uint64_t offset, std::uint64_t count) {
  if (offset >= file.size()) return "";
  std::string text(std::min({count, file.size() - offset, max_bytes}), '\0');
  text.resize(file.read(offset, text));
  return text;
}

// The metadata stands in the header, whose length comes first.
bool has_checksum(RegularFile& file) {
  const std::string length = bytes_in(file, 0, sizeof(std::uint64_t));
  if (length.size() < sizeof(std::uint64_t)) return false;
  std::array<char, sizeof(std::uint64_t)> bytes{};
  std::ranges::copy(length, bytes.begin());
  const std::string header = bytes_in(file, length.size(), std::bit_cast<std::uint64_t>(bytes));
  return header.find("\"plastic.checksum\"") != std::string::npos;
}

// Empty where it is written through the link, else what speaks against it.
std::string objection(const fs::path& link) {
  const FileStatus status = status_behind(link);
  if (status.kind == FileKind::none) {
    if (errno != ENOENT) return system_text(errno);
    const bool is_harmless = holds_weights(link) && holds_weights(behind_links("run", link));
    return is_harmless ? "" : "which does not exist";
  }
  if (status.kind != FileKind::file) return "which is not a file";
  if (!is_own(status)) return "which is another user's";
  return is_run_file(link) ? "" : "which Plastic did not write";
}

enum class Status { none, file, link };

Status status_of(const char* op, const fs::path& path) {
  const FileStatus status = status_of_name(path);
  if (status.kind == FileKind::none) {
    if (errno == ENOENT) return Status::none;
    fail(op, path.string(), ": cannot write: ", system_text(errno));
  }
  if (status.kind == FileKind::link) return Status::link;
  if (status.kind != FileKind::file) {
    fail(op, path.string(), ": is not a file, but has the name of a file of a run; remove it");
  }
  return Status::file;
}

void remove_name(const fs::path& path) {
  if (!remove_file(path) && errno != ENOENT) {
    fail("out", path.string(), ": cannot remove: ", system_text(errno));
  }
}

}  // namespace

bool is_run_file(const fs::path& path) {
  RegularFile file(path);
  if (!file.problem().empty()) return false;
  if (holds_weights(path)) return has_checksum(file);
  const auto mark = std::ranges::find(marks, path.filename().string(), &Mark::name);
  if (mark == marks.end()) return false;
  const std::string text = bytes_in(file, 0, mark->content.empty() ? 64 : max_bytes);
  return text.starts_with(mark->beginning) && text.find(mark->content) != std::string::npos;
}

void check_run_file(const char* op, const fs::path& path) {
  if (status_of(op, path) != Status::link) return;
  const std::string reason = objection(path);
  if (reason.empty()) return;
  fail(op, path.string(), ": is a link to ", behind_links(op, path).string(), ", ", reason,
       "; nothing is written through it: remove the link");
}

void clear_run_file(const fs::path& path) {
  if (status_of("out", path) == Status::link && !objection(path).empty()) remove_name(path);
}

void write_run_file(const fs::path& path, std::string_view text) {
  check_run_file("write", path);
  write_file_atomically(path, text);
}

void remove_run_file(const fs::path& path) {
  const Status status = status_of("out", path);
  if (status == Status::none) return;
  const bool stays = status == Status::link && holds_weights(path) && objection(path).empty();
  remove_name(stays ? behind_links("out", path) : path);
}

}  // namespace plastic::apps
