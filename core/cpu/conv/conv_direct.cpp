#include "core/cpu/conv/conv_direct.h"

#include <algorithm>
#include <vector>

#include "core/cpu/conv/conv_taps.h"
#include "core/threads/parallel.h"

namespace plastic::cpu {
namespace {

/// A convolution's sizes within one group.
struct GroupSizes {
  explicit GroupSizes(const Conv2dShape& s)
      : in(s.in_channels / s.groups),
        out(s.out_channels / s.groups),
        taps(s.kernel_height * s.kernel_width) {}

  std::int64_t in, out, taps;
};

/// (O, I / groups, taps) as (group, tap, in, out), or (group, tap, out, in) if `out_first`, so that
/// the innermost loops run over dense memory.
template <class T>
std::vector<double> packed(const Conv2dShape& s, const T* weight, bool out_first) {
  const GroupSizes size(s);
  std::vector<double> result(static_cast<std::size_t>(s.out_channels * size.in * size.taps));
  for (std::int64_t o = 0; o < s.out_channels; ++o) {
    for (std::int64_t i = 0; i < size.in; ++i) {
      for (std::int64_t t = 0; t < size.taps; ++t) {
        const std::int64_t block = o / size.out * size.taps + t;
        const std::int64_t at = out_first ? (block * size.out + o % size.out) * size.in + i
                                          : (block * size.in + i) * size.out + o % size.out;
        result[static_cast<std::size_t>(at)] =
            static_cast<double>(weight[(o * size.in + i) * size.taps + t]);
      }
    }
  }
  return result;
}

/// sums[j] += Σᵢ x[i]·matrix[i, j]
template <class T>
void add_product(const T* x, std::int64_t rows, const double* matrix, std::int64_t columns,
                 double* sums) {
  for (std::int64_t i = 0; i < rows; ++i) {
    const double value = static_cast<double>(x[i]);
    const double* row = matrix + i * columns;
    for (std::int64_t j = 0; j < columns; ++j) sums[j] += value * row[j];
  }
}

template <class T>
void forward(const Conv2dShape& s, const T* x, const T* weight, const T* bias, bool relu, T* y) {
  const GroupSizes size(s);
  const std::vector<double> matrices = packed(s, weight, /*out_first=*/false);
  parallel_for(0, s.batch * s.out_height, 1, [&](std::int64_t first, std::int64_t last) {
    std::vector<ConvTap> taps;
    std::vector<double> sums(static_cast<std::size_t>(s.out_channels));
    for (std::int64_t row = first; row < last; ++row) {
      const T* image = x + row / s.out_height * s.in_height * s.in_width * s.in_channels;
      for (std::int64_t column = 0; column < s.out_width; ++column) {
        taps_of_output(s, row % s.out_height, column, taps);
        for (std::int64_t o = 0; o < s.out_channels; ++o) {
          sums[static_cast<std::size_t>(o)] = bias == nullptr ? 0 : static_cast<double>(bias[o]);
        }
        for (const ConvTap& tap : taps) {
          for (std::int64_t g = 0; g < s.groups; ++g) {
            add_product(image + tap.pixel * s.in_channels + g * size.in, size.in,
                        matrices.data() + (g * size.taps + tap.tap) * size.in * size.out, size.out,
                        sums.data() + g * size.out);
          }
        }
        T* out = y + (row * s.out_width + column) * s.out_channels;
        for (std::int64_t o = 0; o < s.out_channels; ++o) {
          const double sum = sums[static_cast<std::size_t>(o)];
          out[o] = static_cast<T>(relu && sum < 0 ? 0 : sum);
        }
      }
    }
  });
}

template <class T>
void input_grad(const Conv2dShape& s, const T* grad_y, const T* weight, T* grad_x) {
  const GroupSizes size(s);
  const std::vector<double> matrices = packed(s, weight, /*out_first=*/true);
  const std::int64_t out_pixels = s.out_height * s.out_width;
  parallel_for(0, s.batch * s.in_height, 1, [&](std::int64_t first, std::int64_t last) {
    std::vector<ConvTap> taps;
    std::vector<double> sums(static_cast<std::size_t>(s.in_channels));
    for (std::int64_t row = first; row < last; ++row) {
      const T* image = grad_y + row / s.in_height * out_pixels * s.out_channels;
      for (std::int64_t column = 0; column < s.in_width; ++column) {
        taps_of_input(s, row % s.in_height, column, taps);
        std::fill(sums.begin(), sums.end(), 0);
        for (const ConvTap& tap : taps) {
          for (std::int64_t g = 0; g < s.groups; ++g) {
            add_product(image + tap.pixel * s.out_channels + g * size.out, size.out,
                        matrices.data() + (g * size.taps + tap.tap) * size.in * size.out, size.in,
                        sums.data() + g * size.in);
          }
        }
        T* out = grad_x + (row * s.in_width + column) * s.in_channels;
        for (std::int64_t i = 0; i < s.in_channels; ++i) {
          out[i] = static_cast<T>(sums[static_cast<std::size_t>(i)]);
        }
      }
    }
  });
}

/// The gradient of one output channel's weights. Each is summed by one thread over images and
/// positions in order.
template <class T>
void weight_grad_of(const Conv2dShape& s, std::int64_t o, const T* x, const T* grad_y,
                    std::vector<double>& sums, T* grad_weight) {
  const GroupSizes size(s);
  const std::int64_t first_channel = o / size.out * size.in;
  std::vector<ConvTap> taps;
  std::fill(sums.begin(), sums.end(), 0);
  for (std::int64_t row = 0; row < s.out_height; ++row) {
    for (std::int64_t column = 0; column < s.out_width; ++column) {
      taps_of_output(s, row, column, taps);
      for (std::int64_t n = 0; n < s.batch; ++n) {
        const std::int64_t pixel = (n * s.out_height + row) * s.out_width + column;
        const double g = static_cast<double>(grad_y[pixel * s.out_channels + o]);
        for (const ConvTap& tap : taps) {
          const T* from =
              x + (n * s.in_height * s.in_width + tap.pixel) * s.in_channels + first_channel;
          double* to = sums.data() + tap.tap * size.in;
          for (std::int64_t i = 0; i < size.in; ++i) to[i] += g * static_cast<double>(from[i]);
        }
      }
    }
  }
  for (std::int64_t t = 0; t < size.taps; ++t) {
    for (std::int64_t i = 0; i < size.in; ++i) {
      grad_weight[(o * size.in + i) * size.taps + t] =
          static_cast<T>(sums[static_cast<std::size_t>(t * size.in + i)]);
    }
  }
}

template <class T>
void weight_grad(const Conv2dShape& s, const T* x, const T* grad_y, T* grad_weight) {
  const GroupSizes size(s);
  parallel_for(0, s.out_channels, 1, [&](std::int64_t first, std::int64_t last) {
    std::vector<double> sums(static_cast<std::size_t>(size.taps * size.in));
    for (std::int64_t o = first; o < last; ++o) {
      weight_grad_of(s, o, x, grad_y, sums, grad_weight);
    }
  });
}

}  // namespace

constexpr ConvPasses conv_direct = typed_passes([](const auto&... in) { forward(in...); },
                                                [](const auto&... in) { input_grad(in...); },
                                                [](const auto&... in) { weight_grad(in...); });

}  // namespace plastic::cpu
