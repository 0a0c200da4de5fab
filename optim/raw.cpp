#include "plastic/optim/raw.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "core/autograd/gradient_slot.h"
#include "core/check.h"
#include "core/device/backend.h"
#include "core/tensor/foreign_memory.h"
#include "core/tensor/tensor_impl.h"
#include "optim/raw_sizes.h"
#include "plastic/core/safetensors.h"
#include "plastic/optim/optimizer_table.h"

namespace plastic::optim {
namespace {

constexpr const char* op = "raw optimizer";

void check_parameter(const RawParameter& parameter, std::size_t index) {
  const std::string mismatch = size_mismatch(index, parameter.values.size(), parameter.shape);
  if (!mismatch.empty()) fail(op, mismatch);
  if (parameter.values.empty()) return;
  if (parameter.values.data() == nullptr) {
    fail(op, "parameter ", index, " has no address; give memory of ", parameter.values.size(),
         " floats");
  }
  const auto address = reinterpret_cast<std::uintptr_t>(parameter.values.data());
  if (address % alignof(float) != 0) {
    fail(op, "parameter ", index, " is not aligned as floats are; its address must be a multiple ",
         "of ", alignof(float));
  }
}

void check_apart(std::span<const RawParameter> parameters) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (!parameters[i].values.empty()) order.push_back(i);
  }
  const auto begin = [&](std::size_t i) {
    return reinterpret_cast<std::uintptr_t>(parameters[i].values.data());
  };
  std::ranges::sort(order, {}, begin);
  for (std::size_t k = 1; k < order.size(); ++k) {
    const std::size_t before = order[k - 1];
    if (begin(order[k]) - begin(before) < parameters[before].values.size_bytes()) {
      fail(op, "parameters ", std::min(before, order[k]), " and ", std::max(before, order[k]),
           " overlap; list what they share once");
    }
  }
}

Tensor tensor_over(const RawParameter& parameter) {
  const auto storage = storage_over(parameter.values.data(), parameter.values.size_bytes(), {});
  return make_view(storage, DType::f32, parameter.shape, contiguous_strides(parameter.shape), 0)
      .set_requires_grad();
}

}  // namespace

struct RawOptimizer::Impl {
  std::vector<Tensor> parameters;
  std::unique_ptr<Optimizer> optimizer;
  /// The parts of the optimizer's block, which its steps read in place.
  std::vector<Tensor> gradients;
};

RawOptimizer::RawOptimizer(std::string_view name, std::span<const RawParameter> parameters,
                           std::span<const RawOption> options)
    : impl_(std::make_unique<Impl>()) {
  OptimizerSettings settings = find_optimizer(name).defaults;
  for (const auto& [option, value] : options) set_option(settings, option, value);
  if (parameters.empty()) fail(op, "no parameters; give at least one");
  for (std::size_t i = 0; i < parameters.size(); ++i) check_parameter(parameters[i], i);
  check_apart(parameters);
  for (const RawParameter& parameter : parameters) {
    impl_->parameters.push_back(tensor_over(parameter));
  }
  impl_->optimizer = make_optimizer(settings, impl_->parameters);
  for (const Tensor& parameter : impl_->parameters) {
    impl_->gradients.push_back(parameter.impl()->grad_slot->take());
  }
}

RawOptimizer::~RawOptimizer() = default;
RawOptimizer::RawOptimizer(RawOptimizer&&) noexcept = default;
RawOptimizer& RawOptimizer::operator=(RawOptimizer&&) noexcept = default;

void RawOptimizer::step(std::span<const std::span<const float>> gradients) {
  const std::size_t count = impl_->parameters.size();
  if (gradients.size() != count) {
    fail(op, gradients.size(), " gradients for ", count, " parameters; give one for each");
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t numel = impl_->gradients[i].numel();
    if (gradients[i].data() == nullptr || std::cmp_equal(gradients[i].size(), numel)) continue;
    fail(op, "gradient ", i, " has ", gradients[i].size(), " values, its parameter ", numel,
         "; give as many");
  }
  // It refuses the step; the gradients stay what they were.
  if (impl_->optimizer->is_evaluating()) return impl_->optimizer->step();
  for (std::size_t i = 0; i < count; ++i) {
    const Tensor& place = impl_->gradients[i];
    const bool is_given = gradients[i].data() != nullptr;
    impl_->parameters[i].impl()->grad = is_given ? place : Tensor();
    if (!is_given || gradients[i].data() == memory(place)) continue;
    Array source = array_of(place);
    // The memory is only read.
    source.data = const_cast<float*>(gradients[i].data());
    backend(place.device()).copy(source, array_of(place));
  }
  impl_->optimizer->step();
}

std::span<float> RawOptimizer::gradient(std::size_t index) {
  if (index >= impl_->gradients.size()) {
    fail(op, "no parameter ", index, "; indices are below ", impl_->gradients.size());
  }
  const Tensor& place = impl_->gradients[index];
  return {static_cast<float*>(memory(place)), static_cast<std::size_t>(place.numel())};
}

std::size_t RawOptimizer::parameter_count() const { return impl_->parameters.size(); }

double RawOptimizer::lr() const { return impl_->optimizer->lr(); }

void RawOptimizer::set_lr(double lr) { impl_->optimizer->set_lr(lr); }

void RawOptimizer::set_epoch(int epoch, int total_epochs) {
  impl_->optimizer->set_epoch(epoch, total_epochs);
}

void RawOptimizer::train() { impl_->optimizer->train(); }

void RawOptimizer::eval() { impl_->optimizer->eval(); }

bool RawOptimizer::is_evaluating() const { return impl_->optimizer->is_evaluating(); }

std::vector<Diagnostic> RawOptimizer::diagnostics() const {
  return impl_->optimizer->diagnostics();
}

void RawOptimizer::save(const std::filesystem::path& path) const {
  save_safetensors(path, impl_->optimizer->state_dict());
}

void RawOptimizer::load(const std::filesystem::path& path) {
  impl_->optimizer->load_state_dict(load_safetensors(path).tensors);
}

}  // namespace plastic::optim
