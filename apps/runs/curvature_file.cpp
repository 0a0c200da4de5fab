#include "apps/runs/curvature_file.h"

#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>

#include "apps/runs/json_parser.h"
#include "apps/runs/run_files.h"
#include "apps/runs/text_file.h"
#include "core/check.h"

namespace plastic::apps {
namespace {

using nlohmann::ordered_json;
namespace fs = std::filesystem;

ordered_json number_or_null(double value) {
  return std::isfinite(value) ? ordered_json(value) : ordered_json();
}

std::int64_t step_of(const std::string& line) {
  try {
    const ordered_json json = parse_json(line);
    if (json.is_object() && json.contains("step") && json.at("step").is_number_integer()) {
      return json.at("step").get<std::int64_t>();
    }
  } catch (const BadJson& wrong) {
    fail("curvature", "not a line of curvature: ", wrong.what());
  }
  fail("curvature", "not a line of curvature: no whole number \"step\"");
}

/// Calls `visit` with each line and its step; none where there is no file.
void each_line(const fs::path& path,
               const std::function<void(const std::string& line, std::int64_t step)>& visit) {
  std::error_code error;
  if (!fs::exists(path, error)) return;
  std::istringstream file(read_text("curvature", path));
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    std::int64_t step = 0;
    try {
      step = step_of(line);
    } catch (const Error& wrong) {
      fail("curvature", path.string(), ": line ", number, ": ", wrong.what());
    }
    visit(line, step);
  }
}

}  // namespace

std::string curvature_line(const Curvature& curvature) {
  const optim::NoiseScale& noise = curvature.noise;
  const ordered_json json = {
      {"step", curvature.step},
      {"epoch", curvature.epoch},
      {"images", curvature.images},
      {"loss", curvature.loss},
      {"eigenvalue", curvature.hessian.values.front()},
      {"eigenvalues", curvature.hessian.values},
      {"residuals", curvature.hessian.residuals},
      {"iterations", curvature.hessian.iterations},
      {"converged", curvature.hessian.converged},
      {"noise_scale", number_or_null(noise.scale)},
      {"noise_scale_low", number_or_null(curvature.noise_interval.low)},
      {"noise_scale_high", number_or_null(curvature.noise_interval.high)},
      {"trace", noise.trace},
      {"gradient_square", noise.gradient_square},
      {"gradient_norm", noise.gradient_norm},
      {"batch", curvature_batch},
  };
  return json.dump() + "\n";
}

CurvatureFile::CurvatureFile(const fs::path& folder) : path_(folder / curvature_file) {}

bool CurvatureFile::has(std::int64_t step) const {
  bool found = false;
  each_line(path_, [&](const std::string&, std::int64_t at) { found = found || at == step; });
  return found;
}

void CurvatureFile::append(const Curvature& curvature) {
  std::string text;
  each_line(path_, [&](const std::string& line, std::int64_t) { text += line + "\n"; });
  write_run_file(path_, text + curvature_line(curvature));
}

}  // namespace plastic::apps
