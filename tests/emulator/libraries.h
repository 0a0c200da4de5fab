#pragma once

#include <functional>

// What tests may see of, and ask of, the libraries that the emulator acts out.
namespace plastic::emulator {

struct Blas {
  /// Calls so far.
  int heuristics = 0;
  int products = 0;
  /// Of the last product.
  int algorithm = -1;
  int compute_type = -1;
  int epilogue = -1;
  /// Has no algorithm that does more than multiply.
  bool refuses_epilogues = false;
  /// Offers algorithms that then cannot run: the first so many, or those with an epilogue.
  int failing_algorithms = 0;
  bool fails_epilogues = false;
  /// What the last heuristics allowed sums to be put together in: all unless said otherwise.
  unsigned reduction_schemes = 7;
};
Blas& blas();

struct Dnn {
  /// Calls so far.
  int plans = 0;
  int executions = 0;
  /// Of the last execution.
  int engine = -1;
  /// cuDNN is not installed, or can do nothing.
  bool is_missing = false;
  bool refuses_everything = false;
};
Dnn& dnn();

struct Nccl {
  /// Groups of calls so far, and links that were given up.
  int calls = 0;
  int aborts = 0;
  /// NCCL is not installed, or every call fails.
  bool is_missing = false;
  bool fails = false;
  /// Where ranks are threads, of which one at a time may use the emulator: lets the others go on
  /// until one of them may have sent what this one waits for. Without it, that would hang.
  std::function<void()> wait_for_others;
};
Nccl& nccl();

}  // namespace plastic::emulator
