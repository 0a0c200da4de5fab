#include "apps/training/epoch_sums.h"

#include <algorithm>
#include <array>

#include "core/check.h"
#include "core/device/class_sums.h"
#include "training/prefixed_state.h"

namespace plastic::apps {

EpochSums::EpochSums(Device device)
    : sums_(Tensor::zeros({2}, {.dtype = DType::f64, .device = device})) {}

void EpochSums::clear() {
  sums_.fill_(0);
  loss_ = 0.0;
  correct_ = 0.0;
  read_images_ = 0;
  images_ = 0;
  batches_ = 0;
  diagnostic_sums_.clear();
  last_.clear();
}

void EpochSums::add(const Tensor& mean_loss, const Tensor& logits, const Tensor& labels) {
  add_class_sums(logits, labels, mean_loss, sums_);
}

void EpochSums::add(double loss_sum, double correct) {
  sums_.add_(Tensor::from<double>(std::array{loss_sum, correct}, {2}).to(sums_.device()));
}

void EpochSums::count(std::int64_t images, const Diagnostics& diagnostics) {
  images_ += images;
  ++batches_;
  diagnostic_sums_.resize(diagnostics.size());
  for (std::size_t i = 0; i < diagnostics.size(); ++i) diagnostic_sums_[i] += diagnostics[i].second;
  last_ = diagnostics;
}

void EpochSums::read() {
  const std::vector<double> sums = sums_.to_vector<double>();
  loss_ = sums[0];
  correct_ = sums[1];
  read_images_ = images_;
}

Diagnostics EpochSums::diagnostics() const {
  Diagnostics means = last_;
  for (std::size_t i = 0; i < means.size(); ++i) {
    means[i].second = diagnostic_sums_[i] / static_cast<double>(batches_);
  }
  return means;
}

StateDict EpochSums::state() const {
  std::vector<double> sums = {loss_};
  sums.insert(sums.end(), diagnostic_sums_.begin(), diagnostic_sums_.end());
  const std::array counts = {static_cast<std::int64_t>(correct_), images_, batches_};
  return {{"sums", Tensor::from<double>(sums, {std::ssize(sums)})},
          {"counts", Tensor::from<std::int64_t>(counts, {std::ssize(counts)})}};
}

void EpochSums::restore(const StateDict& state, const Diagnostics& named) {
  const std::vector<std::int64_t> counts = integers("resume", state, "counts", 3);
  const Tensor& sums = find(state, "sums", "resume");
  if (sums.dtype() != DType::f64 || sums.rank() != 1 || sums.numel() < 1) {
    fail("resume", "\"sums\" needs f64 of rank 1, has dtype ", name_of(sums.dtype()), ", shape ",
         to_string(sums.shape()));
  }
  // More images than anybody has, yet far from where counting on would overflow.
  constexpr std::int64_t max_images = std::int64_t{1} << 48;
  const auto is_within = [](std::int64_t count, std::int64_t limit) {
    return count >= 0 && count <= limit;
  };
  if (!is_within(counts[1], max_images) || !is_within(counts[0], counts[1]) ||
      !is_within(counts[2], counts[1])) {
    fail("resume",
         "\"counts\" needs no more correct images, and no more batches, than images, has ",
         counts[0], ", ", counts[2], " and ", counts[1]);
  }
  const std::vector<double> values = sums.to_vector<double>();
  loss_ = values.front();
  diagnostic_sums_.assign(values.begin() + 1, values.end());
  last_.clear();
  if (named.size() == diagnostic_sums_.size()) last_ = named;
  correct_ = static_cast<double>(counts[0]);
  const std::array on_device = {loss_, correct_};
  sums_.copy_(Tensor::from<double>(on_device, {2}));
  images_ = counts[1];
  read_images_ = images_;
  batches_ = counts[2];
}

}  // namespace plastic::apps
