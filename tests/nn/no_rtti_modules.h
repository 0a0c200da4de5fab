#pragma once

#include <vector>

#include "plastic/core/random.h"
#include "plastic/nn/module.h"

namespace plastic::test {

// What tests/nn/derived_modules.h gives in a file that is compiled without run-time type
// information.
std::vector<std::vector<nn::ModulePtr>> no_rtti_lists_for_rows(Generator& generator);
std::vector<std::vector<nn::ModulePtr>> no_rtti_lists_for_images(Generator& generator);

}  // namespace plastic::test
