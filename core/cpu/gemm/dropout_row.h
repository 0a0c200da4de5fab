#pragma once

#include <algorithm>
#include <cstdint>

#include "core/cpu/philox_batch.h"
#include "core/random/philox.h"

namespace plastic::cpu {

/// Drops out `count` numbers in place; x[0] is decided by number `first` of the sequence.
template <class T>
void dropout_row(double p, const Generator& at, std::int64_t first, std::int64_t count, T* x) {
  constexpr std::int64_t batch = 4 * philox_batch;
  const DropoutRule rule(p);
  const T scale = static_cast<T>(rule.scale);
  // A batch begins at a block of four: the first one may begin before x.
  std::int64_t ahead = first % 4;
  std::uint64_t block = static_cast<std::uint64_t>(first / 4);
  for (std::int64_t done = 0; done < count; block += philox_batch) {
    std::uint32_t words[batch];
    draw_batch(at, block, words);
    const std::int64_t length = std::min(batch - ahead, count - done);
    T* y = x + done;
    if (length == batch) {
      for (std::int64_t i = 0; i < batch; ++i) {
        const T kept = y[i] * scale;
        y[i] = rule.keeps(words[i]) ? kept : T{0};
      }
    } else {
      for (std::int64_t i = 0; i < length; ++i) {
        y[i] = rule.keeps(words[ahead + i]) ? y[i] * scale : T{0};
      }
    }
    done += length;
    ahead = 0;
  }
}

}  // namespace plastic::cpu
