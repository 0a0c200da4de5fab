// Batch normalisation of parts of a batch, each by itself, against that of the whole batch.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "core/device/batch_norm_call.h"
#include "core/device/batch_sums.h"
#include "distributed/lockstep.h"
#include "plastic/core/ops.h"
#include "plastic/core/ops/batch_norm.h"
#include "plastic/core/random.h"
#include "plastic/core/recording.h"
#include "plastic/core/tensor.h"
#include "tests/cuda/compare.h"
#include "tests/cuda/device.h"

namespace plastic::test {
namespace {

struct Inputs {
  Tensor x, weight, bias, skip, mean, variance, grad;
};

Inputs inputs_for(const Shape& shape, DType dtype) {
  Generator generator{.seed = 11};
  const DType drawn = parameter_dtype(dtype);
  const std::int64_t channels = shape[1];
  return {.x = normal(shape, 3, 2, generator, drawn).to(dtype),
          .weight = uniform({channels}, 0.5, 1.5, generator, drawn),
          .bias = uniform({channels}, -1, 1, generator, drawn),
          .skip = normal(shape, 0, 1, generator, drawn).to(dtype),
          .mean = uniform({channels}, -1, 1, generator, drawn),
          .variance = uniform({channels}, 1, 2, generator, drawn),
          .grad = normal(shape, 0.1, 1, generator, drawn).to(dtype)};
}

/// What the parts' sums meet in.
struct Meeting {
  distributed::Lockstep lockstep;
  std::vector<double> adding;
  std::vector<double> sum;
};

class Part : public BatchSums {
 public:
  Part(Meeting& meeting, int index) : meeting_(meeting), index_(index) {}

  void sum(std::span<double> numbers) override {
    meeting_.adding.resize(numbers.size());
    for (std::size_t i = 0; i < numbers.size(); ++i) meeting_.adding[i] += numbers[i];
    meeting_.lockstep.meet(index_, [&] { meeting_.sum = std::exchange(meeting_.adding, {}); });
    std::ranges::copy(meeting_.sum, numbers.begin());
  }
  bool is_first() const override { return index_ == 0; }

 private:
  Meeting& meeting_;
  int index_;
};

/// What the parts leave, put together: y, the gradients of x and skip, then the sums of those of
/// weight and bias, and the running statistics.
std::vector<Tensor> run(const Inputs& host, const std::vector<std::int64_t>& sizes, bool relu,
                        bool with_skip, bool grad_inputs, Device device) {
  const auto moved = [&](const Tensor& tensor, bool requires_grad) {
    Tensor copy = tensor.clone().to(device).detach();
    if (requires_grad) copy.set_requires_grad();
    return copy;
  };
  const Tensor mean = moved(host.mean, false);
  const Tensor variance = moved(host.variance, false);
  const std::size_t parts = sizes.size();
  std::vector<Tensor> y(parts), x(parts), skip(parts), weight(parts), bias(parts);
  Meeting meeting;
  const auto body = [&](int index) {
    const auto i = static_cast<std::size_t>(index);
    std::int64_t first = 0;
    for (std::size_t before = 0; before < i; ++before) first += sizes[before];
    const auto rows = [&](const Tensor& whole) {
      return whole.slice(0, first, first + sizes[i]).clone();
    };
    Part sums(meeting, index);
    std::optional<BatchPart> part;
    if (parts > 1) part.emplace(sums);
    x[i] = moved(rows(host.x), grad_inputs);
    skip[i] = with_skip ? moved(rows(host.skip), grad_inputs) : Tensor();
    weight[i] = moved(host.weight, true);
    bias[i] = moved(host.bias, true);
    y[i] = batch_norm(x[i], weight[i], bias[i], mean, variance,
                      {.training = true,
                       .skip = skip[i],
                       .activation = relu ? Activation::relu : Activation::none});
    y[i].backward(moved(rows(host.grad), false));
  };
  meeting.lockstep.run(static_cast<int>(parts), {.enter = [](int) {}, .leave = [](int) {}}, body);
  const auto joined = [&](const std::vector<Tensor>& tensors, bool of_gradients) {
    std::vector<Tensor> on_host;
    for (const Tensor& one : tensors) {
      on_host.push_back((of_gradients ? one.grad() : one.detach()).to(Device{}));
    }
    return concat(on_host, 0);
  };
  const auto summed = [&](const std::vector<Tensor>& tensors) {
    Tensor sum = tensors[0].grad().to(Device{}).to(DType::f64);
    for (std::size_t i = 1; i < parts; ++i) {
      sum = sum + tensors[i].grad().to(Device{}).to(DType::f64);
    }
    return sum;
  };
  std::vector<Tensor> results = {joined(y, false), summed(weight), summed(bias), mean.to(Device{}),
                                 variance.to(Device{})};
  if (grad_inputs) results.push_back(joined(x, true));
  if (grad_inputs && with_skip) results.push_back(joined(skip, true));
  return results;
}

TEST_CASE("cuda.batch_norm.parts_of_a_batch_are_normalised_as_the_whole") {
  if (!has_cuda_device()) return;
  struct Try {
    Shape shape;
    DType dtype;
    double tolerance;
  };
  const std::vector<Try> tries = {{{9, 6, 3, 3}, DType::f32, 1e-5},
                                  {{9, 130}, DType::f32, 1e-5},
                                  {{9, 6, 3, 3}, DType::f64, 1e-12},
                                  {{9, 8, 2, 2}, DType::bf16, 3e-2}};
  for (const Try& one : tries) {
    const Inputs inputs = inputs_for(one.shape, one.dtype);
    for (const auto& [relu, skip, grad_inputs] :
         {std::array{false, false, true}, std::array{true, false, true},
          std::array{true, true, true}, std::array{true, true, false}}) {
      CAPTURE(to_string(one.shape));
      CAPTURE(name_of(one.dtype));
      CAPTURE(relu);
      CAPTURE(skip);
      CAPTURE(grad_inputs);
      const std::vector<std::int64_t> sizes = {5, 3, 1};
      const auto whole = run(inputs, {9}, relu, skip, grad_inputs, Device{});
      const auto on_cpu = run(inputs, sizes, relu, skip, grad_inputs, Device{});
      const auto parts = run(inputs, sizes, relu, skip, grad_inputs, cuda_device);
      const auto again = run(inputs, sizes, relu, skip, grad_inputs, cuda_device);
      REQUIRE(parts.size() == whole.size());
      for (std::size_t i = 0; i < whole.size(); ++i) {
        CAPTURE(i);
        CHECK(worst_difference(parts[i], whole[i]) <= one.tolerance);
        CHECK(worst_difference(parts[i], on_cpu[i]) <= one.tolerance);
        CHECK(are_same(parts[i], again[i]));
      }
    }
  }
}

TEST_CASE("cuda.batch_norm.parts_of_a_batch_cannot_be_recorded") {
  if (!has_cuda_device()) return;
  const Inputs inputs = inputs_for({4, 3}, DType::f32);
  const Tensor x = inputs.x.to(cuda_device).set_requires_grad(true);
  Meeting meeting;
  Part sums(meeting, 0);
  Generator generator;
  CHECK_THROWS_WITH_AS(Recording(cuda_device, generator,
                                 [&] {
                                   const BatchPart part(sums);
                                   batch_norm(x, Tensor(), Tensor(), Tensor(), Tensor(),
                                              {.training = true});
                                 }),
                       doctest::Contains("while a step is being captured"), Error);
}

}  // namespace
}  // namespace plastic::test
