#include "core/cpu/conv/conv_depthwise.h"

#include <algorithm>
#include <vector>

#include "core/cpu/conv/conv_taps.h"
#include "core/threads/parallel.h"

namespace plastic::cpu {
namespace {

/// Partial sums of the weight's gradient, so many that threads share them evenly.
constexpr std::int64_t max_chunks = 64;

/// (channels, taps) as (tap, channels).
template <class T>
std::vector<double> packed(const Conv2dShape& s, const T* weight) {
  const std::int64_t taps = s.kernel_height * s.kernel_width;
  std::vector<double> result(static_cast<std::size_t>(taps * s.in_channels));
  for (std::int64_t c = 0; c < s.in_channels; ++c) {
    for (std::int64_t t = 0; t < taps; ++t) {
      result[static_cast<std::size_t>(t * s.in_channels + c)] =
          static_cast<double>(weight[c * taps + t]);
    }
  }
  return result;
}

/// sums[c] += a[c]·b[c]
template <class A, class B>
void add_products(const A* a, const B* b, std::int64_t channels, double* sums) {
  for (std::int64_t c = 0; c < channels; ++c) {
    sums[c] += static_cast<double>(a[c]) * static_cast<double>(b[c]);
  }
}

template <class T>
void forward(const Conv2dShape& s, const T* x, const T* weight, const T* bias, bool relu, T* y) {
  const std::int64_t channels = s.in_channels;
  const std::vector<double> filters = packed(s, weight);
  parallel_for(0, s.batch * s.out_height, 1, [&](std::int64_t first, std::int64_t last) {
    std::vector<ConvTap> taps;
    std::vector<double> sums(static_cast<std::size_t>(channels));
    for (std::int64_t row = first; row < last; ++row) {
      const T* image = x + row / s.out_height * s.in_height * s.in_width * channels;
      for (std::int64_t column = 0; column < s.out_width; ++column) {
        taps_of_output(s, row % s.out_height, column, taps);
        for (std::int64_t c = 0; c < channels; ++c) {
          sums[static_cast<std::size_t>(c)] = bias == nullptr ? 0 : static_cast<double>(bias[c]);
        }
        for (const ConvTap& tap : taps) {
          add_products(image + tap.pixel * channels, filters.data() + tap.tap * channels, channels,
                       sums.data());
        }
        T* out = y + (row * s.out_width + column) * channels;
        for (std::int64_t c = 0; c < channels; ++c) {
          const double sum = sums[static_cast<std::size_t>(c)];
          out[c] = static_cast<T>(relu && sum < 0 ? 0 : sum);
        }
      }
    }
  });
}

template <class T>
void input_grad(const Conv2dShape& s, const T* grad_y, const T* weight, T* grad_x) {
  const std::int64_t channels = s.in_channels;
  const std::vector<double> filters = packed(s, weight);
  parallel_for(0, s.batch * s.in_height, 1, [&](std::int64_t first, std::int64_t last) {
    std::vector<ConvTap> taps;
    std::vector<double> sums(static_cast<std::size_t>(channels));
    for (std::int64_t row = first; row < last; ++row) {
      const T* image = grad_y + row / s.in_height * s.out_height * s.out_width * channels;
      for (std::int64_t column = 0; column < s.in_width; ++column) {
        taps_of_input(s, row % s.in_height, column, taps);
        std::fill(sums.begin(), sums.end(), 0);
        for (const ConvTap& tap : taps) {
          add_products(image + tap.pixel * channels, filters.data() + tap.tap * channels, channels,
                       sums.data());
        }
        T* out = grad_x + (row * s.in_width + column) * channels;
        for (std::int64_t c = 0; c < channels; ++c) {
          out[c] = static_cast<T>(sums[static_cast<std::size_t>(c)]);
        }
      }
    }
  });
}

/// Rows of the output in fixed chunks, joined in order, so that the sums do not depend on the
/// number of threads.
template <class T>
void weight_grad(const Conv2dShape& s, const T* x, const T* grad_y, T* grad_weight) {
  const std::int64_t channels = s.in_channels;
  const std::int64_t taps_count = s.kernel_height * s.kernel_width;
  const std::int64_t rows = s.batch * s.out_height;
  const std::int64_t chunks = std::min(rows, max_chunks);
  const std::int64_t size = taps_count * channels;
  std::vector<double> partial(static_cast<std::size_t>(chunks * size));
  parallel_for(0, chunks, 1, [&](std::int64_t first, std::int64_t last) {
    std::vector<ConvTap> taps;
    for (std::int64_t chunk = first; chunk < last; ++chunk) {
      double* sums = partial.data() + chunk * size;
      for (std::int64_t row = rows * chunk / chunks; row < rows * (chunk + 1) / chunks; ++row) {
        const T* image = x + row / s.out_height * s.in_height * s.in_width * channels;
        for (std::int64_t column = 0; column < s.out_width; ++column) {
          taps_of_output(s, row % s.out_height, column, taps);
          const T* g = grad_y + (row * s.out_width + column) * channels;
          for (const ConvTap& tap : taps) {
            add_products(g, image + tap.pixel * channels, channels, sums + tap.tap * channels);
          }
        }
      }
    }
  });
  for (std::int64_t c = 0; c < channels; ++c) {
    for (std::int64_t t = 0; t < taps_count; ++t) {
      double sum = 0;
      for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
        sum += partial[static_cast<std::size_t>(chunk * size + t * channels + c)];
      }
      grad_weight[c * taps_count + t] = static_cast<T>(sum);
    }
  }
}

}  // namespace

bool is_depthwise(const Conv2dShape& shape) {
  return shape.groups == shape.in_channels && shape.out_channels == shape.in_channels;
}

constexpr ConvPasses conv_depthwise = typed_passes([](const auto&... in) { forward(in...); },
                                                   [](const auto&... in) { input_grad(in...); },
                                                   [](const auto&... in) { weight_grad(in...); });

}  // namespace plastic::cpu
