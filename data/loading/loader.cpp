#include "plastic/data/loader.h"

#include <utility>

#include "core/tensor/tensor_impl.h"
#include "data/loading/batch_stream.h"
#include "data/loading/device_gather.h"
#include "data/loading/gather.h"

namespace plastic::data {
namespace {

/// Images that a device keeps and gathers.
class DeviceImages : public BatchSource {
 public:
  DeviceImages(const ImageDataset& dataset, const AugmentOptions& augment, Device device)
      : gather_(make_device_gather(dataset, augment, device)),
        shape_(dataset.images.shape()),
        changes_examples_(augment.any()),
        device_(device) {}

  std::int64_t size() const override { return shape_[0]; }
  bool is_on_host() const override { return false; }
  bool changes_examples() const override { return changes_examples_; }
  void set_order(std::span<const std::int64_t> order) override { gather_->set_order(order); }
  void prepare(std::int64_t position, const AugmentEpoch& epoch) override {
    gather_->prepare(position, epoch);
  }
  TensorPair gather(std::span<const std::int64_t> indices, const AugmentEpoch&,
                    GatherThreads) const override {
    const TensorPair batch = empty_batch(std::ssize(indices), shape_, device_);
    gather_->run(std::ssize(indices), array_of(batch.inputs).as<float>(),
                 array_of(batch.targets).as<std::int64_t>());
    return batch;
  }

 private:
  std::unique_ptr<DeviceGather> gather_;
  Shape shape_;
  bool changes_examples_;
  Device device_;
};

std::shared_ptr<BatchSource> source_of(const ImageDataset& dataset, const LoaderOptions& options) {
  if (options.device.type == DeviceType::cpu) {
    return std::make_shared<Gather>(dataset, options.augment);
  }
  return std::make_shared<DeviceImages>(dataset, options.augment, options.device);
}

Batch batch_of(TensorPair pair) { return {std::move(pair.inputs), std::move(pair.targets)}; }

}  // namespace

Loader::Loader(const ImageDataset& dataset, const LoaderOptions& options)
    : stream_(std::make_unique<BatchStream>(source_of(dataset, options),
                                            StreamOptions{
                                                .batch_size = options.batch_size,
                                                .shuffle = options.shuffle,
                                                .drop_last = options.drop_last,
                                                .generator = options.generator,
                                                .prefetch_threads = options.prefetch_threads,
                                                .part = options.part,
                                            })) {}

Loader::Loader(Loader&&) noexcept = default;
Loader& Loader::operator=(Loader&&) noexcept = default;
Loader::~Loader() = default;

void Loader::start_epoch() { stream_->start_epoch(); }

bool Loader::next(Batch& batch) {
  TensorPair pair;
  if (!stream_->next(pair)) return false;
  batch = batch_of(std::move(pair));
  return true;
}

bool Loader::advance() { return stream_->advance(); }

std::int64_t Loader::batch_size() const { return stream_->batch_size(); }

Batch Loader::gather() { return batch_of(stream_->gather()); }

std::int64_t Loader::batch_count() const { return stream_->batch_count(); }

LoaderState Loader::state() const { return stream_->state(); }

void Loader::restore(const LoaderState& state) { stream_->restore(state); }

}  // namespace plastic::data
