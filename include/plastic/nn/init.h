#pragma once

#include <cstdint>

#include "plastic/core/random.h"
#include "plastic/core/tensor.h"

namespace plastic::nn {

/// A tensor uniform in ±1/√fan_in, PyTorch's default for the weights and biases of Linear and
/// Conv2d (its kaiming_uniform with a = √5; He et al., arXiv 1502.01852). `generator` may be null,
/// which means default_generator(). Throws Error unless fan_in >= 1.
Tensor fan_in_uniform(const Shape& shape, std::int64_t fan_in, Generator* generator);

}  // namespace plastic::nn
