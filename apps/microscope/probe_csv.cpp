#include "apps/microscope/probe_csv.h"

#include <cmath>

#include "apps/cli/values.h"
#include "apps/microscope/short_number.h"
#include "apps/terminal/terminal_text.h"

namespace plastic::apps {
namespace {

void append(std::string& line, double value) {
  line += ',';
  if (std::isfinite(value)) line += exact(value);
}

// RFC 4180: in quotes, with those within doubled.
std::string field(const std::string& text) {
  const std::string shown = printable(text);
  if (shown.find_first_of(",\"") == std::string::npos) return shown;
  std::string quoted = "\"";
  for (const char c : shown) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

}  // namespace

ProbeCsv::ProbeCsv(const ProbeHeader& header, const ProbeRecord& first) : header_(header) {
  for (const auto& [name, values] : first.numbers) numbers_.push_back(name);
}

std::string ProbeCsv::head() const {
  std::string line =
      "step,epoch,loss,learning_rate,tensor,weight_norm,gradient_norm,update_norm,ratio,cosine";
  for (const std::string& name : numbers_) line += "," + field(name);
  for (const ProbedSignal& signal : header_.signals) {
    for (const char* what : {"mean", "deviation", "at_low", "at_high"}) {
      line += "," + field(signal.name + "_" + what);
    }
    for (const double quantile : header_.quantiles) {
      line += "," + field(signal.name + "_q" + exact(quantile));
    }
  }
  return line + "\n";
}

std::string ProbeCsv::lines(const ProbeRecord& record) const {
  std::string begin = std::to_string(record.step) + "," + std::to_string(record.epoch);
  append(begin, record.loss);
  append(begin, record.learning_rate);
  std::string lines;
  const std::size_t quantiles = header_.quantiles.size();
  for (std::size_t i = 0; i < header_.tensors.size(); ++i) {
    lines += begin + "," + field(header_.tensors[i].name);
    for (const double value : {record.weight_norm[i], record.gradient_norm[i],
                               record.update_norm[i], record.ratio(i), record.cosine[i]}) {
      append(lines, value);
    }
    for (const std::string& name : numbers_) {
      const std::vector<double>* values = record.find(name);
      append(lines, values != nullptr ? (*values)[i] : NAN);
    }
    for (const SignalRecord& signal : record.signals) {
      for (const auto* values :
           {&signal.mean, &signal.deviation, &signal.at_low, &signal.at_high}) {
        append(lines, (*values)[i]);
      }
      for (std::size_t q = 0; q < quantiles; ++q)
        append(lines, signal.quantiles[i * quantiles + q]);
    }
    lines += "\n";
  }
  return lines;
}

}  // namespace plastic::apps
