// plastic curvature, and train --curvature and --keep-every.
#include "apps/training/curvature.h"

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/runs/checkpoint.h"
#include "apps/runs/curvature_file.h"
#include "apps/runs/kept_networks.h"
#include "apps/runs/run_config.h"
#include "apps/training/training_images.h"
#include "plastic/core/ops.h"
#include "plastic/nn/convert.h"
#include "plastic/nn/models.h"
#include "tests/apps/program.h"
#include "tests/support/text.h"

using namespace plastic;
using namespace plastic::apps;
using namespace plastic::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr const char* small_run =
    "train --fraction 0.05 --hidden 12 --batch-size 50 --epochs 4 --optimizer sgd ";

const std::string recorded = "--curvature 2 --curvature-images 128 --keep-every 2 ";

std::string quoted(const fs::path& path) { return " '" + path.string() + "' "; }

// A run that measures and keeps, made once for all tests of this file.
const fs::path& measured_run() {
  static const TemporaryFolder folder;
  static const fs::path run = [] {
    const fs::path out = folder / "run";
    require_done(std::string(small_run) + recorded + "--out" + quoted(out));
    return out;
  }();
  return run;
}

std::vector<json> lines_of(const fs::path& path) {
  std::vector<json> lines;
  std::istringstream stream(read_file(path));
  for (std::string line; std::getline(stream, line);) lines.push_back(json::parse(line));
  return lines;
}

}  // namespace

// The sum of squares of the run's own gradients, image by image, as the command's.
TEST_CASE("apps.curvature.command") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  fs::copy(measured_run(), run, fs::copy_options::recursive);
  fs::remove(run / "curvature.jsonl");
  const ProgramResult result =
      require_done("curvature " + quoted(run) + " --images 128 --eigenvalues 2");
  CHECK(contains(result.out, {"mlp 784-12-10", "epoch 4", "largest eigenvalue", "noise scale",
                              "2/eigenvalue", "this run's is 0.01", "batches have 50"}));
  const std::vector<json> lines = lines_of(run / "curvature.jsonl");
  REQUIRE(lines.size() == 1);
  const json& line = lines[0];
  CHECK(line.at("step") == 40);
  CHECK(line.at("epoch") == 4);
  CHECK(line.at("images") == 128);
  CHECK(line.at("eigenvalues").size() == 2);
  CHECK(line.at("eigenvalue") == line.at("eigenvalues")[0]);
  CHECK(line.at("eigenvalues")[0] > line.at("eigenvalues")[1]);
  CHECK(line.at("converged") == true);
  // The line that the run itself added after the same epoch.
  const json own = lines_of(measured_run() / "curvature.jsonl").back();
  CHECK(own.at("eigenvalue").get<double>() ==
        doctest::Approx(line.at("eigenvalue").get<double>()).epsilon(1e-6));
  CHECK(own.at("noise_scale") == line.at("noise_scale"));

  // Independently: the gradients of single batches of 32 images.
  const RunOptions options = read_run_options(run);
  const data::DatasetPair data = load_data(options);
  const data::Batch images = training_images(options.run, data.train, 128);
  const nn::ModulePtr model = nn::mlp({.hidden = {12}, .dropout = options.run.dropout.value()});
  StateDict state;
  const StateDict all = load_checkpoint(run).value().state;
  for (const NamedTensor& entry : all) {
    if (entry.name.starts_with("model.")) state.push_back({entry.name.substr(6), entry.tensor});
  }
  model->load_state_dict(state);
  model->eval();
  nn::convert(*model, DType::f64);
  std::vector<std::vector<double>> gradients;
  for (std::int64_t first = 0; first < 128; first += 32) {
    for (Tensor& parameter : model->parameters()) parameter.zero_grad();
    cross_entropy((*model)(images.images.slice(0, first, first + 32).to(DType::f64)),
                  images.labels.slice(0, first, first + 32))
        .backward();
    std::vector<double> flat;
    for (const Tensor& parameter : model->parameters()) {
      const auto part = parameter.grad().to_vector<double>();
      flat.insert(flat.end(), part.begin(), part.end());
    }
    gradients.push_back(flat);
  }
  double trace = 0, square = 0;
  for (std::size_t i = 0; i < gradients[0].size(); ++i) {
    double mean = 0, spread = 0;
    for (const auto& gradient : gradients) mean += gradient[i] / 4;
    for (const auto& gradient : gradients) spread += (gradient[i] - mean) * (gradient[i] - mean);
    trace += 32 * spread / 3;
    square += mean * mean;
  }
  CHECK(line.at("trace").get<double>() == doctest::Approx(trace).epsilon(1e-9));
  CHECK(line.at("gradient_norm").get<double>() == doctest::Approx(std::sqrt(square)).epsilon(1e-9));
  CHECK(line.at("gradient_square").get<double>() ==
        doctest::Approx(square - trace / 128).epsilon(1e-9));
}

TEST_CASE("apps.curvature.changes_no_bit_of_the_run") {
  const TemporaryFolder folder;
  const fs::path plain = folder / "plain";
  require_done(std::string(small_run) + "--out" + quoted(plain));
  CHECK(timeless_metrics(plain) == timeless_metrics(measured_run()));
  CHECK(read_file(plain / "checkpoint.safetensors") ==
        read_file(measured_run() / "checkpoint.safetensors"));
  CHECK_FALSE(fs::exists(plain / "curvature.jsonl"));
  CHECK(kept_networks(plain).empty());
}

TEST_CASE("apps.curvature.while_training") {
  const std::vector<json> lines = lines_of(measured_run() / "curvature.jsonl");
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].at("epoch") == 2);
  CHECK(lines[0].at("step") == 20);
  CHECK(lines[1].at("step") == 40);
  std::vector<int> epochs;
  for (const KeptNetwork& kept : kept_networks(measured_run())) epochs.push_back(kept.epoch);
  CHECK(epochs == std::vector<int>{0, 2, 4});
}

TEST_CASE("apps.curvature.resumed") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  require_done("train --fraction 0.05 --hidden 12 --batch-size 50 --epochs 2 --optimizer sgd " +
               recorded + "--out" + quoted(run));
  CHECK(lines_of(run / "curvature.jsonl").size() == 1);
  require_done("train --resume" + quoted(run) + "--epochs 4 " + recorded);
  CHECK(read_file(run / "curvature.jsonl") == read_file(measured_run() / "curvature.jsonl"));
  CHECK(kept_networks(run).size() == 3);
  // Another run in its place has nothing of it.
  require_done(std::string(small_run) + "--overwrite --out" + quoted(run));
  CHECK_FALSE(fs::exists(run / "curvature.jsonl"));
  CHECK(kept_networks(run).empty());
}

TEST_CASE("apps.curvature.errors") {
  const TemporaryFolder folder;
  const ProgramResult none = run_program("curvature /nowhere/run");
  CHECK(none.code == 1);
  CHECK(contains(none.err, {"[run] /nowhere/run", "config.toml", "plastic train --out"}));
  const fs::path run = folder / "run";
  fs::create_directory(run);
  fs::copy(measured_run() / "config.toml", run / "config.toml");
  const ProgramResult unfinished = run_program("curvature " + quoted(run));
  CHECK(unfinished.code == 1);
  CHECK(contains(unfinished.err, {"[curvature]", "has no checkpoint.safetensors", "--resume"}));
  const ProgramResult best = run_program("curvature --checkpoint best " + quoted(measured_run()));
  CHECK(best.code == 1);
  CHECK(contains(best.err, "has no best.safetensors"));
  CHECK(run_program("curvature --images 63 " + quoted(measured_run())).code == 2);
  CHECK(run_program("curvature").code == 2);
  CHECK(run_program("curvature ''").code == 2);
  const ProgramResult keep = run_program("train --keep-every 2");
  CHECK(keep.code == 2);
  CHECK(contains(keep.err, "--keep-every needs --out"));
}

TEST_CASE("apps.curvature.damaged_file") {
  const TemporaryFolder folder;
  CurvatureFile file(folder.path());
  CHECK_FALSE(file.has(3));
  Curvature curvature{.step = 3, .epoch = 1, .images = 64};
  curvature.hessian.values = {2.0};
  curvature.hessian.residuals = {0.1};
  curvature.noise.scale = INFINITY;
  file.append(curvature);
  CHECK(file.has(3));
  CHECK(contains(read_file(file.path()), "\"noise_scale\":null"));
  write_file(file.path(), read_file(file.path()) + "{\"step\":");
  CHECK(contains(error_of([&] { file.has(3); }), {"curvature.jsonl: line 2", "not a line"}));
}

TEST_CASE("apps.curvature.interval_of_the_noise_scale") {
  // Certain parts: the ratio and nothing else.
  optim::NoiseScale noise{.scale = 50, .trace = 100, .gradient_square = 2};
  CHECK(noise_interval(noise, 64).low == doctest::Approx(50));
  CHECK(noise_interval(noise, 64).high == doctest::Approx(50));
  // Only the trace is uncertain: Student's interval of it, divided.
  noise.trace_variance = 25;
  CHECK(noise_interval(noise, 61).low == doctest::Approx((100 - 2.0003 * 5) / 2).epsilon(1e-4));
  CHECK(noise_interval(noise, 61).high == doctest::Approx((100 + 2.0003 * 5) / 2).epsilon(1e-4));
  // The square is uncertain, but above 0; then it may be 0.
  noise.gradient_square_variance = 0.04;
  const Interval wider = noise_interval(noise, 61);
  CHECK(wider.low < 45);
  CHECK(wider.high > 55);
  CHECK(std::isfinite(wider.high));
  noise.gradient_square_variance = 4;
  CHECK(std::isinf(noise_interval(noise, 61).high));
  CHECK(noise_interval(noise, 61).low > 0);
  CHECK(noise_interval(noise, 61).low < 50);
  noise.gradient_square = -0.5;
  CHECK(std::isinf(noise_interval(noise, 61).high));
}
