#include "plastic/core/recording.h"

#include "core/autograd/attempt.h"
#include "core/device/backend.h"
#include "core/device/recorded_step.h"

namespace plastic {

Recording::Recording(Device device, Generator& generator, const std::function<void()>& step)
    : step_(backend(device).record(generator, [&step] {
        const NoAttempts no_attempts;
        step();
      })) {}

Recording::~Recording() = default;
Recording::Recording(Recording&&) noexcept = default;
Recording& Recording::operator=(Recording&&) noexcept = default;

void Recording::repeat() { step_->repeat(); }

}  // namespace plastic
