#include "optim/probe/tensor_pass.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "core/threads/parallel.h"
#include "optim/probe/distribution.h"

namespace plastic::optim {
namespace {

constexpr std::int64_t piece_size = SignalPieces::size;
static_assert(reduction_chunk % piece_size == 0);

/// Not a number, as a key that no number has.
constexpr std::uint32_t none = 0xffffffffU;

/// A tensor's chunks are consecutive tasks.
struct Chunked {
  TensorPass* pass = nullptr;
  std::int64_t count = 0, first_task = 0;
  Sample sample;
};

/// The places of the elements that a sample takes from [begin, end), in order.
template <class F>
void for_sampled(const Sample& sample, std::int64_t begin, std::int64_t end, F f) {
  const std::int64_t stride = sample.count / sample.size, rest = sample.count % sample.size;
  const std::int64_t to = sample.number_from(end);
  std::int64_t number = sample.number_from(begin);
  // number · count / size and the rest of the division, carried along.
  std::int64_t place = stride * number + rest * number / sample.size;
  std::int64_t remainder = rest * number % sample.size;
  for (; number < to; ++number) {
    f(static_cast<std::size_t>(number), static_cast<std::size_t>(place - begin));
    place += stride;
    remainder += rest;
    const bool carries = remainder >= sample.size;
    remainder -= carries ? sample.size : 0;
    place += carries ? 1 : 0;
  }
}

class Reading {
 public:
  Reading(std::span<TensorPass> tensors, std::span<const Signal> signals, std::int64_t sample)
      : signals_(signals) {
    std::int64_t tasks = 0, elements = 0;
    for (TensorPass& pass : tensors) {
      const std::int64_t count = pass.weights.numel();
      const std::int64_t size = sample == 0 ? count : std::min(sample, count);
      pass.read.resize(signals.size());
      for (SignalPass& signal : pass.read) signal.sampled.resize(static_cast<std::size_t>(size));
      tensors_.push_back(
          {.pass = &pass, .count = count, .first_task = tasks, .sample = {count, size}});
      tasks += chunk_count(count);
      elements += count;
    }
    sums_.resize(static_cast<std::size_t>(tasks));
    moments_.resize(static_cast<std::size_t>(tasks) * signals.size());
    // Few elements take less than a thread to wake.
    const std::int64_t grain = elements > reduction_chunk ? 1 : std::max<std::int64_t>(tasks, 1);
    parallel_for(0, tasks, grain,
                 [this](std::int64_t first, std::int64_t last) { read(first, last); });
    for (const Chunked& tensor : tensors_) combine(tensor);
  }

 private:
  void read(std::int64_t first, std::int64_t last) {
    std::vector<float> space(signals_.size() * static_cast<std::size_t>(piece_size));
    std::vector<float*> written;
    for (std::size_t k = 0; k < signals_.size(); ++k) {
      written.push_back(space.data() + k * static_cast<std::size_t>(piece_size));
    }
    auto tensor = std::ranges::upper_bound(tensors_, first, {}, &Chunked::first_task) - 1;
    for (std::int64_t task = first; task < last; ++task) {
      // Tensors without elements have no tasks.
      while (task >= tensor->first_task + chunk_count(tensor->count)) ++tensor;
      const std::int64_t begin = (task - tensor->first_task) * reduction_chunk;
      const std::int64_t end = std::min(begin + reduction_chunk, tensor->count);
      for (std::int64_t at = begin; at < end; at += piece_size) {
        read_piece(*tensor, static_cast<std::size_t>(task), at, std::min(piece_size, end - at),
                   written);
      }
    }
  }

  void read_piece(const Chunked& tensor, std::size_t task, std::int64_t at, std::int64_t count,
                  std::span<float* const> written) {
    TensorPass& pass = *tensor.pass;
    const auto from = [at](const Tensor& values) { return values.data<float>() + at; };
    add(sums_[task],
        loops_.of_update({.weights = from(pass.weights),
                          .gradient = from(pass.gradient),
                          .before = from(pass.before),
                          .earlier = pass.earlier.defined() ? from(pass.earlier) : nullptr,
                          .count = count}));
    if (signals_.empty()) return;
    if (pass.pieces) pass.pieces->write(at, count, written.data());
    for (std::size_t k = 0; k < signals_.size(); ++k) {
      const float* const values = pass.pieces ? written[k] : from(pass.signals[k]);
      const Signal& signal = signals_[k];
      // What is computed from a clipped value may be next to the clip by rounding.
      const double slack = signal.is_clipped ? 1e-6 * (signal.high - signal.low) : 0;
      add(moments_[task * signals_.size() + k],
          loops_.of_signal(values, count, static_cast<float>(signal.low + slack),
                           static_cast<float>(signal.high - slack)));
      std::uint32_t* const keys = pass.read[k].sampled.data();
      for_sampled(tensor.sample, at, at + count, [=](std::size_t number, std::size_t place) {
        const float value = values[place];
        keys[number] = std::isnan(value) ? none : ordered_key(value);
      });
    }
  }

  void combine(const Chunked& tensor) {
    TensorPass& pass = *tensor.pass;
    for (std::int64_t chunk = 0; chunk < chunk_count(tensor.count); ++chunk) {
      const auto task = static_cast<std::size_t>(tensor.first_task + chunk);
      add(pass.sums, sums_[task]);
      for (std::size_t k = 0; k < signals_.size(); ++k) {
        add(pass.read[k].moments, moments_[task * signals_.size() + k]);
      }
    }
    for (SignalPass& signal : pass.read) std::erase(signal.sampled, none);
  }

  const ProbeSums& loops_ = cpu::at_level(PLASTIC_LEVELS_OF(probe_sums))();
  std::span<const Signal> signals_;
  std::vector<Chunked> tensors_;
  /// Those of each task, and of each of its signals.
  std::vector<UpdateSums> sums_;
  std::vector<SignalMoments> moments_;
};

}  // namespace

void pass_over(std::span<TensorPass> tensors, std::span<const Signal> signals,
               std::int64_t sample) {
  Reading(tensors, signals, sample);
}

}  // namespace plastic::optim
