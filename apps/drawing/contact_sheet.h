#pragma once

#include <string>
#include <vector>

#include "apps/drawing/canvas.h"
#include "plastic/core/tensor.h"

namespace plastic::apps {

struct LabelledPicture {
  /// (C, H, W) u8 of 1 or 3 channels.
  Tensor image;
  std::string label;
  /// Where the label is wrong, the right one: it stands beneath, and the label is in red.
  std::string right_label = {};
};

/// Pictures of one size in rows, each with its label beneath it, under lines of text that say what
/// they are. Small pictures are magnified, pixel by pixel. There must be one or more.
Canvas contact_sheet(const std::string& title, const std::vector<LabelledPicture>& pictures);

}  // namespace plastic::apps
