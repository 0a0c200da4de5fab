#include "apps/microscope/probe_table.h"

#include <doctest/doctest.h>

#include <cmath>

#include "apps/cli/values.h"
#include "apps/microscope/probe_csv.h"
#include "apps/microscope/probe_line.h"
#include "apps/microscope/sparkline.h"
#include "tests/apps/microscope/probe_text.h"
#include "tests/support/text.h"

using namespace plastic::apps;
using namespace plastic::test;
using nlohmann::ordered_json;

namespace {

ProbeRecord record_of(const ordered_json& step, const ProbeHeader& header) {
  ProbeRecord record;
  parse_probe_step(step.dump(), header, record);
  return record;
}

std::string text_of(const std::vector<std::string>& lines) { return join(lines, "\n"); }

}  // namespace

TEST_CASE("apps.microscope.sparklines") {
  const std::vector<double> rising = {0, 1, 2, 3, 4, 5, 6, 7};
  CHECK(sparkline(rising, 8, 0, 8, SparkRule::mean) == "▁▂▃▄▅▆▇█");
  CHECK(sparkline(rising, 100, 0, 8, SparkRule::mean) == "▁▂▃▄▅▆▇█");
  CHECK(sparkline(rising, 4, 0, 7, SparkRule::largest) == "▂▄▆█");
  // A spike that a mean hides.
  const std::vector<double> spike = {0, 0, 0, 8};
  CHECK(sparkline(spike, 1, 0, 8, SparkRule::mean) == "▃");
  CHECK(sparkline(spike, 1, 0, 8, SparkRule::largest) == "█");
  const std::vector<double> gap = {1, NAN, 0};
  CHECK(sparkline(gap, 3, 0, 1, SparkRule::mean) == "█ ▁");
  CHECK(sparkline(gap, 1, 0, 1, SparkRule::mean) == "▅");
  const std::vector<double> level = {3, 3};
  CHECK(sparkline(level, 2, 3, 3, SparkRule::mean) == "▁▁");
  CHECK(sparkline({}, 5, 0, 1, SparkRule::mean).empty());
}

TEST_CASE("apps.microscope.tables") {
  const ProbeText probe;
  const ProbeHeader header = parse_probe_header(probe.header.dump());
  ProbeHistory history(header, 0);
  ordered_json first = probe.step(10);
  first["signals"]["alpha"]["mean"] = {0.25, 0.5};
  history.add(record_of(first, header));
  const ProbeRecord record = record_of(probe.step(20), header);
  history.add(record);

  CHECK(step_line(record) == "step 20, epoch 1, loss 0.5, learning rate 0.02");
  CHECK(text_of(norms_table(header, record)) ==
        "tensor     shape  weight  gradient  update  update/weight  cosine  norm clip  gain\n"
        "fc.weight    2x3       4         1    0.04           0.01    0.25          1  1.01\n"
        "fc.bias        2       2       0.5    0.04           0.02       -        0.5  0.99");
  CHECK(text_of(signal_table(header, record, 0, history)) ==
        "α          mean  deviation  at 0  at 2  activity  gradient  memory"
        "  mean over time, 0.25 to 1.25  at either clip over time, 0% to 50%\n"
        "fc.weight  1.25        0.5   10%   30%       50%       30%     20%"
        "  ▁█                            ▇▇\n"
        "fc.bias    0.75       0.25    0%   50%       40%       40%     20%"
        "  ▃▅                            ██");
  CHECK(text_of(live_table(header, record, 0, history, 30)) ==
        "step 20, epoch 1, loss 0.5, learning rate 0.02\n"
        "α          mean  deviation  at 0  at 2  update/weight  cosine  over time\n"
        "fc.weight  1.25        0.5   10%   30%           0.01    0.25  ▁█         ▇▇\n"
        "fc.bias    0.75       0.25    0%   50%           0.02       -  ▃▅         ██");
}

TEST_CASE("apps.microscope.tables_without_signals") {
  ProbeText probe;
  probe.header["signals"] = ordered_json::array();
  const ProbeHeader header = parse_probe_header(probe.header.dump());
  ProbeHistory history(header, 0);
  ordered_json step = probe.step(10);
  step.erase("signals");
  step.erase("numbers");
  const ProbeRecord record = record_of(step, header);
  history.add(record);
  CHECK(text_of(signal_table(header, record, 0, history)) ==
        "tensor     ratio over time, 0.01 to 0.02  cosine over time, -1 to 1\n"
        "fc.weight  ▁                              ▆\n"
        "fc.bias    █");
}

TEST_CASE("apps.microscope.live_table_that_does_not_fit") {
  ProbeText probe;
  probe.header["tensors"] = ordered_json::array();
  probe.header["signals"] = ordered_json::array();
  ordered_json step = probe.step(10);
  for (const char* name : {"weight_norm", "gradient_norm", "update_norm", "cosine"}) {
    step[name] = ordered_json::array();
  }
  step.erase("signals");
  step.erase("numbers");
  for (int i = 0; i < 9; ++i) {
    const std::string name(1, static_cast<char>('a' + i));
    probe.header["tensors"].push_back({{"name", name}, {"shape", {1}}, {"count", 1}});
    for (const char* what : {"weight_norm", "gradient_norm", "cosine"}) step[what].push_back(1);
    step["update_norm"].push_back(i == 2 || i == 7 ? 0.5 : i == 5 ? 0.25 : 0.01 * i);
  }
  const ProbeHeader header = parse_probe_header(probe.header.dump());
  ProbeHistory history(header, 0);
  const ProbeRecord record = record_of(step, header);
  history.add(record);
  const std::vector<std::string> lines = live_table(header, record, 0, history, 6);
  REQUIRE(lines.size() == 6);
  // The three with the largest ratio, in the network's order.
  CHECK(lines[2].starts_with("c "));
  CHECK(lines[3].starts_with("f "));
  CHECK(lines[4].starts_with("h "));
  CHECK(lines[5] == "and 6 more tensors");
  CHECK(live_table(header, record, 0, history, 11).size() == 11);
  CHECK(live_table(header, record, 0, history, 0).size() == 4);
}

TEST_CASE("apps.microscope.csv") {
  ProbeText probe;
  probe.header["tensors"][1]["name"] = "a,\"b\"";
  const ProbeHeader header = parse_probe_header(probe.header.dump());
  const ProbeRecord record = record_of(probe.step(10), header);
  const ProbeCsv csv(header, record);
  CHECK(csv.head() ==
        "step,epoch,loss,learning_rate,tensor,weight_norm,gradient_norm,update_norm,ratio,cosine,"
        "norm_clip,gain,activity_share,gradient_share,memory_share,alpha_mean,alpha_deviation,"
        "alpha_at_low,alpha_at_high,alpha_q0.25,alpha_q0.5,alpha_q0.75\n");
  CHECK(
      csv.lines(record) ==
      "10,1,0.5,0.02,fc.weight,4,1,0.04,0.01,0.25,1,1.01,0.5,0.3,0.2,1.25,0.5,0.1,0.3,0.5,1,1.5\n"
      "10,1,0.5,0.02,\"a,\"\"b\"\"\",2,0.5,0.04,0.02,,0.5,0.99,0.4,0.4,0.2,0.75,0.25,0,0.5,0.4,0.8,"
      "1.2\n");
  ordered_json without = probe.step(20);
  without["numbers"] = ordered_json::object();
  CHECK(contains(csv.lines(record_of(without, header)), "0.25,,,,,,1.25"));
}
