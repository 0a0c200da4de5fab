#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "core/io/append_file.h"
#include "plastic/optim/probe.h"

namespace plastic::apps {

/// The file probe.jsonl of a run folder: a header, then a line for each step that was probed
/// (apps/runs/probe_lines.h). It grows line by line, as others may follow it.
class ProbeFile {
 public:
  explicit ProbeFile(const std::filesystem::path& folder);

  /// Begins with the header, in place of what is there.
  void begin(const std::string& header);
  /// Continues the file of a run of which `steps` are done: removes the lines of later steps, and
  /// one that a kill cut off. Throws Error naming the file where it is missing, of another run or
  /// lacks a step.
  void resume(const std::string& header, std::int64_t every, std::int64_t steps);

  /// With begin() or resume() before. Another program can read the line when this returns.
  void append(const std::string& line);
  /// To the disk.
  void flush();

 private:
  void open(std::uint64_t size);

  std::filesystem::path path_;
  std::optional<AppendFile> file_;
};

}  // namespace plastic::apps
