#include "apps/microscope/probe_words.h"

#include <doctest/doctest.h>

#include "apps/cli/values.h"
#include "apps/microscope/probe_line.h"
#include "apps/microscope/short_number.h"
#include "tests/apps/microscope/probe_text.h"
#include "tests/support/text.h"

using namespace plastic::apps;
using namespace plastic::test;
using nlohmann::ordered_json;

namespace {

std::string words_of(const ordered_json& header_json, const std::vector<ordered_json>& steps) {
  const ProbeHeader header = parse_probe_header(header_json.dump());
  ProbeWords words(header);
  for (const ordered_json& step : steps) {
    ProbeRecord record;
    parse_probe_step(step.dump(), header, record);
    words.add(record);
  }
  return join(words.sentences(), "\n");
}

ordered_json with_shares(int step, std::vector<double> low, std::vector<double> high) {
  ordered_json json = ProbeText().step(step);
  json["signals"]["alpha"]["at_low"] = low;
  json["signals"]["alpha"]["at_high"] = high;
  return json;
}

}  // namespace

TEST_CASE("apps.microscope.words_of_clips") {
  const ordered_json header = ProbeText().header;
  SUBCASE("the first to reach half") {
    const std::string words = words_of(
        header, {with_shares(10, {0.1, 0.2}, {0.49, 0.3}), with_shares(20, {0.1, 0.6}, {0.57, 0.3}),
                 with_shares(30, {0.9, 0.25}, {0.1, 0.04})});
    CHECK(contains(words,
                   "α of fc.bias reaches 50% at its lower clip by step 20, before any other "
                   "tensor (60%); 1 other tensor of 1 does (steps probed up to 30)."));
    CHECK(contains(words,
                   "At step 30, the largest shares at a clip are 90% at the lower "
                   "(fc.weight) and 10% at the upper (fc.weight)."));
  }
  SUBCASE("exactly half, and alone") {
    const std::string words = words_of(
        header, {with_shares(10, {0, 0}, {0.2, 0.2}), with_shares(20, {0, 0}, {0.5, 0.2})});
    CHECK(contains(words,
                   "α of fc.weight reaches 50% at its upper clip by step 20, before any other "
                   "tensor (50%); no other does (steps probed up to 20)."));
  }
  SUBCASE("none") {
    CHECK(
        contains(words_of(header, {with_shares(10, {0.1, 0.049}, {0.2, 0.38}),
                                   with_shares(20, {0.1, 0.2}, {0.3, 0.3})}),
                 "No tensor has half of its α at one clip; the largest share is 38%, of fc.bias at "
                 "its upper clip at step 10 (steps probed up to 20)."));
    CHECK(contains(words_of(header, {with_shares(10, {0, 0}, {0, 0})}),
                   "α is at a clip in no element (steps probed up to 10)."));
  }
  SUBCASE("before the first step") { CHECK(words_of(header, {}).empty()); }
}

TEST_CASE("apps.microscope.words_of_updates_and_homeostasis") {
  ProbeText probe;
  probe.header["tensors"].push_back({{"name", "out.weight"}, {"shape", {2, 2}}, {"count", 4}});
  const auto three = [&](int number, double gain, double clip) {
    ordered_json step = probe.step(number);
    for (auto* values : {&step["weight_norm"], &step["gradient_norm"], &step["update_norm"]}) {
      values->push_back(0.5);
    }
    step["cosine"].push_back(0);
    step["numbers"] = {{"gain", {1, gain, 1}}, {"norm_clip", {clip, 1, 1}}};
    step.erase("signals");
    return step;
  };
  const std::string words = words_of(probe.header, {three(10, 1.25, 0.25), three(20, 0.75, 1)});
  // A vector that begins at 0 does not count beside matrices.
  CHECK(contains(words,
                 "At step 20, the norm of an update is from 0.01 (fc.weight) to 1 (out.weight) "
                 "of that of its weights, tensors of one dimension aside."));
  CHECK(contains(words,
                 "shrinks an update in 1 of 2 probed steps, at most to 25% of its length "
                 "(fc.weight, step 10)."));
  CHECK(contains(words, "The gain is from 0.75 (fc.bias, step 20) to 1.25 (fc.bias, step 10)."));
  CHECK(contains(words_of(probe.header, {three(10, 1, 1)}),
                 "shrinks no probed update.\nThe gain is 1 throughout."));
}

TEST_CASE("apps.microscope.short_numbers") {
  CHECK(short_number(0.012345) == "0.0123");
  CHECK(short_number(14.25) == "14.2");
  CHECK(short_number(1.2e-5) == "1.2e-5");
  CHECK(short_number(123456.0) == "1.23e5");
  CHECK(short_number(-2.5e-101) == "-2.5e-101");
  CHECK(short_number(NAN) == "-");
  CHECK(short_percent(0.5678) == "57%");
  CHECK(short_percent(0.0949) == "9.5%");
  CHECK(short_percent(0.0996) == "10%");
  CHECK(short_percent(0.0001) == "<0.1%");
  CHECK(short_percent(0.0) == "0%");
  CHECK(short_percent(INFINITY) == "-");
}
