// The three passes of neuroplastic_rule.h on the CPU.
#include "optim/cpu_chunks.h"
#include "optim/cpu_kernels.h"
#include "optim/cpu_neuroplastic_loops.h"

namespace plastic::optim {
namespace {

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
  Run(const NeuroPlasticStep& step, std::span<const Work<NeuroPlasticRule>> tensors)
      : step_(step), tensors_(tensors), chunks_(chunks_of(tensors)), progress_(tensors.size()) {}

  void execute() {
    observe();
    measure();
    finish();
    if (step_.diagnostics != nullptr) diagnose();
    apply();
  }

 private:
  ChunkPointers pointers(const Chunk& chunk) const {
    const std::int64_t at = chunk.begin;
    return {.theta = step_.parameters + at,
            .g = step_.gradients + at,
            .a = step_.activity + at,
            .m = step_.momentum + at,
            .v = step_.variance + at,
            .average = step_.base_average == nullptr ? nullptr : step_.base_average + at,
            .square = step_.base_square == nullptr ? nullptr : step_.base_square + at,
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
    for_chunks(chunks_, [&](const Chunk& chunk, std::size_t index) {
      const NeuroPlasticRule& rule = tensors_[chunk.tensor].rule;
      const Progress& progress = progress_[chunk.tensor];
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
      if (step_.diagnostics != nullptr) {
        DiagnosticSums& sums = *step_.diagnostics;
        const double raw = progress.mix.norm;
        const double effective = raw * scale * multiplier;
        sums.raw_update_square += raw * raw;
        sums.effective_update_square += effective * effective;
      }
    }
  }

  void diagnose() {
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      cpu_diagnose(step_, tensors_[i], progress_[i].coefficient, progress_[i].update,
                   progress_[i].mix);
    }
  }

  void apply() {
    for_chunks(chunks_, [&](const Chunk& chunk, std::size_t) {
      const Progress& progress = progress_[chunk.tensor];
      apply_chunk(tensors_[chunk.tensor].rule.settings, progress.base, progress.coefficient,
                  progress.update, pointers(chunk));
    });
  }

  const NeuroPlasticStep& step_;
  std::span<const Work<NeuroPlasticRule>> tensors_;
  std::vector<Chunk> chunks_;
  std::vector<Progress> progress_;
};

/// Elements whose five arrays fit into the caches between two passes.
constexpr std::int64_t run_elements = 150'000;

}  // namespace

void cpu_neuroplastic(const NeuroPlasticStep& step) {
  const bool is_controlled =
      std::any_of(step.tensors.begin(), step.tensors.end(),
                  [](const auto& tensor) { return tensor.rule.controller_class >= 0; });
  // The controller's signal is an average over tensors, so that none can be applied before all are
  // measured.
  if (is_controlled) return Run(step, step.tensors).execute();
  std::size_t first = 0;
  while (first < step.tensors.size()) {
    std::size_t last = first;
    std::int64_t elements = 0;
    do {
      elements += step.tensors[last].numel;
      ++last;
    } while (last < step.tensors.size() && elements + step.tensors[last].numel <= run_elements);
    Run(step, step.tensors.subspan(first, last - first)).execute();
    first = last;
  }
}

}  // namespace plastic::optim
