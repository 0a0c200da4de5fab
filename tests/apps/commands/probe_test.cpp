#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include "apps/runs/folder_lock.h"
#include "tests/apps/microscope/probe_text.h"
#include "tests/apps/program.h"
#include "tests/support/text.h"

using namespace plastic::test;

namespace {

ProgramResult probe(const std::string& arguments) { return run_program("probe " + arguments); }

std::string shell_word(const TemporaryFolder& folder) {
  std::string text = "'";
  text += folder.path().string();
  return text += "'";
}

}  // namespace

TEST_CASE("apps.probe.last_step") {
  const TemporaryFolder folder;
  ProbeText text;
  text.add(text.step(10)).add(text.step(20));
  nlohmann::ordered_json last = text.step(30);
  last["loss"] = 0.125;
  last["signals"]["alpha"]["mean"][0] = 1.75;
  write_file(folder.path() / "probe.jsonl", text.add(last).text() + "{\"step\":40,\"epo");
  const std::string run = shell_word(folder);

  const ProgramResult result = probe(run);
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  CHECK(contains(result.out, {"neuroplastic, 2 tensors, every 10 steps, 3 steps probed\n",
                              "\nstep 30, epoch 2, loss 0.125, learning rate 0.02\n",
                              "\nfc.weight    2x3 ", "\nfc.weight  1.75 ", "▅▅█",
                              "\nα of fc.bias reaches 50% at its upper clip by step 10, "}));

  const ProgramResult earlier = probe(run + " --step 20");
  REQUIRE(earlier.code == 0);
  CHECK(contains(earlier.out, {"\nstep 20, epoch 1, loss 0.5,", "\nfc.weight  1.25 "}));

  const ProgramResult csv = probe(run + " --csv");
  REQUIRE(csv.code == 0);
  CHECK(csv.out.starts_with("step,epoch,loss,"));
  CHECK(std::ranges::count(csv.out, '\n') == 1 + 3 * 2);
  CHECK(contains(csv.out, "\n30,2,0.125,0.02,fc.bias,2,"));
}

TEST_CASE("apps.probe.errors") {
  const TemporaryFolder folder;
  const std::string run = shell_word(folder);
  const ProgramResult none = probe(run);
  CHECK(none.code == 1);
  CHECK(contains(none.err, {"plastic: [probe] ", "no probe.jsonl here; train with --probe N"}));
  write_file(folder.path() / "probe.jsonl", ProbeText().text());
  for (const char* option : {"", " --csv"}) {
    const ProgramResult unprobed = probe(run + option);
    CHECK(unprobed.code == 1);
    CHECK(unprobed.out.empty());
    CHECK(contains(unprobed.err, "no step was probed; the run has taken fewer than 10 steps"));
  }
  write_file(folder.path() / "probe.jsonl", ProbeText().add_steps(3).text());
  const ProgramResult between = probe(run + " --step 15");
  CHECK(between.code == 1);
  CHECK(contains(between.err, "step 15 was not probed; the nearest are 10 and 20"));
  CHECK(contains(probe(run + " --step 99").err, "step 99 was not probed; the nearest is 30"));
  CHECK(contains(probe(run + " --signal beta").err,
                 "no signal beta of neuroplastic; there are alpha"));
  CHECK(probe(run + " --signal alpha").code == 0);
  CHECK(probe(run + " --tail --step 10").code == 2);
  CHECK(probe(run + " --csv --tail").code == 2);
  CHECK(probe("''").code == 2);
  CHECK(probe("").code == 2);
}

TEST_CASE("apps.probe.tail") {
  const TemporaryFolder folder;
  const std::string run = shell_word(folder);
  const auto write = [&](int steps) {
    write_file(folder.path() / "probe.jsonl", ProbeText().add_steps(steps).text());
  };
  SUBCASE("to the end of the run") {
    // Two epochs of twenty steps.
    write_file(folder.path() / "config.toml", "epochs = 2\n");
    write(1);
    const plastic::apps::FolderLock lock("test", folder.path());
    RunningProgram program("probe " + run + " --tail");
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    write(4);
    const ProgramResult result = program.wait();
    CAPTURE(result.err);
    CHECK(result.code == 0);
    // Each step once, and then what the command prints of a run that is done.
    CHECK(result.out.starts_with("step 10, epoch 1, loss 0.5, learning rate 0.02\nstep 20, "));
    CHECK(contains(result.out, {"step 30, ", "4 steps probed\n\nstep 40, epoch 2,"}));
  }
  SUBCASE("of a run that nobody writes any more") {
    write_file(folder.path() / "config.toml", "epochs = 2\n");
    write(3);
    const ProgramResult result = probe(run + " --tail");
    CHECK(result.code == 0);
    CHECK(contains(result.out, "3 steps probed\n\nstep 30, epoch 2,"));
    CHECK(contains(result.err,
                   "no program is writing this run any more, which ended after step 30 "
                   "of 40; plastic train --resume continues it"));
  }
  SUBCASE("until it is stopped") {
    write(2);
    const plastic::apps::FolderLock lock("test", folder.path());
    RunningProgram program("probe " + run + " --tail");
    // Longer than it takes to find out that nobody writes.
    std::this_thread::sleep_for(std::chrono::milliseconds(4000));
    program.send(SIGINT);
    CHECK(program.wait().code == 130);
  }
}
