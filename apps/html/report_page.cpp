#include "apps/html/report_page.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/html/assets.h"
#include "apps/html/html_text.h"
#include "apps/html/report_table.h"
#include "core/check.h"

namespace plastic::apps {
namespace {

using nlohmann::ordered_json;

// Of names that differ: ordered_json looks through all that it has for each that is given to it.
void append(ordered_json& object, const std::vector<std::pair<std::string, double>>& numbers) {
  using Members = ordered_json::object_t::Container;
  Members& members = object.get_ref<ordered_json::object_t&>();
  for (const auto& [name, value] : numbers) members.emplace_back(name, value);
}

ordered_json epoch_json(const EpochRecord& epoch) {
  ordered_json json = {{"epoch", epoch.epoch}};
  append(json, epoch.numbers);
  if (!epoch.diagnostics.empty())
    append(json["diagnostics"] = ordered_json::object(), epoch.diagnostics);
  return json;
}

// What report.js draws.
std::string chart_data(const ReportData& data) {
  ordered_json groups = ordered_json::array();
  for (const ReportGroup& group : data.groups) {
    ordered_json runs = ordered_json::array();
    for (const ReportRun& run : group.runs) {
      // A seed is text here: JavaScript's numbers hold 53 bits only.
      ordered_json json = {{"label", run.seed ? "seed " + std::to_string(*run.seed)
                                              : run.folder.filename().string()}};
      json["epochs"] = ordered_json::array();
      for (const EpochRecord& epoch : run.epochs) json["epochs"].push_back(epoch_json(epoch));
      runs.push_back(std::move(json));
    }
    groups.push_back({{"name", group.name}, {"runs", std::move(runs)}});
  }
  // Folder names need not be UTF-8.
  return ordered_json({{"groups", std::move(groups)}})
      .dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string count(std::size_t number, const std::string& noun) {
  return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

std::size_t run_count(const ReportData& data) {
  std::size_t runs = 0;
  for (const ReportGroup& group : data.groups) runs += group.runs.size();
  return runs;
}

std::string subtitle(const ReportData& data) {
  std::string text = count(data.groups.size(), "optimizer") + ", " + count(run_count(data), "run");
  const std::size_t seeds = data.groups.front().runs.size();
  const bool all_same =
      std::all_of(data.groups.begin(), data.groups.end(),
                  [seeds](const ReportGroup& group) { return group.runs.size() == seeds; });
  if (seeds > 1 && all_same) text += ", " + count(seeds, "seed") + " each";
  return text;
}

std::string definition(const std::string& name, const std::string& value) {
  std::string words = name;
  std::replace(words.begin(), words.end(), '_', ' ');
  return "<dt>" + escape_html(words) + "</dt><dd>" + escape_html(value) + "</dd>\n";
}

std::string configuration_html(const ReportData& data) {
  std::string html;
  for (const ReportSource& source : data.sources) {
    if (data.sources.size() > 1) html += "<h3>" + escape_html(source.folder.string()) + "</h3>\n";
    if (!source.facts.empty()) {
      html += "<dl>";
      for (const auto& [name, value] : source.facts) html += definition(name, value);
      html += "</dl>\n";
    }
    if (!source.config.empty()) {
      html += "<details><summary>config.toml</summary><pre tabindex=\"0\">" +
              escape_html(source.config) + "</pre></details>\n";
    }
  }
  std::string settings;
  for (const ReportGroup& group : data.groups) {
    if (!group.settings.empty()) settings += definition(group.name, group.settings);
  }
  if (!settings.empty()) html += "<h3>Optimizers</h3>\n<dl>" + settings + "</dl>\n";
  return html.empty() ? "<p>The folders hold no configuration.</p>" : html;
}

}  // namespace

std::string report_page(const ReportData& data) {
  const auto value = [&data](std::string_view name) -> std::string {
    if (name == "title") return escape_html(data.title);
    if (name == "subtitle") return escape_html(subtitle(data));
    if (name == "conclusion") return escape_html(conclusion_text(data));
    if (name == "table") return table_html(data);
    if (name == "configuration") return configuration_html(data);
    if (name == "data") return escape_script_json(chart_data(data));
    if (name == "style") return std::string(page_style());
    if (name == "library") return std::string(chart_library());
    if (name == "script") return std::string(page_script());
    fail("report", "the page template names an unknown {{", name, "}}");
  };
  return fill_template(page_template(), value);
}

}  // namespace plastic::apps
