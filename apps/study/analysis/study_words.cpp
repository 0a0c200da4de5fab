#include "apps/study/analysis/study_words.h"

#include <algorithm>
#include <vector>

#include "apps/cli/values.h"
#include "apps/study/comparison/verdict.h"
#include "apps/terminal/progress.h"

namespace plastic::apps {

std::string missing_intervals(const TaskAnalysis& task) {
  const bool has_few = std::ranges::any_of(task.variants, [](const VariantAnalysis& variant) {
    return variant.finished > 0 && !variant.final_accuracy.interval.is_known();
  });
  if (!has_few) return "";
  return "Too few seeds for an interval: it takes " + std::to_string(min_interval_size) +
         " or more that finish.";
}

namespace {

std::string tasks_text(int count) {
  return std::to_string(count) + (count == 1 ? " task" : " tasks");
}

// How often a variant stands so to the reference.
struct Tally {
  std::string variant;
  int ahead = 0;
  int behind = 0;
  int open = 0;
};

std::vector<Tally> tallies(const StudyAnalysis& analysis) {
  std::vector<Tally> all;
  for (const TaskAnalysis& task : analysis.tasks) {
    for (const VariantAnalysis& variant : task.variants) {
      if (!variant.versus_reference) continue;
      auto tally = std::ranges::find(all, variant.variant, &Tally::variant);
      if (tally == all.end()) tally = all.insert(all.end(), {.variant = variant.variant});
      const Standing place = standing(*variant.versus_reference);
      ++(place == Standing::ahead ? tally->ahead
                                  : (place == Standing::behind ? tally->behind : tally->open));
    }
  }
  return all;
}

// What the tests do not know of the search.
std::string tuning_remark(const std::vector<TuningAnalysis>& all) {
  if (all.empty()) return "";
  std::string text =
      " Intervals and p are over the seeds, with the settings that the search chose: how lucky it "
      "was "
      "is not in them.";
  std::vector<std::string> edges;
  for (const TuningAnalysis& tuning : all) {
    if (!tuning.at_edge.empty()) edges.push_back(join(tuning.at_edge) + " of " + tuning.variant);
  }
  if (edges.empty()) return text;
  return text + " The best trial is at the edge of what was tried for " + join(edges, "; ") +
         ": a wider range may hold a better one.";
}

}  // namespace

std::string lost_text(const VariantAnalysis& variant) {
  std::vector<std::string> parts;
  if (variant.diverged > 0) parts.push_back("diverged " + of_seeds(variant.diverged, variant.runs));
  if (variant.failed > 0) parts.push_back("failed " + of_seeds(variant.failed, variant.runs));
  return join(parts);
}

std::string task_conclusion(const TaskAnalysis& task, const std::string& reference) {
  const VariantAnalysis* best = nullptr;
  std::vector<NamedVersus> rows;
  std::vector<std::string> lost;
  for (const VariantAnalysis& variant : task.variants) {
    const bool is_better =
        variant.finished > 0 &&
        (best == nullptr || variant.final_accuracy.mean > best->final_accuracy.mean);
    if (is_better) best = &variant;
    if (variant.versus_reference) rows.push_back({variant.variant, *variant.versus_reference});
    const std::string text = lost_text(variant);
    if (!text.empty()) lost.push_back(variant.variant + " " + text);
  }
  if (best == nullptr) return "No run of the verdict has finished.";
  std::string text = "Best mean test accuracy: " + best->variant + ", " +
                     format_percent(best->final_accuracy.mean) + "." + verdicts(reference, rows);
  if (!lost.empty()) text += " Means leave out what was lost: " + join(lost, "; ") + ".";
  return text + tuning_remark(task.tuning);
}

std::string study_conclusion(const StudyAnalysis& analysis) {
  const std::vector<Tally> all = tallies(analysis);
  const int tasks = static_cast<int>(analysis.tasks.size());
  if (tasks == 1) return analysis.tasks.front().conclusion;
  std::vector<std::string> sentences;
  std::vector<std::string> open;
  for (const Tally& tally : all) {
    if (tally.ahead + tally.behind == 0) {
      open.push_back(tally.variant);
      continue;
    }
    std::vector<std::string> parts;
    if (tally.ahead > 0)
      parts.push_back("ahead of " + analysis.reference + " in " + tasks_text(tally.ahead));
    if (tally.behind > 0) parts.push_back("behind it in " + tasks_text(tally.behind));
    if (tally.behind > 0 && tally.ahead == 0) {
      parts.back() = "behind " + analysis.reference + " in " + tasks_text(tally.behind);
    }
    if (tally.open > 0) parts.push_back("not shown to differ in " + tasks_text(tally.open));
    sentences.push_back(tally.variant + " is " + join(parts));
  }
  if (!open.empty()) {
    sentences.push_back("In no task is a difference to " + analysis.reference + " shown for " +
                        join(open));
  }
  if (analysis.tests > 0) {
    sentences.push_back("All this is at the 5% level after Holm's correction over " +
                        std::to_string(analysis.tests) +
                        (analysis.tests == 1 ? " comparison" : " comparisons"));
  }
  if (sentences.empty()) return "Nothing is compared: there is one variant.";
  return join(sentences, ". ") + ".";
}

}  // namespace plastic::apps
