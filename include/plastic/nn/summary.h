#pragma once

#include <string>

#include "plastic/nn/module.h"

#pragma GCC visibility push(default)

namespace plastic::nn {

/// A table of the module's parameters as text, one per line: name, shape and number of elements;
/// then their total. Every line ends with a newline.
std::string summary(const Module& module);

}  // namespace plastic::nn

#pragma GCC visibility pop
