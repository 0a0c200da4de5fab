#include "plastic/optim/neuroplastic.h"

#include <algorithm>
#include <typeinfo>
#include <utility>

#include "core/check.h"
#include "optim/arena.h"
#include "optim/groups.h"
#include "optim/neuroplastic/inspect.h"
#include "optim/neuroplastic/resolve.h"
#include "optim/neuroplastic/step.h"
#include "optim/state.h"

namespace plastic::optim {
NeuroPlastic::NeuroPlastic(const std::vector<Tensor>& parameters,
                           const NeuroPlasticOptions& options)
    : NeuroPlastic(std::vector<NeuroPlasticGroup>{{parameters, options}}) {}

NeuroPlastic::NeuroPlastic(const std::vector<NeuroPlasticGroup>& groups)
    : Optimizer("neuroplastic", checked_parameters(groups, validate), lrs_of(groups)),
      options_(options_of(groups)),
      activity_(saved().add_block("neuroplastic", "activity")),
      momentum_(saved().add_block("neuroplastic", "momentum")),
      variance_(saved().add_block("neuroplastic", "variance")),
      epoch_(add_number("epoch")),
      total_epochs_(add_number("total_epochs")),
      stepper_(kernels_for(arena().device()).neuroplastic()) {
  for (const NeuroPlasticOptions& options : options_) {
    if (options.hybrid_base == HybridBase::classic) continue;
    if (!base_exp_avg_.defined()) {
      base_exp_avg_ = saved().add_block("neuroplastic", "base_exp_avg");
    }
    if (options.hybrid_base == HybridBase::adamw && !base_exp_avg_sq_.defined()) {
      base_exp_avg_sq_ = saved().add_block("neuroplastic", "base_exp_avg_sq");
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
  if (total_epochs == 0 &&
      std::any_of(options_.begin(), options_.end(), neuroplastic::depends_on_epoch)) {
    fail("neuroplastic",
         "an option depends on the epoch (warmup_epochs, phase_scope or orthogonal_schedule), but "
         "set_epoch(epoch, total_epochs) was never called; call it before the first step of each "
         "epoch");
  }
  neuroplastic::Place place{.count = parameter_count(),
                            .epoch = *epoch_.data<std::int64_t>(),
                            .total_epochs = std::max<std::int64_t>(total_epochs, 1)};
  stepped_.clear();
  for_stepped(arena(), saved(), [&](const ParameterStep& at) {
    place.index = at.index;
    place.rank = arena().segments()[at.index].rank;
    place.step = at.step;
    stepped_.push_back(
        neuroplastic::resolve(options_[at.group], at.lr, place, step_tensor(arena(), at.index)));
  });
  stepper_->prepare({.tensors = stepped_,
                     .blocks = {.gradient = arena().gradients(),
                                .activity = elements_of(activity_),
                                .momentum = elements_of(momentum_),
                                .variance = elements_of(variance_),
                                .base_exp_avg = elements_of(base_exp_avg_),
                                .base_exp_avg_sq = elements_of(base_exp_avg_sq_)},
                     .diagnostics = is_diagnosed()
                                        ? std::optional(neuroplastic::empty_sums(options_))
                                        : std::nullopt});
}

void NeuroPlastic::run() { stepper_->run(); }

bool NeuroPlastic::is_diagnosed() const {
  return std::any_of(options_.begin(), options_.end(), [](const auto& o) { return o.diagnostics; });
}

std::optional<NeuroPlasticDiagnostics> NeuroPlastic::last_diagnostics() const {
  if (!is_diagnosed()) return std::nullopt;
  // Read each time: a device may have replayed a captured step, which does not pass through here.
  const neuroplastic::DiagnosticSums sums = stepper_->diagnostics();
  if (sums.count == 0) return std::nullopt;
  return neuroplastic::diagnostics_of(sums);
}

std::vector<Diagnostic> NeuroPlastic::diagnostics() const {
  const std::optional<NeuroPlasticDiagnostics> found = last_diagnostics();
  return found ? neuroplastic::named(*found) : std::vector<Diagnostic>{};
}

std::vector<Signal> NeuroPlastic::signals() const {
  double low = options_.front().min_alpha;
  double high = options_.front().max_alpha;
  for (const NeuroPlasticOptions& options : options_) {
    low = std::min(low, options.min_alpha);
    high = std::max(high, options.max_alpha);
  }
  return neuroplastic::signals_between(low, high);
}

Inspection NeuroPlastic::inspect(std::size_t parameter) const {
  if (!was_updated(parameter)) return {};
  const std::int64_t offset = arena().segments()[parameter].offset;
  const auto found = std::ranges::lower_bound(stepped_, offset, {}, &StepTensor::offset);
  if (found == stepped_.end() || found->offset != offset) return {};
  const auto totals = stepper_->totals();
  const auto own = [&](const Tensor& block) { return arena().view(block, parameter).to(Device()); };
  auto pieces = neuroplastic::inspect(found->settings,
                                      totals.at(static_cast<std::size_t>(found - stepped_.begin())),
                                      {.gradient = gradient(parameter).to(Device()),
                                       .activity = own(activity_),
                                       .momentum = own(momentum_),
                                       .variance = own(variance_)});
  return inspection(std::move(pieces), neuroplastic::signal_count,
                    arena().parameters()[parameter].shape(), typeid(*this) != typeid(NeuroPlastic));
}

}  // namespace plastic::optim
