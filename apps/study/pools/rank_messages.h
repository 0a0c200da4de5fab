#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "apps/study/workers.h"

namespace plastic::apps {

/// What the first rank tells another.
struct RankOrder {
  /// Otherwise all that is under way is to end, and nothing follows.
  bool is_start = false;
  /// As StudyPool::start() takes them.
  std::size_t run = 0;
  std::optional<int> trial = {};
};

/// What another rank tells the first one.
struct RankReport {
  enum class Kind {
    /// Something happened to a run.
    event,
    /// The rank was told to stop, by a signal.
    interrupted,
    /// It has ended its runs, and nothing follows.
    ended,
  };
  Kind kind = Kind::event;
  WorkerEvent event = {};
};

/// @name As text, and back
/// Reading throws Error for anything else.
/// @{
std::string message_of(const RankOrder& order);
std::string message_of(const RankReport& report);
RankOrder read_order(std::string_view message);
RankReport read_report(std::string_view message);
/// @}

}  // namespace plastic::apps
