#pragma once

#include <functional>
#include <memory>

#include "core/device/recorded_step.h"
#include "cuda/runtime/context.h"
#include "plastic/core/random.h"

namespace plastic::cuda {

/// Backend::record: a CUDA graph.
std::unique_ptr<RecordedStep> record(Context& context, Generator& generator,
                                     const std::function<void()>& step);

}  // namespace plastic::cuda
