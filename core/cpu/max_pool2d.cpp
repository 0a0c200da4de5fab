#include <algorithm>
#include <cstring>
#include <type_traits>

#include "core/cpu/cpu_backend.h"
#include "core/cpu/scratch.h"
#include "core/cpu/stored_vector.h"
#include "core/cpu/vector.h"
#include "core/tensor/dispatch.h"
#include "core/threads/parallel.h"

namespace plastic::cpu {
namespace {

/// Outputs whose windows hold a row (or column) of the input.
struct Outputs {
  std::int64_t begin, end;
};

Outputs outputs_of(const MaxPool2dShape& s, std::size_t axis, std::int64_t at, std::int64_t limit) {
  const std::int64_t padded = at + s.padding[axis];
  // The first window that ends behind it, and the last one that begins no later.
  const std::int64_t begin =
      padded < s.kernel[axis] ? 0 : (padded - s.kernel[axis]) / s.stride[axis] + 1;
  return {begin, std::min(padded / s.stride[axis] + 1, limit)};
}

/// The largest element so far, NaN being larger than all, and where in the window it was: of
/// numbers, or of vectors of them.
template <class Value, class Place>
struct Largest {
  Value value;
  Place place;

  void take(Value candidate, Place at) {
    const auto better = (candidate > value) | (candidate != candidate);
    value = better ? candidate : value;
    place = better ? at : place;
  }
};

/// As wide as T, so that both are selected by one comparison.
template <class T>
using PlaceOf = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
template <class T>
struct Places {
  typedef PlaceOf<T> Register __attribute__((vector_size(vector_bytes)));
};

/// One output pixel; `rows` and `columns` are the window's within the image.
template <class S, class Offset>
void pool_pixel(const MaxPool2dShape& s, const S* image, const Outputs& rows,
                const Outputs& columns, std::int64_t first_offset, Offset* offsets, S* y) {
  using T = Computed<S>;
  using Place = PlaceOf<T>;
  using PlaceVector = typename Places<T>::Register;
  constexpr std::int64_t width = vector_width<T>;
  typedef Offset OffsetVector __attribute__((vector_size(width * sizeof(Offset))));
  const S* const first = image + (rows.begin * s.in_width + columns.begin) * s.channels;
  const auto take_window = [&](auto& largest, std::int64_t c, auto&& loaded, auto zero) {
    for (std::int64_t row = 0; row < rows.end - rows.begin; ++row) {
      const S* from = first + row * s.in_width * s.channels + c;
      auto place = zero + static_cast<Place>(first_offset + row * s.kernel[1]);
      for (std::int64_t column = columns.begin; column < columns.end; ++column) {
        largest.take(loaded(from), place);
        from += s.channels;
        place = place + Place{1};
      }
    }
  };
  std::int64_t c = 0;
  for (; c + width <= s.channels; c += width) {
    Largest<Vector<T>, PlaceVector> largest{load_stored(first + c),
                                            PlaceVector{} + static_cast<Place>(first_offset)};
    take_window(
        largest, c, [](const S* from) { return load_stored(from); }, PlaceVector{});
    store_rounded(y + c, largest.value);
    const auto found = __builtin_convertvector(largest.place, OffsetVector);
    std::memcpy(offsets + c, &found, sizeof(found));
  }
  for (; c < s.channels; ++c) {
    Largest<T, Place> largest{first[c], static_cast<Place>(first_offset)};
    take_window(
        largest, c, [](const S* from) -> T { return *from; }, Place{0});
    y[c] = static_cast<S>(largest.value);
    offsets[c] = static_cast<Offset>(largest.place);
  }
}

template <class S, class Offset>
void forward(const MaxPool2dShape& s, const S* x, Offset* offsets, S* y) {
  parallel_for(0, s.batch * s.out_height, 1, [=](std::int64_t first, std::int64_t last) {
    for (std::int64_t row = first; row < last; ++row) {
      const S* image = x + row / s.out_height * s.in_height * s.in_width * s.channels;
      const std::int64_t top = row % s.out_height * s.stride[0] - s.padding[0];
      const Outputs rows{std::max<std::int64_t>(top, 0), std::min(top + s.kernel[0], s.in_height)};
      for (std::int64_t column = 0; column < s.out_width; ++column) {
        const std::int64_t left = column * s.stride[1] - s.padding[1];
        const Outputs columns{std::max<std::int64_t>(left, 0),
                              std::min(left + s.kernel[1], s.in_width)};
        const std::int64_t at = (row * s.out_width + column) * s.channels;
        pool_pixel(s, image, rows, columns, (rows.begin - top) * s.kernel[1] + columns.begin - left,
                   offsets + at, y + at);
      }
    }
  });
}

/// Each input pixel collects from the windows that chose it, so that threads never meet.
template <class S, class Offset>
void backward(const MaxPool2dShape& s, const S* grad_y, const Offset* offsets, S* grad_x) {
  using T = Computed<S>;
  constexpr bool in_place = std::is_same_v<S, T>;
  parallel_for(0, s.batch * s.in_height, 1, [=](std::int64_t first, std::int64_t last) {
    const Scratch<T> room(in_place ? 0 : s.channels);
    for (std::int64_t row = first; row < last; ++row) {
      const std::int64_t in_row = row % s.in_height;
      const std::int64_t image = row / s.in_height * s.out_height;
      const Outputs rows = outputs_of(s, 0, in_row, s.out_height);
      for (std::int64_t in_column = 0; in_column < s.in_width; ++in_column) {
        const Outputs columns = outputs_of(s, 1, in_column, s.out_width);
        S* const pixel = grad_x + (row * s.in_width + in_column) * s.channels;
        T* to = room.data();
        if constexpr (in_place) to = pixel;
        std::fill_n(to, s.channels, T{0});
        for (std::int64_t out_row = rows.begin; out_row < rows.end; ++out_row) {
          const std::int64_t i = in_row + s.padding[0] - out_row * s.stride[0];
          for (std::int64_t column = columns.begin; column < columns.end; ++column) {
            const std::int64_t j = in_column + s.padding[1] - column * s.stride[1];
            const auto offset = static_cast<Offset>(i * s.kernel[1] + j);
            const std::int64_t at = ((image + out_row) * s.out_width + column) * s.channels;
            for (std::int64_t c = 0; c < s.channels; ++c) {
              // Read whether it was chosen or not: loads under a condition are not vectorised.
              const T value = grad_y[at + c];
              to[c] += offsets[at + c] == offset ? value : T{0};
            }
          }
        }
        if constexpr (!in_place) {
          for (std::int64_t c = 0; c < s.channels; ++c) pixel[c] = static_cast<S>(to[c]);
        }
      }
    }
  });
}

template <class F>
void with_types(const MaxPool2dShape& shape, F&& f) {
  dispatch_stored_floating("max_pool2d", shape.dtype, [&](auto zero) {
    if (shape.offset_dtype() == DType::u8) {
      f(zero, std::uint8_t{});
    } else {
      f(zero, std::int64_t{});
    }
  });
}

}  // namespace

void CpuBackend::max_pool2d(const MaxPool2dShape& shape, const void* x, void* offsets, void* y) {
  with_types(shape, [&](auto zero, auto offset) {
    using T = decltype(zero);
    forward(shape, static_cast<const T*>(x), static_cast<decltype(offset)*>(offsets),
            static_cast<T*>(y));
  });
}

void CpuBackend::max_pool2d_grad(const MaxPool2dShape& shape, const void* grad_y,
                                 const void* offsets, void* grad_x) {
  with_types(shape, [&](auto zero, auto offset) {
    using T = decltype(zero);
    backward(shape, static_cast<const T*>(grad_y), static_cast<const decltype(offset)*>(offsets),
             static_cast<T*>(grad_x));
  });
}

}  // namespace plastic::cpu
