#include "plastic/optim/ema.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/check.h"
#include "core/dispatch.h"
#include "core/state_index.h"
#include "core/tensor_impl.h"
#include "optim/check_option.h"
#include "optim/numbers.h"
#include "optim/pieces.h"
#include "plastic/core/autograd.h"
#include "plastic/core/ops/elementwise.h"

namespace plastic::optim {
namespace {

std::string average_name(std::size_t index) { return "average." + std::to_string(index); }

}  // namespace

Ema::Ema(const std::vector<Tensor>& parameters, const EmaOptions& options)
    : parameters_(parameters), options_(options) {
  check_share("Ema", "decay", options.decay);
  if (parameters.empty()) fail("Ema", "no parameters; did the module register any?");
  const NoGrad no_grad;
  for (const Tensor& parameter : parameters) {
    check_floating("Ema", parameter);
    averages_.push_back(parameter.detach().clone());
  }
}

void Ema::check_parameters(const char* what) const {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor& now = parameters_[i];
    const Tensor& before = averages_[i];
    if (now.shape() == before.shape() && now.dtype() == before.dtype() &&
        now.device() == before.device()) {
      continue;
    }
    fail("Ema", what, ": parameter ", i, " is now ", name_of(now.dtype()), " of shape ",
         to_string(now.shape()), " on ", to_string(now.device()),
         ", not as it was given; make a new average");
  }
}

void Ema::check_not_swapped(const char* what) const {
  if (swapped_) fail("Ema", what, " while the parameters hold the averages; call swap() first");
}

// s ← s + (1 - d)·(θ - s)
void Ema::update() {
  check_not_swapped("update");
  check_parameters("update");
  const NoGrad no_grad;
  ++updates_;
  const auto n = static_cast<double>(updates_);
  const double decay =
      options_.warmup ? std::min(options_.decay, (1 + n) / (10 + n)) : options_.decay;
  if (!all_dense_on_cpu(parameters_)) {
    for (std::size_t i = 0; i < averages_.size(); ++i) {
      averages_[i].copy_(add(averages_[i], mul(sub(parameters_[i], averages_[i]), 1 - decay)));
    }
    return;
  }
  const std::vector<Piece> pieces = pieces_of(averages_);
  for_pieces(pieces, [&](const Piece& piece, std::size_t) {
    Tensor& average = averages_[piece.tensor];
    dispatch_floating("Ema", average.dtype(), [&](auto zero) {
      using T = decltype(zero);
      const auto share = static_cast<T>(1 - decay);
      const T* parameter = parameters_[piece.tensor].data<T>();
      T* s = average.mutable_data<T>();
      for (std::int64_t i = piece.begin; i < piece.end; ++i) s[i] += share * (parameter[i] - s[i]);
    });
  });
}

void Ema::swap() {
  check_parameters("swap");
  const NoGrad no_grad;
  for (std::size_t i = 0; i < averages_.size(); ++i) {
    const Tensor kept = parameters_[i].detach().clone();
    parameters_[i].copy_(averages_[i]);
    averages_[i] = kept;
  }
  swapped_ = !swapped_;
}

StateDict Ema::state_dict() const {
  check_not_swapped("state_dict");
  StateDict state;
  for (std::size_t i = 0; i < averages_.size(); ++i) {
    state.push_back({average_name(i), averages_[i].clone()});
  }
  state.push_back(count("updates", updates_));
  return state;
}

void Ema::load_state_dict(const StateDict& state) {
  check_not_swapped("load_state_dict");
  std::vector<std::string> names = {"updates"};
  for (std::size_t i = 0; i < averages_.size(); ++i) names.push_back(average_name(i));
  check_names("Ema", state, names);
  const StateIndex by_name(state);
  for (std::size_t i = 0; i < averages_.size(); ++i) {
    const Tensor& given = by_name.find(average_name(i), "Ema");
    if (given.shape() != averages_[i].shape()) {
      fail("Ema", "state \"", average_name(i), "\" has shape ", to_string(given.shape()),
           ", expected ", to_string(averages_[i].shape()));
    }
  }
  updates_ = count_of("Ema", state, "updates");
  for (std::size_t i = 0; i < averages_.size(); ++i) {
    averages_[i].copy_(by_name.find(average_name(i), "Ema").to(averages_[i].device()));
  }
}

}  // namespace plastic::optim
