#pragma once

#include <cstddef>
#include <cstdint>

#include "optim/neuroplastic/step.h"
#include "plastic/optim/neuroplastic.h"

namespace plastic::optim::neuroplastic {

/// The position of a tensor among the parameters, and of training among its epochs.
struct Place {
  /// In parameter order, over all groups.
  std::size_t index = 0;
  std::size_t count = 0;
  std::int64_t rank = 0;
  /// 0 before the first epoch.
  std::int64_t epoch = 0, total_epochs = 1;
  /// Steps of this tensor, this one included.
  std::int64_t step = 1;
};

/// Whether the rule needs to know the epoch.
bool depends_on_epoch(const NeuroPlasticOptions& options);

/// What the options mean for one tensor at one step: schedules and scopes become numbers.
RuleTensor resolve(const NeuroPlasticOptions& options, double lr, const Place& place,
                   const StepTensor& tensor);

}  // namespace plastic::optim::neuroplastic
