#include "capi/c_status.h"

#include "core/threads/per_thread.h"
#include "plastic/core/device.h"

namespace plastic::capi {
namespace {

struct LastMessage {
  std::string text;
};

std::string& last_message() { return per_thread<LastMessage>().text; }

}  // namespace

plastic_status failed(plastic_status status, const char* message) noexcept {
  try {
    last_message() = message;
  } catch (...) {
    // Too long for what memory is left; what it holds is the last failure's.
    last_message().clear();
  }
  return status;
}

}  // namespace plastic::capi

int32_t plastic_c_api_version(void) { return PLASTIC_C_API_VERSION; }

const char* plastic_last_error(void) { return plastic::capi::last_message().c_str(); }

int32_t plastic_num_threads(void) { return plastic::num_threads(); }

plastic_status plastic_set_num_threads(int32_t count) {
  return plastic::capi::guarded(__func__, [&](const char*) { plastic::set_num_threads(count); });
}
