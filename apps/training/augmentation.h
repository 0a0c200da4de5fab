#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plastic/data/augment.h"

namespace plastic::apps {

/// Reads "crop,flip=0.5": names of changes with a strength each or their usual one. Throws
/// UsageError. "none" is no change.
data::AugmentOptions parse_augment(std::string_view text);

/// The changes that are on, each as parse_augment() takes it: {"crop=4", "flip=0.5"}.
std::vector<std::string> augment_parts(const data::AugmentOptions& options);

/// The names with their usual strengths and meanings, for the help.
std::string augment_help();

}  // namespace plastic::apps
