#include "optim/curvature/flat_loss.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "core/check.h"
#include "core/repeats.h"
#include "plastic/core/autograd.h"

namespace plastic::optim {
namespace {

// Sums in several lanes, which compilers keep in one vector; the order is always the same.
constexpr std::size_t lanes = 8;

void check_parameter(const char* op, std::size_t index, const Tensor& parameter) {
  if (!parameter.defined()) fail(op, "parameter ", index, " is undefined");
  if (parameter.device().type != DeviceType::cpu) {
    fail(op, "parameter ", index, " is on ", to_string(parameter.device()),
         "; move the model to the CPU first");
  }
  if (parameter.dtype() != DType::f32 && parameter.dtype() != DType::f64) {
    fail(op, "parameter ", index, " is ", name_of(parameter.dtype()), "; expected f32 or f64");
  }
  if (!parameter.is_leaf() || !parameter.requires_grad()) {
    fail(op, "parameter ", index,
         parameter.is_leaf() ? " does not require a gradient" : " was computed from others",
         "; give leaves that require one");
  }
}

}  // namespace

double dot(const FlatVector& a, const FlatVector& b) {
  double sums[lanes] = {};
  std::size_t i = 0;
  for (; i + lanes <= a.size(); i += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  }
  double sum = 0.0;
  for (; i < a.size(); ++i) sum += a[i] * b[i];
  for (const double part : sums) sum += part;
  return sum;
}

double norm(const FlatVector& a) { return std::sqrt(dot(a, a)); }

void add_multiple(FlatVector& y, double factor, const FlatVector& x) {
  for (std::size_t i = 0; i < y.size(); ++i) y[i] += factor * x[i];
}

FlatLoss::FlatLoss(const char* op, const std::vector<Tensor>& parameters, const BatchLoss& loss)
    : op_(op), parameters_(parameters), loss_(loss) {
  if (!loss.of) fail(op, "there is no loss; give a function");
  if (loss.batches < 1) fail(op, "expected 1 batch or more, got ", loss.batches);
  if (parameters.empty()) fail(op, "there are no parameters; give one or more");
  std::vector<const void*> addresses;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    check_parameter(op, i, parameters[i]);
    addresses.push_back(parameters[i].impl().get());
  }
  if (has_repeats(std::move(addresses))) fail(op, "a parameter is given twice; give each once");
  for (Tensor& parameter : parameters_) {
    values_.push_back(parameter.detach().clone());
    gradients_.push_back(parameter.grad());
    parameter.zero_grad();
    size_ += static_cast<std::size_t>(parameter.numel());
  }
}

FlatLoss::~FlatLoss() {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    parameters_[i].detach().copy_(values_[i]);
    parameters_[i].set_grad(gradients_[i]);
  }
}

double FlatLoss::parameter_norm() const {
  double square = 0.0;
  for (const Tensor& value : values_) {
    const std::vector<double> elements = value.to(DType::f64).to_vector<double>();
    square += dot(elements, elements);
  }
  return std::sqrt(square);
}

void FlatLoss::move(const FlatVector& direction, double distance) {
  std::size_t first = 0;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    std::vector<double> moved = values_[i].to(DType::f64).to_vector<double>();
    for (std::size_t j = 0; j < moved.size(); ++j) moved[j] += distance * direction[first + j];
    first += moved.size();
    parameters_[i].detach().copy_(Tensor::from(moved, parameters_[i].shape()));
  }
}

FlatVector FlatLoss::gradient(std::int64_t batch) {
  for (Tensor& parameter : parameters_) parameter.zero_grad();
  {
    const Tensor loss = loss_.of(batch);
    if (!loss.defined() || loss.numel() != 1) {
      fail(op_, "the loss of batch ", batch, " must be a single element");
    }
    if (!std::isfinite(loss.detach().item())) {
      fail(op_, "the loss of batch ", batch, " is ", loss.detach().item(),
           "; curvature needs a finite one");
    }
    loss.backward();
  }
  FlatVector flat;
  flat.reserve(size_);
  for (Tensor& parameter : parameters_) {
    const Tensor grad = parameter.grad();
    if (grad.defined()) {
      const std::vector<double> elements = grad.detach().to(DType::f64).to_vector<double>();
      flat.insert(flat.end(), elements.begin(), elements.end());
    } else {
      flat.resize(flat.size() + static_cast<std::size_t>(parameter.numel()), 0.0);
    }
    parameter.zero_grad();
  }
  if (!std::ranges::all_of(flat, [](double element) { return std::isfinite(element); })) {
    fail(op_, "the gradient of batch ", batch, " is not finite");
  }
  return flat;
}

FlatVector FlatLoss::mean_gradient() {
  FlatVector mean(size_, 0.0);
  for (std::int64_t batch = 0; batch < loss_.batches; ++batch) {
    add_multiple(mean, 1.0 / static_cast<double>(loss_.batches), gradient(batch));
  }
  return mean;
}

std::vector<Tensor> FlatLoss::shaped(const FlatVector& vector) const {
  std::vector<Tensor> tensors;
  auto next = vector.begin();
  for (const Tensor& parameter : parameters_) {
    const auto end = next + static_cast<std::ptrdiff_t>(parameter.numel());
    tensors.push_back(Tensor::from(std::vector<double>(next, end), parameter.shape()));
    next = end;
  }
  return tensors;
}

}  // namespace plastic::optim
