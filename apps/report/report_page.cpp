#include "apps/report/report_page.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "apps/report/assets.h"
#include "apps/report/html_text.h"
#include "apps/report/microscope_page.h"
#include "apps/report/report_table.h"
#include "apps/terminal/terminal_text.h"
#include "core/check.h"

namespace plastic::apps {
namespace {

using nlohmann::ordered_json;

// Appends directly, since the names differ: ordered_json would search all its names for each new
// one.
void append(ordered_json& object, const std::vector<std::pair<std::string, double>>& numbers) {
  using Members = ordered_json::object_t::Container;
  Members& members = object.get_ref<ordered_json::object_t&>();
  for (const auto& [name, value] : numbers) members.emplace_back(printable(name), value);
}

ordered_json epoch_json(const EpochRecord& epoch) {
  ordered_json json = {{"epoch", epoch.epoch}};
  append(json, epoch.numbers);
  if (!epoch.diagnostics.empty())
    append(json["diagnostics"] = ordered_json::object(), epoch.diagnostics);
  return json;
}

ordered_json group_json(const ReportGroup& group) {
  ordered_json runs = ordered_json::array();
  for (const ReportRun& run : group.runs) {
    // A seed is text here: JavaScript's numbers hold 53 bits only.
    ordered_json json = {{"label", run.seed ? "seed " + std::to_string(*run.seed)
                                            : printable(run.folder.filename().string())}};
    json["epochs"] = ordered_json::array();
    for (const EpochRecord& epoch : run.epochs) json["epochs"].push_back(epoch_json(epoch));
    const auto chosen = chosen_epoch(run.epochs);
    if (chosen != run.epochs.end() && !std::isnan(chosen->number("validation_accuracy"))) {
      json["chosen"] = chosen->epoch;
    }
    runs.push_back(std::move(json));
  }
  return {{"name", printable(group.label)}, {"runs", std::move(runs)}};
}

// What report.js draws.
std::string chart_data(const ReportData& data) {
  ordered_json tables = ordered_json::array();
  for (const ReportTable& table : data.tables) {
    ordered_json groups = ordered_json::array();
    for (const ReportGroup& group : table.groups) groups.push_back(group_json(group));
    tables.push_back({{"groups", std::move(groups)}});
  }
  return ordered_json({{"tables", std::move(tables)}}).dump();
}

// "mlp 256-256, 10 epochs; 4 optimizers, 12 runs, 3 seeds each".
std::string subtitle(const ReportTable& table) {
  std::int64_t runs = 0;
  for (const ReportGroup& group : table.groups) runs += std::ssize(group.runs);
  std::string text = table.conditions + (table.conditions.empty() ? "" : "; ") +
                     counted(std::ssize(table.groups), "optimizer") + ", " + counted(runs, "run");
  const std::int64_t seeds = std::ssize(table.groups.front().runs);
  const bool all_same =
      std::all_of(table.groups.begin(), table.groups.end(),
                  [seeds](const ReportGroup& group) { return std::ssize(group.runs) == seeds; });
  if (seeds > 1 && all_same) text += ", " + counted(seeds, "seed") + " each";
  return text;
}

std::string page_subtitle(const ReportData& data) {
  if (data.tables.size() == 1) return subtitle(data.tables.front());
  return counted(std::ssize(data.tables), "table") +
         ", as numbers of different data sets, networks and lengths are not compared";
}

// A table with its conclusion, and where report.js puts its charts.
std::string tables_html(const ReportData& data) {
  const bool is_only = data.tables.size() == 1;
  std::string html;
  for (std::size_t i = 0; i < data.tables.size(); ++i) {
    const ReportTable& table = data.tables[i];
    const std::string heading =
        is_only ? (table.groups.size() > 1 ? "Comparison" : "Result")
                : (table.data.empty() ? "Unknown data" : table.data) + ": " + subtitle(table);
    const std::string number = std::to_string(i);
    const std::string labelled = " aria-labelledby=\"comparison-" + number + "\"";
    html += "<section class=\"table\"" + labelled + ">\n<h2 id=\"comparison-" + number + "\">" +
            escape_html(heading) + "</h2>\n<p>" + escape_html(conclusion_text(table)) +
            "</p>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\"" + labelled + ">" +
            table_html(table) + "</div>\n<div class=\"curves\" id=\"curves-" + number +
            "\"></div>\n</section>\n";
  }
  return html;
}

std::string remarks_html(const ReportData& data) {
  std::string html;
  for (const std::string& remark : data.remarks) {
    html += "<p class=\"note\">" + escape_html(remark) + "</p>\n";
  }
  return html;
}

// Line by line: what stands in a line may not make another.
std::string lines_html(const std::string& text) {
  std::string html;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    html += escape_html(std::string_view(text).substr(begin, end - begin)) + "\n";
    begin = end + 1;
  }
  return html;
}

std::string definition(const std::string& name, const std::string& value) {
  return "<dt>" + escape_html(name) + "</dt><dd>" + escape_html(value) + "</dd>\n";
}

std::string in_words(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

std::string configuration_html(const ReportData& data) {
  std::string html;
  for (const ReportSource& source : data.sources) {
    if (data.sources.size() > 1) html += "<h3>" + escape_html(source.name) + "</h3>\n";
    if (!source.facts.empty()) {
      html += "<dl>";
      for (const auto& [name, value] : source.facts) html += definition(in_words(name), value);
      html += "</dl>\n";
    }
    if (!source.config.empty()) {
      html += "<details><summary>Settings</summary><pre tabindex=\"0\">" +
              lines_html(source.config) + "</pre></details>\n";
    }
  }
  std::string settings;
  for (const ReportTable& table : data.tables) {
    for (const ReportGroup& group : table.groups) {
      if (!group.description.empty()) settings += definition(group.label, group.description);
    }
  }
  if (!settings.empty()) html += "<h3>Optimizers</h3>\n<dl>" + settings + "</dl>\n";
  return html.empty() ? "<p>The folders hold no configuration.</p>" : html;
}

std::string scripts(bool has_microscope) {
  std::string text(chart_script());
  text += page_script();
  if (!has_microscope) return text;
  text += microscope_drawing_script();
  text += microscope_charts_script();
  return text += microscope_script();
}

}  // namespace

std::string report_page(const ReportData& data) {
  const std::string microscope = microscope_section(data);
  const auto value = [&](std::string_view name) -> std::string {
    if (name == "title") return escape_html(data.title);
    if (name == "subtitle") return escape_html(page_subtitle(data));
    if (name == "remarks") return remarks_html(data);
    if (name == "tables") return tables_html(data) + microscope;
    if (name == "configuration") return configuration_html(data);
    if (name == "data") return escape_script_json(chart_data(data));
    if (name == "style") return std::string(page_style());
    if (name == "library") return std::string(chart_library());
    if (name == "script") return scripts(!microscope.empty());
    fail("report", "the page template names an unknown {{", name, "}}");
  };
  return fill_template(page_template(), value);
}

}  // namespace plastic::apps
