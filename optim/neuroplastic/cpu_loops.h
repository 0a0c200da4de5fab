#pragma once

#include "optim/neuroplastic/blocks.h"
#include "optim/neuroplastic/diagnostics.h"
#include "optim/neuroplastic/variants.h"

namespace plastic::optim::neuroplastic {

SignalSums observe_chunk(const Settings& settings, const Base& base, const Piece& p);

/// `with_log_ratio` also sums what the lr controller needs.
UpdateSums measure_chunk(const Settings& settings, bool with_log_ratio, const Base& base,
                         const Coefficient& coefficient, const Piece& p);

void apply_chunk(Variant variant, const Base& base, const Update& update, const Piece& p);

/// Adds a chunk of a tensor with this coefficient to the sums over elements, once it is observed
/// and before it is measured (cpu_diagnostics.cpp). What decay does to the parameters is left to
/// the caller.
void diagnose_chunk(const Piece& p, Variant variant, const Coefficient& coefficient,
                    DiagnosticSums& sums);

inline void add(SignalSums& sums, const SignalSums& more) {
  sums.gradient += more.gradient;
  sums.activity += more.activity;
  sums.memory += more.memory;
}

inline void add(UpdateSums& sums, const UpdateSums& more) {
  sums.xx += more.xx;
  sums.xy += more.xy;
  sums.yy += more.yy;
  sums.xt += more.xt;
  sums.yt += more.yt;
  sums.tt += more.tt;
  sums.log_ratio += more.log_ratio;
}

}  // namespace plastic::optim::neuroplastic
