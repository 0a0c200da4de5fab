#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/microscope/probe_record.h"

namespace plastic::apps {

/// "α" for "alpha"; others as they are called.
std::string signal_label(const std::string& name);

/// Says in plain words what a probe saw: which layer's signal is at a clip first, and how much of
/// it; how large updates are beside the weights; what homeostasis did.
class ProbeWords {
 public:
  explicit ProbeWords(const ProbeHeader& header);

  /// Adds the next step.
  void add(const ProbeRecord& record);

  /// A sentence each; none before the first step.
  std::vector<std::string> sentences() const;

 private:
  /// Where a number was met.
  struct Place {
    double value = 0.0;
    std::size_t tensor = 0;
    std::int64_t step = 0;
    bool is_high = false;
  };

  void add_clips(const SignalRecord& signal, std::int64_t step);
  std::string first_at_clip() const;
  std::string now_at_clip() const;
  std::string updates() const;
  std::string norm_limit() const;
  std::string gains() const;
  const std::string& name(const Place& place) const { return header_.tensors[place.tensor].name; }

  ProbeHeader header_;
  /// The signal with clips, if any.
  std::optional<std::size_t> clipped_;
  std::int64_t steps_ = 0;
  std::int64_t last_step_ = 0;
  /// The first tensor with half of its elements at a clip, the largest share, and the tensors that
  /// have reached half.
  std::optional<Place> first_, largest_;
  std::vector<bool> reached_;
  /// At the last step: the largest share at each clip, the smallest and largest ratio.
  std::optional<Place> now_low_, now_high_, least_ratio_, largest_ratio_;
  /// The smallest norm_clip, in how many steps it was below 1, and the extremes of the gain.
  std::optional<Place> tightest_, least_gain_, largest_gain_;
  std::int64_t limited_steps_ = 0;
};

}  // namespace plastic::apps
