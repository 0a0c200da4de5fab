// plastic report: one HTML file that shows runs.
#include "apps/commands/report.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>

#include "apps/cli/options.h"
#include "apps/cli/values.h"
#include "apps/commands/commands.h"
#include "apps/report/report_data.h"
#include "apps/report/report_page.h"
#include "apps/runs/run_files.h"
#include "apps/runs/run_folder.h"
#include "apps/study/analysis/study_results.h"
#include "apps/study/study_execution.h"
#include "apps/terminal/terminal_text.h"
#include "core/check.h"
#include "core/io/atomic_file.h"
#include "core/io/utf8_path.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

struct ReportOptions {
  std::vector<std::string> runs;
  fs::path out;
};

// A slip such as --out runs/a/metrics.jsonl must not cost anybody a run.
void check_target(const fs::path& file) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return;
  if (fs::is_directory(file, ignored)) {
    fail("report", file.string(), ": expected a file for the report, found a folder");
  }
  if (!fs::is_regular_file(file, ignored)) {
    fail("report", file.string(),
         ": is a device, pipe or socket, but the report must be a file, which is replaced as a "
         "whole; choose another --out");
  }
  if (!is_report(file)) {
    fail("report", file.string(),
         ": this file is there already and is no report of Plastic's; choose another --out");
  }
}

void report(const ReportOptions& options) {
  if (std::ranges::find(options.runs, "") != options.runs.end()) {
    throw UsageError("RUN: expected a folder, got nothing");
  }
  if (options.runs.size() > 1 && options.out.empty()) {
    throw UsageError("with several runs, say where the report goes: --out FILE");
  }
  const fs::path file =
      options.out.empty() ? path_of_utf8(options.runs.front()) / report_file : options.out;
  for (const std::string& remark : write_report(paths_of_utf8(options.runs), file)) {
    std::cout << remark << "\n";
  }
  std::cout << "report in " << printable(file.string()) << std::endl;
}

std::string footer() {
  return "A RUN is a folder that train or compare wrote with --out, a folder of such folders, or "
         "the\nfolder of a study. The\n"
         "report is one file that needs no network and contains no paths of this machine: a table "
         "for\n"
         "each data set, network and length of training, curves with a band of one deviation over\n"
         "the seeds, learning rates, NeuroPlastic's diagnostics where they were recorded, and the\n"
         "configuration. Runs that differ only in their seed are drawn as one curve. Runs that\n"
         "diverged or have not finished are named, and not part of the means.\n"
         "\n"
         "Examples:\n"
         "  plastic report runs/compare\n"
         "  plastic report runs\n"
         "  plastic report runs/adam runs/sgd --out adam-or-sgd.html";
}

// Where the runs of a study stand is said.
std::vector<std::string> write_study_page(const fs::path& folder, const fs::path& file) {
  const StudyPlan plan = read_study_plan(study_copy_path(folder));
  StudyJournal journal(folder);
  const StudyExecution execution(plan, journal, false);
  const std::size_t done = execution.done_count();
  if (done == 0) fail("report", folder.string(), ": no run of this study is done");
  const std::string page = study_page(analyse_study(plan, execution.done()));
  if (file.parent_path() == folder) {
    keep_private(folder);
    write_run_file(file, page);
  } else {
    write_file_atomically(file, page);
  }
  if (done == plan.runs().size()) return {};
  return {std::to_string(done) + " of " + std::to_string(plan.runs().size()) + " runs are done"};
}

}  // namespace

std::vector<std::string> write_report(const std::vector<fs::path>& folders, const fs::path& file) {
  check_target(file);
  if (folders.size() == 1 && holds_study(folders.front())) {
    return write_study_page(folders.front(), file);
  }
  const ReportData data = read_runs(folders);
  const std::string page = report_page(data);
  // A folder that is reported on may have come from elsewhere; a name elsewhere is the user's.
  const bool is_in_run = std::ranges::find(folders, file.parent_path()) != folders.end();
  if (is_in_run) {
    keep_private(file.parent_path());
    write_run_file(file, page);
  } else {
    write_file_atomically(file, page);
  }
  return data.remarks;
}

void add_report(CLI::App& program) {
  const auto options = std::make_shared<ReportOptions>();
  CLI::App& command = add_command(program, "report", "Show runs as one HTML file.", footer(),
                                  [options] { report(*options); });
  command.add_option("RUN", options->runs, "Folders of runs or comparisons")
      ->required()
      ->type_name("DIR...");
  add_text_option(command, "--out", "FILE", "", "Output",
                  "Where to write it; without it RUN/report.html",
                  [options](const std::string& text) { options->out = path_of_utf8(text); });
}

}  // namespace plastic::apps
