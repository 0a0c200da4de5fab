#pragma once

#include <csetjmp>

namespace plastic::data {

/// Brings the errors of a C library, which has to be left by longjmp, to where C++ can throw.
class JumpGuard {
 public:
  /// Calls `step`; false when the library called jump() in it. A jump destroys nothing: objects
  /// with destructors are made before and not in the step.
  template <class Step>
  [[gnu::noinline]] bool run(const Step& step) {
    if (setjmp(target_) != 0) return false;
    step();
    return true;
  }

  /// For the library's error function, only within run().
  [[noreturn]] void jump() { std::longjmp(target_, 1); }

 private:
  std::jmp_buf target_;
};

}  // namespace plastic::data
