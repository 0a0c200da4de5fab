#include "plastic/core/precision.h"

#include <atomic>

#include "core/check.h"
#include "core/device/full_precision.h"

namespace plastic {
namespace {

std::atomic<Precision> chosen{Precision::f32};
// How many FullPrecision live in this thread.
thread_local int full = 0;

}  // namespace

Precision parse_precision(std::string_view text) {
  for (const Precision precision : {Precision::f32, Precision::tf32, Precision::bf16}) {
    if (text == to_string(precision)) return precision;
  }
  fail("precision", "unknown precision \"", text, "\"; use f32, tf32 or bf16");
}

std::string to_string(Precision precision) {
  switch (precision) {
    case Precision::f32:
      return "f32";
    case Precision::tf32:
      return "tf32";
    case Precision::bf16:
      return "bf16";
  }
  fail("precision", "unknown precision ", static_cast<int>(precision));
}

FullPrecision::FullPrecision() { ++full; }

FullPrecision::~FullPrecision() { --full; }

Precision precision() { return full > 0 ? Precision::f32 : chosen.load(); }

void set_precision(Precision precision) { chosen = precision; }

}  // namespace plastic
