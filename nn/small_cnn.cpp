#include "core/check.h"
#include "nn/model_sizes.h"
#include "plastic/nn/activation.h"
#include "plastic/nn/conv.h"
#include "plastic/nn/dropout.h"
#include "plastic/nn/flatten.h"
#include "plastic/nn/linear.h"
#include "plastic/nn/models.h"
#include "plastic/nn/pool.h"

namespace plastic::nn {

std::int64_t small_cnn_features(const ImageModelOptions& options) {
  return 128 * (options.height / 4) * (options.width / 4);
}

std::shared_ptr<Sequential> small_cnn(const ImageModelOptions& options, double dropout) {
  if (options.height < 4 || options.width < 4) {
    fail("small_cnn", "needs images of at least 4 x 4, got ", options.height, " x ", options.width);
  }
  const auto conv = [&](std::int64_t in, std::int64_t out) {
    return std::make_shared<Conv2d>(
        in, out, 3, Conv2dOptions{.padding = {1, 1}, .generator = options.generator});
  };
  const auto linear = [&](std::int64_t in, std::int64_t out) {
    return std::make_shared<Linear>(in, out, LinearOptions{.generator = options.generator});
  };
  return std::make_shared<Sequential>(std::initializer_list<ModulePtr>{
      conv(options.channels, 32), std::make_shared<ReLU>(), conv(32, 64), std::make_shared<ReLU>(),
      std::make_shared<MaxPool2d>(), conv(64, 128), std::make_shared<ReLU>(),
      std::make_shared<MaxPool2d>(), std::make_shared<Flatten>(),
      linear(small_cnn_features(options), 256), std::make_shared<ReLU>(),
      std::make_shared<Dropout>(dropout, options.generator), linear(256, options.classes)});
}

}  // namespace plastic::nn
