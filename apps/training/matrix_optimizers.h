#pragma once

#include <vector>

#include "apps/training/optimizers.h"

namespace plastic::apps {

/// The rows of optimizer_table() for rules over whole tensors (optim/matrix/).
std::vector<OptimizerEntry> matrix_optimizers();

}  // namespace plastic::apps
