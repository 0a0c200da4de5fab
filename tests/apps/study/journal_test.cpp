#include "apps/study/journal.h"

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "plastic/core/error.h"
#include "tests/apps/program.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/text.h"

using namespace plastic::apps;
using namespace plastic::test;
namespace fs = std::filesystem;

namespace {

StudyRecord record(std::uint64_t seed) {
  StudyRecord one;
  one.run.task = "digits mlp, fraction 0.1";
  one.run.conditions = {{"data", "digits"}, {"hidden", "16,8"}, {"fraction", "0.1"}};
  one.run.variant = "fast";
  one.run.optimizer = "sgd";
  one.run.phase = StudyPhase::tuning;
  one.run.trial = 3;
  one.run.seed = seed;
  one.run.settings = {{"lr", "0.03162"}, {"np.mode", "rule_based"}, {"np.parameterwise", "true"}};
  one.run.tuned = {{"lr", "0.03162"}};
  one.run.end = RunEnd::diverged;
  one.run.message = "the loss is \"not\" a\nnumber";
  one.run.steps_per_epoch = 7;
  one.run.train_loss = {1.0 / 3, 0.1};
  one.run.train_accuracy = {0.5, 0.625};
  one.run.test_loss = {0.7, std::numeric_limits<double>::quiet_NaN()};
  one.run.test_accuracy = {0.75, 0.5};
  one.run.seconds = {0.25, 0.125};
  one.wall_seconds = 1.5;
  return one;
}

bool is_there(const fs::path& path) { return fs::exists(path); }

}  // namespace

TEST_CASE("apps.study.results.a_line_is_a_flat_object") {
  const nlohmann::json json = nlohmann::json::parse(study_run_line(record(5).run));
  for (const auto& [name, value] : json.items()) {
    CAPTURE(name);
    CHECK_FALSE(value.is_object());
  }
  CHECK(json["fraction"] == 0.1);
  CHECK(json["hidden"] == "16,8");
  CHECK(json["option.lr"] == 0.03162);
  CHECK(json["option.np.parameterwise"] == true);
  CHECK(json["tuned.lr"] == 0.03162);
  CHECK(json["end"] == "diverged");
  CHECK(json["phase"] == "tuning");
  CHECK(json["final_test_accuracy"] == 0.5);
  CHECK(json["best_test_accuracy"] == 0.75);
  CHECK(json["test_loss"][1].is_null());
  CHECK(json["epochs_done"] == 2);
  CHECK_FALSE(json.contains("seconds"));
}

TEST_CASE("apps.study.results.a_line_is_read_as_it_was_written") {
  const std::string line = study_run_line(record(5).run);
  const StudyRun run = parse_study_run(line);
  CHECK(study_run_line(run) == line);
  CHECK(run.conditions == record(5).run.conditions);
  CHECK(run.settings == record(5).run.settings);
  CHECK(run.tuned == record(5).run.tuned);
  CHECK(run.message == record(5).run.message);
  CHECK(run.train_loss == record(5).run.train_loss);
  CHECK(std::isnan(run.test_loss[1]));
  // Text that only looks like a number stays as it is.
  StudyRun odd = record(5).run;
  odd.conditions = {{"data", "007"}, {"model", "1e3"}, {"augment", "+5"}};
  CHECK(parse_study_run(study_run_line(odd)).conditions == odd.conditions);
}

TEST_CASE("apps.study.results.what_is_no_run_is_refused") {
  for (const char* text : {"", "{", "[]", "{}", "{\"task\":1}", "{\"task\":\"a\"}"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_study_run(text), plastic::Error);
  }
  std::string line = study_run_line(record(5).run);
  line.replace(line.find("\"diverged\""), 10, "\"exploded\"");
  CHECK_THROWS_WITH_AS(parse_study_run(line), "[study] \"exploded\" is not expected here",
                       plastic::Error);
}

TEST_CASE("apps.study.journal.keeps_what_is_done") {
  const TemporaryFolder folder;
  {
    StudyJournal journal(folder.path());
    CHECK(journal.read().empty());
    journal.append(record(1));
    journal.append(record(2));
  }
  StudyJournal again(folder.path());
  const std::vector<StudyRecord> found = again.read();
  REQUIRE(found.size() == 2);
  CHECK(found[1].run.seed == 2);
  CHECK(found[1].run.seconds == record(2).run.seconds);
  CHECK(found[1].wall_seconds == 1.5);
  again.save(found);
  CHECK_FALSE(is_there(folder.path() / "journal.jsonl"));
  CHECK(read_file(study_results_path(folder.path())) ==
        study_run_line(record(1).run) + study_run_line(record(2).run));
  StudyJournal third(folder.path());
  REQUIRE(third.read().size() == 2);
  CHECK(third.read()[0].wall_seconds == 1.5);
  // Results alone are enough.
  fs::remove(study_timings_path(folder.path()));
  CHECK(third.read().size() == 2);
  CHECK(std::isnan(third.read()[0].wall_seconds));
}

// Larger than any other text that the program reads.
TEST_CASE("apps.study.journal.reads_what_long_studies_leave") {
  const TemporaryFolder folder;
  constexpr std::uint64_t runs = 70;
  std::string results;
  std::string journal;
  for (std::uint64_t seed = 0; seed < runs; ++seed) {
    StudyRecord large = record(seed);
    large.run.message = std::string(std::size_t{1} << 20, 'x');
    results += study_run_line(large.run);
    large.run.variant = "other";
    journal += study_record_line(large);
  }
  write_file(study_results_path(folder.path()), results);
  write_file(study_journal_path(folder.path()), journal + "{\"torn");
  StudyJournal both(folder.path());
  const std::vector<StudyRecord> found = both.read();
  REQUIRE(found.size() == 2 * runs);
  CHECK(found[runs - 1].run.seed == runs - 1);
  CHECK(found[runs].run.variant == "other");
  both.append(record(1));
  CHECK(fs::file_size(study_journal_path(folder.path())) ==
        journal.size() + study_record_line(record(1)).size());
}

TEST_CASE("apps.study.journal.a_torn_line_is_no_run") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "journal.jsonl";
  const std::string first = study_record_line(record(1));
  const std::string second = study_record_line(record(2));
  for (const std::size_t left :
       {std::size_t{0}, std::size_t{1}, second.size() / 2, second.size() - 1}) {
    CAPTURE(left);
    write_file(path, first + second.substr(0, left));
    StudyJournal journal(folder.path());
    CHECK(journal.read().size() == 1);
    journal.append(record(3));
    CHECK(read_file(path) == first + study_record_line(record(3)));
  }
  write_file(path, "nonsense\n" + first);
  StudyJournal damaged(folder.path());
  CHECK_THROWS_AS(damaged.read(), plastic::Error);
}
