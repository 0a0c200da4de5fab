// A whole training step of convolutional networks on data in memory.

#include <memory>
#include <string>
#include <utility>

#include "bench/harness.h"
#include "bench/training.h"

namespace plastic::bench {

void add_entries(const Options& options) {
  const std::pair<const char*, std::int64_t> models[] = {{"small_cnn", 2193226},
                                                         {"resnet18", 11173962}};
  const std::pair<const char*, MakeOptimizer> rules[] = {{"sgd", sgd},
                                                         {"neuroplastic", neuroplastic}};
  for (const std::int64_t batch : options.batches) {
    for (const auto& [model, parameters] : models) {
      for (const auto& [rule, make] : rules) {
        const std::string name = std::string(rule) + "/" + model + "/batch" + std::to_string(batch);
        add_step(name, options, parameters, [model = model, make = make, batch] {
          const auto training = std::make_shared<ImageTraining>(model, batch, make);
          return [training] { training->step(); };
        });
      }
    }
  }
}

}  // namespace plastic::bench
