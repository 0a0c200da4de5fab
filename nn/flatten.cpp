#include "plastic/nn/flatten.h"

namespace plastic::nn {

Tensor Flatten::forward(const Tensor& x) { return x.rank() < 2 ? x : x.flatten(1); }

}  // namespace plastic::nn
