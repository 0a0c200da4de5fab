#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "apps/training/curvature.h"

namespace plastic::apps {

/// One line of curvature.jsonl, with its end: step, epoch, images, loss, eigenvalue (the largest)
/// and eigenvalues, residuals, iterations, converged, noise_scale with noise_scale_low and _high,
/// trace, gradient_square, gradient_norm, batch (images per gradient). null for what is infinite or
/// not known.
std::string curvature_line(const Curvature& curvature);

/// The file curvature.jsonl of a run folder, one JSON object per line.
class CurvatureFile {
 public:
  explicit CurvatureFile(const std::filesystem::path& folder);

  /// Whether it has a line of this step. Throws Error naming the file and the line for what is no
  /// such line.
  bool has(std::int64_t step) const;
  /// Adds a line; the file is replaced as a whole.
  void append(const Curvature& curvature);

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace plastic::apps
