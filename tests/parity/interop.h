#pragma once

#include <string>

namespace plastic::parity {

/// Writes FOLDER/NAME.onnx of each network that stands in a table here, and in
/// FOLDER/NAME.safetensors its input "x" and its result "y"; prints the names.
void export_networks(const std::string& folder);

}  // namespace plastic::parity
