#include "plastic/core/recording.h"

#include "core/attempt.h"
#include "core/backend.h"
#include "core/recorded_step.h"

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
