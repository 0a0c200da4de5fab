#include "apps/microscope/probe_history.h"

#include <algorithm>
#include <cmath>

#include "apps/microscope/short_number.h"
#include "apps/microscope/sparkline.h"

namespace plastic::apps {

ProbeHistory::ProbeHistory(const ProbeHeader& header, std::size_t signal)
    : signal_(signal), has_signal_(signal < header.signals.size()) {
  what_second_ = !has_signal_                    ? Second::cosine
                 : header.signals[signal_].clips ? Second::at_clip
                                                 : Second::deviation;
  first_.values.resize(header.tensors.size());
  second_.values.resize(header.tensors.size());
}

void ProbeHistory::Series::add(std::size_t tensor, double value) {
  values[tensor].push_back(value);
  if (!std::isfinite(value)) return;
  low = is_empty ? value : std::min(low, value);
  high = is_empty ? value : std::max(high, value);
  is_empty = false;
}

void ProbeHistory::add(const ProbeRecord& record) {
  for (std::size_t i = 0; i < first_.values.size(); ++i) {
    if (!has_signal_) {
      first_.add(i, record.ratio(i));
      second_.add(i, record.cosine[i]);
      continue;
    }
    const SignalRecord& signal = record.signals[signal_];
    first_.add(i, signal.mean[i]);
    second_.add(i, what_second_ == Second::at_clip ? signal.at_low[i] + signal.at_high[i]
                                                   : signal.deviation[i]);
  }
}

std::string ProbeHistory::first_title() const {
  return std::string(has_signal_ ? "mean" : "ratio") + " over time, " + short_number(first_.low) +
         " to " + short_number(first_.high);
}

std::string ProbeHistory::second_title() const {
  switch (what_second_) {
    case Second::at_clip:
      return "at either clip over time, 0% to " + short_percent(second_.high);
    case Second::deviation:
      return "deviation over time, 0 to " + short_number(second_.high);
    case Second::cosine:
      return "cosine over time, -1 to 1";
  }
  return "";
}

std::string ProbeHistory::first(std::size_t tensor, std::size_t width) const {
  return sparkline(first_.values[tensor], width, first_.low, first_.high,
                   has_signal_ ? SparkRule::mean : SparkRule::largest);
}

std::string ProbeHistory::second(std::size_t tensor, std::size_t width) const {
  if (what_second_ == Second::cosine) {
    return sparkline(second_.values[tensor], width, -1.0, 1.0, SparkRule::mean);
  }
  return sparkline(second_.values[tensor], width, 0.0, second_.high,
                   what_second_ == Second::at_clip ? SparkRule::largest : SparkRule::mean);
}

}  // namespace plastic::apps
