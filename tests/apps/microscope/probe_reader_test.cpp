#include "apps/microscope/probe_reader.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "tests/apps/microscope/probe_text.h"
#include "tests/apps/program.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/text.h"

using namespace plastic::apps;
using namespace plastic::test;
using nlohmann::ordered_json;

namespace {

std::vector<std::int64_t> steps_left(ProbeReader& reader) {
  std::vector<std::int64_t> steps;
  ProbeRecord record;
  while (reader.next(record)) steps.push_back(record.step);
  return steps;
}

// The message about a file that has `text`.
std::string reading(const std::string& text) {
  const TemporaryFolder folder;
  write_file(folder / "probe.jsonl", text);
  return error_of([&] {
    ProbeReader reader("probe", folder / "probe.jsonl");
    steps_left(reader);
  });
}

// The message about a header, or a step, that `change` was made to.
std::string reading_header(const std::function<void(ordered_json&)>& change) {
  ProbeText probe;
  change(probe.header);
  return reading(probe.text());
}
std::string reading_step(const std::function<void(ordered_json&)>& change) {
  ProbeText probe;
  ordered_json step = probe.step(10);
  change(step);
  return reading(probe.add(step).text());
}

}  // namespace

TEST_CASE("apps.microscope.reader") {
  const TemporaryFolder folder;
  const std::string path = folder / "probe.jsonl";
  ProbeText probe;
  probe.add(probe.step(10));
  ordered_json second = probe.step(20);
  second["signals"]["alpha"]["mean"][1] = nullptr;
  second["signals"]["alpha"]["quantiles"][1] = nullptr;
  second["signals"]["alpha"]["histogram"][1] = nullptr;
  second["signals"]["unknown"] = {{"mean", {"of", "no", {{"interest", 1}}}}};
  second["later"] = {{"weight_norm", {1, {2}}}};
  second["loss"] = nullptr;
  second.erase("gradient_norm");
  write_file(path, probe.add(second).text());

  ProbeReader reader("probe", path);
  const ProbeHeader& header = reader.header();
  CHECK(header.optimizer == "neuroplastic");
  CHECK(header.every == 10);
  CHECK(header.steps_per_epoch == 20);
  REQUIRE(header.tensors.size() == 2);
  CHECK(header.tensors[0].name == "fc.weight");
  CHECK(header.tensors[0].shape == std::vector<std::int64_t>{2, 3});
  CHECK(header.tensors[1].count == 2);
  REQUIRE(header.signals.size() == 1);
  CHECK(header.signals[0].clips);
  CHECK_FALSE(header.signals[0].is_logarithmic);
  CHECK(header.signals[0].high == 2.0);
  CHECK(header.quantiles == std::vector<double>{0.25, 0.5, 0.75});
  CHECK(header.bins == 4);

  ProbeRecord record;
  REQUIRE(reader.next(record));
  CHECK(record.step == 10);
  CHECK(record.epoch == 1);
  CHECK(record.loss == 0.5);
  CHECK(record.learning_rate == 0.02);
  CHECK(record.weight_norm == std::vector<double>{4, 2});
  CHECK(record.ratio(1) == doctest::Approx(0.02));
  CHECK(record.cosine[0] == 0.25);
  CHECK(std::isnan(record.cosine[1]));
  REQUIRE(record.find("gain") != nullptr);
  CHECK(*record.find("gain") == std::vector<double>{1.01, 0.99});
  CHECK(record.find("momentum") == nullptr);
  CHECK(record.signals[0].at_high == std::vector<double>{0.3, 0.5});
  CHECK(record.signals[0].quantiles == std::vector<double>{0.5, 1, 1.5, 0.4, 0.8, 1.2});
  CHECK(record.signals[0].histogram == std::vector<double>{1, 2, 2, 1, 0, 1, 0, 1});

  REQUIRE(reader.next(record));
  CHECK(record.step == 20);
  CHECK(std::isnan(record.loss));
  CHECK(std::isnan(record.gradient_norm[0]));
  const SignalRecord& alpha = record.signals[0];
  CHECK(alpha.mean[0] == 1.25);
  CHECK(std::isnan(alpha.mean[1]));
  CHECK(alpha.quantiles[2] == 1.5);
  for (std::size_t i = 3; i < 6; ++i) CHECK(std::isnan(alpha.quantiles[i]));
  CHECK(alpha.histogram[3] == 1);
  for (std::size_t i = 4; i < 8; ++i) CHECK(std::isnan(alpha.histogram[i]));
  CHECK_FALSE(reader.next(record));
  CHECK(count_probed_steps("probe", path) == 2);
}

TEST_CASE("apps.microscope.reader_follows_a_file") {
  const TemporaryFolder folder;
  const std::string path = folder / "probe.jsonl";
  ProbeText probe;
  const std::string all = probe.add_steps(3).text();
  // In the middle of the second step's line.
  const std::size_t second = all.find("\"step\":20");
  write_file(path, all.substr(0, second));
  ProbeReader reader("probe", path);
  CHECK(steps_left(reader) == std::vector<std::int64_t>{10});
  CHECK(steps_left(reader).empty());
  CHECK(count_probed_steps("probe", path) == 1);
  CHECK_FALSE(reader.is_replaced());
  write_file(path, all);
  CHECK(steps_left(reader) == std::vector<std::int64_t>{20, 30});
  write_file(path, all.substr(0, second));
  CHECK(reader.is_replaced());
}

TEST_CASE("apps.microscope.reader_of_optimizers_without_signals") {
  ProbeText probe;
  probe.header["optimizer"] = "sgd";
  probe.header["signals"] = ordered_json::array();
  ordered_json step = probe.step(10);
  step.erase("signals");
  step["numbers"] = ordered_json::object();
  const TemporaryFolder folder;
  write_file(folder / "probe.jsonl", probe.add(step).text());
  ProbeReader reader("probe", folder / "probe.jsonl");
  ProbeRecord record;
  REQUIRE(reader.next(record));
  CHECK(record.signals.empty());
  CHECK(record.numbers.empty());
  CHECK(record.update_norm == std::vector<double>{0.04, 0.04});
  CHECK(main_signal(reader.header()) == 0);
}

TEST_CASE("apps.microscope.reader_errors") {
  SUBCASE("no file") {
    const TemporaryFolder folder;
    const std::string message =
        error_of([&] { ProbeReader("probe", folder.path() / "probe.jsonl"); });
    CHECK(
        contains(message, {"[probe] ", folder.path().string(), "no probe.jsonl here", "--probe"}));
  }
  SUBCASE("no run") {
    const TemporaryFolder folder;
    CHECK(contains(error_of([&] { ProbeReader("probe", folder.path() / "a" / "probe.jsonl"); }),
                   "expected the folder of a run"));
  }
  SUBCASE("nothing whole") {
    CHECK(contains(reading(""), {"probe.jsonl, line 1", "no whole line"}));
    CHECK(contains(reading("{\"format\":1"), "no whole line"));
  }
  SUBCASE("headers") {
    CHECK(contains(reading("[]\n"), "line 1: the first line is not an object"));
    CHECK(contains(reading("{\"format\":\n"), "line 1: this is not JSON"));
    CHECK(contains(reading_header([](ordered_json& json) { json["format"] = 2; }),
                   {"has format 2", "use the program that wrote it"}));
    CHECK(contains(reading_header([](ordered_json& json) { json.erase("optimizer"); }),
                   "no \"optimizer\""));
    CHECK(contains(reading_header([](ordered_json& json) { json["every"] = 0; }), "\"every\""));
    CHECK(contains(reading_header([](ordered_json& json) {
                     json["every"] = std::uint64_t{18446744073709551615U};
                   }),
                   "found 18446744073709551615"));
    CHECK(contains(
        reading_header([](ordered_json& json) { json["tensors"] = ordered_json::array(); }),
        "no tensor is probed"));
    CHECK(contains(reading_header([](ordered_json& json) { json["tensors"][0]["shape"] = "2x3"; }),
                   "\"shape\" is not a list"));
    CHECK(contains(reading_header([](ordered_json& json) { json["signals"][0]["low"] = 2; }),
                   "range of the signal \"alpha\""));
    CHECK(contains(reading_header([](ordered_json& json) { json["signals"][0]["scale"] = "log"; }),
                   "range of the signal \"alpha\""));
    CHECK(contains(reading_header([](ordered_json& json) { json["bins"] = 10'000'000; }),
                   "from 1 to 4096 for \"bins\""));
    CHECK(contains(reading_header([](ordered_json& json) {
                     json["bins"] = 4096;
                     for (int i = 0; i < 300; ++i) json["tensors"].push_back(json["tensors"][0]);
                   }),
                   "expected at most 1048576 bins in a step, found 302 histograms of 4096"));
  }
  SUBCASE("steps") {
    CHECK(reading_step([](ordered_json&) {}) == "no error");
    CHECK(contains(reading_step([](ordered_json& json) { json = 1; }),
                   {"line 2: expected an object"}));
    CHECK(contains(reading_step([](ordered_json& json) { json.erase("step"); }), "no \"step\""));
    CHECK(contains(reading_step([](ordered_json& json) { json["step"] = 1.5; }),
                   "expected a whole number for \"step\""));
    CHECK(contains(reading_step([](ordered_json& json) { json["epoch"] = -1; }),
                   "expected a count for \"epoch\""));
    CHECK(contains(reading_step([](ordered_json& json) { json["cosine"] = {1}; }),
                   "expected 2 elements in \"cosine\""));
    CHECK(contains(reading_step([](ordered_json& json) {
                     json["cosine"] = {1, 2, 3};
                   }),
                   "expected 2 elements in \"cosine\""));
    CHECK(contains(reading_step([](ordered_json& json) { json["cosine"][0] = "x"; }),
                   "expected numbers in \"cosine\""));
    CHECK(contains(reading_step([](ordered_json& json) { json["cosine"][0] = {1}; }),
                   "expected numbers in \"cosine\""));
    CHECK(contains(reading_step([](ordered_json& json) { json["numbers"]["gain"] = {1}; }),
                   "expected 2 elements in \"gain\""));
    CHECK(contains(reading_step([](ordered_json& json) {
                     json["signals"]["alpha"]["histogram"][1] = {1, 2};
                   }),
                   "expected 4 elements in \"histogram\""));
    CHECK(contains(reading_step([](ordered_json& json) {
                     json["signals"]["alpha"]["histogram"][1] = {1, 2, 3, 4, 5};
                   }),
                   "expected 4 elements in \"histogram\""));
    CHECK(contains(
        reading_step([](ordered_json& json) { json["signals"]["alpha"]["histogram"][0] = 3; }),
        "expected lists in \"histogram\""));
    CHECK(contains(
        reading_step([](ordered_json& json) { json["signals"]["alpha"]["histogram"][0][0] = -1; }),
        "histogram is negative"));
  }
  SUBCASE("what comes twice") {
    ProbeText probe;
    CHECK(contains(reading(probe.add(probe.step(10)).add(probe.step(10)).text()),
                   "line 3: expected a step after 10, found 10"));
    std::string text = ProbeText().add_steps(1).text();
    text.insert(text.find("\"cosine\""), "\"cosine\":[0,0],");
    CHECK(contains(reading(text), "\"cosine\" is given twice"));
  }
  SUBCASE("a damaged line in the middle") {
    std::string text = ProbeText().add_steps(2).text();
    text.erase(text.find("\"step\":10") + 20, 30);
    CHECK(contains(reading(text), "line 2: "));
  }
}
