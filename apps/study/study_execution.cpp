#include "apps/study/study_execution.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <tuple>

#include "apps/cli/values.h"
#include "apps/study/trial_choice.h"
#include "apps/training/interrupt.h"
#include "apps/training/last_batch.h"
#include "core/check.h"

namespace plastic::apps {
namespace {

using RunKey = std::tuple<StudyPhase, std::string, std::string, int, std::uint64_t>;

RunKey key_of(const StudyRun& run) {
  return {run.phase, run.task, run.variant, run.phase == StudyPhase::tuning ? run.trial : 0,
          run.seed};
}

// Everything that decides a run, whether its file calls it a condition or a setting.
std::map<std::string, std::string> all_settings(const StudyRun& run) {
  std::map<std::string, std::string> all;
  for (const Settings* part : {&run.conditions, &run.settings, &run.tuned}) {
    for (const auto& [name, value] : *part) all[name] = value;
  }
  return all;
}

// "lr is 0.1 there and 0.05 here"; empty where both are one.
std::string difference(const StudyRun& theirs, const StudyRun& ours) {
  if (theirs.optimizer != ours.optimizer) {
    return "the optimizer is " + theirs.optimizer + " there and " + ours.optimizer + " here";
  }
  const auto there = all_settings(theirs);
  const auto here = all_settings(ours);
  std::set<std::string> names;
  for (const auto* all : {&there, &here}) {
    for (const auto& [name, value] : *all) names.insert(name);
  }
  // Results from before an option could be chosen are those of its default.
  const auto entry = std::ranges::find(optimizer_table(), ours.optimizer, &OptimizerEntry::name);
  const auto value = [&](const std::map<std::string, std::string>& all,
                         const std::string& name) -> std::string {
    const auto found = all.find(name);
    if (found != all.end()) return found->second;
    const OptimizerOption* option = find_optimizer_option(name);
    const bool has_default =
        option != nullptr && entry != optimizer_table().end() && option->applies_to(*entry);
    return has_default ? option->get(entry->defaults) : "absent";
  };
  for (const std::string& name : names) {
    if (value(there, name) == value(here, name)) continue;
    return name + " is " + value(there, name) + " there and " + value(here, name) + " here";
  }
  return "";
}

}  // namespace

StudyExecution::StudyExecution(const StudyPlan& plan, StudyJournal& journal, bool retry)
    : plan_(plan),
      journal_(journal),
      records_(plan.runs().size()),
      trials_left_(plan.tasks().size() * plan.variants().size()),
      choices_(trials_left_.size()),
      is_running_(plan.runs().size()) {
  for (const PlannedRun& run : plan.runs()) {
    if (run.phase == StudyPhase::tuning) ++trials_left_[cell(run.task, run.variant)];
  }
  take(journal.read(), retry);
}

std::size_t StudyExecution::cell(std::size_t task, std::size_t variant) const {
  return task * plan_.variants().size() + variant;
}

void StudyExecution::take(std::vector<StudyRecord> records, bool retry) {
  std::map<RunKey, std::size_t> numbers;
  for (std::size_t i = 0; i < plan_.runs().size(); ++i) {
    const PlannedRun& run = plan_.runs()[i];
    const bool is_trial = run.phase == StudyPhase::tuning;
    numbers[{run.phase, plan_.tasks()[run.task].name, plan_.variants()[run.variant].name,
             is_trial ? run.trial : 0, run.seed}] = i;
  }
  for (StudyRecord& record : records) {
    const auto found = numbers.find(key_of(record.run));
    if (found == numbers.end()) {
      fail("study", "the folder holds a run that ", plan_.file().path,
           " does not have: ", name_of(record.run),
           "; a study may grow, by seeds, trials, variants and tasks, but not ",
           "shrink: choose another --out, or begin again with --overwrite");
    }
    const std::size_t number = found->second;
    const PlannedRun& planned = plan_.runs()[number];
    const bool is_tuned_verdict =
        planned.phase == StudyPhase::verdict && plan_.is_tuned(planned.variant);
    const std::string what = difference_from_plan(record.run, planned);
    if (!what.empty()) {
      fail("study", "the folder holds runs of another study than ", plan_.file().path, ": of ",
           name_of(record.run), ", ", what,
           "; choose another --out, or begin again with --overwrite");
    }
    if (retry && record.run.end == RunEnd::unfinished) continue;
    if (is_tuned_verdict) {
      found_[number].push_back(std::move(record));
    } else {
      accept(number, std::move(record));
    }
  }
  for (std::size_t task = 0; task < plan_.tasks().size(); ++task) {
    for (std::size_t variant = 0; variant < plan_.variants().size(); ++variant) {
      choose(task, variant);
    }
  }
}

// A verdict may be of another choice than will be made now, but must be of the same search.
std::string StudyExecution::difference_from_plan(const StudyRun& run,
                                                 const PlannedRun& planned) const {
  Settings drawn;
  if (plan_.is_tuned(planned.variant)) drawn = plan_.trial(planned.variant, planned.trial);
  if (planned.phase == StudyPhase::verdict) {
    const auto name = &Settings::value_type::first;
    if (!std::ranges::equal(run.tuned, drawn, {}, name, name)) return "other options were searched";
    drawn = run.tuned;
  }
  try {
    return difference(run, plan_.describe(planned, drawn));
  } catch (const UsageError& error) {
    return std::string("its settings mean nothing here: ") + error.what();
  }
}

void StudyExecution::accept(std::size_t run, StudyRecord record) {
  const PlannedRun& planned = plan_.runs()[run];
  if (planned.phase == StudyPhase::tuning && !records_[run]) {
    --trials_left_[cell(planned.task, planned.variant)];
  }
  // The study's file as it is now says what is called a condition.
  StudyRun known = plan_.describe(planned, tuned(run));
  record.run.conditions = std::move(known.conditions);
  record.run.settings = std::move(known.settings);
  record.run.tuned = std::move(known.tuned);
  estimate_.add(planned.task, planned.variant, record.wall_seconds);
  records_[run] = std::move(record);
}

void StudyExecution::choose(std::size_t task, std::size_t variant) {
  const std::size_t own = cell(task, variant);
  if (!plan_.is_tuned(variant) || trials_left_[own] > 0 || choices_[own]) return;
  // Trials follow each other in the plan, the seeds of each together.
  std::vector<TrialScore> scores(static_cast<std::size_t>(plan_.file().tuning.trials));
  for (std::size_t i = 0; i < plan_.tuning_count(); ++i) {
    const PlannedRun& run = plan_.runs()[i];
    if (run.task != task || run.variant != variant) continue;
    scores[static_cast<std::size_t>(run.trial)].add(records_[i]->run, plan_.file().tuning.goal);
  }
  choices_[own] = best_trial(scores);
  if (!choices_[own]) return;
  for (auto& [number, records] : found_) {
    const PlannedRun& run = plan_.runs()[number];
    if (run.task != task || run.variant != variant) continue;
    const StudyRun chosen = plan_.describe(run, tuned(number));
    for (StudyRecord& record : records) {
      // Those of a choice among fewer trials are of no use.
      if (difference(record.run, chosen).empty()) accept(number, std::move(record));
    }
  }
}

std::optional<int> StudyExecution::choice(std::size_t task, std::size_t variant) const {
  return choices_[cell(task, variant)];
}

bool StudyExecution::chose_nothing(std::size_t task, std::size_t variant) const {
  const std::size_t own = cell(task, variant);
  return plan_.is_tuned(variant) && trials_left_[own] == 0 && !choices_[own];
}

bool StudyExecution::is_left(std::size_t run) const {
  const PlannedRun& planned = plan_.runs()[run];
  return !records_[run] && !chose_nothing(planned.task, planned.variant);
}

std::optional<int> StudyExecution::trial_of(std::size_t run) const {
  const PlannedRun& planned = plan_.runs()[run];
  if (!plan_.is_tuned(planned.variant)) return std::nullopt;
  if (planned.phase == StudyPhase::tuning) return planned.trial;
  return choice(planned.task, planned.variant).value();
}

Settings StudyExecution::tuned(std::size_t run) const {
  const std::optional<int> trial = trial_of(run);
  return trial ? plan_.trial(plan_.runs()[run].variant, *trial) : Settings();
}

bool StudyExecution::is_ready(std::size_t run) const {
  const PlannedRun& planned = plan_.runs()[run];
  if (records_[run] || is_running_[run]) return false;
  return planned.phase == StudyPhase::tuning || !plan_.is_tuned(planned.variant) ||
         choice(planned.task, planned.variant).has_value();
}

std::size_t StudyExecution::next(std::size_t from) const {
  while (from < records_.size() && !is_ready(from)) ++from;
  return from;
}

std::vector<StudyRecord> StudyExecution::done() const {
  std::vector<StudyRecord> all;
  for (const std::optional<StudyRecord>& record : records_) {
    if (record) all.push_back(*record);
  }
  return all;
}

std::size_t StudyExecution::done_count() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(records_, [](const auto& record) { return record.has_value(); }));
}

std::size_t StudyExecution::count(RunEnd end) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      records_, [end](const auto& record) { return record && record->run.end == end; }));
}

std::vector<std::size_t> StudyExecution::tasks_left() const {
  std::set<std::size_t> left;
  for (std::size_t i = 0; i < records_.size(); ++i) {
    if (!records_[i]) left.insert(plan_.runs()[i].task);
  }
  return {left.begin(), left.end()};
}

void StudyExecution::load(StudyData& data) {
  std::set<std::pair<std::size_t, std::size_t>> checked;
  for (std::size_t i = 0; i < records_.size(); ++i) {
    const PlannedRun& run = plan_.runs()[i];
    if (records_[i] || !checked.insert({run.task, run.variant}).second) continue;
    const data::DatasetPair& own = data.of(plan_.data_options(run.task));
    check_images(run.task, data.images_of(plan_.data_options(run.task)));
    const Settings drawn = plan_.is_tuned(run.variant) ? plan_.trial(run.variant, 0) : Settings();
    try {
      check_batches(plan_.options(run, drawn).run, own.train);
    } catch (const UsageError& error) {
      throw UsageError(plan_.file().path + ": " + plan_.variants()[run.variant].name + " on " +
                       plan_.tasks()[run.task].name + ": " + error.what());
    }
  }
}

void StudyExecution::check_images(std::size_t task, const std::string& images) const {
  for (std::size_t i = 0; i < records_.size(); ++i) {
    if (!records_[i] || plan_.runs()[i].task != task) continue;
    const StudyRun& done = records_[i]->run;
    if (done.images.empty() || done.images == images) continue;
    fail("study", "the data have changed: ", name_of(done), " had ", done.images, ", now they are ",
         images, "; choose another --out, or begin again with --overwrite");
  }
}

void StudyExecution::reuse(std::vector<StudyRecord> records) {
  for (StudyRecord& record : records) {
    if (record.run.end == RunEnd::unfinished || record.run.images.empty()) continue;
    const std::uint64_t seed = record.run.seed;
    elsewhere_.emplace(seed, std::move(record));
  }
}

std::optional<StudyRecord> StudyExecution::found_elsewhere(std::size_t run, StudyData& data) const {
  const PlannedRun& planned = plan_.runs()[run];
  const auto [begin, end] = elsewhere_.equal_range(planned.seed);
  if (begin == end) return std::nullopt;
  const StudyRun ours = plan_.describe(planned, tuned(run));
  const std::string& images = data.images_of(plan_.data_options(planned.task));
  for (auto at = begin; at != end; ++at) {
    if (at->second.run.images != images || !difference(at->second.run, ours).empty()) continue;
    StudyRecord record = at->second;
    record.run.task = ours.task;
    record.run.variant = ours.variant;
    record.run.phase = ours.phase;
    record.run.trial = ours.trial;
    return record;
  }
  return std::nullopt;
}

void StudyExecution::finish(const WorkerEvent& event, StudyObserver& observer) {
  const std::size_t run = event.id;
  const PlannedRun& planned = plan_.runs()[run];
  StudyRecord record;
  if (event.failure.empty()) {
    record = parse_study_record(event.result);
  } else {
    record.run = plan_.describe(planned, tuned(run));
    record.run.end = RunEnd::unfinished;
    record.run.message = event.failure;
  }
  record.wall_seconds = started_[run].seconds();
  is_running_[run] = false;
  end(run, std::move(record), observer);
}

void StudyExecution::end(std::size_t run, StudyRecord record, StudyObserver& observer) {
  const PlannedRun& planned = plan_.runs()[run];
  journal_.append(record);
  accept(run, std::move(record));
  observer.on_end(run, *records_[run]);
  if (planned.phase != StudyPhase::tuning) return;
  choose(planned.task, planned.variant);
  if (trials_left_[cell(planned.task, planned.variant)] > 0) return;
  observer.on_choice(planned.task, planned.variant, choice(planned.task, planned.variant));
}

void StudyExecution::run(StudyData& data, StudyPool& pool, StudyObserver& observer) {
  constexpr int milliseconds = 100;
  while (true) {
    if (interrupted()) {
      pool.stop();
      throw Interrupted("interrupted");
    }
    for (std::size_t run = next(0); run < records_.size() && !pool.is_full(); run = next(run + 1)) {
      if (std::optional<StudyRecord> known = found_elsewhere(run, data)) {
        ++reused_count_;
        end(run, std::move(*known), observer);
        continue;
      }
      is_running_[run] = true;
      started_[run] = Stopwatch();
      pool.start(run, trial_of(run));
      observer.on_start(run);
    }
    if (pool.is_idle()) return pool.stop();
    for (const WorkerEvent& event : pool.wait(milliseconds)) {
      if (event.has_ended) {
        finish(event, observer);
      } else {
        observer.on_progress(event.id, event.progress);
      }
    }
    observer.on_idle();
  }
}

}  // namespace plastic::apps
