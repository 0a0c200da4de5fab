#pragma once

namespace plastic::apps {

/// The default of options that count threads or processes, which is usable_processors().
inline constexpr const char* usable_processors_text =
    "the processors that the affinity mask and the cgroup's quota allow";

}  // namespace plastic::apps
