// The page of a study: tables and sentences as HTML, charts as JSON for study.js.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "apps/cli/values.h"
#include "apps/report/assets.h"
#include "apps/report/html_text.h"
#include "apps/runs/run_files.h"
#include "apps/study/analysis.h"
#include "apps/study/study_words.h"
#include "apps/study/verdict.h"
#include "apps/terminal/progress.h"
#include "apps/terminal/terminal_text.h"
#include "core/check.h"

namespace plastic::apps {
namespace {

using nlohmann::ordered_json;

constexpr double percent = 100.0;

// ---- Charts ----

// The variants' numbers on the page, which decide their colours.
class Names {
 public:
  std::size_t number(const std::string& name) {
    const auto found = std::ranges::find(names_, name);
    if (found != names_.end()) return static_cast<std::size_t>(found - names_.begin());
    names_.push_back(name);
    return names_.size() - 1;
  }
  ordered_json json() const {
    ordered_json list = ordered_json::array();
    for (const std::string& name : names_) list.push_back(printable(name));
    return list;
  }

 private:
  std::vector<std::string> names_;
};

ordered_json figure(const char* kind, const std::string& title, const std::string& note,
                    const std::string& x, int digits) {
  return {{"kind", kind},      {"title", printable(title)}, {"note", note},
          {"x", printable(x)}, {"digits", digits},          {"series", ordered_json::array()}};
}

void add_series(ordered_json& figure, std::size_t group, ordered_json points) {
  if (points.empty()) return;
  figure["series"].push_back({{"group", group}, {"points", std::move(points)}});
}

void keep_if_drawn(ordered_json& figures, ordered_json figure) {
  if (!figure["series"].empty()) figures.push_back(std::move(figure));
}

ordered_json differences_figure(const TaskAnalysis& task, const std::string& reference,
                                Names& names) {
  ordered_json chart =
      figure("intervals", "Final test accuracy against " + reference + ", points",
             "mean of the differences by seed, with its 95% interval", "points", 2);
  for (const VariantAnalysis& variant : task.variants) {
    if (!variant.versus_reference || variant.versus_reference->pairs == 0) continue;
    const VersusFirst& versus = *variant.versus_reference;
    ordered_json point = {{"mean", percent * versus.mean}};
    if (versus.interval.is_known()) {
      point["low"] = percent * versus.interval.low;
      point["high"] = percent * versus.interval.high;
    }
    add_series(chart, names.number(variant.variant), ordered_json::array({point}));
  }
  return chart;
}

ordered_json epochs_figure(const TaskAnalysis& task, Names& names) {
  ordered_json chart =
      figure("lines", "Test accuracy, %",
             "mean over the seeds; bands are one sample deviation to either side", "epoch", 2);
  chart["whole"] = true;
  for (const VariantAnalysis& variant : task.variants) {
    ordered_json points = ordered_json::array();
    for (std::size_t epoch = 0; epoch < variant.accuracy_by_epoch.size(); ++epoch) {
      const double y = percent * variant.accuracy_by_epoch[epoch];
      const double deviation = percent * variant.deviation_by_epoch[epoch];
      ordered_json point = {{"x", epoch + 1}, {"y", y}};
      if (!std::isnan(deviation)) {
        point["low"] = y - deviation;
        point["high"] = y + deviation;
      }
      points.push_back(std::move(point));
    }
    add_series(chart, names.number(variant.variant), std::move(points));
  }
  return chart;
}

ordered_json budget_figure(const TaskAnalysis& task, Names& names) {
  ordered_json chart = figure("lines", "Expected test accuracy by tuning budget, %",
                              "of the trial that validation chooses among so many", "trials", 2);
  chart["whole"] = true;
  for (const TuningAnalysis& tuning : task.tuning) {
    ordered_json points = ordered_json::array();
    for (const BudgetPoint& point : tuning.by_budget) {
      points.push_back({{"x", point.trials}, {"y", percent * point.mean}});
    }
    add_series(chart, names.number(tuning.variant), std::move(points));
  }
  return chart;
}

// The curves of one option, of all variants that tune it.
ordered_json sensitivity_figure(const TaskAnalysis& task, const std::string& option, Names& names) {
  std::vector<std::pair<std::string, const SensitivityCurve*>> curves;
  bool is_number = true;
  bool is_logarithmic = true;
  std::vector<std::string> labels;
  for (const TuningAnalysis& tuning : task.tuning) {
    for (const SensitivityCurve& curve : tuning.sensitivity) {
      if (curve.option != option) continue;
      curves.emplace_back(tuning.variant, &curve);
      is_number = is_number && curve.is_number;
      is_logarithmic = is_logarithmic && curve.is_logarithmic;
    }
  }
  ordered_json chart =
      figure("lines", "Validation accuracy by " + option + ", %",
             "mean of the trials in each range of it, whatever else they had", option, 2);
  for (const auto& [variant, curve] : curves) {
    ordered_json points = ordered_json::array();
    for (const SensitivityBin& bin : curve->bins) {
      if (std::isnan(bin.mean)) continue;
      ordered_json point = {{"x", bin.center}, {"y", percent * bin.mean}, {"label", bin.label}};
      if (!is_number) {
        auto label = std::ranges::find(labels, bin.label);
        if (label == labels.end()) label = labels.insert(labels.end(), bin.label);
        point = {{"x", label - labels.begin()}, {"y", percent * bin.mean}};
      }
      points.push_back(std::move(point));
    }
    add_series(chart, names.number(variant), std::move(points));
  }
  chart["logarithmic"] = is_number && is_logarithmic;
  if (!is_number) chart["labels"] = labels;
  return chart;
}

std::vector<std::string> tuned_options(const TaskAnalysis& task) {
  std::vector<std::string> options;
  for (const TuningAnalysis& tuning : task.tuning) {
    for (const SensitivityCurve& curve : tuning.sensitivity) {
      if (std::ranges::find(options, curve.option) == options.end()) {
        options.push_back(curve.option);
      }
    }
  }
  return options;
}

ordered_json task_figures(const TaskAnalysis& task, const std::string& reference, Names& names) {
  ordered_json figures = ordered_json::array();
  keep_if_drawn(figures, differences_figure(task, reference, names));
  keep_if_drawn(figures, epochs_figure(task, names));
  keep_if_drawn(figures, budget_figure(task, names));
  // Where trials are chosen by loss, it is not what the title says; see sensitivity_curve().
  for (const std::string& option : tuned_options(task)) {
    keep_if_drawn(figures, sensitivity_figure(task, option, names));
  }
  return figures;
}

ordered_json profile_figure(const std::string& title, const std::vector<ProfileCurve>& curves,
                            Names& names) {
  ordered_json chart =
      figure("lines", title, "share of the tasks that are within so many times the best",
             "ratio "
             "to the best",
             1);
  chart["stepped"] = true;
  chart["share"] = true;
  chart["end"] = profile_end;
  for (const ProfileCurve& curve : curves) {
    ordered_json points = ordered_json::array();
    for (const ProfilePoint& point : curve.points) {
      if (point.ratio > profile_end) break;
      points.push_back({{"x", point.ratio}, {"y", percent * point.share}});
    }
    if (curve.points.back().ratio < profile_end) {
      points.push_back({{"x", profile_end}, {"y", points.back()["y"]}});
    }
    add_series(chart, names.number(curve.solver), std::move(points));
  }
  return chart;
}

ordered_json profile_figures(const StudyAnalysis& analysis, Names& names) {
  ordered_json figures = ordered_json::array();
  keep_if_drawn(figures, profile_figure("Tasks within a ratio of the fewest steps to target, %",
                                        analysis.steps_profile, names));
  keep_if_drawn(figures, profile_figure("Tasks within a ratio of the least test error, %",
                                        analysis.error_profile, names));
  keep_if_drawn(figures, profile_figure("Tasks within a ratio of the fewest seconds to target, %",
                                        analysis.seconds_profile, names));
  return figures;
}

// ---- Tables ----

using Row = std::vector<std::string>;

std::string table_html(const std::string& caption, const Row& head, const std::vector<Row>& rows) {
  std::string html = "<div class=\"scroll\" tabindex=\"0\"><table><caption>" +
                     escape_html(caption) + "</caption><thead><tr>";
  for (const std::string& cell : head) html += "<th scope=\"col\">" + escape_html(cell) + "</th>";
  html += "</tr></thead><tbody>";
  for (const Row& row : rows) {
    html += "<tr><th scope=\"row\">" + escape_html(row.front()) + "</th>";
    for (std::size_t i = 1; i < row.size(); ++i) html += "<td>" + escape_html(row[i]) + "</td>";
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

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
  if (task.has_validation) head.emplace_back("at the best validation");
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

std::string section(std::size_t number, const std::string& heading, const std::string& content) {
  const std::string id = std::to_string(number);
  return "<section class=\"table\" aria-labelledby=\"section-" + id + "\">\n<h2 id=\"section-" +
         id + "\">" + escape_html(heading) + "</h2>\n" + content +
         "<div class=\"curves\" id=\"curves-" + id + "\"></div>\n</section>\n";
}

std::string paragraph(const std::string& text) { return "<p>" + escape_html(text) + "</p>\n"; }

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
  Names names;
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
  const ordered_json data = {{"names", names.json()}, {"sections", std::move(charts)}};
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
