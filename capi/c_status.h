#pragma once

#include <new>
#include <string>

#include "core/check.h"
#include "plastic/c_api.h"
#include "plastic/core/error.h"

namespace plastic::capi {

/// What the caller gave cannot be used: PLASTIC_ERROR_ARGUMENT.
class BadArgument : public Error {
 public:
  using Error::Error;
};

/// Notes the message for plastic_last_error(), and returns `status`.
plastic_status failed(plastic_status status, const char* message) noexcept;

/// Throws BadArgument for a null pointer, naming function and argument.
inline void need(const void* pointer, const char* function, const char* argument) {
  if (pointer == nullptr) {
    throw BadArgument(text_of("[", function, "] ", argument, " is NULL; give its address"));
  }
}

/// Runs the body of a function, which gets its name; its exceptions become codes. `refused` is that
/// of the library's own errors.
template <class Body>
plastic_status guarded(const char* function, Body&& body,
                       plastic_status refused = PLASTIC_ERROR_REFUSED) noexcept {
  try {
    body(function);
    return PLASTIC_OK;
  } catch (const BadArgument& error) {
    return failed(PLASTIC_ERROR_ARGUMENT, error.what());
  } catch (const Error& error) {
    return failed(refused, error.what());
  } catch (const std::bad_alloc&) {
    return failed(PLASTIC_ERROR_MEMORY, "[memory] out of memory; free some and try again");
  } catch (const std::exception& error) {
    return failed(PLASTIC_ERROR_INTERNAL, error.what());
  } catch (...) {
    return failed(PLASTIC_ERROR_INTERNAL, "[c api] an unknown exception; report it");
  }
}

}  // namespace plastic::capi
