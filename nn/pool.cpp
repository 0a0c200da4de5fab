#include "plastic/nn/pool.h"

#include "nn/layer_kind.h"

namespace plastic::nn {

MaxPool2d::MaxPool2d(const MaxPool2dOptions& options)
    : ExactLayer(LayerKind::max_pool2d), options_(options) {}

}  // namespace plastic::nn
