#pragma once

#include <vector>

#include "plastic/optim/optimizer_table.h"

namespace plastic::optim {

/// The rows of optimizer_table() for rules over whole tensors (optim/matrix/).
std::vector<OptimizerEntry> matrix_rows();

}  // namespace plastic::optim
