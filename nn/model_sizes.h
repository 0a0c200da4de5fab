#pragma once

#include <cstdint>
#include <string_view>

#include "plastic/nn/model_table.h"

namespace plastic::nn {

/// What the first fully connected layer of a model reads.
std::int64_t lenet_features(const ImageModelOptions& options);
std::int64_t small_cnn_features(const ImageModelOptions& options);

/// What ModelEntry::numbers says of make_model(name, options). Throws Error as that does, but for
/// sizes.
std::int64_t model_numbers(std::string_view name, const NamedModelOptions& options);

}  // namespace plastic::nn
