#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "apps/microscope/probe_record.h"

namespace plastic::apps {

/// Reads the probe.jsonl of a run folder, which is not trusted, a step at a time; a file of any
/// length takes the memory of one line. A last line without its end, which a killed run left or a
/// running one is writing, is not read.
class ProbeReader {
 public:
  /// Throws Error of `op` where there is no such file, saying which option makes one, and where its
  /// first line is not there yet or cannot be understood.
  ProbeReader(const char* op, const std::filesystem::path& path);

  const ProbeHeader& header() const { return header_; }

  /// The next step; false at the file's end, after which more may have come. Throws Error naming
  /// the file and the line that cannot be understood.
  bool next(ProbeRecord& record);

  /// Whether the file has been replaced since by one shorter than what was read of it, as by a run
  /// that was resumed.
  bool is_replaced() const;

 private:
  bool next_line(std::string& line);
  bool fill_buffer();

  const char* op_;
  std::filesystem::path path_;
  ProbeHeader header_;
  std::uint64_t offset_ = 0;
  /// What was read of the file and not yet as a line, from `begin_` on.
  std::string buffer_;
  std::size_t begin_ = 0;
  int line_ = 0;
  std::int64_t step_ = -1;
};

/// How many steps a probe.jsonl has; about so many where some cannot be read.
std::int64_t count_probed_steps(const char* op, const std::filesystem::path& path);

}  // namespace plastic::apps
