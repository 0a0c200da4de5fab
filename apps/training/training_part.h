#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/training/training.h"
#include "plastic/data/dataset.h"
#include "plastic/data/label_noise.h"

namespace plastic::apps {

/// What a run takes from a data set's training images.
struct TrainingPart {
  /// What it learns from, with label noise where the configuration asks for it.
  data::ImageDataset train;
  /// What it sets aside to choose by, with the labels as they are in the data set.
  std::optional<data::ImageDataset> validation;
  /// The images of `train` whose label was changed, in order.
  std::vector<std::int64_t> mislabelled;
};

/// Draws `limit_per_class` or `fraction` of `all`, sets `validation` of that aside, class by class,
/// and gives a share `label_noise` of the rest wrong labels. Each of the three has a stream of
/// random numbers of its own, so that the draws of one do not depend on whether another is asked
/// for. Throws UsageError as check_training_part() does.
TrainingPart training_part(const TrainConfig& config, const data::ImageDataset& all);

/// Throws UsageError, naming the option and what to do, where `fraction` and `limit_per_class` are
/// both given, a class has fewer images than the limit, a part would be empty or would lack a class
/// that was drawn, or there is no second class for wrong labels. What is drawn, and so whether a
/// small class is in both parts, depends on the seed.
void check_training_part(const TrainConfig& config, const data::ImageDataset& all);

/// Images that an epoch of training has, that are set aside for validation, and that are trained on
/// with a wrong label; `all` is the whole training set.
std::int64_t training_size(const TrainConfig& config, const data::ImageDataset& all);
std::int64_t validation_size(const TrainConfig& config, const data::ImageDataset& all);
std::int64_t mislabelled_size(const TrainConfig& config, const data::ImageDataset& all);

/// "symmetric", "pair".
const std::vector<std::string>& label_noise_names();
std::string name_of(data::LabelNoise kind);
/// Throws UsageError listing the names.
data::LabelNoise parse_label_noise(std::string_view text);

}  // namespace plastic::apps
