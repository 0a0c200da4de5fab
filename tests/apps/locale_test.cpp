// Files and messages of the program's parts do not depend on the locale of their process.
#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "apps/cli/config_file.h"
#include "apps/cli/config_reader.h"
#include "apps/cli/values.h"
#include "apps/report/report_page.h"
#include "apps/runs/checkpoint.h"
#include "apps/runs/metrics.h"
#include "apps/study/comparison/comparison.h"
#include "apps/study/comparison/comparison_json.h"
#include "apps/terminal/progress.h"
#include "apps/training/model_choice.h"
#include "nn/classifier_file.h"
#include "plastic/data/digits.h"
#include "tests/apps/program.h"
#include "tests/support/foreign_locale.h"

using namespace plastic::apps;
using plastic::test::ForeignLocale;
using plastic::test::TemporaryFolder;

namespace {

TrainConfig sample_config() {
  TrainConfig config;
  config.optimizer = resolve_settings("neuroplastic", true, {});
  config.hidden = {1024, 2048};
  config.dropout = 0.125;
  config.seed = 1'234'567;
  config.epochs = 1500;
  config.batch_size = 4096;
  config.fraction = 0.5;
  return config;
}

EpochResult sample_epoch() {
  return {.epoch = 1,
          .train_loss = 1234.5,
          .train_accuracy = 0.25,
          .test_loss = 0.125,
          .test_accuracy = 0.5,
          .seconds = 4321.75,
          .images_per_second = 1e6,
          .learning_rate = 1e-3,
          .diagnostics = {{"alpha_mean", 0.75}}};
}

std::string usage_error(const std::function<void()>& action) {
  try {
    action();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

std::map<std::string, std::function<std::string()>> writers() {
  return {
      {"config",
       [] { return config_text({.data = "folder", .image_size = 1024, .run = sample_config()}); }},
      {"metrics", [] { return metrics_line(sample_epoch()); }},
      {"brief", [] { return brief(1234567.0) + brief(0.5) + brief(1e-5); }},
      {"exact", [] { return exact(1234567.0) + exact(0.1); }},
      {"fixed", [] { return format_fixed(12345.678, 2) + format_percent(0.5); }},
      {"duration", [] { return format_duration(12345.0) + format_duration(4e7); }},
      {"numbers",
       [] {
         return usage_error([] { parse_number("1,5", {.low = 1000.5, .high = 2e6}); }) +
                usage_error([] { parse_integer("1.000", 1000, 2'000'000); });
       }},
      {"comparison",
       [] {
         const auto run = [](std::uint64_t seed, double accuracy, double seconds) {
           return SeedRun{.seed = seed, .accuracy = accuracy, .seconds = seconds, .epochs = 1500};
         };
         const std::vector<OptimizerRuns> rows = {
             {.name = "a",
              .label = "a",
              .runs = {run(1000, 0.80, 1000.5), run(2000, 0.81, 2000)},
              .planned = 2000},
             {.name = "b",
              .label = "b",
              .runs = {run(1000, 0.79, 4), run(2000, 0.83, 4)},
              .planned = 2000}};
         const std::vector<std::uint64_t> seeds = {1000, 2000};
         const std::vector<Variant> variants = parse_variants("a=sgd,b=adam");
         const std::vector<OptimizerSettings> settings = {{{.name = "sgd", .lr = 1000.5}},
                                                          {{.name = "adam", .lr = 1e-3}}};
         const RunOptions options{.run = sample_config()};
         return comparison_table(rows) + conclusion(rows) +
                comparison_json({.options = options,
                                 .seeds = seeds,
                                 .variants = variants,
                                 .settings = settings,
                                 .rows = rows});
       }},
      {"input form",
       [] {
         return plastic::nn::to_text(classifier_form(
             plastic::data::digits({.train_size = 20, .test_size = 10}), sample_config()));
       }},
      {"report",
       [] {
         ReportRun run;
         run.seed = 1234;
         run.epochs.push_back({.epoch = 1000,
                               .numbers = {{"test_accuracy", 0.5}, {"seconds", 1234.5}},
                               .diagnostics = {}});
         ReportGroup group{.name = "a", .optimizer = "a", .label = "a"};
         group.runs = {run};
         return report_page({.title = "t",
                             .tables = {{.data = "", .conditions = "", .groups = {group}}},
                             .sources = {},
                             .remarks = {}});
       }},
  };
}

}  // namespace

TEST_CASE("apps.locale.texts_are_the_same") {
  for (const auto& [name, write] : writers()) {
    CAPTURE(name);
    const std::string usual = write();
    const ForeignLocale foreign;
    CHECK(write() == usual);
  }
}

TEST_CASE("apps.locale.files_are_read_back") {
  const TemporaryFolder folder;
  const ForeignLocale foreign;
  const std::string config = config_text({.run = sample_config()});
  std::map<std::string, std::string> entries;
  for (const ConfigEntry& entry : parse_config("config", config)) entries[entry.key] = entry.value;
  CHECK(entries.at("batch-size") == "4096");
  CHECK(entries.at("hidden") == "1024,2048");
  CHECK(entries.at("fraction") == "0.5");
  CHECK(parse_number("0.125", {.low = 0, .high = 1}) == 0.125);
  CHECK(format_fixed(12345.678, 2) == "12345.68");

  const EpochResult epoch = parse_metrics_line(metrics_line(sample_epoch()));
  CHECK(epoch.train_loss == 1234.5);
  CHECK(epoch.seconds == 4321.75);
  CHECK(epoch.diagnostics.front().second == 0.75);

  save_checkpoint(folder.path(), {.epoch = 1234,
                                  .config = config,
                                  .state = {{"model.w", plastic::Tensor::zeros({1000, 784})}}});
  const auto checkpoint = load_checkpoint(folder.path());
  REQUIRE(checkpoint);
  CHECK(checkpoint->epoch == 1234);
  CHECK(checkpoint->config == config);
  CHECK(checkpoint->state.front().tensor.shape() == plastic::Shape{1000, 784});
}
