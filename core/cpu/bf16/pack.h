#pragma once

#include <algorithm>
#include <cstdint>

#include "core/cpu/bf16/units.h"
#include "core/cpu/scratch.h"

// Operands of products of bf16, packed in units (units.h): rows of A, units of k beside each other,
// and panels of `columns` columns of B, one row of units after the other.
//
// An operand is given by how k runs through its memory:
//   along(line, k0, count, room): `count` terms from k0 on of one row of A or column of B;
//   across(p, first, count, room): term p of `count` rows of A or columns of B.
// Either returns where they are, in place or copied to `room`, which has space for `count`. If
// `is_in_place`, room is not needed, and rows of A are `stride` elements apart.

namespace plastic::cpu {

/// A matrix in memory whose lines, rows of A or columns of B, lie along k.
struct LinesAlongK {
  static constexpr bool is_along_k = true;
  static constexpr bool is_in_place = true;
  const bfloat16* data = nullptr;
  /// Elements from line to line.
  std::int64_t stride = 0;

  const bfloat16* along(std::int64_t line, std::int64_t k0, std::int64_t, bfloat16*) const {
    return data + line * stride + k0;
  }
};

/// A matrix in memory whose lines lie beside each other, k from row to row.
struct LinesAcrossK {
  static constexpr bool is_along_k = false;
  static constexpr bool is_in_place = true;
  const bfloat16* data = nullptr;
  /// Elements from one term to the next.
  std::int64_t stride = 0;

  const bfloat16* across(std::int64_t p, std::int64_t first, std::int64_t, bfloat16*) const {
    return data + p * stride + first;
  }
};

/// A range of units [first, first + count) of k terms in all.
template <int terms>
struct UnitRange {
  std::int64_t k, first, count;

  std::int64_t k0() const { return first * terms; }
  /// How many terms it really has; zeros follow.
  std::int64_t terms_within() const { return std::clamp<std::int64_t>(k - k0(), 0, count * terms); }
};

namespace detail {

/// Rows of units [begin, end) of lines [first, first + lines): calls row(u, units, position, count)
/// with vectors of `count` lines' unit u, from line first + position on.
template <int terms, class Operand, class Row>
void for_units_across(const Operand& from, std::int64_t k, std::int64_t begin, std::int64_t end,
                      std::int64_t first, std::int64_t lines, Row&& row) {
  const Scratch<bfloat16> rooms(Operand::is_in_place ? 0 : terms * lines);
  for (std::int64_t u = begin; u < end; ++u) {
    const bfloat16* of[2] = {nullptr, nullptr};
    for (int t = 0; t < terms; ++t) {
      const std::int64_t p = u * terms + t;
      if (p < k)
        of[t] = from.across(p, first, lines, rooms.data() + (Operand::is_in_place ? 0 : t * lines));
    }
    for (std::int64_t i = 0; i < lines; i += units_width) {
      const Units units = of[0] == nullptr
                              ? Units{}
                              : UnitsOf<terms>::across(
                                    of[0] + i, of[1] == nullptr ? nullptr : of[1] + i, lines - i);
      row(u, units, i);
    }
  }
}

}  // namespace detail

/// Rows [row, row + rows) of A into `to`, `ld` units from row to row; rows up to `padded_rows` are
/// filled with zeros.
template <int terms, class Operand>
void pack_rows(const Operand& a, const UnitRange<terms>& range, std::int64_t row, std::int64_t rows,
               std::int64_t padded_rows, float* to, std::int64_t ld) {
  const std::int64_t k0 = range.k0();
  const std::int64_t within = range.terms_within();
  if constexpr (Operand::is_along_k) {
    const Scratch<bfloat16> room(within);
    for (std::int64_t i = 0; i < rows; ++i) {
      const bfloat16* from = a.along(row + i, k0, within, room.data());
      float* line = to + i * ld;
      std::int64_t u = 0;
      for (; u + units_width <= range.count; u += units_width) {
        store(line + u, UnitsOf<terms>::along_k(from + u * terms, within - u * terms));
      }
      if (u < range.count) {
        float rest[units_width];
        store(rest, UnitsOf<terms>::along_k(from + u * terms, within - u * terms));
        std::copy_n(rest, range.count - u, line + u);
      }
    }
  } else {
    // Squares of units, transposed.
    const std::int64_t padded = (rows + units_width - 1) / units_width * units_width;
    const Scratch<float> strip(units_width * padded);
    for (std::int64_t u = 0; u < range.count; u += units_width) {
      const std::int64_t count = std::min(units_width, range.count - u);
      detail::for_units_across<terms>(a, range.k, range.first + u, range.first + u + count, row,
                                      rows, [&](std::int64_t unit, Units units, std::int64_t i) {
                                        store(strip.data() + (unit - range.first - u) * padded + i,
                                              units);
                                      });
      for (std::int64_t i = 0; i < rows; i += units_width) {
        Units square[units_width] = {};
        for (std::int64_t j = 0; j < count; ++j) square[j] = load(strip.data() + j * padded + i);
        transpose<float>(square);
        for (std::int64_t j = 0; j < std::min(units_width, rows - i); ++j) {
          float values[units_width];
          store(values, square[j]);
          std::copy_n(values, count, to + (i + j) * ld + u);
        }
      }
    }
  }
  for (std::int64_t i = rows; i < padded_rows; ++i) std::fill_n(to + i * ld, range.count, 0.0F);
}

/// Columns [first, first + lines) of B as panels of `columns` columns each, a multiple of the
/// vectors' width: row u of a panel is at panel + u · columns. Panels follow each other, of
/// range.count rows; the last one is filled up with zeros. Only rows [begin, end) of the range, or
/// in memory along k, only panels [begin, end), are written: what pack_steps() counts.
template <int terms, std::int64_t columns, class Operand>
void pack_panels(const Operand& b, const UnitRange<terms>& range, std::int64_t first,
                 std::int64_t lines, std::int64_t begin, std::int64_t end, float* to) {
  const std::int64_t panel = range.count * columns;
  if constexpr (Operand::is_along_k) {
    const std::int64_t k0 = range.k0();
    const std::int64_t within = range.terms_within();
    const Scratch<bfloat16> room(units_width * within);
    for (std::int64_t j = begin * columns; j < end * columns; j += units_width) {
      const std::int64_t count = std::clamp<std::int64_t>(lines - j, 0, units_width);
      const bfloat16* line[units_width];
      for (std::int64_t i = 0; i < count; ++i) {
        line[i] = b.along(first + j + i, k0, within, room.data() + i * within);
      }
      float* place = to + j / columns * panel + j % columns;
      for (std::int64_t u = 0; u < range.count; u += units_width) {
        Units square[units_width] = {};
        for (std::int64_t i = 0; i < count; ++i) {
          square[i] = UnitsOf<terms>::along_k(line[i] + u * terms, within - u * terms);
        }
        transpose<float>(square);
        for (std::int64_t i = 0; i < std::min(units_width, range.count - u); ++i) {
          store(place + (u + i) * columns, square[i]);
        }
      }
    }
  } else {
    const std::int64_t padded = (lines + columns - 1) / columns * columns;
    detail::for_units_across<terms>(
        b, range.k, range.first + begin, range.first + end, first, lines,
        [&](std::int64_t unit, Units units, std::int64_t j) {
          store(to + j / columns * panel + (unit - range.first) * columns + j % columns, units);
        });
    const std::int64_t written = (lines + units_width - 1) / units_width * units_width;
    for (std::int64_t j = written; j < padded; j += units_width) {
      for (std::int64_t u = begin; u < end; ++u) {
        store(to + j / columns * panel + u * columns + j % columns, Units{});
      }
    }
  }
}

/// How many parts pack_panels() can be split in.
template <int terms, std::int64_t columns, class Operand>
std::int64_t pack_steps(const Operand&, const UnitRange<terms>& range, std::int64_t lines) {
  return Operand::is_along_k ? (lines + columns - 1) / columns : range.count;
}

}  // namespace plastic::cpu
