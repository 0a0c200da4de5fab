#pragma once

#include <cstdint>

#include "optim/neuroplastic/neuroplastic_rule.h"

namespace plastic::optim {

/// The elements of a chunk in every flat block; the hybrids' averages may be null.
struct ChunkPointers {
  float* theta = nullptr;
  const float* g = nullptr;
  float* a = nullptr;
  float* m = nullptr;
  float* v = nullptr;
  float* average = nullptr;
  float* square = nullptr;
  /// What observe leaves for measure, and measure for apply.
  float* w = nullptr;
  std::int64_t count = 0;
};

rule::SignalSums observe_chunk(const rule::Settings& settings, const rule::Base& base,
                               const ChunkPointers& p);

/// `with_log_ratio` also sums what the lr controller needs.
rule::UpdateSums measure_chunk(const rule::Settings& settings, bool with_log_ratio,
                               const rule::Base& base, const rule::Coefficient& coefficient,
                               const ChunkPointers& p);

void apply_chunk(rule::Variant variant, const rule::Base& base, const rule::Update& update,
                 const ChunkPointers& p);

inline void add(rule::SignalSums& sums, const rule::SignalSums& more) {
  sums.gradient += more.gradient;
  sums.activity += more.activity;
  sums.memory += more.memory;
}

inline void add(rule::UpdateSums& sums, const rule::UpdateSums& more) {
  sums.xx += more.xx;
  sums.xy += more.xy;
  sums.yy += more.yy;
  sums.xt += more.xt;
  sums.yt += more.yt;
  sums.tt += more.tt;
  sums.log_ratio += more.log_ratio;
}

}  // namespace plastic::optim
