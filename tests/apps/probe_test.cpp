// --probe: what a run writes about its optimizer, and that it changes nothing else.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "plastic/core/safetensors.h"
#include "tests/apps/program.h"
#include "tests/support/text.h"

using namespace plastic;
using namespace plastic::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

// A folder with a tiny mnist, on which an epoch has 7 steps, the last with 20 of its 30 images.
class Runs {
 public:
  Runs() { write_tiny_mnist(folder_.path()); }

  fs::path operator/(const std::string& name) const { return folder_.path() / name; }

  std::string command(const std::string& name, const std::string& arguments) const {
    return "train --data mnist --data-dir '" + folder_.path().string() + "' --out '" +
           (folder_ / name) + "' --hidden 16 --batch-size 30 " + arguments;
  }

  std::string text(const std::string& name) const {
    return read_file(*this / name / "probe.jsonl");
  }

  std::vector<json> lines(const std::string& name) const {
    std::vector<json> all;
    std::istringstream file(text(name));
    for (std::string line; std::getline(file, line);) all.push_back(json::parse(line));
    return all;
  }

  // A tensor of the checkpoint.
  std::vector<float> saved(const std::string& run, const std::string& name) const {
    const Safetensors checkpoint = load_safetensors(*this / run / "checkpoint.safetensors");
    return find(checkpoint.tensors, name, "test").to_vector<float>();
  }

 private:
  TemporaryFolder folder_;
};

double norm(const std::vector<float>& values) {
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(sum);
}

bool is_close(double a, double b) { return std::abs(a - b) <= 1e-6 * std::abs(b); }

// A list of one entry for each tensor, `nulls` of which are null.
void check_column(const json& column, std::size_t tensors, std::ptrdiff_t nulls = 0) {
  REQUIRE(column.is_array());
  CHECK(column.size() == tensors);
  CHECK(std::ranges::count_if(column, [](const json& one) { return one.is_null(); }) == nulls);
}

}  // namespace

TEST_CASE("apps.probe.what_a_run_writes") {
  const Runs runs;
  require_done(
      runs.command("a", "--epochs 2 --probe 1 --probe-sample 100 --np.max-update-norm 0.3"));
  const std::vector<json> lines = runs.lines("a");
  REQUIRE(lines.size() == 1 + 14);
  const json& header = lines[0];
  CHECK(header["format"] == 1);
  CHECK(header["optimizer"] == "neuroplastic");
  CHECK(header["every"] == 1);
  CHECK(header["steps_per_epoch"] == 7);
  CHECK(header["sample"] == 100);
  REQUIRE(header["tensors"].size() == 4);
  const json tensor = {{"name", "1.weight"}, {"shape", {16, 784}}, {"count", 16 * 784}};
  CHECK(header["tensors"][0] == tensor);
  const json alpha = {
      {"name", "alpha"}, {"low", 0.2}, {"high", 2}, {"scale", "linear"}, {"clips", true}};
  REQUIRE(header["signals"].size() == 4);
  CHECK(is_close(header["signals"][0]["low"].get<double>(), 0.2));
  CHECK(header["signals"][0]["scale"] == alpha["scale"]);
  CHECK(header["signals"][0]["clips"] == alpha["clips"]);
  CHECK(header["signals"][1]["name"] == "activity");
  CHECK(header["signals"][1]["scale"] == "log");
  CHECK(header["quantiles"].size() == 5);
  CHECK(header["bins"] == 64);

  std::int64_t step = 0;
  for (const json& line : std::span(lines).subspan(1)) {
    CAPTURE(step);
    CHECK(line["step"] == ++step);
    CHECK(line["epoch"] == (step + 6) / 7);
    CHECK(is_close(line["lr"].get<double>(), 0.1));
    for (const char* name : {"weight_norm", "gradient_norm", "update_norm"}) {
      check_column(line[name], 4);
    }
    // The first update has none to compare with.
    check_column(line["cosine"], 4, step == 1 ? 4 : 0);
    for (const char* name :
         {"norm_clip", "gain", "activity_share", "gradient_share", "memory_share"}) {
      check_column(line["numbers"][name], 4);
    }
    double shares = 0;
    for (const char* name : {"activity_share", "gradient_share", "memory_share"}) {
      shares += line["numbers"][name][0].get<double>();
    }
    CHECK(is_close(shares, 1));
    REQUIRE(line["signals"].size() == 4);
    for (const auto& [name, signal] : line["signals"].items()) {
      CAPTURE(name);
      for (const char* column :
           {"mean", "deviation", "at_low", "at_high", "quantiles", "histogram"}) {
        check_column(signal[column], 4);
      }
      CHECK(signal["quantiles"][0].size() == 5);
      REQUIRE(signal["histogram"][0].size() == 64);
      std::int64_t counted = 0;
      for (const json& count : signal["histogram"][0]) counted += count.get<std::int64_t>();
      CHECK(counted == 100);
      // Means over all elements, by their definition.
      if (name != "alpha") CHECK(std::abs(signal["mean"][0].get<double>() - 1) < 1e-3);
    }
  }
  CHECK(is_close(lines.back()["weight_norm"][0].get<double>(),
                 norm(runs.saved("a", "model.1.weight"))));
  CHECK(is_close(lines.back()["weight_norm"][3].get<double>(),
                 norm(runs.saved("a", "model.4.bias"))));
  CHECK(lines.back()["numbers"]["norm_clip"][0].get<double>() <= 1);

  // The losses of the steps are those of the epoch.
  double loss = 0;
  for (std::size_t i = 1; i <= 7; ++i) loss += lines[i]["loss"].get<double>() * (i < 7 ? 30 : 20);
  std::istringstream metrics(read_file(runs / "a" / "metrics.jsonl"));
  std::string first;
  std::getline(metrics, first);
  CHECK(is_close(loss / 200, json::parse(first)["train_loss"].get<double>()));
}

TEST_CASE("apps.probe.changes_nothing_else") {
  const Runs runs;
  for (const char* optimizer : {"neuroplastic", "sgd --sam 0.05", "schedule-free-adamw"}) {
    CAPTURE(optimizer);
    const std::string common = std::string("--overwrite --epochs 2 --optimizer ") + optimizer;
    require_done(runs.command("plain", common));
    require_done(runs.command("probed", common + " --probe 2 --threads 1"));
    const std::string one_thread = runs.text("probed");
    CHECK(timeless_metrics(runs / "plain") == timeless_metrics(runs / "probed"));
    for (const char* name : {"model.1.weight", "model.4.bias"}) {
      CHECK(runs.saved("plain", name) == runs.saved("probed", name));
    }
    require_done(runs.command("probed", common + " --probe 2 --threads 2"));
    CHECK(runs.text("probed") == one_thread);
    CHECK(runs.lines("probed").size() == 1 + 7);
  }
  CHECK(!fs::exists(runs / "plain" / "probe.jsonl"));
}

TEST_CASE("apps.probe.a_run_that_continues_writes_the_same_bytes") {
  const Runs runs;
  for (const char* optimizer : {"neuroplastic", "schedule-free-sgd", "sgd --sam 0.05"}) {
    // After 7 and 14 steps the next one is probed, is the second next, or neither.
    for (const char* every : {"1", "4", "8", "5"}) {
      CAPTURE(optimizer);
      CAPTURE(every);
      const std::string common =
          std::string("--overwrite --optimizer ") + optimizer + " --probe " + every;
      require_done(runs.command("whole", common + " --epochs 3"));
      require_done(runs.command("parts", common + " --epochs 1"));
      // What a killed program may have left.
      write_file(runs / "parts" / "probe.jsonl",
                 runs.text("parts") + "{\"step\":8,\"epoch\":2}\n{\"step\":12,\"epo");
      require_done("train --resume '" + (runs / "parts").string() + "' --epochs 3");
      CHECK(runs.text("parts") == runs.text("whole"));
      CHECK(read_file(runs / "parts" / "checkpoint.safetensors") ==
            read_file(runs / "whole" / "checkpoint.safetensors"));
    }
  }
}

TEST_CASE("apps.probe.a_file_that_is_not_the_runs") {
  const Runs runs;
  require_done(runs.command("a", "--epochs 1 --probe 2"));
  const std::string text = runs.text("a");
  const auto resume = [&](const std::string& changed) {
    write_file(runs / "a" / "probe.jsonl", changed);
    const ProgramResult result =
        run_program("train --resume '" + (runs / "a").string() + "' --epochs 2");
    CHECK(result.code == 1);
    return result.err;
  };
  const std::size_t first = text.find('\n') + 1;
  CHECK(contains(resume(text.substr(0, text.size() - 10)), "probe.jsonl: ends after step 4"));
  CHECK(contains(resume(text.substr(0, first)), "ends after step 0"));
  CHECK(contains(resume("{}\n" + text.substr(first)), "first line is that of another run"));
  CHECK(contains(resume(text.substr(0, first) + "{\"step\":3," + text.substr(first)),
                 "line 2 is not of step 2"));
  CHECK(contains(resume(""), "another run"));
  fs::remove(runs / "a" / "probe.jsonl");
  const ProgramResult missing =
      run_program("train --resume '" + (runs / "a").string() + "' --epochs 2");
  CHECK(missing.code == 1);
  CHECK(contains(missing.err, "probe.jsonl: cannot read"));
  write_file(runs / "a" / "probe.jsonl", text);
  require_done("train --resume '" + (runs / "a").string() + "' --epochs 2");
}

TEST_CASE("apps.probe.tensors_by_name_and_optimizers_without_signals") {
  const Runs runs;
  require_done(runs.command("a", "--epochs 1 --probe 3 --probe-tensors '*.bias' --optimizer sgd"));
  const std::vector<json> lines = runs.lines("a");
  REQUIRE(lines.size() == 3);
  REQUIRE(lines[0]["tensors"].size() == 2);
  CHECK(lines[0]["tensors"][0]["name"] == "1.bias");
  CHECK(lines[0]["signals"].empty());
  CHECK(lines[1]["numbers"].empty());
  CHECK(lines[1]["signals"].empty());
  CHECK(!lines[1]["cosine"][0].is_null());
}

TEST_CASE("apps.probe.usage") {
  const Runs runs;
  const ProgramResult wrong = run_program(runs.command("b", "--probe 1 --probe-tensors 1.wight"));
  CHECK(wrong.code == 2);
  CHECK(contains(wrong.err, "--probe-tensors: no parameter's name matches '1.wight'"));
  CHECK(contains(wrong.err, "1.weight, 1.bias, 4.weight, 4.bias"));
  CHECK(!fs::exists(runs / "b"));
  const ProgramResult nowhere = run_program("train --epochs 1 --probe 5");
  CHECK(nowhere.code == 2);
  CHECK(contains(nowhere.err, "--probe needs --out"));
  CHECK(contains(run_program("compare --probe 5").err, "--probe needs --out"));
  CHECK(run_program("train --probe -1").code == 2);
  write_file(runs / "s.toml", "optimizers = [\"sgd\", \"adam\"]\nseeds = [1]\nprobe = 5\n");
  const ProgramResult study = run_program("study '" + (runs / "s.toml").string() + "' --out '" +
                                          (runs / "s").string() + "'");
  CHECK(study.code != 0);
  CHECK(contains(study.err, "probe single runs with"));
  const ProgramResult idle = run_program(runs.command("c", "--epochs 1 --probe-sample 5"));
  CHECK(idle.code == 0);
  CHECK(contains(idle.out, "--probe-sample has no effect without --probe"));
}

TEST_CASE("apps.probe.compare_writes_one_file_for_each_run") {
  const Runs runs;
  require_done("compare --data mnist --data-dir '" + (runs / "").string() +
               "' --optimizers neuroplastic,sgd --seeds 1,2 --epochs 1 --hidden 8 --batch-size 50 "
               "--probe 2 --out '" +
               (runs / "c").string() + "'");
  for (const char* name : {"neuroplastic-seed-1", "neuroplastic-seed-2", "sgd-seed-1"}) {
    CHECK(runs.lines("c/" + std::string(name)).size() == 3);
  }
}
