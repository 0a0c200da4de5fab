#include "apps/microscope/probe_columns.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "apps/microscope/probe_line.h"
#include "tests/apps/microscope/probe_text.h"

using namespace plastic::apps;
using namespace plastic::test;
using nlohmann::ordered_json;

namespace {

const ProbeQuantity& find(const ProbeColumns& columns, const std::string& name,
                          const std::string& signal = "") {
  const auto found = std::ranges::find_if(columns.quantities, [&](const ProbeQuantity& one) {
    return one.name == name && one.signal == signal;
  });
  REQUIRE(found != columns.quantities.end());
  return *found;
}

// Five steps whose numbers are easy to follow, in columns of two.
ProbeColumns reduced() {
  const ProbeText probe;
  const ProbeHeader header = parse_probe_header(probe.header.dump());
  ColumnReducer reducer(header, 5, 3);
  for (int i = 1; i <= 5; ++i) {
    ordered_json step = probe.step(10 * i);
    step["loss"] = i;
    step["lr"] = 0.1 * i;
    step["gradient_norm"] = {i, 10 - i};
    step["update_norm"][0] = 0.04 * i;
    step["cosine"] = i == 1 ? ordered_json{nullptr, nullptr} : ordered_json{0.1 * i, -0.1 * i};
    step["numbers"]["norm_clip"][0] = 1.0 / i;
    step["numbers"]["gain"][0] = 1 + 0.1 * i;
    if (i == 5) step["numbers"]["late"] = {7, 8};
    ordered_json& alpha = step["signals"]["alpha"];
    alpha["mean"][0] = i;
    alpha["at_low"][0] = 0.1 * i;
    alpha["quantiles"][0] = {i, 2 * i, 3 * i};
    alpha["histogram"][0] = {i == 1 ? 6 : 0, i == 2 ? 3 : 0, i == 2 ? 3 : 0, 0};
    if (i == 1 || i == 2) alpha["histogram"][1] = nullptr;
    if (i == 4) alpha["mean"][1] = nullptr;
    ProbeRecord record;
    parse_probe_step(step.dump(), header, record);
    reducer.add(record);
  }
  return reducer.take();
}

}  // namespace

TEST_CASE("apps.microscope.columns") {
  const ProbeColumns columns = reduced();
  CHECK(columns.steps_per_column == 2);
  REQUIRE(columns.count() == 3);
  CHECK(columns.first_step == std::vector<std::int64_t>{10, 30, 50});
  CHECK(columns.last_step == std::vector<std::int64_t>{20, 40, 50});
  CHECK(columns.epoch == std::vector<std::int64_t>{1, 2, 3});
  CHECK(columns.loss == std::vector<double>{1.5, 3.5, 5});
  CHECK(columns.loss_low == std::vector<double>{1, 3, 5});
  CHECK(columns.loss_high == std::vector<double>{2, 4, 5});
  CHECK(columns.learning_rate[1] == doctest::Approx(0.4));

  // The largest of a column: a spike stays.
  CHECK(find(columns, "gradient_norm").values == std::vector<double>{2, 9, 4, 7, 5, 5});
  CHECK(find(columns, "ratio").values[2] == doctest::Approx(0.04));
  CHECK(find(columns, "at_low", "alpha").values[0] == doctest::Approx(0.2));
  // The smallest: the strongest clip.
  CHECK(find(columns, "norm_clip").values == std::vector<double>{0.5, 0.5, 0.25, 0.5, 0.2, 0.5});
  // Means, over those that there are.
  CHECK(find(columns, "mean", "alpha").values ==
        std::vector<double>{1.5, 0.75, 3.5, 0.75, 5, 0.75});
  CHECK(find(columns, "gain").values[0] == doctest::Approx(1.15));
  CHECK(find(columns, "cosine").values[0] == doctest::Approx(0.2));
  CHECK(find(columns, "cosine").values[3] == doctest::Approx(-0.35));
  // What comes later was not known before.
  const std::vector<double>& late = find(columns, "late").values;
  REQUIRE(late.size() == 6);
  CHECK(std::isnan(late[3]));
  CHECK(late[4] == 7);

  const ProbeDistribution& alpha = columns.distributions[0];
  CHECK(std::vector<float>(alpha.quantiles.begin(), alpha.quantiles.begin() + 3) ==
        std::vector<float>{1.5, 3, 4.5});
  CHECK(std::vector<float>(alpha.shares.begin(), alpha.shares.begin() + 4) ==
        std::vector<float>{0.5, 0.25, 0.25, 0});
  CHECK(std::isnan(alpha.shares[4]));
  // A histogram that counts nothing is none.
  CHECK(std::isnan(alpha.shares[8]));
  CHECK(std::vector<float>(alpha.shares.begin() + 12, alpha.shares.begin() + 16) ==
        std::vector<float>{0, 0.5, 0, 0.5});
}

TEST_CASE("apps.microscope.columns_are_at_most_so_many") {
  const ProbeText probe;
  const ProbeHeader header = parse_probe_header(probe.header.dump());
  ProbeRecord record;
  for (const int steps : {1, 159, 160, 161, 1000}) {
    ColumnReducer reducer(header, steps, 160);
    // One more than was counted, as of a run that is still being written.
    for (int i = 1; i <= steps + 1; ++i) {
      parse_probe_step(probe.step(10 * i).dump(), header, record);
      reducer.add(record);
    }
    const ProbeColumns columns = reducer.take();
    CAPTURE(steps);
    CHECK(columns.count() <= 160);
    CHECK(columns.count() >= static_cast<std::size_t>(std::min(steps, 80)));
    CHECK(columns.last_step.back() >= 10 * steps);
  }
  CHECK(ColumnReducer(header, 0, 160).take().count() == 0);
}
