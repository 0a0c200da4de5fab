#include "apps/study/journal.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "apps/runs/run_files.h"
#include "apps/runs/text_file.h"
#include "apps/study/study_run_json.h"
#include "core/check.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

// Lines by what says which run they are of.
std::map<std::string, std::string> read_timings(const fs::path& path) {
  std::map<std::string, std::string> timings;
  if (!is_there(path)) return timings;
  read_lines("study", path, [&](std::string_view line, bool) {
    timings[std::string(study_timing_key(line))] = line;
  });
  return timings;
}

}  // namespace

fs::path study_journal_path(const fs::path& folder) { return folder / journal_file; }
fs::path study_results_path(const fs::path& folder) { return folder / results_file; }
fs::path study_timings_path(const fs::path& folder) { return folder / timings_file; }

std::string study_record_line(const StudyRecord& record) {
  std::string line = study_run_line(record.run);
  line.back() = '\t';
  return line + study_timing_line(record);
}

StudyRecord parse_study_record(std::string_view line) {
  const std::size_t tab = line.find('\t');
  if (tab == std::string_view::npos) fail("study", "no times");
  StudyRecord record{.run = parse_study_run(line.substr(0, tab))};
  read_study_times(line.substr(tab + 1), record);
  return record;
}

StudyJournal::StudyJournal(fs::path folder, bool is_new)
    : folder_(std::move(folder)), is_new_(is_new) {}

std::vector<StudyRecord> StudyJournal::read() {
  std::vector<StudyRecord> records;
  if (is_new_) return records;
  if (is_there(study_results_path(folder_))) {
    const auto timings = read_timings(study_timings_path(folder_));
    for (StudyRun& run : read_study_runs(study_results_path(folder_))) {
      records.push_back({.run = std::move(run)});
      const std::string own = study_timing_line(records.back());
      const auto found = timings.find(std::string(study_timing_key(own)));
      if (found == timings.end()) continue;
      try {
        read_study_times(found->second, records.back());
      } catch (const Error&) {
        // A time that is not known is no reason to do a run again.
      }
    }
  }
  const fs::path path = study_journal_path(folder_);
  if (!is_there(path)) return records;
  whole_bytes_ = 0;
  std::size_t number = 0;
  read_lines("study", path, [&](std::string_view line, bool is_whole) {
    if (!is_whole) return;
    ++number;
    try {
      records.push_back(parse_study_record(line));
    } catch (const Error& error) {
      fail("study", path.string(), ": line ", number, ": ", error.what(),
           "; remove this line to do its run again");
    }
    whole_bytes_ += line.size() + 1;
  });
  return records;
}

void StudyJournal::append(const StudyRecord& record) {
  if (!file_) file_.emplace("study", study_journal_path(folder_), whole_bytes_);
  file_->append(study_record_line(record));
  file_->flush();
}

void StudyJournal::save(std::span<const StudyRecord> records) {
  std::string results;
  std::string timings;
  for (const StudyRecord& record : records) {
    results += study_run_line(record.run);
    timings += study_timing_line(record);
  }
  write_run_file(study_results_path(folder_), results);
  write_run_file(study_timings_path(folder_), timings);
  file_.reset();
  whole_bytes_ = 0;
  remove_run_file(study_journal_path(folder_));
}

}  // namespace plastic::apps
