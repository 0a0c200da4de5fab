#include "plastic/core/deterministic.h"

#include <atomic>

namespace plastic {
namespace {

std::atomic<bool> chosen{false};

}  // namespace

bool deterministic() { return chosen; }

void set_deterministic(bool deterministic) { chosen = deterministic; }

}  // namespace plastic
