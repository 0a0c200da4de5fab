// plastic study: the runs of a study's file, side by side, and what they show.
#include "apps/commands/study.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <system_error>

#include "apps/cli/device_options.h"
#include "apps/cli/options.h"
#include "apps/cli/processors_text.h"
#include "apps/cli/values.h"
#include "apps/commands/commands.h"
#include "apps/ranks/ranks.h"
#include "apps/runs/run_files.h"
#include "apps/runs/run_folder.h"
#include "apps/study/analysis/study_results.h"
#include "apps/study/pools/local_pool.h"
#include "apps/study/pools/rank_pool.h"
#include "apps/study/pools/study_ranks.h"
#include "apps/study/statistics/signed_rank.h"
#include "apps/study/study_execution.h"
#include "apps/study/study_timing.h"
#include "apps/study/study_view.h"
#include "apps/terminal/progress.h"
#include "apps/terminal/standard_streams.h"
#include "apps/terminal/terminal_text.h"
#include "apps/training/interrupt.h"
#include "core/check.h"
#include "core/io/utf8_path.h"
#include "core/shell_text.h"
#include "core/threads/processors.h"
#include "plastic/core/device.h"
#include "plastic/distributed.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;

struct StudyOptions {
  /// A file, or the folder of a study.
  fs::path study;
  fs::path out;
  std::optional<fs::path> data_dir;
  std::optional<int> jobs;
  /// Folders of other studies.
  std::vector<fs::path> reuse;
  bool overwrite = false;
  bool retry = false;
  bool dry_run = false;
};

/// runs/NAME for NAME.toml; for the copy in a study's folder, that folder.
fs::path folder_of(const StudyOptions& options) {
  if (!options.out.empty()) return options.out;
  const fs::path parent = options.study.parent_path();
  if (options.study.filename() == study_file && holds_study(parent)) return parent;
  return fs::path("runs") / options.study.stem();
}

bool uses_device(const StudyPlan& plan) {
  for (std::size_t i = 0; i < plan.tasks().size(); ++i) {
    if (plan.data_options(i).run.device.type != DeviceType::cpu) return true;
  }
  return false;
}

/// Prints the precisions other than f32.
void print_precisions(const StudyPlan& plan) {
  std::set<std::string> texts;
  for (std::size_t i = 0; i < plan.tasks().size(); ++i) {
    const RunOptions& options = plan.data_options(i);
    const Precision precision = options.arithmetic.precision;
    if (precision == Precision::f32) continue;
    texts.insert(precision_text(precision, options.run.device));
  }
  if (!texts.empty()) std::cout << "precision\n";
  for (const std::string& text : texts) std::cout << "  " << text << "\n";
}

/// "4 at a time"
std::string at_a_time(int jobs) {
  std::string text = std::to_string(jobs) + " at a time";
  if (distributed::size() > 1) text += " on " + std::to_string(distributed::size()) + " ranks";
  return text;
}

/// How many runs go side by side in this process.
int jobs_of(const StudyPlan& plan, const StudyCall& call) {
  if (call.jobs) return *call.jobs;
  // A device computes one run after the other.
  if (uses_device(plan)) return 1;
  return std::min(distributed::size() > 1 ? distributed::threads_per_rank() : usable_processors(),
                  max_jobs);
}

/// The part in a study of the ranks but the first, which have neither its folder nor its display.
void compute_beside(const StudyPlan& plan, StudyData& data, int jobs) {
  load_on_ranks(plan, {}, data);
  const InterruptGuard guard;
  LocalPool own(plan, data, jobs);
  serve_runs(own, distributed::world());
  // A signal that ends this process ends the first rank, too, which is writing what came out.
  distributed::world().barrier();
}

void print_header(const StudyPlan& plan, const StudyExecution& execution, int jobs) {
  const StudyFile& file = plan.file();
  if (!file.description.empty()) std::cout << file.description << "\n\n";
  std::cout << "tasks\n";
  for (const StudyTask& task : plan.tasks()) std::cout << "  " << task.name << "\n";
  print_precisions(plan);
  std::cout << "variants\n";
  for (std::size_t i = 0; i < plan.variants().size(); ++i) {
    const StudyVariant& variant = plan.variants()[i];
    std::vector<std::string> searched;
    for (const SearchDimension& one : variant.space) searched.push_back(one.option->name);
    std::string given;
    for (const GivenOption& one : variant.options) {
      given += one.option->name + " " + one.value + ", ";
    }
    const PlannedRun first{.variant = i, .seed = file.seeds.front()};
    std::cout << "  " << variant.name << ": "
              << (variant.name == variant.optimizer ? "" : variant.optimizer + ", ")
              << (searched.empty() ? describe(plan.options(first, {}).run.optimizer)
                                   : given + "searched for " + join(searched))
              << (i == plan.reference() ? " (reference)" : "") << "\n";
  }
  const std::size_t tuning = plan.tuning_count();
  std::cout << counted(std::ssize(plan.runs()), "run");
  if (tuning > 0) {
    std::cout << ", " << tuning << " of them for tuning (" << counted(file.tuning.trials, "trial")
              << " each)";
  }
  std::cout << "; " << execution.done_count() << " done; " << at_a_time(jobs) << "\n";
  const auto comparisons = static_cast<int>(plan.tasks().size() * (plan.variants().size() - 1));
  const auto seeds = static_cast<int>(file.seeds.size());
  if (comparisons > 0 && seeds < least_pairs(significance_level, comparisons)) {
    std::cout << "warning: " << counted(std::ssize(file.seeds), "seed")
              << " cannot show a difference in " << counted(comparisons, "comparison")
              << ", whatever they give; it takes " << least_pairs(significance_level, comparisons)
              << " or more\n";
  }
  std::cout << std::endl;
}

void print_plan_times(const StudyPlan& plan, const StudyExecution& execution,
                      const StudyEstimate& estimate, int jobs) {
  double all = 0.0;
  for (const StudyPhase phase : {StudyPhase::tuning, StudyPhase::verdict}) {
    std::size_t planned = 0;
    std::size_t left = 0;
    for (std::size_t i = 0; i < plan.runs().size(); ++i) {
      if (plan.runs()[i].phase != phase) continue;
      ++planned;
      if (execution.is_left(i)) ++left;
    }
    const double seconds = seconds_left(plan, execution, estimate, phase) / jobs;
    all += seconds;
    std::cout << pad(phase == StudyPhase::tuning ? "tuning" : "verdict", 9)
              << counted(static_cast<std::int64_t>(planned), "run") << ", " << left << " left, "
              << format_duration(seconds) << "\n";
  }
  std::cout << "in all   " << format_duration(all) << " with " << jobs << " at a time" << std::endl;
}

std::string how_to_continue(const StudyCall& call, const StudyExecution& execution,
                            std::size_t planned) {
  return "; " + std::to_string(execution.done_count()) + " of " +
         counted(static_cast<std::int64_t>(planned), "run") +
         " done and saved, those under way are lost. To continue:\n  " + call.command;
}

/// The table and what is left in the folder, where there is anything to show.
void show_results(const StudyPlan& plan, const StudyExecution& execution, const fs::path& folder) {
  if (execution.done_count() == 0) return;
  const StudyAnalysis analysis = analyse_study(plan, execution.done());
  write_study_results(analysis, folder);
  const std::string& description = plan.file().description;
  std::cout << "\n"
            << description << (description.empty() ? "" : "\n\n") << study_table(analysis)
            << "\nresults in " << printable(study_results_path(folder).string()) << "\nreport in "
            << printable((folder / report_file).string()) << std::endl;
}

/// What is in the folder of a study.
void show(const fs::path& folder) {
  const StudyPlan plan = read_study_plan(study_copy_path(folder));
  StudyJournal journal(folder);
  const StudyExecution execution(plan, journal, false);
  bool is_whole = true;
  for (std::size_t i = 0; i < plan.runs().size(); ++i) is_whole = is_whole && !execution.is_left(i);
  if (!is_whole) {
    std::cout << execution.done_count() << " of " << counted(std::ssize(plan.runs()), "run")
              << " done; to continue: plastic study "
              << shell_quoted(study_copy_path(folder).string()) << "\n";
  }
  keep_private(folder);
  show_results(plan, execution, folder);
}

std::vector<StudyRecord> read_other_study(const fs::path& folder) {
  if (!holds_study(folder)) {
    fail("study", folder.string(), ": holds no study; --reuse takes the folder of one, with its ",
         results_file);
  }
  return StudyJournal(folder).read();
}

void study(const StudyOptions& options) {
  std::error_code ignored;
  if (fs::is_directory(options.study, ignored)) {
    const bool has_more = options.jobs || options.data_dir || options.overwrite || options.retry ||
                          options.dry_run || !options.out.empty() || !options.reuse.empty();
    if (has_more) {
      throw UsageError(options.study.string() +
                       ": is a folder, whose results are shown; the other options go with the file "
                       "of a study, such as " +
                       study_copy_path(options.study).string());
    }
    if (distributed::rank() == 0) show(options.study);
    return;
  }
  std::string command = "plastic study " + shell_quoted(options.study.string());
  if (!options.out.empty()) command += " --out " + shell_quoted(options.out.string());
  carry_out_study(read_study_plan(options.study), {.folder = folder_of(options),
                                                   .data_dir = options.data_dir,
                                                   .jobs = options.jobs,
                                                   .overwrite = options.overwrite,
                                                   .retry = options.retry,
                                                   .dry_run = options.dry_run,
                                                   .reuse = options.reuse,
                                                   .command = command});
}

std::string footer() {
  return "FILE says what is trained on what, by which optimizers, with which seeds, and what is\n"
         "searched for first; docs/studies.md describes it, apps/studies/ has examples. Runs go\n"
         "side by side in processes of their own, with one thread each. A run that diverges, "
         "fails\n"
         "or is killed is a result; the others follow.\n"
         "\n"
         "DIR (runs/NAME for NAME.toml, or --out) holds\n"
         "  results.jsonl  a JSON object per run, in the order of the plan:\n"
         "                 pandas.read_json('results.jsonl', lines=True)\n"
         "  timings.jsonl  seconds, which differ each time, apart from the results, which do not\n"
         "  study.toml     the file\n"
         "  summary.json   what the table says, times.json what it says of seconds\n"
         "  report.html    the same as a page\n"
         "The same command continues a study that was interrupted or killed, and ends with the\n"
         "same bytes in results.jsonl; a file that asks for more seeds, trials, variants or "
         "tasks\n"
         "keeps what is done. results.jsonl alone is enough to continue on another machine.\n"
         "Given the folder, the command shows the results again.\n"
         "Under mpirun, the runs are shared out over the ranks, --jobs on each.\n"
         "\n"
         "Examples:\n"
         "  plastic study apps/studies/smoke.toml\n"
         "  mpirun -n 4 plastic study apps/studies/smoke.toml\n"
         "  plastic study apps/studies/paper-fashion.toml --dry-run\n"
         "  plastic study runs/paper-fashion";
}

}  // namespace

FolderLock open_study_folder(const fs::path& folder, bool overwrite) {
  std::error_code ignored;
  const bool is_continued = holds_study(folder) || fs::exists(folder / range_file, ignored);
  return prepare_run_folder(folder, overwrite || is_continued);
}

void carry_out_study(const StudyPlan& plan, const StudyCall& call,
                     const std::function<void(const StudyExecution&)>& finish) {
  if (call.dry_run) check_is_alone("--dry-run");
  const int own_jobs = jobs_of(plan, call);
  // Runs have a thread each.
  set_num_threads(1);
  const std::vector<int> jobs_by_rank = join_study(plan, own_jobs);
  const int jobs = std::accumulate(jobs_by_rank.begin(), jobs_by_rank.end(), 0);
  StudyData data(call.data_dir);
  if (distributed::rank() > 0) return compute_beside(plan, data, own_jobs);
  StudyJournal journal(call.folder, call.overwrite);
  if (call.dry_run) {
    if (!call.reuse.empty()) {
      throw UsageError("--dry-run does not look into other studies; leave out --reuse");
    }
    StudyExecution execution(plan, journal, call.retry);
    print_header(plan, execution, jobs);
    execution.load(data);
    print_plan_times(plan, execution, time_study(plan, execution, data, jobs), jobs);
    return;
  }
  const ReaderMayLeave reader;
  const FolderLock lock = open_study_folder(call.folder, call.overwrite);
  StudyExecution execution(plan, journal, call.retry);
  print_header(plan, execution, jobs);
  load_on_ranks(plan, execution.tasks_left(), data);
  execution.load(data);
  for (const fs::path& other : call.reuse) execution.reuse(read_other_study(other));
  // Nothing is lost to a study that cannot begin.
  if (call.overwrite) remove_study_files(call.folder);
  write_study_copy(plan, call.folder);
  const InterruptGuard guard;
  try {
    StudyView view(plan, execution, jobs);
    LocalPool own(plan, data, own_jobs);
    RankPool pool(own, jobs_by_rank, distributed::world());
    execution.run(data, pool, view);
  } catch (const Interrupted& stop) {
    journal.save(execution.done());
    std::cout << "\nSo far:";
    show_results(plan, execution, call.folder);
    distributed::world().barrier();
    throw Interrupted(stop.what() + how_to_continue(call, execution, plan.runs().size()));
  }
  journal.save(execution.done());
  if (execution.reused_count() > 0) {
    std::cout << counted(static_cast<std::int64_t>(execution.reused_count()), "run")
              << " taken from other studies\n";
  }
  show_results(plan, execution, call.folder);
  distributed::world().barrier();
  if (finish) finish(execution);
}

void add_study(CLI::App& program) {
  const auto options = std::make_shared<StudyOptions>();
  CLI::App& command =
      add_command(program, "study", "Carry out a study of optimizers that a file describes.",
                  footer(), [options] { study(*options); });
  command
      .add_option_function<std::string>(
          "FILE", [options](const std::string& text) { options->study = path_of_utf8(text); },
          "The study's file, or the folder of one that was begun")
      ->required()
      ->type_name("FILE|DIR");
  add_text_option(
      command, "--jobs", "N", usable_processors_text, "Running",
      "Runs side by side on each rank, each with one thread; on a CUDA device 1 by default",
      [options](const std::string& text) {
        options->jobs = static_cast<int>(parse_integer(text, 1, max_jobs));
      });
  add_switch(command, "--dry-run", "Running",
             "Say how many runs there are and how long they take; times what was never timed",
             options->dry_run);
  add_switch(command, "--retry", "Running",
             "Do again the runs that failed (not those that diverged)", options->retry);
  add_text_option(command, "--data-dir", "DIR", "", "Running",
                  "Look for the files of data sets here only",
                  [options](const std::string& text) { options->data_dir = path_of_utf8(text); });
  add_text_option(command, "--reuse", "DIR,...", "", "Running",
                  "Take from the folders of other studies runs with the same settings, conditions, "
                  "seed and data",
                  [options](const std::string& text) {
                    for (const std::string& folder : parse_list(text, true))
                      options->reuse.push_back(path_of_utf8(folder));
                  });
  add_text_option(command, "--out", "DIR", "runs/NAME", "Output",
                  "Write the results to this folder, or continue what is in it",
                  [options](const std::string& text) { options->out = path_of_utf8(text); });
  add_switch(command, "--overwrite", "Output", "Begin again, whatever the folder holds",
             options->overwrite);
}

}  // namespace plastic::apps
