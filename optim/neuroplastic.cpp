#include "plastic/optim/neuroplastic.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "optim/arena.h"
#include "optim/groups.h"
#include "optim/kernels.h"
#include "optim/neuroplastic_schedule.h"
#include "optim/state.h"

namespace plastic::optim {
namespace {

/// Counts α against the widest range among the groups.
DiagnosticSums empty_sums(const std::vector<NeuroPlasticOptions>& groups) {
  double low = groups.front().min_alpha;
  double high = groups.front().max_alpha;
  for (const NeuroPlasticOptions& options : groups) {
    low = std::min(low, options.min_alpha);
    high = std::max(high, options.max_alpha);
  }
  constexpr double tolerance = 1e-6;
  const double threshold = groups.front().saturation_threshold_fraction * (high - low);
  DiagnosticSums sums;
  sums.low = static_cast<float>(low);
  sums.high = static_cast<float>(high);
  sums.near_low = static_cast<float>(low + threshold + tolerance);
  sums.near_high = static_cast<float>(high - threshold - tolerance);
  return sums;
}

double median(const DiagnosticSums& sums) {
  const double low = static_cast<double>(sums.low);
  const double width = (static_cast<double>(sums.high) - low) / DiagnosticSums::bins;
  std::int64_t reached = 0;
  int bin = 0;
  for (; bin < DiagnosticSums::bins; ++bin) {
    reached += sums.histogram[static_cast<std::size_t>(bin)];
    if (2 * reached >= sums.count) break;
  }
  return low + (bin + 0.5) * width;
}

NeuroPlasticDiagnostics finish(const DiagnosticSums& sums) {
  const auto count = static_cast<double>(sums.count);
  const double mean = sums.alpha / count;
  return {.alpha_mean = mean,
          .alpha_std = std::sqrt(std::max(0.0, sums.alpha_square / count - mean * mean)),
          .alpha_min = static_cast<double>(sums.alpha_min),
          .alpha_max = static_cast<double>(sums.alpha_max),
          .alpha_median = median(sums),
          .alpha_fraction_near_min = static_cast<double>(sums.below) / count,
          .alpha_fraction_near_max = static_cast<double>(sums.above) / count,
          .raw_gradient_norm = std::sqrt(sums.gradient_square),
          .parameter_norm = std::sqrt(sums.parameter_square),
          .raw_update_norm = std::sqrt(sums.raw_update_square),
          .effective_update_norm = std::sqrt(sums.effective_update_square),
          .plasticity_delta_norm = std::sqrt(sums.residual_square)};
}

}  // namespace

NeuroPlastic::NeuroPlastic(const std::vector<Tensor>& parameters,
                           const NeuroPlasticOptions& options)
    : NeuroPlastic(std::vector<NeuroPlasticGroup>{{parameters, options}}) {}

NeuroPlastic::NeuroPlastic(const std::vector<NeuroPlasticGroup>& groups)
    : Optimizer("neuroplastic", checked_parameters(groups, validate), lrs_of(groups)),
      options_(options_of(groups)),
      activity_(state().add_block("activity")),
      momentum_(state().add_block("momentum")),
      variance_(state().add_block("variance")),
      epoch_(state().add_number("epoch")),
      total_epochs_(state().add_number("total_epochs")) {
  for (const NeuroPlasticOptions& options : options_) {
    if (options.hybrid_base == HybridBase::classic) continue;
    if (!base_average_.defined()) base_average_ = state().add_block("base_exp_avg");
    if (options.hybrid_base == HybridBase::adamw && !base_square_.defined()) {
      base_square_ = state().add_block("base_exp_avg_sq");
    }
  }
}

void NeuroPlastic::set_epoch(int epoch, int total_epochs) {
  Optimizer::set_epoch(epoch, total_epochs);
  *epoch_.mutable_data<std::int64_t>() = epoch;
  *total_epochs_.mutable_data<std::int64_t>() = total_epochs;
}

void NeuroPlastic::step() {
  const std::int64_t total_epochs = *total_epochs_.data<std::int64_t>();
  if (total_epochs == 0 && std::any_of(options_.begin(), options_.end(), depends_on_epoch)) {
    fail("neuroplastic",
         "an option depends on the epoch (warmup_epochs, phase_scope or orthogonal_schedule), but "
         "set_epoch(epoch, total_epochs) was never called; call it before the first step of each "
         "epoch");
  }
  arena().gather("neuroplastic");
  const auto steps = state().steps();
  const auto lrs = state().lrs();
  Place place{.count = arena().segments().size(),
              .epoch = *epoch_.data<std::int64_t>(),
              .total_epochs = std::max<std::int64_t>(total_epochs, 1)};
  const auto work = works(arena(), [&](std::size_t i, const Segment& segment) {
    place.index = i;
    place.rank = segment.rank;
    place.step = ++steps[i];
    return resolve(options_[segment.group], lrs[segment.group], place);
  });
  const bool is_diagnosed =
      std::any_of(options_.begin(), options_.end(), [](const auto& o) { return o.diagnostics; });
  DiagnosticSums sums = empty_sums(options_);
  kernels_for(arena().device())
      .neuroplastic({.tensors = work,
                     .parameters = arena().values(),
                     .gradients = arena().gradients(),
                     .activity = block_data(activity_),
                     .momentum = block_data(momentum_),
                     .variance = block_data(variance_),
                     .base_average = block_data(base_average_),
                     .base_square = block_data(base_square_),
                     .diagnostics = is_diagnosed ? &sums : nullptr});
  arena().mark_changed();
  diagnostics_.reset();
  if (is_diagnosed && sums.count > 0) diagnostics_ = finish(sums);
}

}  // namespace plastic::optim
