#include "plastic/data/tensor_loader.h"

#include <algorithm>
#include <utility>

#include "core/threads/parallel.h"
#include "data/check_dataset.h"
#include "data/loading/batch_stream.h"
#include "data/rows.h"
#include "plastic/core/autograd.h"
#include "plastic/core/ops/index.h"

namespace plastic::data {
namespace {

/// Bytes that are worth waking a thread for.
constexpr std::int64_t bytes_per_thread = 65536;

/// Rows on the host.
class HostTensors : public BatchSource {
 public:
  explicit HostTensors(const TensorDataset& dataset)
      : inputs_(dataset.features), targets_(dataset.targets) {}

  std::int64_t size() const override { return inputs_.count(); }

  TensorPair gather(std::span<const std::int64_t> indices, const AugmentEpoch&,
                    GatherThreads threads) const override {
    const std::int64_t count = std::ssize(indices);
    const TensorPair batch = {inputs_.empty(count), targets_.empty(count)};
    const auto copy = [&](std::int64_t first, std::int64_t last) {
      inputs_.copy(indices, first, last, batch.inputs);
      targets_.copy(indices, first, last, batch.targets);
    };
    if (threads == GatherThreads::this_one) {
      copy(0, count);
      return batch;
    }
    const std::int64_t bytes_per_row = inputs_.bytes_per_row() + targets_.bytes_per_row();
    const std::int64_t grain =
        std::max<std::int64_t>(1, bytes_per_thread / std::max<std::int64_t>(bytes_per_row, 1));
    parallel_for(0, count, grain, copy);
    return batch;
  }

 private:
  Rows inputs_;
  Rows targets_;
};

/// Rows on a device, which is sent each epoch's order once.
class DeviceTensors : public BatchSource {
 public:
  explicit DeviceTensors(const TensorDataset& dataset)
      : inputs_(dataset.features.detach()), targets_(dataset.targets.detach()) {}

  std::int64_t size() const override { return inputs_.size(0); }
  bool is_on_host() const override { return false; }
  void set_order(std::span<const std::int64_t> order) override {
    order_ = Tensor::from(order, {std::ssize(order)}).to(inputs_.device());
  }
  void prepare(std::int64_t position, const AugmentEpoch&) override { position_ = position; }

  TensorPair gather(std::span<const std::int64_t> indices, const AugmentEpoch&,
                    GatherThreads) const override {
    const NoGrad no_grad;
    const Tensor index = order_.slice(0, position_, position_ + std::ssize(indices));
    return {index_select(inputs_, 0, index), index_select(targets_, 0, index)};
  }

 private:
  Tensor inputs_;
  Tensor targets_;
  Tensor order_;
  std::int64_t position_ = 0;
};

std::shared_ptr<BatchSource> source_of(const TensorDataset& dataset) {
  check_dataset("loader", dataset);
  if (dataset.features.device().type == DeviceType::cpu) {
    return std::make_shared<HostTensors>(dataset);
  }
  return std::make_shared<DeviceTensors>(dataset);
}

}  // namespace

TensorLoader::TensorLoader(const TensorDataset& dataset, const TensorLoaderOptions& options)
    : stream_(std::make_unique<BatchStream>(source_of(dataset),
                                            StreamOptions{
                                                .batch_size = options.batch_size,
                                                .shuffle = options.shuffle,
                                                .drop_last = options.drop_last,
                                                .generator = options.generator,
                                                .prefetch_threads = options.prefetch_threads,
                                            })) {}

TensorLoader::TensorLoader(TensorLoader&&) noexcept = default;
TensorLoader& TensorLoader::operator=(TensorLoader&&) noexcept = default;
TensorLoader::~TensorLoader() = default;

void TensorLoader::start_epoch() { stream_->start_epoch(); }

bool TensorLoader::next(TensorBatch& batch) {
  TensorPair pair;
  if (!stream_->next(pair)) return false;
  batch = {std::move(pair.inputs), std::move(pair.targets)};
  return true;
}

std::int64_t TensorLoader::batch_count() const { return stream_->batch_count(); }

LoaderState TensorLoader::state() const { return stream_->state(); }

void TensorLoader::restore(const LoaderState& state) { stream_->restore(state); }

}  // namespace plastic::data
