// The three passes of classic.h and variants.h on the CPU.
#include <algorithm>
#include <array>

#include "optim/cpu_chunks.h"
#include "optim/cpu_kernels.h"
#include "optim/groups.h"
#include "optim/kept_step.h"
#include "optim/neuroplastic/cpu_loops.h"
#include "optim/neuroplastic/step.h"

namespace plastic::optim::neuroplastic {
namespace {

using Tensors = std::span<const RuleTensor>;

/// What is known of a tensor once its passes are done.
struct Progress {
  SignalSums signals;
  Coefficient coefficient;
  UpdateSums sums;
  Mix mix;
  Update update;
};

/// Consecutive tensors that go through the passes together.
class Passes {
 public:
  /// `totals` has one for each tensor. `diagnostics` are added to, unless null.
  Passes(const Step& step, Tensors tensors, float* carried, TensorTotals* totals,
         DiagnosticSums* diagnostics)
      : blocks_(step.blocks),
        tensors_(tensors),
        carried_(carried),
        totals_(totals),
        diagnostics_(diagnostics),
        chunks_(chunks_of(tensors)),
        progress_(tensors.size()) {}

  void run() {
    observe();
    measure();
    finish();
    if (diagnostics_ != nullptr) add_diagnostics();
    apply();
  }

 private:
  Piece piece(const Chunk& chunk) const {
    Piece piece =
        piece_of(blocks_, chunk.begin, parameters_of(tensors_, chunk),
                 carried_ + (chunk.begin - tensors_.front().offset), chunk.end - chunk.begin);
    piece.gradient = gradients_of(tensors_, chunk, blocks_.gradient);
    return piece;
  }

  void observe() {
    cpu::ScratchVector<SignalSums> partial(chunks_.size());
    for_chunks(chunks_, [&](const Chunk& chunk, std::size_t index) {
      const RuleTensor& tensor = tensors_[chunk.tensor];
      partial[index] = observe_chunk(tensor.settings, tensor.base, piece(chunk));
    });
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
      add(progress_[chunks_[i].tensor].signals, partial[i]);
    }
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      progress_[i].coefficient =
          coefficient(tensors_[i].settings, progress_[i].signals, tensors_[i].numel);
    }
  }

  void measure() {
    cpu::ScratchVector<UpdateSums> partial(chunks_.size());
    if (diagnostics_ != nullptr) {
      diagnosed_.assign(chunks_.size(), diagnostics_->empty_copy());
    }
    for_chunks(
        chunks_,
        [&](const Chunk& chunk, std::size_t index) {
          const RuleTensor& tensor = tensors_[chunk.tensor];
          const Coefficient& own = progress_[chunk.tensor].coefficient;
          // While the chunk is in the caches, and what observing it left is still there.
          if (diagnostics_ != nullptr) {
            diagnose_chunk(piece(chunk), tensor.settings.variant, own, diagnosed_[index]);
          }
          partial[index] = measure_chunk(tensor.settings, tensor.controller_class >= 0, tensor.base,
                                         own, piece(chunk));
        },
        Order::backwards);
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
      add(progress_[chunks_[i].tensor].sums, partial[i]);
    }
  }

  /// Mean signal of each class of the lr controller: of each tensor first, then over tensors.
  std::array<double, controller_classes> controller_signals() const {
    std::array<double, controller_classes> signals{};
    std::array<int, controller_classes> counts{};
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      if (tensors_[i].controller_class < 0) continue;
      const auto which = static_cast<std::size_t>(tensors_[i].controller_class);
      signals[which] += progress_[i].sums.log_ratio / static_cast<double>(tensors_[i].numel);
      ++counts[which];
    }
    for (std::size_t i = 0; i < signals.size(); ++i) signals[i] /= std::max(1, counts[i]);
    return signals;
  }

  void finish() {
    const auto signals = controller_signals();
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      const RuleTensor& tensor = tensors_[i];
      Progress& progress = progress_[i];
      double multiplier = 1;
      if (tensor.controller_class >= 0) {
        multiplier = lr_multiplier(tensor.controller,
                                   signals[static_cast<std::size_t>(tensor.controller_class)]);
      }
      progress.mix = mix(tensor.settings, progress.sums);
      const double scale = homeostasis(tensor.settings, progress.mix.norm, tensor.numel);
      progress.update = update(tensor.settings, progress.mix, scale, multiplier);
      totals_[i] = {progress.signals, progress.mix.norm};
      if (diagnostics_ != nullptr) {
        const double raw = progress.mix.norm;
        const double effective = raw * scale * multiplier;
        const double residual = progress.mix.residual_norm;
        diagnostics_->sum[raw_update_square] += raw * raw;
        diagnostics_->sum[effective_update_square] += effective * effective;
        diagnostics_->sum[residual_square] += residual * residual;
      }
    }
  }

  void add_diagnostics() {
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
      const auto decay = static_cast<double>(progress_[chunks_[i].tensor].update.decay);
      diagnosed_[i].sum[parameter_square] *= decay * decay;
      diagnostics_->add(diagnosed_[i]);
    }
  }

  void apply() {
    for_chunks(chunks_, [&](const Chunk& chunk, std::size_t) {
      const RuleTensor& tensor = tensors_[chunk.tensor];
      apply_chunk(tensor.settings.variant, tensor.base, progress_[chunk.tensor].update,
                  piece(chunk));
    });
  }

  const Blocks& blocks_;
  Tensors tensors_;
  float* carried_;
  TensorTotals* totals_;
  DiagnosticSums* diagnostics_;
  cpu::ScratchVector<Chunk> chunks_;
  cpu::ScratchVector<Progress> progress_;
  /// One for each chunk; none without diagnostics.
  std::vector<DiagnosticSums> diagnosed_;
};

std::int64_t extent(Tensors tensors) {
  return tensors.back().offset + tensors.back().numel - tensors.front().offset;
}

/// Cuts the tensors into groups whose blocks stay in the caches between two passes. The lr
/// controller's signal is an average over tensors: with one, none can be applied before all are
/// measured.
cpu::ScratchVector<Tensors> cached_groups(Tensors tensors) {
  constexpr std::int64_t max_elements = 300'000;
  const bool is_controlled = std::any_of(tensors.begin(), tensors.end(), [](const auto& tensor) {
    return tensor.controller_class >= 0;
  });
  if (is_controlled) return {tensors};
  cpu::ScratchVector<Tensors> groups;
  std::size_t first = 0;
  while (first < tensors.size()) {
    std::size_t count = 1;
    while (first + count < tensors.size() &&
           extent(tensors.subspan(first, count + 1)) <= max_elements) {
      ++count;
    }
    groups.push_back(tensors.subspan(first, count));
    first += count;
  }
  return groups;
}

class CpuNeuroPlastic : public NeuroPlasticStepper {
 public:
  void prepare(const Step& step) override {
    step_.keep(step);
    totals_.assign(step.tensors.size(), {});
  }

  void run() override {
    sums_ = step_->diagnostics.value_or(DiagnosticSums{});
    DiagnosticSums* const diagnostics = step_->diagnostics ? &sums_ : nullptr;
    const cpu::ScratchVector<Tensors> groups = cached_groups(step_->tensors);
    std::int64_t longest = 0;
    for (const Tensors group : groups) longest = std::max(longest, extent(group));
    const Tensor carried = Tensor::empty({longest});
    TensorTotals* totals = totals_.data();
    for (const Tensors group : groups) {
      Passes(*step_, group, elements_of(carried), totals, diagnostics).run();
      totals += group.size();
    }
  }

  DiagnosticSums diagnostics() override { return sums_; }
  std::vector<TensorTotals> totals() override { return totals_; }

 private:
  KeptStep<Step> step_;
  std::vector<TensorTotals> totals_;
  DiagnosticSums sums_;
};

}  // namespace

}  // namespace plastic::optim::neuroplastic

namespace plastic::optim {

std::unique_ptr<NeuroPlasticStepper> PLASTIC_AT_LEVEL(neuroplastic)() {
  return std::make_unique<neuroplastic::CpuNeuroPlastic>();
}

}  // namespace plastic::optim
