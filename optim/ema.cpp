#include "plastic/optim/ema.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/check.h"
#include "core/io/state_index.h"
#include "core/tensor/dispatch.h"
#include "core/tensor/tensor_impl.h"
#include "core/threads/float_mode.h"
#include "optim/check_option.h"
#include "optim/numbers.h"
#include "optim/pieces.h"
#include "plastic/core/autograd.h"
#include "plastic/core/ops/elementwise.h"

namespace plastic::optim {
namespace {

std::string average_name(std::size_t index) { return "average." + std::to_string(index); }

/// The elements of dense tensors on the CPU, in place.
void exchange_elements(const std::vector<Tensor>& left, const std::vector<Tensor>& right) {
  const std::vector<Piece> pieces = pieces_of(left);
  for_pieces(pieces, [&](const Piece& piece, std::size_t) {
    const Tensor& a = left[piece.tensor];
    const auto size = static_cast<std::int64_t>(size_of(a.dtype()));
    auto* x = static_cast<std::byte*>(memory(a));
    auto* y = static_cast<std::byte*>(memory(right[piece.tensor]));
    std::swap_ranges(x + piece.begin * size, x + piece.end * size, y + piece.begin * size);
  });
  for (const Tensor& tensor : left) tensor.impl()->storage->bump_version();
  for (const Tensor& tensor : right) tensor.impl()->storage->bump_version();
}

}  // namespace

Ema::Ema(const std::vector<Tensor>& parameters, const EmaOptions& options)
    : decay_(options.decay), warmup_(options.warmup) {
  check_share("Ema", "decay", options.decay);
  if (parameters.empty()) fail("Ema", "no parameters; did the module register any?");
  for (const Tensor& parameter : parameters) check_floating("Ema", parameter);
  std::vector<Tensor> given = parameters;
  given.insert(given.end(), options.buffers.begin(), options.buffers.end());
  std::unordered_map<const TensorImpl*, std::size_t> places;
  const auto take = [&](bool averaged) {
    for (const Tensor& tensor : given) {
      if (is_floating_point(tensor.dtype()) != averaged) continue;
      if (places.emplace(tensor.impl().get(), parameters_.size()).second) {
        parameters_.push_back(tensor);
      }
    }
  };
  for (const Tensor& buffer : options.buffers) check_defined("Ema", buffer);
  take(true);
  averaged_ = parameters_.size();
  take(false);
  for (const Tensor& tensor : given) places_.push_back(places.at(tensor.impl().get()));
  const NoGrad no_grad;
  for (const Tensor& tensor : parameters_) averages_.push_back(tensor.detach().clone());
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

// s ← s + (1 - d)·(θ - s), or θ - d·(θ - s) where that is nearer to θ, as torch.lerp: each rounds
// at the size of the one that it begins with.
void Ema::update() {
  check_not_swapped("update");
  check_parameters("update");
  const NoGrad no_grad;
  const DefaultFlush flush;
  const auto n = static_cast<double>(updates_ + 1);
  const double decay = warmup_ ? std::min(decay_, (1 + n) / (10 + n)) : decay_;
  const bool near_parameter = 1 - decay >= 0.5;
  const std::span<Tensor> averages = std::span(averages_).first(averaged_);
  if (all_dense_on_cpu(std::span(parameters_).first(averaged_))) {
    const std::vector<Piece> pieces = pieces_of(averages);
    for_pieces(pieces, [&](const Piece& piece, std::size_t) {
      Tensor& average = averages[piece.tensor];
      dispatch_floating("Ema", average.dtype(), [&](auto zero) {
        using T = decltype(zero);
        const auto share = static_cast<T>(1 - decay);
        const auto kept = static_cast<T>(decay);
        const T* parameter = parameters_[piece.tensor].data<T>();
        T* s = average.mutable_data<T>();
        if (near_parameter) {
          for (std::int64_t i = piece.begin; i < piece.end; ++i) {
            s[i] = parameter[i] - kept * (parameter[i] - s[i]);
          }
        } else {
          for (std::int64_t i = piece.begin; i < piece.end; ++i) {
            s[i] += share * (parameter[i] - s[i]);
          }
        }
      });
    });
  } else {
    for (std::size_t i = 0; i < averaged_; ++i) {
      const Tensor way = sub(parameters_[i], averages_[i]);
      averages_[i].copy_(near_parameter ? sub(parameters_[i], mul(way, decay))
                                        : add(averages_[i], mul(way, 1 - decay)));
    }
  }
  for (std::size_t i = averaged_; i < averages_.size(); ++i) averages_[i].copy_(parameters_[i]);
  ++updates_;
}

void Ema::swap() {
  check_parameters("swap");
  const NoGrad no_grad;
  if (all_dense_on_cpu(parameters_)) {
    exchange_elements(parameters_, averages_);
  } else {
    // All before the first is written: when memory is out, nothing is half exchanged.
    std::vector<Tensor> kept;
    for (const Tensor& parameter : parameters_) kept.push_back(parameter.detach().clone());
    for (std::size_t i = 0; i < averages_.size(); ++i) {
      parameters_[i].copy_(averages_[i]);
      averages_[i] = kept[i];
    }
  }
  swapped_ = !swapped_;
}

StateDict Ema::state_dict() const {
  check_not_swapped("state_dict");
  StateDict state;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    state.push_back({average_name(i), averages_[places_[i]].clone()});
  }
  state.push_back(count("updates", updates_));
  return state;
}

void Ema::load_state_dict(const StateDict& state) {
  check_not_swapped("load_state_dict");
  std::vector<std::string> names = {"updates"};
  for (std::size_t i = 0; i < places_.size(); ++i) names.push_back(average_name(i));
  check_names("Ema", state, names);
  const StateIndex by_name(state);
  std::vector<Tensor> taken;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const Tensor& given = by_name.find(average_name(i), "Ema");
    const Tensor& average = averages_[places_[i]];
    if (given.shape() != average.shape()) {
      fail("Ema", "state \"", average_name(i), "\" has shape ", to_string(given.shape()),
           ", expected ", to_string(average.shape()));
    }
    taken.push_back(given.detach().to(average.device()));
  }
  updates_ = count_of("Ema", state, "updates");
  for (std::size_t i = 0; i < places_.size(); ++i) averages_[places_[i]].copy_(taken[i]);
}

}  // namespace plastic::optim
