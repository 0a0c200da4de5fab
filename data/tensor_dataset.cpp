#include "plastic/data/tensor_dataset.h"

#include "core/check.h"
#include "data/check_dataset.h"
#include "data/selection.h"

namespace plastic::data {

void check_dataset(const char* op, const TensorDataset& dataset) {
  const auto check_tensor = [op](const char* name, const Tensor& tensor) {
    if (!tensor.defined()) fail(op, "the data set has no ", name, "; set them");
    if (tensor.rank() == 0) {
      fail(op, name, " are a single number; their first axis counts the examples: (N, ...)");
    }
  };
  check_tensor("features", dataset.features);
  check_tensor("targets", dataset.targets);
  if (dataset.features.size(0) != dataset.targets.size(0)) {
    fail(op, "counts differ: features ", to_string(dataset.features.shape()), ", targets ",
         to_string(dataset.targets.shape()), "; give one target per example");
  }
  if (dataset.features.device() != dataset.targets.device()) {
    fail(op, "features are on ", to_string(dataset.features.device()), ", targets on ",
         to_string(dataset.targets.device()), "; move them to one device");
  }
}

void check_on_host(const char* op, const TensorDataset& dataset) {
  check_dataset(op, dataset);
  if (dataset.features.device() != Device{}) {
    fail(op, "the data set is on ", to_string(dataset.features.device()),
         "; select from it on the CPU and move the parts");
  }
}

TensorDataset subset(const TensorDataset& dataset, double fraction, Generator& generator) {
  check_on_host("subset", dataset);
  const std::int64_t count = checked_count("subset", dataset.size(), fraction);
  if (fraction == 1) return dataset;
  return select(dataset, sample(dataset.size(), count, generator));
}

}  // namespace plastic::data
