#include "core/check.h"
#include "plastic/nn/activation.h"
#include "plastic/nn/dropout.h"
#include "plastic/nn/flatten.h"
#include "plastic/nn/linear.h"
#include "plastic/nn/models.h"

namespace plastic::nn {

std::shared_ptr<Sequential> mlp(const MlpOptions& options) {
  const LinearOptions linear{.generator = options.generator};
  auto model = std::make_shared<Sequential>();
  model->append(std::make_shared<Flatten>());
  std::int64_t inputs = options.inputs;
  for (const std::int64_t hidden : options.hidden) {
    if (hidden < 1) fail("mlp", "hidden sizes must be at least 1, got ", hidden);
    model->append(std::make_shared<Linear>(inputs, hidden, linear));
    model->append(std::make_shared<ReLU>());
    if (options.dropout > 0) {
      model->append(std::make_shared<Dropout>(options.dropout, options.generator));
    }
    inputs = hidden;
  }
  model->append(std::make_shared<Linear>(inputs, options.classes, linear));
  return model;
}

}  // namespace plastic::nn
