#pragma once

#include <filesystem>
#include <string>

#include "apps/drawing/canvas.h"

namespace plastic::apps {

/// The picture as a PNG file, marked as drawn by Plastic. Throws Error when memory is out.
std::string png_of(const Canvas& canvas);

/// Whether the file at `path` is a PNG file with that mark: a picture that may be drawn again.
bool is_drawn_png(const std::filesystem::path& path);

}  // namespace plastic::apps
