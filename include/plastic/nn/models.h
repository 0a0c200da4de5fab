#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "plastic/core/random.h"
#include "plastic/nn/sequential.h"

namespace plastic::nn {

struct MlpOptions {
  std::int64_t inputs = 784;
  std::vector<std::int64_t> hidden = {256, 256};
  std::int64_t classes = 10;
  /// After each hidden layer; no Dropout module at 0.
  double dropout = 0.1;
  /// Draws initial values and dropout; default_generator() when null. Must outlive the model.
  Generator* generator = nullptr;
};

/// Flatten, then Linear-ReLU(-Dropout) for each hidden size, then Linear to the classes. With no
/// hidden layers, a linear classifier. Throws Error for sizes below 1.
std::shared_ptr<Sequential> mlp(const MlpOptions& options = {});

}  // namespace plastic::nn
