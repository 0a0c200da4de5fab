#include "apps/study/pools/rank_messages.h"

#include <doctest/doctest.h>

#include <string>

#include "plastic/core/error.h"

using namespace plastic::apps;

TEST_CASE("apps.study.rank_messages.orders") {
  const RankOrder verdict = read_order(message_of(RankOrder{.is_start = true, .run = 12}));
  CHECK(verdict.is_start);
  CHECK(verdict.run == 12);
  CHECK_FALSE(verdict.trial.has_value());
  const RankOrder trial = read_order(message_of(RankOrder{.is_start = true, .run = 0, .trial = 7}));
  CHECK(trial.run == 0);
  CHECK(trial.trial == 7);
  CHECK_FALSE(read_order(message_of(RankOrder{})).is_start);
}

TEST_CASE("apps.study.rank_messages.reports") {
  using Kind = RankReport::Kind;
  CHECK(read_report(message_of(RankReport{.kind = Kind::ended})).kind == Kind::ended);
  CHECK(read_report(message_of(RankReport{.kind = Kind::interrupted})).kind == Kind::interrupted);
  const auto sent = [](const WorkerEvent& event) {
    const RankReport report = read_report(message_of(RankReport{.event = event}));
    CHECK(report.kind == Kind::event);
    return report.event;
  };
  const WorkerEvent progress =
      sent({.id = 3, .progress = {.epoch = 2, .step = 5'000'000'000, .steps = 6'000'000'000}});
  CHECK(progress.id == 3);
  CHECK_FALSE(progress.has_ended);
  CHECK(progress.progress.epoch == 2);
  CHECK(progress.progress.step == 5'000'000'000);
  CHECK(progress.progress.steps == 6'000'000'000);

  const std::string lines = "{\"a\": 1}\n 7 \n";
  const WorkerEvent result = sent({.id = 4, .has_ended = true, .result = lines});
  CHECK(result.id == 4);
  CHECK(result.has_ended);
  CHECK(result.result == lines);
  CHECK(result.failure.empty());
  const WorkerEvent failure = sent({.id = 5, .has_ended = true, .failure = "killed\nby 9"});
  CHECK(failure.has_ended);
  CHECK(failure.failure == "killed\nby 9");
}

TEST_CASE("apps.study.rank_messages.anything_else_is_refused") {
  for (const char* text : {"", "x", "s", "s ", "s 1 x", "s -1"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(read_order(text), plastic::Error);
  }
  for (const char* text : {"", "x", "p 1 2 3", "r 1", "r", "f x\nwhy"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(read_report(text), plastic::Error);
  }
}
