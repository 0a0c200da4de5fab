// How elementwise kernels walk arrays: the plans are made on the host, and need no device.
#include "cuda/map/strided.h"

#include <doctest/doctest.h>

#include <array>
#include <set>
#include <vector>

#include "cuda/runtime/divide.h"

namespace plastic::cuda {
namespace {

Array array_at(std::uintptr_t address, DType dtype, const Shape& shape, const Shape& strides) {
  return {reinterpret_cast<void*>(address), dtype, shape, strides};
}

Array dense(std::uintptr_t address, DType dtype, const Shape& shape) {
  return array_at(address, dtype, shape, contiguous_strides(shape));
}

using Places = std::array<std::uintptr_t, 2>;

/// The addresses of every element of two arrays in step.
std::multiset<Places> places_of(const Array (&arrays)[2]) {
  std::multiset<Places> places;
  for (std::int64_t i = 0; i < arrays[0].numel(); ++i) {
    Places place{};
    for (std::size_t k = 0; k < 2; ++k) {
      std::int64_t left = i;
      std::int64_t at = 0;
      for (std::size_t axis = arrays[k].shape.rank(); axis-- > 0;) {
        at += left % arrays[k].shape[axis] * arrays[k].strides[axis];
        left /= arrays[k].shape[axis];
      }
      place[k] = reinterpret_cast<std::uintptr_t>(arrays[k].data) +
                 static_cast<std::size_t>(at) * size_of(arrays[k].dtype);
    }
    places.insert(place);
  }
  return places;
}

/// The same, as a kernel finds them.
void add_walked(const Walk<2>& walk, const Array (&part)[2], int width,
                std::multiset<Places>& places) {
  for (std::uint32_t unit = 0; unit < walk.units; ++unit) {
    std::uint32_t at[2];
    walk.locate(unit, at);
    const bool is_last = unit + 1 == walk.units;
    std::uint32_t elements = 1;
    if (walk.vectors) elements = is_last ? walk.last_elements : static_cast<std::uint32_t>(width);
    for (std::uint32_t e = 0; e < elements; ++e) {
      Places place{};
      for (std::size_t k = 0; k < 2; ++k) {
        const bool is_repeated = (walk.repeated >> k & 1U) != 0;
        place[k] = reinterpret_cast<std::uintptr_t>(part[k].data) +
                   (at[k] + (is_repeated ? 0 : e)) * size_of(part[k].dtype);
      }
      places.insert(place);
    }
  }
}

TEST_CASE("cuda.strided.division_without_dividing") {
  const std::uint32_t most = (1U << 31) - 1;
  for (const std::uint32_t d :
       {1U, 2U, 3U, 5U, 7U, 10U, 641U, 65535U, 65536U, 65537U, 1000003U, (1U << 30) + 1, most}) {
    const Divisor divisor(d);
    const WideDivisor wide(d, std::int64_t{1} << 40);
    std::int64_t wrong = 0;
    for (std::uint64_t i = 0; i < 3000; ++i) {
      // Spread over all multiples.
      const std::uint64_t multiple = (most / d) * i / 3000 * d;
      for (const std::uint64_t n : {multiple, multiple + 1, multiple + d - 1}) {
        if (n <= most && divisor.divide(static_cast<std::uint32_t>(n)) != n / d) ++wrong;
      }
      const auto far = static_cast<std::int64_t>(multiple << 9);
      if (wide.divide(far) != far / d) ++wrong;
    }
    CHECK(wrong == 0);
    CHECK(divisor.divide(most) == most / d);
  }
}

TEST_CASE("cuda.strided.visits_each_element_once") {
  const std::uintptr_t base = std::uintptr_t{1} << 20;
  const Array cases[][2] = {
      {dense(base, DType::f32, {}), dense(2 * base, DType::f32, {})},
      {dense(base, DType::f32, {7}), dense(2 * base, DType::f32, {7})},
      {dense(base + 4, DType::f32, {9}), dense(2 * base, DType::f32, {9})},
      {dense(base, DType::u8, {5, 3, 8}), dense(2 * base, DType::f32, {5, 3, 8})},
      // Rows, columns and one number broadcast.
      {array_at(base, DType::f32, {3, 8}, {0, 1}), dense(2 * base, DType::f32, {3, 8})},
      {array_at(base, DType::f32, {3, 8}, {1, 0}), dense(2 * base, DType::f32, {3, 8})},
      {array_at(base, DType::f32, {3, 6}, {1, 0}), dense(2 * base, DType::f32, {3, 6})},
      {array_at(base, DType::f32, {3, 5}, {0, 0}), dense(2 * base, DType::f32, {3, 5})},
      // Permuted, every second element, gaps between rows.
      {array_at(base, DType::f64, {4, 3, 2}, {1, 4, 12}), dense(2 * base, DType::f64, {4, 3, 2})},
      {array_at(base, DType::f32, {3, 4}, {8, 2}), dense(2 * base, DType::f32, {3, 4})},
      {array_at(base, DType::f32, {3, 4}, {8, 1}), dense(2 * base, DType::f32, {3, 4})},
      {array_at(base, DType::f32, {3, 4}, {6, 1}), dense(2 * base, DType::f32, {3, 4})},
      // Channels-last to contiguous, and within channels-last.
      {array_at(base, DType::f32, {2, 4, 3, 5}, {60, 1, 20, 4}),
       dense(2 * base, DType::f32, {2, 4, 3, 5})},
      {array_at(base, DType::f32, {2, 4, 3, 5}, {60, 1, 20, 4}),
       array_at(2 * base, DType::f32, {2, 4, 3, 5}, {60, 1, 20, 4})},
      {array_at(base, DType::f32, {2, 1, 2, 1, 2, 1, 2, 3}, {64, 7, 32, 7, 16, 7, 5, 1}),
       dense(2 * base, DType::f32, {2, 1, 2, 1, 2, 1, 2, 3})},
  };
  for (const Array(&pair)[2] : cases) {
    CAPTURE(to_string(pair[0].shape));
    CAPTURE(to_string(pair[0].strides));
    for (const int width : {1, 2, 4, 8}) {
      // Whole, and cut as if positions below these were all there are.
      for (const std::int64_t limit : {narrow_limit, std::int64_t{40}, std::int64_t{5}}) {
        Array arrays[] = {pair[0], pair[1]};
        simplify_axes(arrays);
        std::multiset<Places> walked;
        for_each_part(arrays, limit, [&](const Array(&part)[2]) {
          CHECK(fits(part, limit));
          add_walked(plan_walk(part, width), part, width, walked);
        });
        CHECK(walked == places_of(pair));
      }
    }
  }
}

TEST_CASE("cuda.strided.vectors_where_they_can_be") {
  const std::uintptr_t base = 4096;
  const auto plan = [](const Array& in, const Array& out) {
    Array arrays[] = {in, out};
    simplify_axes(arrays);
    return plan_walk(arrays, 4);
  };
  const Walk<2> whole = plan(dense(base, DType::f32, {3, 5}), dense(base, DType::f32, {3, 5}));
  CHECK(whole.vectors);
  CHECK(whole.rank == 1);
  CHECK(whole.units == 4);
  CHECK(whole.last_elements == 3);
  // Narrow types need the alignment of their own vectors only.
  CHECK(plan(dense(base + 4, DType::u8, {8}), dense(base, DType::f32, {8})).vectors);
  CHECK_FALSE(plan(dense(base + 2, DType::u8, {8}), dense(base, DType::f32, {8})).vectors);
  CHECK_FALSE(plan(dense(base + 4, DType::f32, {8}), dense(base, DType::f32, {8})).vectors);
  // Rows that are no multiple of a vector, or begin where none does.
  const Array odd = array_at(base, DType::f32, {2, 6}, {8, 1});
  CHECK_FALSE(plan(odd, dense(base, DType::f32, {2, 6})).vectors);
  const Array shifted = array_at(base, DType::f32, {2, 8}, {9, 1});
  CHECK_FALSE(plan(shifted, dense(base, DType::f32, {2, 8})).vectors);
  const Array row = array_at(base, DType::f32, {2, 8}, {0, 1});
  CHECK(plan(row, dense(base, DType::f32, {2, 8})).vectors);
  CHECK(plan(row, dense(base, DType::f32, {2, 8})).repeated == 0);
  const Array column = array_at(base, DType::f32, {2, 8}, {1, 0});
  CHECK(plan(column, dense(base, DType::f32, {2, 8})).repeated == 1);
}

TEST_CASE("cuda.strided.more_than_32_bits_count") {
  constexpr bool is_wide = sizeof(std::uintptr_t) > 4;
  if (!is_wide) {
    MESSAGE("skipped: a processor of 32 bits has no such addresses");
    return;
  }
  const std::uintptr_t base = std::uintptr_t{1} << (is_wide ? 40U : 0U);
  const std::int64_t many = (std::int64_t{1} << 33) + 3;
  const auto parts_of = [](const Array& in, const Array& out) {
    Array arrays[] = {in, out};
    std::int64_t elements = 0;
    std::vector<Walk<2>> walks;
    for_each_walk(arrays, 4, [&](const Walk<2>& walk, const Array(&part)[2]) {
      REQUIRE(fits(part, narrow_limit));
      elements += part[0].numel();
      walks.push_back(walk);
    });
    CHECK(elements == in.numel());
    return walks;
  };
  // One long axis: cut where vectors stay whole.
  for (const Walk<2>& walk :
       parts_of(dense(base, DType::f32, {many}), dense(base, DType::u8, {many}))) {
    CHECK(walk.vectors);
  }
  // Few elements, far apart.
  const std::int64_t far = std::int64_t{1} << 32;
  const auto few = parts_of(array_at(base, DType::f32, {3, 2}, {far, 1}),
                            array_at(base, DType::f32, {3, 2}, {2, 1}));
  CHECK(few.size() == 3);
  // A large result of a small input.
  parts_of(array_at(base, DType::f32, {1 << 20, 1 << 13}, {0, 1}),
           dense(base, DType::f32, {1 << 20, 1 << 13}));
}

}  // namespace
}  // namespace plastic::cuda
