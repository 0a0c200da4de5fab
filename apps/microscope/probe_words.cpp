#include "apps/microscope/probe_words.h"

#include <algorithm>
#include <cmath>

#include "apps/microscope/short_number.h"
#include "apps/terminal/terminal_text.h"

namespace plastic::apps {
namespace {

constexpr double half = 0.5;

std::string clip_text(bool is_high) { return is_high ? "upper clip" : "lower clip"; }

std::string step_text(std::int64_t step) { return "step " + std::to_string(step); }

// Vectors, such as biases, may begin at 0, and any update is large beside them.
bool is_matrix(const ProbedTensor& tensor) { return tensor.shape.size() > 1; }

}  // namespace

std::string signal_label(const std::string& name) { return name == "alpha" ? "α" : name; }

ProbeWords::ProbeWords(const ProbeHeader& header)
    : header_(header), reached_(header.tensors.size(), false) {
  const std::size_t main = main_signal(header);
  if (main < header.signals.size() && header.signals[main].clips) clipped_ = main;
}

void ProbeWords::add(const ProbeRecord& record) {
  ++steps_;
  last_step_ = record.step;
  // The first of equals stays; what is not a number is in no order.
  const auto keep = [&record](std::optional<Place>& place, double value, std::size_t tensor,
                              bool is_smaller_better) {
    if (!std::isfinite(value)) return;
    if (place && !(is_smaller_better ? value < place->value : value > place->value)) return;
    place = Place{.value = value, .tensor = tensor, .step = record.step, .is_high = false};
  };
  if (clipped_) add_clips(record.signals[*clipped_], record.step);
  const bool has_matrices = std::ranges::any_of(header_.tensors, is_matrix);
  least_ratio_.reset();
  largest_ratio_.reset();
  for (std::size_t i = 0; i < header_.tensors.size(); ++i) {
    if (has_matrices && !is_matrix(header_.tensors[i])) continue;
    keep(least_ratio_, record.ratio(i), i, true);
    keep(largest_ratio_, record.ratio(i), i, false);
  }
  if (const std::vector<double>* clips = record.find("norm_clip")) {
    for (std::size_t i = 0; i < clips->size(); ++i) keep(tightest_, (*clips)[i], i, true);
    if (std::ranges::any_of(*clips, [](double clip) { return clip < 1.0; })) ++limited_steps_;
  }
  if (const std::vector<double>* gains = record.find("gain")) {
    for (std::size_t i = 0; i < gains->size(); ++i) {
      keep(least_gain_, (*gains)[i], i, true);
      keep(largest_gain_, (*gains)[i], i, false);
    }
  }
}

void ProbeWords::add_clips(const SignalRecord& signal, std::int64_t step) {
  now_low_.reset();
  now_high_.reset();
  const auto keep_largest = [](std::optional<Place>& place, const Place& other) {
    if (!place || other.value > place->value) place = other;
  };
  for (std::size_t i = 0; i < header_.tensors.size(); ++i) {
    for (const bool is_high : {false, true}) {
      const double share = (is_high ? signal.at_high : signal.at_low)[i];
      if (!std::isfinite(share)) continue;
      const Place place{.value = share, .tensor = i, .step = step, .is_high = is_high};
      keep_largest(is_high ? now_high_ : now_low_, place);
      keep_largest(largest_, place);
      if (share < half) continue;
      reached_[i] = true;
      if (!first_ || first_->step == step) keep_largest(first_, place);
    }
  }
}

std::vector<std::string> ProbeWords::sentences() const {
  std::vector<std::string> all;
  if (steps_ == 0) return all;
  for (std::string sentence : {first_at_clip(), now_at_clip(), updates(), norm_limit(), gains()}) {
    if (!sentence.empty()) all.push_back(std::move(sentence));
  }
  return all;
}

std::string ProbeWords::first_at_clip() const {
  if (!largest_) return "";
  const std::string signal = signal_label(header_.signals[*clipped_].name);
  const std::string until = " (steps probed up to " + std::to_string(last_step_) + ").";
  if (!first_) {
    if (largest_->value == 0.0) return signal + " is at a clip in no element" + until;
    // Rounded, it must not look like the half that it does not reach.
    const bool is_near = largest_->value >= 0.495;
    return "No tensor has half of its " + signal + " at one clip; the largest share is " +
           (is_near ? "just below 50%" : short_percent(largest_->value)) + ", of " +
           name(*largest_) + " at its " + clip_text(largest_->is_high) + " at " +
           step_text(largest_->step) + until;
  }
  const auto others = std::ranges::count(reached_, true) - 1;
  return signal + " of " + name(*first_) + " reaches 50% at its " + clip_text(first_->is_high) +
         " by " + step_text(first_->step) + ", before any other tensor (" +
         short_percent(first_->value) + "); " +
         (others == 0
              ? "no other does"
              : counted(others, "other tensor") + " of " +
                    std::to_string(header_.tensors.size() - 1) + (others == 1 ? " does" : " do")) +
         until;
}

std::string ProbeWords::now_at_clip() const {
  if (!now_low_ || !now_high_) return "";
  return "At " + step_text(last_step_) + ", the largest shares at a clip are " +
         short_percent(now_low_->value) + " at the lower (" + name(*now_low_) + ") and " +
         short_percent(now_high_->value) + " at the upper (" + name(*now_high_) + ").";
}

std::string ProbeWords::updates() const {
  if (!least_ratio_ || !largest_ratio_) return "";
  const auto part = [this](const Place& place) {
    return short_number(place.value) + " (" + name(place) + ")";
  };
  const std::string what = "At " + step_text(last_step_) + ", the norm of an update is ";
  const std::string beside = " of that of its weights";
  if (least_ratio_->tensor == largest_ratio_->tensor)
    return what + part(*least_ratio_) + beside + ".";
  return what + "from " + part(*least_ratio_) + " to " + part(*largest_ratio_) + beside +
         ", tensors of one dimension aside.";
}

std::string ProbeWords::norm_limit() const {
  if (!tightest_) return "";
  if (limited_steps_ == 0) return "The limit on the norm shrinks no probed update.";
  return "The limit on the norm shrinks an update in " + std::to_string(limited_steps_) + " of " +
         counted(steps_, "probed step") + ", at most to " + short_percent(tightest_->value) +
         " of its length (" + name(*tightest_) + ", " + step_text(tightest_->step) + ").";
}

std::string ProbeWords::gains() const {
  if (!least_gain_ || !largest_gain_) return "";
  const auto part = [this](const Place& place) {
    return short_number(place.value) + " (" + name(place) + ", " + step_text(place.step) + ")";
  };
  const std::string low = short_number(least_gain_->value);
  if (low == short_number(largest_gain_->value)) return "The gain is " + low + " throughout.";
  return "The gain is from " + part(*least_gain_) + " to " + part(*largest_gain_) + ".";
}

}  // namespace plastic::apps
