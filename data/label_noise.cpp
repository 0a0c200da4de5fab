#include "plastic/data/label_noise.h"

#include <cmath>
#include <span>

#include "core/check.h"
#include "data/selection.h"

namespace plastic::data {

NoisyLabels add_label_noise(const ImageDataset& dataset, double fraction, Generator& generator,
                            LabelNoise kind) {
  constexpr const char* op = "label_noise";
  std::vector<std::int64_t> labels = checked_labels(op, dataset);
  if (!(fraction >= 0 && fraction <= 1)) fail(op, "fraction must be 0 to 1, got ", fraction);
  const std::int64_t classes = std::ssize(dataset.class_names);
  if (classes < 2) {
    fail(op, "there is no other class to give: the data set has ", classes, "; it takes two");
  }
  const auto count =
      static_cast<std::int64_t>(std::llround(fraction * static_cast<double>(dataset.size())));
  NoisyLabels out = {dataset, sample(dataset.size(), count, generator)};
  for (const std::int64_t index : out.changed) {
    std::int64_t& label = labels[static_cast<std::size_t>(index)];
    // A step of 1 to classes - 1 around the circle of classes reaches every other one once.
    const std::int64_t step = kind == LabelNoise::pair
                                  ? 1
                                  : 1 + static_cast<std::int64_t>(generator.next_below(
                                            static_cast<std::uint64_t>(classes - 1)));
    label = (label + step) % classes;
  }
  out.dataset.labels = Tensor::from(std::span<const std::int64_t>(labels), {std::ssize(labels)});
  return out;
}

}  // namespace plastic::data
