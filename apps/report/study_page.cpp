// The page of a study: its tables and sentences.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "apps/cli/values.h"
#include "apps/report/assets.h"
#include "apps/report/html_text.h"
#include "apps/report/page_parts.h"
#include "apps/report/study_charts.h"
#include "apps/runs/run_files.h"
#include "apps/study/analysis/analysis.h"
#include "apps/study/analysis/study_words.h"
#include "apps/study/comparison/verdict.h"
#include "apps/terminal/progress.h"
#include "apps/terminal/terminal_text.h"
#include "core/check.h"

namespace plastic::apps {
namespace {

using nlohmann::ordered_json;

constexpr double percent = 100.0;

using Row = TableRow;

std::string accuracy_cell(const SeedStatistics& statistics) {
  if (statistics.values.empty()) return "-";
  const std::string text = format_fixed(percent * statistics.mean, 2);
  if (!statistics.interval.is_known()) return text;
  return text + " [" + format_fixed(percent * statistics.interval.low, 2) + ", " +
         format_fixed(percent * statistics.interval.high, 2) + "]";
}

std::string number_cell(double value, int decimals) {
  return std::isfinite(value) ? format_fixed(value, decimals) : "-";
}

std::string settings_cell(const Settings& settings) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : with_short_names(settings)) parts.push_back(name + " " + value);
  return join(parts);
}

std::string results_table(const TaskAnalysis& task) {
  Row head = {"variant", "test accuracy, % [95%]"};
  if (task.has_validation) head.emplace_back("at best validation");
  head.insert(head.end(), {"test loss", "points vs first [95%]", "seeds won", "p", "to target",
                           "steps", "seconds", "seconds per run", "not in the means"});
  std::vector<Row> rows;
  for (const VariantAnalysis& variant : task.variants) {
    Row row = {variant.variant, accuracy_cell(variant.final_accuracy)};
    if (task.has_validation) row.push_back(accuracy_cell(variant.best_accuracy));
    row.push_back(number_cell(variant.final_loss.mean, 4));
    if (variant.versus_reference) {
      const VersusFirst& versus = *variant.versus_reference;
      row.push_back(versus.pairs == 0 ? "-" : difference_text(versus.mean, versus.interval));
      row.push_back(std::to_string(versus.wins) + " of " + std::to_string(versus.seeds()));
      row.push_back(p_text(versus.adjusted_p));
    } else {
      row.insert(row.end(), {"(first)", "", ""});
    }
    const TargetStatistics target =
        variant.to_target.empty() ? TargetStatistics{} : variant.to_target.front();
    row.insert(row.end(),
               {std::to_string(target.reached) + " of " + std::to_string(target.runs),
                number_cell(target.median_steps, 0), number_cell(target.median_seconds, 2),
                number_cell(variant.seconds.mean, 2), lost_text(variant)});
    rows.push_back(std::move(row));
  }
  std::string caption =
      "Means over the seeds with their 95% intervals; differences seed by seed; "
      "p of Wilcoxon's signed-rank test after Holm's correction over the study.";
  if (!task.targets.empty()) {
    caption += " The target is " + format_percent(task.targets.front()) + " test accuracy" +
               (task.has_own_target
                    ? ", which the first variant has at the end in more than half of its seeds"
                    : "") +
               "; steps and seconds to it are medians over the seeds.";
  }
  if (const std::string missing = missing_intervals(task); !missing.empty()) {
    caption += " " + missing;
  }
  return table_html(caption, head, rows);
}

std::string tuning_table(const TaskAnalysis& task) {
  if (task.tuning.empty()) return "";
  std::vector<Row> rows;
  for (const TuningAnalysis& tuning : task.tuning) {
    const auto variant =
        std::ranges::find(task.variants, tuning.variant, &VariantAnalysis::variant);
    const Settings chosen = variant == task.variants.end() ? Settings{} : variant->tuned;
    const auto widest = std::ranges::max_element(
        tuning.sensitivity, {},
        [](const SensitivityCurve& curve) { return std::isnan(curve.range) ? -1.0 : curve.range; });
    rows.push_back({tuning.variant, std::to_string(tuning.trials), std::to_string(tuning.lost),
                    settings_cell(chosen),
                    tuning.by_budget.empty()
                        ? "-"
                        : format_percent(tuning.by_budget.front().mean) + " to " +
                              format_percent(tuning.by_budget.back().mean),
                    widest == tuning.sensitivity.end() ? "-" : widest->option});
  }
  return "<h3>Tuning</h3>\n" +
         table_html("Chosen by validation. Expected test accuracy with one trial, and with all.",
                    {"variant", "trials", "lost", "chosen", "expected", "matters most"}, rows);
}

std::string lost_list(const TaskAnalysis& task) {
  if (task.lost.empty()) return "";
  std::string html = "<details><summary>" + std::to_string(task.lost.size()) +
                     (task.lost.size() == 1 ? " run" : " runs") +
                     " diverged or failed</summary><ul>\n";
  for (const LostRun& run : task.lost) {
    std::string text = run.variant;
    if (run.phase == StudyPhase::tuning) text += ", trial " + std::to_string(run.trial);
    text += ", seed " + std::to_string(run.seed) +
            (run.end == RunEnd::diverged ? ": diverged" : ": failed");
    if (!run.message.empty()) text += ": " + run.message;
    html += "<li>" + escape_html(text) + "</li>\n";
  }
  return html + "</ul></details>\n";
}

std::string profile_table(const StudyAnalysis& analysis) {
  std::vector<Row> rows;
  for (std::size_t i = 0; i < analysis.error_profile.size(); ++i) {
    const auto score = [i](const std::vector<ProfileCurve>& curves) {
      return i < curves.size() ? number_cell(curves[i].score, 3) : "-";
    };
    rows.push_back({analysis.error_profile[i].solver, score(analysis.steps_profile),
                    score(analysis.error_profile), score(analysis.seconds_profile)});
  }
  return table_html(
      "Area under the performance profile from 1 to 4 times the best: 1 is the best in "
      "every task.",
      {"variant", "steps to target", "test error", "seconds to target"}, rows);
}

std::string conditions_html(const StudyAnalysis& analysis) {
  std::string html = "<dl>";
  for (const TaskAnalysis& task : analysis.tasks) {
    html += "<dt>" + escape_html(task.task) + "</dt><dd>" +
            escape_html(settings_cell(task.conditions)) + "</dd>\n";
  }
  if (analysis.tasks.empty()) return html + "</dl>";
  for (const VariantAnalysis& variant : analysis.tasks.front().variants) {
    std::vector<std::string> parts = {variant.optimizer};
    if (!variant.settings.empty()) parts.push_back(settings_cell(variant.settings));
    if (!variant.tuned.empty()) {
      std::vector<std::string> names;
      for (const auto& [name, value] : with_short_names(variant.tuned)) names.push_back(name);
      parts.push_back("searched for " + join(names));
    }
    html +=
        "<dt>" + escape_html(variant.variant) + "</dt><dd>" + escape_html(join(parts)) + "</dd>\n";
  }
  return html + "</dl>\n<p class=\"note\">docs/statistics.md says what each number means.</p>";
}

std::string subtitle(const StudyAnalysis& analysis) {
  std::size_t variants = 0;
  int runs = 0;
  for (const TaskAnalysis& task : analysis.tasks) {
    variants = std::max(variants, task.variants.size());
    for (const VariantAnalysis& variant : task.variants) runs += variant.runs;
  }
  const auto count = [](std::size_t number, const char* noun) {
    return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
  };
  return count(analysis.tasks.size(), "task") + ", " + count(variants, "variant") + ", " +
         count(static_cast<std::size_t>(runs), "run") + " of the verdict";
}

}  // namespace

std::string study_page(const StudyAnalysis& analysis) {
  ChartNames names;
  if (!analysis.reference.empty()) names.number(analysis.reference);
  std::string sections;
  ordered_json charts = ordered_json::array();
  const bool has_profiles = !analysis.error_profile.empty();
  if (analysis.tasks.size() != 1) {
    sections +=
        section(0, "All tasks",
                paragraph(analysis.conclusion) + (has_profiles ? profile_table(analysis) : ""));
    charts.push_back({{"figures", profile_figures(analysis, names)}});
  }
  for (const TaskAnalysis& task : analysis.tasks) {
    sections +=
        section(charts.size(), task.task,
                paragraph(task.conclusion) + (task.variants.empty() ? "" : results_table(task)) +
                    tuning_table(task) + lost_list(task));
    charts.push_back({{"figures", task_figures(task, analysis.reference, names)}});
  }
  ordered_json shown_names = ordered_json::array();
  for (const std::string& name : names.names()) shown_names.push_back(printable(name));
  const ordered_json data = {{"names", std::move(shown_names)}, {"sections", std::move(charts)}};
  const auto value = [&](std::string_view name) -> std::string {
    if (name == "title") return escape_html(analysis.title);
    if (name == "subtitle") return escape_html(subtitle(analysis));
    if (name == "remarks") return "";
    if (name == "tables") return sections;
    if (name == "configuration") return conditions_html(analysis);
    if (name == "data") return escape_script_json(data.dump());
    if (name == "style") return std::string(page_style());
    if (name == "library") return std::string(chart_library());
    if (name == "script") return std::string(chart_script()) + std::string(study_script());
    fail("study", "the page template names an unknown {{", name, "}}");
  };
  return fill_template(page_template(), value);
}

void write_study_report(const StudyAnalysis& analysis, const std::filesystem::path& file) {
  write_run_file(file, study_page(analysis));
}

}  // namespace plastic::apps
