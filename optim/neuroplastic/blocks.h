#pragma once

#include <cstdint>

#include "plastic/core/host_device.h"

namespace plastic::optim::neuroplastic {

/// The flat blocks of a step, under state_dict()'s names; the hybrids' averages are null where no
/// tensor has them.
struct Blocks {
  const float* gradient = nullptr;
  float* activity = nullptr;
  float* momentum = nullptr;
  float* variance = nullptr;
  float* base_exp_avg = nullptr;
  float* base_exp_avg_sq = nullptr;

  bool operator==(const Blocks&) const = default;
};

/// The elements of a piece of a tensor in every block.
struct Piece : Blocks {
  float* theta = nullptr;
  /// One number per element that observe leaves for measure (the memory signal), and measure for
  /// apply (y).
  float* carried = nullptr;
  std::int64_t count = 0;
};

/// The piece from element `at` of the blocks on; `theta` and `carried` are its own.
PLASTIC_HOST_DEVICE inline Piece piece_of(const Blocks& blocks, std::int64_t at, float* theta,
                                          float* carried, std::int64_t count) {
  const auto optional = [at](float* block) { return block == nullptr ? nullptr : block + at; };
  Piece piece;
  piece.gradient = blocks.gradient + at;
  piece.activity = blocks.activity + at;
  piece.momentum = blocks.momentum + at;
  piece.variance = blocks.variance + at;
  piece.base_exp_avg = optional(blocks.base_exp_avg);
  piece.base_exp_avg_sq = optional(blocks.base_exp_avg_sq);
  piece.theta = theta;
  piece.carried = carried;
  piece.count = count;
  return piece;
}

}  // namespace plastic::optim::neuroplastic
