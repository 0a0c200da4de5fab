#include "apps/report/microscope_page.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "apps/microscope/probe_columns.h"
#include "apps/microscope/probe_reader.h"
#include "apps/microscope/probe_words.h"
#include "apps/report/html_text.h"
#include "apps/report/microscope_json.h"
#include "apps/runs/run_file_names.h"
#include "apps/terminal/terminal_text.h"
#include "plastic/core/error.h"

namespace plastic::apps {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr const char* op = "report";

struct ProbedRun {
  std::string label;
  fs::path path;
};

std::string run_label(const ReportData& data, const ReportTable& table, const ReportGroup& group,
                      const ReportRun& run) {
  std::string label = data.tables.size() > 1 && !table.data.empty() ? table.data + ": " : "";
  label += group.label;
  if (run.seed) return label + ", seed " + std::to_string(*run.seed);
  const std::string folder = run.folder.filename().string();
  return folder == group.label ? label : label + ", " + folder;
}

std::vector<ProbedRun> probed_runs(const ReportData& data) {
  std::vector<ProbedRun> runs;
  for (const ReportTable& table : data.tables) {
    for (const ReportGroup& group : table.groups) {
      for (const ReportRun& run : group.runs) {
        const fs::path path = run.folder / probe_file;
        std::error_code ignored;
        if (!fs::exists(path, ignored)) continue;
        runs.push_back({.label = printable(run_label(data, table, group, run)), .path = path});
      }
    }
  }
  return runs;
}

// The words and the numbers of the runs, the latter with at most `max_columns` columns each.
struct Content {
  std::string words;
  std::string numbers;
};

// `number` is the run's among those with steps, for microscope.js, which shows one at a time.
std::string words_html(const ProbedRun& run, const std::vector<std::string>& sentences,
                       std::size_t number, bool has_heading) {
  std::string html = "<div class=\"words\"";
  if (!sentences.empty()) html += " data-run=\"" + std::to_string(number) + "\"";
  html += ">\n";
  if (has_heading) html += "<h3>" + escape_html(run.label) + "</h3>\n";
  if (sentences.empty()) html += "<p>No step of this run has been probed yet.</p>\n";
  for (const std::string& sentence : sentences) html += "<p>" + escape_html(sentence) + "</p>\n";
  return html + "</div>\n";
}

std::string unreadable_html(const ProbedRun& run, const std::string& message) {
  return "<div class=\"words\">\n<h3>" + escape_html(run.label) +
         "</h3>\n<p>The probe of this run cannot be read: " + escape_html(printable(message)) +
         "</p>\n</div>\n";
}

Content read_probes(const std::vector<ProbedRun>& runs, std::size_t max_columns) {
  Content content;
  ordered_json all = ordered_json::array();
  for (const ProbedRun& run : runs) {
    try {
      ProbeReader reader(op, run.path);
      ColumnReducer reducer(reader.header(), count_probed_steps(op, run.path), max_columns);
      ProbeWords words(reader.header());
      ProbeRecord record;
      while (reader.next(record)) {
        reducer.add(record);
        words.add(record);
      }
      const ProbeColumns columns = reducer.take();
      content.words += words_html(run, words.sentences(), all.size(), runs.size() > 1);
      // A run that is about to begin.
      if (columns.count() == 0) continue;
      ordered_json json = microscope_json(columns);
      json["label"] = run.label;
      all.push_back(std::move(json));
    } catch (const Error& damaged) {
      // The rest of the report, and the other runs, are as good as before.
      content.words += unreadable_html(run, damaged.what());
    }
  }
  content.numbers = escape_script_json(all.dump());
  return content;
}

std::size_t columns_to_try(const std::vector<ProbedRun>& runs) {
  std::size_t per_column = 1;
  for (const ProbedRun& run : runs) {
    try {
      per_column += characters_per_column(ProbeReader(op, run.path).header());
    } catch (const Error&) {
      // read_probes() says so.
    }
  }
  return std::clamp(microscope_bytes / per_column, min_microscope_columns, max_microscope_columns);
}

}  // namespace

std::string microscope_section(const ReportData& data) {
  const std::vector<ProbedRun> runs = probed_runs(data);
  if (runs.empty()) return "";
  std::size_t columns = columns_to_try(runs);
  Content content = read_probes(runs, columns);
  while (content.numbers.size() > microscope_bytes && columns > min_microscope_columns) {
    columns = std::max(min_microscope_columns,
                       std::min(columns - 1, columns * microscope_bytes / content.numbers.size()));
    content = read_probes(runs, columns);
  }
  return "<section class=\"microscope\" aria-labelledby=\"microscope\">\n<h2 "
         "id=\"microscope\">Microscope</h2>\n" +
         content.words +
         "<div id=\"microscope-charts\"></div>\n<script type=\"application/json\" "
         "id=\"microscope-data\">" +
         content.numbers + "</script>\n</section>\n";
}

}  // namespace plastic::apps
