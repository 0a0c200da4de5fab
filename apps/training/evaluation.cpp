#include "apps/training/evaluation.h"

#include <array>
#include <span>
#include <vector>

#include "apps/training/interrupt.h"
#include "plastic/core/autograd.h"
#include "plastic/nn/loss.h"

namespace plastic::apps {
namespace {

/// A model in evaluation mode while this lives.
class EvaluationMode {
 public:
  explicit EvaluationMode(nn::Module& model) : model_(model) { model_.eval(); }
  ~EvaluationMode() { model_.train(); }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  nn::Module& model_;
};

}  // namespace

EpochSums evaluate(nn::Module& model, data::Loader& loader, Device device,
                   distributed::Communicator& among) {
  const NoGrad no_grad;
  const nn::CrossEntropyLoss loss;
  const EvaluationMode mode(model);
  EpochSums sums(device);
  loader.start_epoch();
  const auto add = [&](EpochSums& to) {
    const data::Batch batch = loader.gather();
    const Tensor logits = model(batch.images);
    to.add(loss(logits, batch.labels), logits, batch.labels);
  };
  const int ranks = among.size();
  if (ranks == 1) {
    while (loader.advance()) {
      add(sums);
      sums.count(loader.batch_size());
      if (interrupted()) throw Interrupted("interrupted during the test");
    }
    sums.read();
    return sums;
  }
  // A batch for each rank at a time.
  std::vector<double> all(static_cast<std::size_t>(ranks) * 3);
  bool has_more = true;
  while (has_more) {
    EpochSums own(device);
    std::vector<std::int64_t> sizes;
    while (std::ssize(sizes) < ranks && (has_more = loader.advance())) {
      if (std::ssize(sizes) == among.rank()) add(own);
      sizes.push_back(loader.batch_size());
    }
    own.read();
    const std::array mine = {own.loss_sum(), own.correct(), interrupted() ? 1.0 : 0.0};
    among.all_gather(std::as_bytes(std::span(mine)), std::as_writable_bytes(std::span(all)));
    bool is_interrupted = false;
    for (std::size_t r = 0; r < static_cast<std::size_t>(ranks); ++r) {
      is_interrupted = is_interrupted || all[3 * r + 2] > 0;
      if (r >= sizes.size()) continue;
      sums.add(all[3 * r], all[3 * r + 1]);
      sums.count(sizes[r]);
    }
    if (is_interrupted) throw Interrupted("interrupted during the test");
  }
  sums.read();
  return sums;
}

}  // namespace plastic::apps
