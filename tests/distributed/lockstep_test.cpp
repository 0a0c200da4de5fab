#include "distributed/lockstep.h"

#include <doctest/doctest.h>

#ifdef __linux__
#include <sched.h>
#endif

#include <stdexcept>
#include <string>

#include "tests/support/text.h"

namespace plastic::distributed {
namespace {

using test::contains;
using test::error_of;

const Lockstep::Turns nothing{[](int) {}, [](int) {}};

TEST_CASE("distributed.lockstep.order") {
  Lockstep lockstep;
  // Again, on the same threads, with fewer and with more.
  for (const int count : {3, 1, 2, 5}) {
    std::string order;
    lockstep.run(
        count,
        {[&](int i) { order.append("(").append(std::to_string(i)); }, [&](int) { order += ")"; }},
        [&](int i) {
          for (int round = 0; round < 2; ++round) {
            order += "a";
            lockstep.meet(i, [&] { order += "!"; });
          }
        });
    std::string expected;
    for (const char* in_turn : {"a", "a", ""}) {
      for (int i = 0; i < count; ++i) {
        const bool meets = *in_turn != 0;
        expected.append("(").append(std::to_string(i)).append(in_turn);
        expected.append(meets && i + 1 == count ? "!)" : ")");
      }
    }
    if (count == 1) expected = "(0a!a!)";
    CHECK(order == expected);
  }
}

TEST_CASE("distributed.lockstep.errors") {
  Lockstep lockstep;
  // Wherever a body fails, before the others meet or after, its error arrives and nobody waits.
  for (int failing = 0; failing < 3; ++failing) {
    for (const bool is_before : {true, false}) {
      CAPTURE(failing);
      CAPTURE(is_before);
      CHECK_THROWS_WITH_AS(lockstep.run(3, nothing,
                                        [&](int i) {
                                          if (i == failing && is_before)
                                            throw std::runtime_error("this one");
                                          lockstep.meet(i, [] {});
                                          if (i == failing) throw std::runtime_error("this one");
                                          lockstep.meet(i, [] {});
                                        }),
                           "this one", std::runtime_error);
    }
  }
  CHECK_THROWS_WITH_AS(
      lockstep.run(3, nothing,
                   [&](int i) { lockstep.meet(i, [] { throw std::runtime_error("together"); }); }),
      "together", std::runtime_error);
  int calls = 0;
  lockstep.run(3, nothing, [&](int) { ++calls; });
  CHECK(calls == 3);
}

TEST_CASE("distributed.lockstep.other_operations") {
  Lockstep lockstep;
  // One body meets less often than the others.
  for (int odd = 0; odd < 3; ++odd) {
    CAPTURE(odd);
    const std::string message = error_of([&] {
      lockstep.run(3, nothing, [&](int i) {
        lockstep.meet(i, [] {});
        if (i != odd) lockstep.meet(i, [] {});
      });
    });
    CHECK(contains(message,
                   {"[distributed]", "waits for the others", "must run the same operations"}));
  }
}

#ifdef __linux__
// Threads are woken on the processor of the one before, and may then run wherever that might.
TEST_CASE("distributed.lockstep.affinity_stays") {
  const auto affinity = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    REQUIRE(sched_getaffinity(0, sizeof(set), &set) == 0);
    return set;
  };
  cpu_set_t before = affinity();
  const auto is_as_before = [&] {
    const cpu_set_t now = affinity();
    return CPU_EQUAL(&now, &before) != 0;
  };
  Lockstep lockstep;
  const auto run_and_check = [&] {
    lockstep.run(3, nothing, [&](int i) {
      CHECK(is_as_before());
      lockstep.meet(i, [] {});
      CHECK(is_as_before());
    });
    CHECK(is_as_before());
  };
  run_and_check();
  // Where the caller has been bound since, the others are.
  const cpu_set_t all = before;
  CPU_ZERO(&before);
  CPU_SET(static_cast<unsigned>(sched_getcpu()), &before);
  REQUIRE(sched_setaffinity(0, sizeof(before), &before) == 0);
  run_and_check();
  REQUIRE(sched_setaffinity(0, sizeof(all), &all) == 0);
}
#endif

}  // namespace
}  // namespace plastic::distributed
