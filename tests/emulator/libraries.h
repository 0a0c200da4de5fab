#pragma once

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

}  // namespace plastic::emulator
