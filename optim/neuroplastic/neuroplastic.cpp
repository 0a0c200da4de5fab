#include "plastic/optim/neuroplastic.h"

#include <algorithm>

#include "core/check.h"
#include "optim/arena.h"
#include "optim/groups.h"
#include "optim/kernels.h"
#include "optim/neuroplastic/neuroplastic_schedule.h"
#include "optim/state.h"

namespace plastic::optim {
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
      total_epochs_(state().add_number("total_epochs")),
      stepper_(kernels_for(arena().device()).neuroplastic()) {
  for (const NeuroPlasticOptions& options : options_) {
    if (options.hybrid_base == HybridBase::classic) continue;
    if (!base_average_.defined()) base_average_ = state().add_block("base_exp_avg");
    if (options.hybrid_base == HybridBase::adamw && !base_square_.defined()) {
      base_square_ = state().add_block("base_exp_avg_sq");
    }
  }
}

NeuroPlastic::~NeuroPlastic() = default;

void NeuroPlastic::set_epoch(int epoch, int total_epochs) {
  Optimizer::set_epoch(epoch, total_epochs);
  *epoch_.mutable_data<std::int64_t>() = epoch;
  *total_epochs_.mutable_data<std::int64_t>() = total_epochs;
}

void NeuroPlastic::prepare() {
  const std::int64_t total_epochs = *total_epochs_.data<std::int64_t>();
  if (total_epochs == 0 && std::any_of(options_.begin(), options_.end(), depends_on_epoch)) {
    fail("neuroplastic",
         "an option depends on the epoch (warmup_epochs, phase_scope or orthogonal_schedule), but "
         "set_epoch(epoch, total_epochs) was never called; call it before the first step of each "
         "epoch");
  }
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
  stepper_->prepare(
      {.tensors = work,
       .gradients = arena().gradients(),
       .activity = elements_of(activity_),
       .momentum = elements_of(momentum_),
       .variance = elements_of(variance_),
       .base_average = elements_of(base_average_),
       .base_square = elements_of(base_square_),
       .diagnostics = is_diagnosed() ? std::optional(empty_sums(options_)) : std::nullopt});
}

void NeuroPlastic::run() { stepper_->run(); }

bool NeuroPlastic::is_diagnosed() const {
  return std::any_of(options_.begin(), options_.end(), [](const auto& o) { return o.diagnostics; });
}

std::optional<NeuroPlasticDiagnostics> NeuroPlastic::diagnostics() const {
  if (!is_diagnosed()) return std::nullopt;
  // Asked for anew each time: a device may have repeated a recorded step, which nobody told us of.
  const DiagnosticSums sums = stepper_->diagnostics();
  if (sums.count == 0) return std::nullopt;
  return diagnostics_of(sums);
}

}  // namespace plastic::optim
