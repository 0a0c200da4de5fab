#include "optim/neuroplastic/inspect.h"

#include <limits>
#include <utility>

#include "optim/neuroplastic/cpu_inspect.h"

namespace plastic::optim::neuroplastic {
namespace {

/// The coefficient that gives â, ĝ and m̂, or the weighted terms, element by element.
Coefficient elementwise(ClassicSettings settings, const SignalSums& sums, std::int64_t n) {
  settings.parameterwise = true;
  return coefficient(settings, sums, n);
}

Coefficient unweighted(ClassicSettings settings, const SignalSums& sums, std::int64_t n) {
  settings.activity_weight = settings.gradient_weight = settings.memory_weight = 1;
  return elementwise(settings, sums, n);
}

class Pieces : public SignalPieces {
 public:
  Pieces(const Settings& settings, const TensorTotals& totals, InspectedState state)
      : settings_(settings),
        totals_(totals),
        state_(std::move(state)),
        count_(state_.gradient.numel()),
        shown_{coefficient(settings, totals.signals, count_),
               elementwise(settings, totals.signals, count_),
               unweighted(settings, totals.signals, count_)},
        shares_(static_cast<std::size_t>((count_ + size - 1) / size)) {}

  void write(std::int64_t first, std::int64_t count, float* const* signals) override {
    shares_[static_cast<std::size_t>(first / size)] =
        show_(shown_, {.g = state_.gradient.data<float>() + first,
                       .a = state_.activity.data<float>() + first,
                       .m = state_.momentum.data<float>() + first,
                       .v = state_.variance.data<float>() + first,
                       .alpha = signals[0],
                       .activity = signals[1],
                       .gradient = signals[2],
                       .memory = signals[3],
                       .count = count});
  }

  std::vector<Diagnostic> numbers() const override {
    ShareSums shares;
    for (const ShareSums& sums : shares_) {
      shares.activity += sums.activity;
      shares.gradient += sums.gradient;
      shares.memory += sums.memory;
    }
    // The three shares of an element add up to 1, or to 0.
    const double counted = shares.activity + shares.gradient + shares.memory;
    const auto mean = [&](double sum) {
      return counted > 0 ? sum / counted : std::numeric_limits<double>::quiet_NaN();
    };
    const double clipped = limit_factor(totals_.norm, settings_.max_update_norm, settings_.eps);
    // Where α = α₀, it is made of the gradient alone.
    const bool looks_back = settings_.blend != 0;
    return {{"norm_clip", clipped},
            {"gain", gain(settings_, totals_.norm * clipped, count_)},
            {"activity_share", looks_back ? mean(shares.activity) : 0},
            {"gradient_share", looks_back ? mean(shares.gradient) : 1},
            {"memory_share", looks_back ? mean(shares.memory) : 0}};
  }

 private:
  Settings settings_;
  TensorTotals totals_;
  InspectedState state_;
  std::int64_t count_;
  Shown shown_;
  ShowPiece* show_ = cpu::at_level(PLASTIC_LEVELS_OF(show_piece))();
  /// Those of each piece.
  std::vector<ShareSums> shares_;
};

}  // namespace

std::vector<Signal> signals_between(double low, double high) {
  const auto relative = [](const char* name) {
    return Signal{.name = name, .low = 0x1p-10, .high = 0x1p10, .is_logarithmic = true};
  };
  // A range of one number has no bins, and everything is at its ends.
  const bool is_range = low < high;
  return {{.name = "alpha",
           .low = is_range ? low : 0,
           .high = is_range ? high : 2 * high,
           .is_clipped = is_range},
          relative("activity"),
          relative("gradient"),
          relative("memory")};
}

std::unique_ptr<SignalPieces> inspect(const Settings& settings, const TensorTotals& totals,
                                      const InspectedState& state) {
  return std::make_unique<Pieces>(settings, totals, state);
}

}  // namespace plastic::optim::neuroplastic
