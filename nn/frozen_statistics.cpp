#include "plastic/nn/frozen_statistics.h"

namespace plastic::nn {
namespace {

thread_local int depth = 0;

}  // namespace

FrozenStatistics::FrozenStatistics() { ++depth; }

FrozenStatistics::~FrozenStatistics() { --depth; }

bool FrozenStatistics::is_on() { return depth > 0; }

}  // namespace plastic::nn
