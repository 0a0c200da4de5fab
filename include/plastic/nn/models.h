#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "plastic/core/random.h"
#include "plastic/nn/sequential.h"

#pragma GCC visibility push(default)

namespace plastic::nn {

/// The layers of mlp().
struct MlpOptions {
  /// Numbers per example: (N, ...) is flattened to (N, inputs).
  std::int64_t inputs = 784;
  /// The size of each hidden layer; none for a linear classifier.
  std::vector<std::int64_t> hidden = {256, 256};
  /// Logits per example.
  std::int64_t classes = 10;
  /// Probability after each hidden layer; no Dropout module at 0.
  double dropout = 0.1;
  /// Draws initial values and dropout; default_generator() when null. Must outlive the model.
  Generator* generator = nullptr;
};

/// Flatten, then Linear-ReLU(-Dropout) for each hidden size, then Linear to the classes. With no
/// hidden layers, a linear classifier. Throws Error for sizes below 1.
std::shared_ptr<Sequential> mlp(const MlpOptions& options = {});

/// Options that the models of images share. They take images (N, channels, height, width) and give
/// logits (N, classes).
struct ImageModelOptions {
  /// 1 for grey, 3 for colour.
  std::int64_t channels = 3;
  /// Rows of an image; fully connected layers on top are made for one size.
  std::int64_t height = 32;
  /// Columns of an image.
  std::int64_t width = 32;
  /// Logits per image.
  std::int64_t classes = 10;
  /// Draws initial values and dropout; default_generator() when null. Must outlive the model.
  Generator* generator = nullptr;
};

/// LeCun et al., "Gradient-based learning applied to document recognition", 1998, as it is used
/// today (Caffe's form, with ReLU after each convolution): conv1 5×5 to 20 channels, pool, conv2
/// 5×5 to 50, pool, fc1 to 500, ReLU, fc2. Pools are 2×2 max pools. Throws Error for images smaller
/// than 16×16 and sizes below 1.
ModulePtr lenet(const ImageModelOptions& options = {.channels = 1, .height = 28, .width = 28});

/// conv 3×3 to 32 channels, ReLU, conv to 64, ReLU, pool, conv to 128, ReLU, pool, flatten, linear
/// to 256, ReLU, dropout, linear to the classes. Convolutions keep the image's size; pools are 2×2
/// max pools. The children are numbered in this order. Throws Error for images smaller than 4×4 and
/// sizes below 1.
std::shared_ptr<Sequential> small_cnn(const ImageModelOptions& options = {}, double dropout = 0.2);

/// How a ResNet begins.
enum class ResNetStem {
  /// With a 3×3 convolution, for 32×32 images.
  cifar,
  /// With a 7×7 convolution of stride 2 and a max pool of stride 2, for large ones.
  imagenet,
};

/// The 18-layer residual network. He et al., arXiv 1512.03385. Names and initial values are
/// torchvision's: convolutions normal with deviation √2/√fan_out. Takes images of any size; the
/// options' height and width are ignored.
ModulePtr resnet18(const ImageModelOptions& options = {}, ResNetStem stem = ResNetStem::cifar);

}  // namespace plastic::nn

#pragma GCC visibility pop
