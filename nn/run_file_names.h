#pragma once

namespace plastic::nn {

// The files in the folder of a run that hold its network; apps/runs/run_file_names.h has the
// others.
inline constexpr const char* best_file = "best.safetensors";
inline constexpr const char* checkpoint_file = "checkpoint.safetensors";

}  // namespace plastic::nn
