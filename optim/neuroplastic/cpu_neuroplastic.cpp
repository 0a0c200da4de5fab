// The three passes of neuroplastic_rule.h on the CPU.
#include "optim/cpu_chunks.h"
#include "optim/cpu_kernels.h"
#include "optim/groups.h"
#include "optim/kept_step.h"
#include "optim/neuroplastic/cpu_neuroplastic_loops.h"

namespace plastic::optim {
namespace {

using Tensors = std::span<const Work<NeuroPlasticRule>>;

/// What is known of a tensor once its passes are done.
struct Progress {
  rule::Base base;
  rule::SignalSums signals;
  rule::Coefficient coefficient;
  rule::UpdateSums sums;
  rule::Mix mix;
  rule::Update update;
};

/// Consecutive tensors that go through the passes together.
class Run {
 public:
  /// `diagnostics` are added to, unless null.
  Run(const NeuroPlasticStep& step, Tensors tensors, float* scratch, DiagnosticSums* diagnostics)
      : step_(step),
        tensors_(tensors),
        scratch_(scratch),
        diagnostics_(diagnostics),
        chunks_(chunks_of(tensors)),
        progress_(tensors.size()) {}

  void execute() {
    observe();
    measure();
    finish();
    if (diagnostics_ != nullptr) add_diagnostics();
    apply();
  }

 private:
  ChunkPointers pointers(const Chunk& chunk) const {
    const std::int64_t at = chunk.begin;
    return {.theta = parameters_of(tensors_, chunk),
            .g = step_.gradients + at,
            .a = step_.activity + at,
            .m = step_.momentum + at,
            .v = step_.variance + at,
            .average = step_.base_average == nullptr ? nullptr : step_.base_average + at,
            .square = step_.base_square == nullptr ? nullptr : step_.base_square + at,
            .w = scratch_ + (at - tensors_.front().offset),
            .count = chunk.end - chunk.begin};
  }

  void observe() {
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      progress_[i].base = rule::base(tensors_[i].rule.settings);
    }
    std::vector<rule::SignalSums> partial(chunks_.size());
    for_chunks(chunks_, [&](const Chunk& chunk, std::size_t index) {
      const rule::Settings& settings = tensors_[chunk.tensor].rule.settings;
      partial[index] = observe_chunk(settings, progress_[chunk.tensor].base, pointers(chunk));
    });
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
      add(progress_[chunks_[i].tensor].signals, partial[i]);
    }
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      progress_[i].coefficient =
          rule::coefficient(tensors_[i].rule.settings, progress_[i].signals, tensors_[i].numel);
    }
  }

  void measure() {
    std::vector<rule::UpdateSums> partial(chunks_.size());
    if (diagnostics_ != nullptr) {
      diagnosed_.assign(chunks_.size(), diagnostics_->empty_copy());
    }
    for_chunks(chunks_, [&](const Chunk& chunk, std::size_t index) {
      const NeuroPlasticRule& rule = tensors_[chunk.tensor].rule;
      const Progress& progress = progress_[chunk.tensor];
      // While the chunk is in the caches, and what observing it left is still there.
      if (diagnostics_ != nullptr) {
        cpu_diagnose(pointers(chunk), rule.settings.variant, progress.coefficient,
                     diagnosed_[index]);
      }
      partial[index] = measure_chunk(rule.settings, rule.controller_class >= 0, progress.base,
                                     progress.coefficient, pointers(chunk));
    });
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
      add(progress_[chunks_[i].tensor].sums, partial[i]);
    }
  }

  /// Mean signal of each class of the lr controller: of each tensor first, then over tensors.
  std::array<double, NeuroPlasticRule::controller_classes> controller_signals() const {
    std::array<double, NeuroPlasticRule::controller_classes> signals{};
    std::array<int, NeuroPlasticRule::controller_classes> counts{};
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      if (tensors_[i].rule.controller_class < 0) continue;
      const auto which = static_cast<std::size_t>(tensors_[i].rule.controller_class);
      signals[which] += progress_[i].sums.log_ratio / static_cast<double>(tensors_[i].numel);
      ++counts[which];
    }
    for (std::size_t i = 0; i < signals.size(); ++i) signals[i] /= std::max(1, counts[i]);
    return signals;
  }

  void finish() {
    const auto signals = controller_signals();
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      const NeuroPlasticRule& rule = tensors_[i].rule;
      Progress& progress = progress_[i];
      double multiplier = 1;
      if (rule.controller_class >= 0) {
        multiplier = rule::lr_multiplier(rule.controller,
                                         signals[static_cast<std::size_t>(rule.controller_class)]);
      }
      progress.mix = rule::mix(rule.settings, progress.sums);
      const double scale = rule::homeostasis(rule.settings, progress.mix.norm, tensors_[i].numel);
      progress.update = rule::update(rule.settings, progress.mix, scale, multiplier);
      if (diagnostics_ != nullptr) {
        DiagnosticSums& sums = *diagnostics_;
        const double raw = progress.mix.norm;
        const double effective = raw * scale * multiplier;
        sums.raw_update_square += raw * raw;
        sums.effective_update_square += effective * effective;
        sums.residual_square += progress.mix.residual_norm * progress.mix.residual_norm;
      }
    }
  }

  void add_diagnostics() {
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
      const auto decay = static_cast<double>(progress_[chunks_[i].tensor].update.decay);
      diagnosed_[i].parameter_square *= decay * decay;
      diagnostics_->add(diagnosed_[i]);
    }
  }

  void apply() {
    for_chunks(chunks_, [&](const Chunk& chunk, std::size_t) {
      const Progress& progress = progress_[chunk.tensor];
      apply_chunk(tensors_[chunk.tensor].rule.settings.variant, progress.base, progress.update,
                  pointers(chunk));
    });
  }

  const NeuroPlasticStep& step_;
  Tensors tensors_;
  float* scratch_;
  DiagnosticSums* diagnostics_;
  std::vector<Chunk> chunks_;
  std::vector<Progress> progress_;
  /// Of each chunk; empty without diagnostics.
  std::vector<DiagnosticSums> diagnosed_;
};

std::int64_t extent(Tensors tensors) {
  return tensors.back().offset + tensors.back().numel - tensors.front().offset;
}

/// Cuts the tensors into runs whose blocks stay in the caches between two passes. The lr
/// controller's signal is an average over tensors: with one, none can be applied before all are
/// measured.
std::vector<Tensors> runs_of(Tensors tensors) {
  constexpr std::int64_t most_elements = 300'000;
  const bool is_controlled = std::any_of(tensors.begin(), tensors.end(), [](const auto& tensor) {
    return tensor.rule.controller_class >= 0;
  });
  if (is_controlled) return {tensors};
  std::vector<Tensors> runs;
  std::size_t first = 0;
  while (first < tensors.size()) {
    std::size_t count = 1;
    while (first + count < tensors.size() &&
           extent(tensors.subspan(first, count + 1)) <= most_elements) {
      ++count;
    }
    runs.push_back(tensors.subspan(first, count));
    first += count;
  }
  return runs;
}

class CpuNeuroPlastic : public NeuroPlasticStepper {
 public:
  void prepare(const NeuroPlasticStep& step) override { step_.keep(step); }

  void run() override {
    sums_ = step_->diagnostics.value_or(DiagnosticSums{});
    DiagnosticSums* const diagnostics = step_->diagnostics ? &sums_ : nullptr;
    const std::vector<Tensors> runs = runs_of(step_->tensors);
    std::int64_t longest = 0;
    for (const Tensors run : runs) longest = std::max(longest, extent(run));
    const Tensor scratch = Tensor::empty({longest});
    for (const Tensors run : runs) Run(*step_, run, elements_of(scratch), diagnostics).execute();
  }

  DiagnosticSums diagnostics() override { return sums_; }

 private:
  KeptStep<NeuroPlasticStep> step_;
  DiagnosticSums sums_;
};

}  // namespace

std::unique_ptr<NeuroPlasticStepper> cpu_neuroplastic() {
  return std::make_unique<CpuNeuroPlastic>();
}

}  // namespace plastic::optim
