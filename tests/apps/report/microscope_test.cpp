#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "apps/report/microscope_json.h"
#include "apps/report/microscope_page.h"
#include "tests/apps/microscope/probe_text.h"
#include "tests/apps/program.h"
#include "tests/support/text.h"

using namespace plastic::apps;
using namespace plastic::test;
using nlohmann::json;
using nlohmann::ordered_json;
namespace fs = std::filesystem;

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

std::size_t digit(char c) {
  return std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/").find(c);
}

// As microscope_drawing.js does it.
std::vector<double> unpacked(const json& packed) {
  const auto text = packed["data"].get<std::string>();
  const bool is_logarithmic = packed["logarithmic"].get<bool>();
  const double first = is_logarithmic ? 2 : 1;
  const auto place = [&](const char* name) {
    const double value = packed[name].get<double>();
    return is_logarithmic ? std::log(value) : value;
  };
  std::vector<double> values;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    const auto code =
        static_cast<double>(digit(text[i]) * 4096 + digit(text[i + 1]) * 64 + digit(text[i + 2]));
    const double share = (code - first) / (64.0 * 64.0 * 64.0 - 1.0 - first);
    const double value = place("low") * (1 - share) + place("high") * share;
    values.push_back(code == 0        ? none
                     : code < first   ? 0.0
                     : is_logarithmic ? std::exp(value)
                                      : value);
  }
  return values;
}

void check_packing(const std::vector<double>& values, bool is_logarithmic, double error) {
  const json packed = packed_numbers(values);
  CHECK(packed["logarithmic"] == is_logarithmic);
  const std::vector<double> found = unpacked(packed);
  REQUIRE(found.size() == values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    CAPTURE(i);
    CHECK(std::isnan(found[i]) == !std::isfinite(values[i]));
    if (std::isfinite(values[i])) {
      CHECK(found[i] == doctest::Approx(values[i]).epsilon(error));
    }
  }
}

void write_run(const fs::path& folder, const std::string& probe) {
  fs::create_directories(folder);
  write_file(folder / "metrics.jsonl",
             R"({"epoch": 1, "train_loss": 1, "train_accuracy": 0.5, "test_loss": 1.5, )"
             R"("test_accuracy": 0.5, "seconds": 0.5})"
             "\n");
  write_file(folder / "probe.jsonl", probe);
}

ReportData data_of(const std::vector<fs::path>& folders) { return read_runs(folders); }

json numbers_of(const std::string& section) {
  const std::string begin = "id=\"microscope-data\">";
  const std::size_t at = section.find(begin) + begin.size();
  return json::parse(section.substr(at, section.find("</script>", at) - at));
}

// A line for a step of a network with `tensors` tensors and four signals, of which all bins count.
std::string full_probe(int tensors, int steps) {
  ProbeText probe;
  probe.header["bins"] = 64;
  probe.header["quantiles"] = {0.05, 0.25, 0.5, 0.75, 0.95};
  probe.header["tensors"] = json::array();
  probe.header["signals"] = json::array();
  std::mt19937 random(1);
  const auto numbers = [&random](std::size_t count) {
    std::vector<double> values(count);
    for (double& value : values) value = 1.0 + static_cast<double>(random() % 1'000'000) / 1e6;
    return values;
  };
  const auto many = static_cast<std::size_t>(tensors);
  ordered_json step = probe.step(10);
  for (const char* name : {"weight_norm", "gradient_norm", "update_norm", "cosine"}) {
    step[name] = numbers(many);
  }
  for (auto& [name, values] : step["numbers"].items()) values = numbers(many);
  step["signals"] = ordered_json::object();
  for (int i = 0; i < tensors; ++i) {
    probe.header["tensors"].push_back(
        {{"name", "layer" + std::to_string(i) + ".weight"}, {"shape", {64, 64}}, {"count", 4096}});
  }
  for (const char* name : {"alpha", "activity", "gradient", "memory"}) {
    probe.header["signals"].push_back(
        {{"name", name}, {"low", 0}, {"high", 2}, {"scale", "linear"}, {"clips", true}});
    ordered_json& signal = step["signals"][name];
    for (const char* what : {"mean", "deviation", "at_low", "at_high"})
      signal[what] = numbers(many);
    for (int i = 0; i < tensors; ++i) {
      signal["quantiles"].push_back(numbers(5));
      signal["histogram"].push_back(std::vector<int>(64, 64));
    }
  }
  const std::string line = step.dump();
  const std::size_t number = line.find("10");
  std::string text = probe.header.dump() + "\n";
  for (int i = 1; i <= steps; ++i) {
    text += line.substr(0, number) + std::to_string(10 * i) + line.substr(number + 2) + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("apps.report.microscope_packs_numbers") {
  check_packing({0.0, 1.0, none, -3.5, 0.333333, 7.25}, false, 1e-4);
  check_packing({1e-9, 2.5e-4, 1.0, none, 0.0, 3e6}, true, 1e-4);
  check_packing({0.98, 1.0, 1.013}, false, 1e-6);
  check_packing({0.5, 0.5}, false, 1e-9);
  check_packing({0.0, 0.0, none}, false, 1e-9);
  check_packing({none, INFINITY}, false, 1e-9);
  check_packing({-1e308, 1e308, 0.0}, false, 1e-4);
  check_packing({}, false, 1e-9);
}

TEST_CASE("apps.report.microscope_section") {
  const TemporaryFolder folder;
  ProbeText probe;
  probe.header["tensors"][1]["name"] = "<b>&\x1b.bias";
  write_run(folder.path() / "run", probe.add_steps(3).text());
  const std::string section = microscope_section(data_of({folder.path() / "run"}));
  CHECK(contains(section,
                 {"<h2 id=\"microscope\">Microscope</h2>",
                  "<p>α of &lt;b&gt;&amp;\\x1b.bias reaches 50% at its upper clip by step 10"}));
  CHECK_FALSE(contains(section, "<b>"));
  const json runs = numbers_of(section);
  REQUIRE(runs.size() == 1);
  const json& run = runs[0];
  CHECK(run["optimizer"] == "neuroplastic");
  CHECK(run["last"] == json({10, 20, 30}));
  CHECK(run["tensors"][0]["shape"] == "2×3");
  CHECK(run["tensors"][1]["name"] == "<b>&\\x1b.bias");
  CHECK(run["signals"][0]["label"] == "α");
  // (tensors, columns).
  for (const json& quantity : run["quantities"]) {
    if (quantity["name"] == "gain") {
      const std::vector<double> gains = unpacked(quantity);
      REQUIRE(gains.size() == 6);
      CHECK(gains[2] == doctest::Approx(1.01));
      CHECK(gains[3] == doctest::Approx(0.99));
    }
  }
  // Six elements in bins 0 to 3: the largest share is 2/6, at which the digit is 63, "/".
  CHECK(run["signals"][0]["largest"][0].get<double>() == doctest::Approx(1.0 / 3).epsilon(1e-5));
  CHECK(run["signals"][0]["histograms"][0].get<std::string>().substr(0, 8) == "AAAEt//t");
  CHECK(run["signals"][0]["histograms"][1].get<std::string>().substr(0, 7) == "ABAD/A/");
}

TEST_CASE("apps.report.microscope_of_several_runs") {
  const TemporaryFolder folder;
  write_run(folder.path() / "a", ProbeText().add_steps(2).text());
  write_run(folder.path() / "b", ProbeText().text());
  write_run(folder.path() / "c", ProbeText().add_steps(4).text());
  write_run(folder.path() / "d", "");
  fs::remove(folder.path() / "d" / "probe.jsonl");
  const std::string section = microscope_section(data_of({folder.path()}));
  const json runs = numbers_of(section);
  REQUIRE(runs.size() == 2);
  CHECK(runs[0]["label"] == "a");
  CHECK(runs[1]["label"] == "c");
  CHECK(contains(section, {"data-run=\"0\">\n<h3>a</h3>", "<h3>b</h3>\n<p>No step of this run",
                           "data-run=\"1\">\n<h3>c</h3>"}));
  CHECK_FALSE(contains(section, "<h3>d</h3>"));
}

TEST_CASE("apps.report.microscope_in_the_page") {
  const TemporaryFolder folder;
  const std::string run = folder / "run";
  write_run(run, ProbeText().add_steps(2).text());
  REQUIRE(run_program("report '" + run + "'").code == 0);
  CHECK(
      contains(read_file(run + "/report.html"), {"id=\"microscope-charts\"", "MicroscopeCharts"}));
  // A line that a killed run left unfinished.
  const std::string whole = ProbeText().add_steps(2).text();
  write_run(run, whole + "{\"step\":30,\"ep");
  CHECK(run_program("report '" + run + "'").code == 0);
  // One that is damaged: the rest of the report is made, and the page says what is wrong.
  write_run(run, whole + "{\"step\":30}}\n");
  REQUIRE(run_program("report '" + run + "'").code == 0);
  CHECK(contains(read_file(run + "/report.html"),
                 {"The probe of this run cannot be read", "probe.jsonl, line 4: "}));
  fs::remove(run + "/probe.jsonl");
  REQUIRE(run_program("report '" + run + "'").code == 0);
  const std::string without = read_file(run + "/report.html");
  CHECK_FALSE(contains(without, "id=\"microscope"));
  CHECK_FALSE(contains(without, "MicroscopeCharts"));
}

// As many numbers as of a resnet18 in ten epochs, with histograms that have no empty bins: the
// most.
TEST_CASE("apps.report.microscope_size") {
  const TemporaryFolder folder;
  write_run(folder.path() / "run", full_probe(62, 390));
  const std::string section = microscope_section(data_of({folder.path() / "run"}));
  CHECK(section.size() < microscope_bytes + 10'000);
  const std::size_t columns = numbers_of(section)[0]["last"].size();
  CHECK(columns >= 65);
  CHECK(columns <= max_microscope_columns);
}
