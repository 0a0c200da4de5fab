#pragma once

#include <tuple>

#include "plastic/optim/adam.h"
#include "plastic/optim/lion.h"
#include "plastic/optim/nadam.h"
#include "plastic/optim/radam.h"
#include "plastic/optim/rmsprop.h"
#include "plastic/optim/schedule_free.h"
#include "plastic/optim/sgd.h"

namespace plastic::optim {

/// The library's own elementwise rules, each of which has a CUDA kernel.
using ShippedRules =
    std::tuple<SgdRule, MomentumRule, AdamRule, LionRule, RmsPropRule, FullRmsPropRule, NAdamRule,
               RAdamRule, ScheduleFreeSgdRule, ScheduleFreeAdamWRule>;

}  // namespace plastic::optim
