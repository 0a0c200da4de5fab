#pragma once

#include "core/ops/unary_rules.h"
#include "plastic/core/tensor.h"

namespace plastic {

/// What is known of a unary function before it is called.
struct UnaryFunction {
  const char* name;
  Unary op;
  bool takes_integers;
  bool has_gradient;
  Keep keep;
};

/// That of a rule.
template <class Rule>
constexpr UnaryFunction unary_function(const char* name, Unary op) {
  Keep keep = Keep::nothing;
  if constexpr (rules::HasGradient<Rule>) keep = Rule::keep;
  return {.name = name,
          .op = op,
          .takes_integers = rules::TakesIntegers<Rule>,
          .has_gradient = rules::HasGradient<Rule>,
          .keep = keep};
}

/// The function of a tensor, recorded where it has a gradient. Throws Error for dtypes that it does
/// not take.
Tensor apply(const UnaryFunction& function, const Tensor& x,
             const UnaryParameters& parameters = {});

}  // namespace plastic
