#pragma once

#include <string>
#include <vector>

#include "plastic/core/tensor.h"

namespace plastic::apps {

/// 16 digits that differ, in all likelihood, where any bit of these tensors does: for ranks to
/// compare what they have.
std::string fingerprint(const std::vector<Tensor>& tensors);

}  // namespace plastic::apps
