#include "apps/microscope/probe_table.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <numeric>

#include "apps/microscope/probe_words.h"
#include "apps/microscope/short_number.h"
#include "apps/terminal/progress.h"

namespace plastic::apps {
namespace {

using Row = std::vector<std::string>;

constexpr std::size_t line_width = 24;
constexpr std::size_t short_line_width = 12;

std::size_t columns_of(const std::string& text) {
  // The later bytes of a UTF-8 character take none.
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// The columns beneath one another: names and sparklines to the left, numbers to the right.
std::vector<std::string> aligned(const std::vector<Row>& rows, std::size_t sparklines) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], columns_of(row[i]));
    }
  }
  std::vector<std::string> lines;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const auto width = static_cast<int>(widths[i]);
      const bool is_left = i == 0 || i + sparklines >= row.size();
      line += (i > 0 ? "  " : "") + pad(row[i], is_left ? width : -width);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string shape_text(const ProbedTensor& tensor) {
  std::string text;
  for (const std::int64_t size : tensor.shape) {
    text += (text.empty() ? "" : "x") + std::to_string(size);
  }
  return text;
}

bool is_share(const std::string& name) { return name.ends_with("_share"); }

std::string words_of(std::string name) {
  if (is_share(name)) name.erase(name.size() - std::string("_share").size());
  std::ranges::replace(name, '_', ' ');
  return name;
}

void append(Row& row, const Row& more) { row.insert(row.end(), more.begin(), more.end()); }

// A signal's mean, deviation and shares at the clips: the head, and those of a tensor.
Row signal_head(const ProbedSignal& signal) {
  Row head = {"mean", "deviation"};
  if (signal.clips) {
    append(head, {"at " + short_number(signal.low), "at " + short_number(signal.high)});
  }
  return head;
}
Row signal_cells(const ProbedSignal& signal, const SignalRecord& record, std::size_t tensor) {
  Row cells = {short_number(record.mean[tensor]), short_number(record.deviation[tensor])};
  if (signal.clips) {
    append(cells, {short_percent(record.at_low[tensor]), short_percent(record.at_high[tensor])});
  }
  return cells;
}

// What decides which tensors are shown where not all are.
double weight_of(const ProbeHeader& header, const ProbeRecord& record, std::size_t signal,
                 std::size_t tensor) {
  const bool clips = signal < header.signals.size() && header.signals[signal].clips;
  const double weight =
      clips ? record.signals[signal].at_low[tensor] + record.signals[signal].at_high[tensor]
            : record.ratio(tensor);
  return std::isfinite(weight) ? weight : -1.0;
}

// The tensors to show, in the network's order.
std::vector<std::size_t> chosen_tensors(const ProbeHeader& header, const ProbeRecord& record,
                                        std::size_t signal, std::size_t count) {
  std::vector<std::size_t> chosen(header.tensors.size());
  std::iota(chosen.begin(), chosen.end(), std::size_t{0});
  if (count >= chosen.size()) return chosen;
  std::ranges::stable_sort(chosen, std::greater<>(), [&](std::size_t tensor) {
    return weight_of(header, record, signal, tensor);
  });
  chosen.resize(count);
  std::ranges::sort(chosen);
  return chosen;
}

}  // namespace

std::string step_line(const ProbeRecord& record) {
  return "step " + std::to_string(record.step) + ", epoch " + std::to_string(record.epoch) +
         ", loss " + short_number(record.loss) + ", learning rate " +
         short_number(record.learning_rate);
}

std::vector<std::string> norms_table(const ProbeHeader& header, const ProbeRecord& record) {
  std::vector<Row> rows = {
      {"tensor", "shape", "weight", "gradient", "update", "update/weight", "cosine"}};
  for (const auto& [name, values] : record.numbers) {
    if (!is_share(name)) rows.front().push_back(words_of(name));
  }
  for (std::size_t i = 0; i < header.tensors.size(); ++i) {
    Row row = {header.tensors[i].name, shape_text(header.tensors[i])};
    for (const double value : {record.weight_norm[i], record.gradient_norm[i],
                               record.update_norm[i], record.ratio(i), record.cosine[i]}) {
      row.push_back(short_number(value));
    }
    for (const auto& [name, values] : record.numbers) {
      if (!is_share(name)) row.push_back(short_number(values[i]));
    }
    rows.push_back(std::move(row));
  }
  return aligned(rows, 0);
}

std::vector<std::string> signal_table(const ProbeHeader& header, const ProbeRecord& record,
                                      std::size_t signal, const ProbeHistory& history) {
  const bool has_signal = signal < header.signals.size();
  std::vector<Row> rows(1 + header.tensors.size());
  rows[0] = {has_signal ? signal_label(header.signals[signal].name) : "tensor"};
  if (has_signal) append(rows[0], signal_head(header.signals[signal]));
  for (const auto& [name, values] : record.numbers) {
    if (is_share(name)) rows[0].push_back(words_of(name));
  }
  append(rows[0], {history.first_title(), history.second_title()});
  for (std::size_t i = 0; i < header.tensors.size(); ++i) {
    Row& row = rows[1 + i];
    row = {header.tensors[i].name};
    if (has_signal) append(row, signal_cells(header.signals[signal], record.signals[signal], i));
    for (const auto& [name, values] : record.numbers) {
      if (is_share(name)) row.push_back(short_percent(values[i]));
    }
    append(row, {history.first(i, line_width), history.second(i, line_width)});
  }
  return aligned(rows, 2);
}

std::vector<std::string> live_table(const ProbeHeader& header, const ProbeRecord& record,
                                    std::size_t signal, const ProbeHistory& history,
                                    std::size_t lines) {
  const bool has_signal = signal < header.signals.size();
  const std::size_t all = header.tensors.size();
  // Beside the step's line and the head; with fewer than all, a line says so.
  const std::size_t room = std::max<std::size_t>(lines, 4) - 2;
  const std::vector<std::size_t> tensors =
      chosen_tensors(header, record, signal, room >= all ? all : room - 1);
  std::vector<Row> rows = {{has_signal ? signal_label(header.signals[signal].name) : "tensor"}};
  if (has_signal) append(rows.front(), signal_head(header.signals[signal]));
  append(rows.front(), {"update/weight", "cosine", "over time", ""});
  for (const std::size_t i : tensors) {
    Row row = {header.tensors[i].name};
    if (has_signal) append(row, signal_cells(header.signals[signal], record.signals[signal], i));
    append(row, {short_number(record.ratio(i)), short_number(record.cosine[i]),
                 history.first(i, short_line_width), history.second(i, short_line_width)});
    rows.push_back(std::move(row));
  }
  std::vector<std::string> text = {step_line(record)};
  std::ranges::move(aligned(rows, 2), std::back_inserter(text));
  if (tensors.size() < all) {
    text.push_back("and " + std::to_string(all - tensors.size()) + " more tensors");
  }
  return text;
}

}  // namespace plastic::apps
