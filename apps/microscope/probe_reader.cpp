#include "apps/microscope/probe_reader.h"

#include <algorithm>
#include <stdexcept>
#include <system_error>

#include "apps/microscope/probe_line.h"
#include "apps/runs/run_file_names.h"
#include "apps/runs/text_file.h"
#include "core/check.h"
#include "core/io/regular_file.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t chunk_bytes = std::size_t{1} << 20;

void check_is_there(const char* op, const fs::path& path) {
  std::error_code ignored;
  if (fs::exists(path, ignored)) return;
  if (!fs::is_directory(path.parent_path(), ignored)) {
    fail(op, path.parent_path().string(), ": expected the folder of a run");
  }
  fail(op, path.parent_path().string(), ": no ", probe_file,
       " here; train with --probe N, such as 10, and --out to make one");
}

void check(const char* op, const fs::path& path, const RegularFile& file) {
  if (!file.problem().empty()) fail(op, path.string(), ": cannot read it: ", file.problem());
}

}  // namespace

ProbeReader::ProbeReader(const char* op, const fs::path& path) : op_(op), path_(path) {
  check_is_there(op, path);
  std::string line;
  if (!next_line(line)) {
    fail(op_, path_.string(), ", line 1: the file has no whole line; no step was probed");
  }
  try {
    header_ = parse_probe_header(line);
  } catch (const std::runtime_error& error) {
    fail(op_, path_.string(), ", line 1: ", error.what());
  }
}

bool ProbeReader::next(ProbeRecord& record) {
  std::string line;
  if (!next_line(line)) return false;
  try {
    parse_probe_step(line, header_, record);
  } catch (const std::runtime_error& error) {
    fail(op_, path_.string(), ", line ", line_, ": ", error.what());
  }
  if (record.step <= step_) {
    fail(op_, path_.string(), ", line ", line_, ": expected a step after ", step_, ", found ",
         record.step);
  }
  step_ = record.step;
  return true;
}

bool ProbeReader::next_line(std::string& line) {
  std::size_t searched = begin_;
  std::size_t end = buffer_.find('\n', searched);
  while (end == std::string::npos) {
    searched = buffer_.size() - begin_;
    if (!fill_buffer()) return false;
    end = buffer_.find('\n', searched);
  }
  ++line_;
  line.assign(buffer_, begin_, end - begin_);
  begin_ = end + 1;
  return true;
}

// Leaves what is not a line yet at the buffer's beginning, with more behind it; false if there is
// no more.
bool ProbeReader::fill_buffer() {
  buffer_.erase(0, begin_);
  begin_ = 0;
  if (buffer_.size() > max_text_bytes) {
    fail(op_, path_.string(), ", line ", line_ + 1, ": expected a line of at most ", max_text_bytes,
         " bytes");
  }
  RegularFile file(path_);
  check(op_, path_, file);
  if (file.size() <= offset_) return false;
  const std::size_t kept = buffer_.size();
  buffer_.resize(
      kept + static_cast<std::size_t>(std::min<std::uint64_t>(chunk_bytes, file.size() - offset_)));
  const std::size_t count = file.read(offset_, std::span(buffer_).subspan(kept));
  buffer_.resize(kept + count);
  check(op_, path_, file);
  offset_ += count;
  return count > 0;
}

bool ProbeReader::is_replaced() const {
  const RegularFile file(path_);
  return file.problem().empty() && file.size() < offset_;
}

std::int64_t count_probed_steps(const char* op, const fs::path& path) {
  RegularFile file(path);
  check(op, path, file);
  std::string chunk(std::min<std::uint64_t>(chunk_bytes, file.size()), '\0');
  std::int64_t lines = 0;
  for (std::uint64_t offset = 0; offset < file.size();) {
    const std::size_t count = file.read(offset, chunk);
    check(op, path, file);
    if (count == 0) break;
    lines += std::count(chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(count), '\n');
    offset += count;
  }
  return std::max<std::int64_t>(0, lines - 1);
}

}  // namespace plastic::apps
