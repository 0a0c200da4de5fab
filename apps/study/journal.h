#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/study/study_run_json.h"
#include "core/io/append_file.h"

namespace plastic::apps {

/// The results of a study on the disk. A run that ends is a line of journal.jsonl, flushed to the
/// disk, whatever is killed afterwards; save() puts them into results.jsonl, in the order of the
/// plan and without times, and into timings.jsonl, and removes the journal. results.jsonl alone is
/// enough to continue from.
class StudyJournal {
 public:
  /// Nothing is written yet.
  /// With `is_new`, what the folder holds does not count.
  explicit StudyJournal(std::filesystem::path folder, bool is_new = false);
  StudyJournal(const StudyJournal&) = delete;
  StudyJournal& operator=(const StudyJournal&) = delete;

  /// The runs in both files; none where there is none. A last line of the journal without an end,
  /// which a kill left, is not counted, and goes when the next is written. Throws Error naming file
  /// and line for anything else that is no run.
  std::vector<StudyRecord> read();

  void append(const StudyRecord& record);

  /// `records` are all that is done, in their order.
  void save(std::span<const StudyRecord> records);

 private:
  std::filesystem::path folder_;
  bool is_new_ = false;
  std::optional<AppendFile> file_;
  /// Where the whole lines of the journal end.
  std::uint64_t whole_bytes_ = 0;
};

/// A line of the journal: that of the results, a tab, and that of the timings.
std::string study_record_line(const StudyRecord& record);
/// Throws Error saying what is wrong with it.
StudyRecord parse_study_record(std::string_view line);

std::filesystem::path study_results_path(const std::filesystem::path& folder);
std::filesystem::path study_timings_path(const std::filesystem::path& folder);
std::filesystem::path study_journal_path(const std::filesystem::path& folder);

}  // namespace plastic::apps
