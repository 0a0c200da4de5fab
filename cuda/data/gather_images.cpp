// The data set on a CUDA device: see data/loading/device_gather.h.
#include "cuda/data/gather_images.h"

#include "core/tensor/tensor_impl.h"
#include "cuda/runtime/check.h"
#include "cuda/runtime/cuda_backend.h"
#include "cuda/runtime/upload.h"
#include "data/loading/device_gather.h"

namespace plastic::cuda {
namespace {

class ImageGather : public data::DeviceGather {
 public:
  ImageGather(Context& context, const data::DeviceExamples& examples)
      : context_(context),
        examples_(examples),
        order_(Tensor::empty(examples.labels.shape(),
                             {.dtype = DType::i64, .device = examples.labels.device()})),
        place_(context, sizeof(BatchPlace)) {
    call_.rules = examples.rules;
    call_.images = array_of(examples.images).as<std::uint8_t>();
    call_.labels = array_of(examples.labels).as<std::int64_t>();
    call_.table = array_of(examples.table).as<float>();
    call_.mean = array_of(examples.mean).as<float>();
    call_.scale = array_of(examples.scale).as<float>();
    call_.order = array_of(order_).as<std::int64_t>();
    call_.place = place_.as<BatchPlace>();
  }

  void set_order(std::span<const std::int64_t> order) override {
    context_.use();
    context_.check_not_recording("loader");
    if (order.empty()) return;
    context_.copy_from_host(order.data(), array_of(order_).data, order.size_bytes(),
                            "the order of examples");
  }

  void prepare(std::int64_t position, const data::AugmentEpoch& epoch) override {
    context_.use();
    const BatchPlace place{.position = position, .epoch_seed = epoch.seed};
    place_.send(&place, sizeof(place));
  }

  void run(std::int64_t count, float* images, std::int64_t* labels) override {
    context_.use();
    GatherImages call = call_;
    call.count = count;
    call.out_images = images;
    call.out_labels = labels;
    gather_images(context_, call);
  }

 private:
  Context& context_;
  data::DeviceExamples examples_;
  /// At one address for all epochs, where captured steps read it.
  Tensor order_;
  Upload place_;
  GatherImages call_;
};

}  // namespace

std::unique_ptr<data::DeviceGather> CudaBackend::make_gather(const data::DeviceExamples& examples) {
  return std::make_unique<ImageGather>(use(), examples);
}

}  // namespace plastic::cuda
