#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "apps/microscope/probe_record.h"

namespace plastic::apps {

/// Two numbers of each tensor over all steps, for sparklines: of a signal its mean and the share of
/// elements at a clip (its deviation, where the rule does not clip it); where there is no signal,
/// the update/weight ratio and the cosine of successive updates.
class ProbeHistory {
 public:
  /// `signal` is the number of one of the header's, or that of all where it has none.
  ProbeHistory(const ProbeHeader& header, std::size_t signal);

  void add(const ProbeRecord& record);

  /// "mean from 0.43 to 1.18", "at a clip, to 63%": what a line stands for, and its scale.
  std::string first_title() const;
  std::string second_title() const;
  /// The sparklines of a tensor.
  std::string first(std::size_t tensor, std::size_t width) const;
  std::string second(std::size_t tensor, std::size_t width) const;

 private:
  enum class Second { at_clip, deviation, cosine };
  /// Values by tensor, and the smallest and largest of all.
  struct Series {
    std::vector<std::vector<double>> values;
    double low = 0.0;
    double high = 0.0;
    bool is_empty = true;

    void add(std::size_t tensor, double value);
  };

  std::size_t signal_;
  bool has_signal_;
  Second what_second_;
  Series first_, second_;
};

}  // namespace plastic::apps
