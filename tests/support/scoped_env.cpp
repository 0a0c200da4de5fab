#include "tests/support/scoped_env.h"

#include <cstdlib>

namespace plastic::test {

ScopedEnv::ScopedEnv(const char* name, const char* value) : name_(name) {
  const char* before = std::getenv(name);
  was_set_ = before != nullptr;
  if (was_set_) before_ = before;
  set(value);
}

ScopedEnv::~ScopedEnv() { set(was_set_ ? before_.c_str() : nullptr); }

void ScopedEnv::set(const char* value) const {
#ifdef _WIN32
  _putenv_s(name_, value != nullptr ? value : "");
#else
  if (value != nullptr) {
    setenv(name_, value, 1);
  } else {
    unsetenv(name_);
  }
#endif
}

}  // namespace plastic::test
