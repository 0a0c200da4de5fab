#include <cmath>
#include <limits>
#include <vector>

#include "core/check.h"
#include "optim/curvature/flat_loss.h"
#include "plastic/optim/curvature.h"

namespace plastic::optim {
namespace {

constexpr const char* op = "noise_scale";

/// What the estimates follow from: of `batches` gradients the mean square of their lengths, and
/// the square of their mean's.
struct Squares {
  double batches;
  double mean_square;
  double square_of_mean;

  // With |G_small|² = mean_square, |G_big|² = square_of_mean, B_small = batch_size and B_big =
  // batches·batch_size in equations A.1 of the paper.
  double trace(double batch_size) const {
    return batch_size * batches / (batches - 1.0) * (mean_square - square_of_mean);
  }
  double gradient_square() const {
    return (batches * square_of_mean - mean_square) / (batches - 1.0);
  }
};

}  // namespace

NoiseScale noise_scale(const std::vector<Tensor>& parameters, const BatchLoss& loss,
                       std::int64_t batch_size) {
  if (batch_size < 1) fail(op, "expected batches of 1 example or more, got ", batch_size);
  if (loss.batches < 2) {
    fail(op, "expected 2 batches or more, got ", loss.batches,
         "; one gradient says nothing of its noise");
  }
  FlatLoss flat(op, parameters, loss);
  const auto n = static_cast<double>(loss.batches);
  FlatVector mean(flat.size(), 0.0);
  std::vector<double> squares;
  double sum_of_squares = 0.0;
  for (std::int64_t batch = 0; batch < loss.batches; ++batch) {
    const FlatVector gradient = flat.gradient(batch);
    add_multiple(mean, 1.0 / n, gradient);
    squares.push_back(dot(gradient, gradient));
    sum_of_squares += squares.back();
  }
  const Squares all{n, sum_of_squares / n, dot(mean, mean)};
  const auto size = static_cast<double>(batch_size);
  NoiseScale noise;
  noise.trace = all.trace(size);
  noise.gradient_square = all.gradient_square();
  noise.gradient_norm = std::sqrt(all.square_of_mean);
  noise.scale = noise.gradient_square > 0.0 ? noise.trace / noise.gradient_square
                                            : std::numeric_limits<double>::infinity();
  if (loss.batches < 3) {
    noise.trace_variance = noise.gradient_square_variance = noise.covariance =
        std::numeric_limits<double>::quiet_NaN();
    return noise;
  }
  // The jackknife: the estimates without each batch in turn.
  std::vector<double> traces, gradient_squares;
  double trace_mean = 0.0, gradient_square_mean = 0.0;
  for (std::int64_t batch = 0; batch < loss.batches; ++batch) {
    const double square = squares[static_cast<std::size_t>(batch)];
    const double product = dot(mean, flat.gradient(batch));
    const Squares others{
        n - 1.0, (sum_of_squares - square) / (n - 1.0),
        (n * n * all.square_of_mean - 2.0 * n * product + square) / ((n - 1.0) * (n - 1.0))};
    traces.push_back(others.trace(size));
    gradient_squares.push_back(others.gradient_square());
    trace_mean += traces.back() / n;
    gradient_square_mean += gradient_squares.back() / n;
  }
  for (std::size_t i = 0; i < traces.size(); ++i) {
    const double a = traces[i] - trace_mean;
    const double b = gradient_squares[i] - gradient_square_mean;
    noise.trace_variance += (n - 1.0) / n * a * a;
    noise.gradient_square_variance += (n - 1.0) / n * b * b;
    noise.covariance += (n - 1.0) / n * a * b;
  }
  return noise;
}

}  // namespace plastic::optim
