#pragma once

#include <string>

namespace plastic::test {

/// Sets an environment variable, or removes it when `value` is null, while this lives.
class ScopedEnv {
 public:
  ScopedEnv(const char* name, const char* value);
  ~ScopedEnv();
  ScopedEnv(const ScopedEnv&) = delete;
  ScopedEnv& operator=(const ScopedEnv&) = delete;

 private:
  void set(const char* value) const;

  const char* name_;
  bool was_set_;
  std::string before_;
};

}  // namespace plastic::test
