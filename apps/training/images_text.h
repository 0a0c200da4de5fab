#pragma once

#include <string>

#include "plastic/data/dataset.h"

namespace plastic::apps {

/// How many images and classes a data set has, and a checksum of them all: what tells it from
/// another.
std::string images_text(const data::DatasetPair& data);

}  // namespace plastic::apps
