#include "apps/runs/probe_file.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "apps/runs/probe_lines.h"
#include "apps/runs/run_files.h"
#include "core/check.h"
#include "core/io/atomic_file.h"
#include "core/io/regular_file.h"

namespace plastic::apps {
namespace {

// As much of a line as says which step it is of.
constexpr std::size_t beginning_size = 40;

// Reads a file line by line, of which it keeps the first bytes only: a file of a long run may be
// larger than memory should hold.
class Lines {
 public:
  explicit Lines(const std::filesystem::path& path) : file_(path), block_(std::size_t{1} << 20) {
    if (!file_.problem().empty()) {
      fail("resume", path.string(), ": cannot read: ", file_.problem(),
           "; the run cannot continue without it: begin another");
    }
  }

  // The first `keep` bytes of the next whole line; nothing after the last.
  std::optional<std::string> next(std::size_t keep) {
    std::string beginning;
    while (true) {
      if (used_ == filled_ && !fill()) return std::nullopt;
      const auto first = block_.begin() + static_cast<std::ptrdiff_t>(used_);
      const auto last = block_.begin() + static_cast<std::ptrdiff_t>(filled_);
      const auto end = std::find(first, last, '\n');
      const auto length = static_cast<std::size_t>(end - first);
      beginning.append(
          first, first + static_cast<std::ptrdiff_t>(std::min(length, keep - beginning.size())));
      used_ += length;
      if (end == last) continue;
      ++used_;
      return beginning;
    }
  }

  // Where the line begins that comes next.
  std::uint64_t position() const { return start_ + used_; }

 private:
  bool fill() {
    start_ += filled_;
    used_ = 0;
    filled_ = file_.read(start_, block_);
    return filled_ > 0;
  }

  RegularFile file_;
  std::vector<char> block_;
  std::uint64_t start_ = 0;
  std::size_t used_ = 0, filled_ = 0;
};

}  // namespace

ProbeFile::ProbeFile(const std::filesystem::path& folder) : path_(folder / probe_file) {}

void ProbeFile::begin(const std::string& header) {
  write_run_file(path_, header);
  open(header.size());
}

void ProbeFile::resume(const std::string& header, std::int64_t every, std::int64_t steps) {
  check_run_file("resume", path_);
  Lines lines(path_);
  if (lines.next(header.size() + 1).value_or("") + "\n" != header) {
    fail("resume", path_.string(), ": its first line is that of another run; begin another run");
  }
  std::uint64_t end = lines.position();
  std::int64_t step = 0;
  for (std::int64_t line = 2; step + every <= steps; ++line) {
    const std::optional<std::string> beginning = lines.next(beginning_size);
    if (!beginning) {
      fail("resume", path_.string(), ": ends after step ", step, ", but the checkpoint is of step ",
           steps, "; the run cannot continue without what is missing: begin another");
    }
    step += every;
    if (step_of_probe_line(*beginning) != step) {
      fail("resume", path_.string(), ": line ", line, " is not of step ", step,
           "; the file is damaged: begin another run");
    }
    end = lines.position();
  }
  open(end);
}

void ProbeFile::append(const std::string& line) { file_->append(line); }

void ProbeFile::flush() { file_->flush(); }

void ProbeFile::open(std::uint64_t size) {
  file_.emplace("probe", behind_links("probe", path_), size);
}

}  // namespace plastic::apps
