#include "capi/c_status.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <thread>

using plastic::capi::guarded;

namespace {

template <class Thrown>
plastic_status status_of(Thrown thrown) {
  return guarded("f", [&](const char*) { throw thrown; });
}

}  // namespace

TEST_CASE("capi.status.every_exception_becomes_a_code_and_a_message") {
  CHECK(guarded("f", [](const char* op) { CHECK(std::string(op) == "f"); }) == PLASTIC_OK);
  CHECK(status_of(plastic::capi::BadArgument("[f] a")) == PLASTIC_ERROR_ARGUMENT);
  CHECK(std::string(plastic_last_error()) == "[f] a");
  CHECK(status_of(plastic::Error("[f] b")) == PLASTIC_ERROR_REFUSED);
  CHECK(guarded(
            "f", [](const char*) { throw plastic::Error("[f] c"); }, PLASTIC_ERROR_FILE) ==
        PLASTIC_ERROR_FILE);
  CHECK(std::string(plastic_last_error()) == "[f] c");
  CHECK(status_of(std::bad_alloc()) == PLASTIC_ERROR_MEMORY);
  CHECK(std::string(plastic_last_error()) == "[memory] out of memory; free some and try again");
  CHECK(status_of(std::logic_error("[f] d")) == PLASTIC_ERROR_INTERNAL);
  CHECK(std::string(plastic_last_error()) == "[f] d");
  CHECK(status_of(1) == PLASTIC_ERROR_INTERNAL);
  // A call that succeeds leaves the message.
  CHECK(guarded("f", [](const char*) {}) == PLASTIC_OK);
  CHECK(std::string(plastic_last_error()) == "[c api] an unknown exception; report it");
}

TEST_CASE("capi.status.messages_are_the_threads_own") {
  status_of(plastic::Error("here"));
  std::thread([] {
    CHECK(std::string(plastic_last_error()).empty());
    status_of(plastic::Error("there"));
    CHECK(std::string(plastic_last_error()) == "there");
  }).join();
  CHECK(std::string(plastic_last_error()) == "here");
}

TEST_CASE("capi.status.version_and_threads") {
  CHECK(plastic_c_api_version() == PLASTIC_C_API_VERSION);
  const int32_t before = plastic_num_threads();
  CHECK(plastic_set_num_threads(2) == PLASTIC_OK);
  CHECK(plastic_num_threads() == 2);
  CHECK(plastic_set_num_threads(0) == PLASTIC_ERROR_REFUSED);
  CHECK(std::string(plastic_last_error()).starts_with("[set_num_threads] "));
  CHECK(plastic_num_threads() == 2);
  CHECK(plastic_set_num_threads(before) == PLASTIC_OK);
}
