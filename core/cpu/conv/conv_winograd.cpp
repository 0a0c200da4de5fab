// Winograd's convolution in three steps: tiles are transformed into planes; in each plane a matrix
// product, tiles by channels, sums over channels; its results are transformed back. Tiles are taken
// in chunks whose planes stay in the caches. Tiles with outliers are left to im2row. Images of bf16
// are widened as tiles are transformed, and rounded as they are transformed back.
#include "core/cpu/conv/conv_winograd.h"

#include <algorithm>
#include <span>
#include <vector>

#include "core/cpu/conv/conv_im2row.h"
#include "core/cpu/conv/winograd_convolve.h"
#include "core/cpu/conv/winograd_kernels.h"
#include "core/cpu/conv/winograd_outliers.h"
#include "core/cpu/conv/winograd_tile_groups.h"
#include "core/cpu/conv/winograd_tiles.h"
#include "core/cpu/gemm/gemm_kernel.h"
#include "core/cpu/gemm/gemm_pack.h"
#include "core/cpu/scratch.h"
#include "core/cpu/weight_form.h"
#include "core/cpu/widened.h"
#include "core/threads/parallel.h"
#include "plastic/core/device.h"

namespace plastic::cpu {
namespace {

/// A shape with the dtype that numbers are computed in.
Conv2dShape computed(Conv2dShape s) {
  if (s.dtype == DType::bf16) s.dtype = DType::f32;
  return s;
}

/// The kernels that products read, made from a weight by transform(wide weight, to), which says
/// whether they may be used.
template <class S, class Transform>
MadeOf<Computed<S>> transformed(FormOf form, const S* weight, std::int64_t out, std::int64_t in,
                                std::int64_t count, Transform&& transform) {
  using T = Computed<S>;
  return MadeOf<T>(weight, {static_cast<std::int64_t>(form), sizeof(S), vector_width<T>, out, in},
                   count, [&](T* to) {
                     const Widened<S> wide(weight, out * in * 9);
                     return transform(wide.data(), to);
                   });
}

/// Calls run(pass) with the forward pass, but for where its results go; or does nothing and returns
/// false where im2row must compute it.
template <int m, class S, class Run>
bool with_forward_pass(const Conv2dShape& s, const S* x, const S* weight, const S* bias, bool relu,
                       Run&& run) {
  using T = Computed<S>;
  constexpr std::int64_t planes = Winograd<m>::tile * Winograd<m>::tile;
  const MadeOf<T> kernels = transformed(
      m == 2 ? FormOf::winograd2 : FormOf::winograd4, weight, s.out_channels, s.in_channels,
      planes * packed_size<T>(s.in_channels, s.out_channels), [&](const T* wide, T* to) {
        return transform_kernels<T, m>(wide, s.out_channels, s.in_channels, to);
      });
  if (kernels.data() == nullptr) return false;
  const Widened<S> wide_bias(bias, s.out_channels);
  run(WinogradPass<S>{.images = s.batch,
                      .in = {s.in_height, s.in_width, s.in_channels},
                      .out = {s.out_height, s.out_width, s.out_channels},
                      .padding = {s.padding[0], s.padding[1]},
                      .x = x,
                      .kernels = kernels.data(),
                      .weight = weight,
                      .finish = {.bias = wide_bias.data(), .relu = relu}});
  return true;
}

template <int m, class S>
void forward(const Conv2dShape& s, const S* x, const S* weight, const S* bias, bool relu, S* y) {
  const bool done = with_forward_pass<m>(s, x, weight, bias, relu, [&](WinogradPass<S> pass) {
    pass.y = y;
    convolve<S, m>(pass);
  });
  if (done) return;
  const Widened<S> wide_x(x, s.x_size()), wide_weight(weight, s.weight_size());
  const Widened<S> wide_bias(bias, s.out_channels);
  const Rounded<S> wide_y(y, s.y_size());
  conv_im2row.forward(computed(s), wide_x.data(), wide_weight.data(), wide_bias.data(), relu,
                      wide_y.data());
}

/// Computes as many images at a time as have the tiles of about one chunk.
template <int m, class S>
void forward_by_images(const Conv2dShape& s, const S* x, const S* weight, const S* bias, bool relu,
                       const ConvPasses::TakeImages& take) {
  using T = Computed<S>;
  const TileGrid image(1, s.out_height, s.out_width, m);
  const std::int64_t most = chunk_tiles<T>(Winograd<m>::tile * Winograd<m>::tile,
                                           round_up(s.in_channels, vector_width<T>),
                                           round_up(s.out_channels, vector_width<T>));
  const std::int64_t together = std::max<std::int64_t>(1, (most + image.count / 2) / image.count);
  const std::int64_t groups = (s.batch + together - 1) / together;
  const bool done = with_forward_pass<m>(s, x, weight, bias, relu, [&](const WinogradPass<S>& all) {
    parallel_for(0, groups, 1, [&](std::int64_t first_group, std::int64_t last_group) {
      const Scratch<S> y(together * s.y_size() / s.batch);
      for (std::int64_t group = first_group; group < last_group; ++group) {
        const std::int64_t first = group * together;
        WinogradPass<S> pass = all;
        pass.images = std::min(together, s.batch - first);
        pass.x += first * (s.x_size() / s.batch);
        pass.y = y.data();
        pass.is_shared = false;
        convolve<S, m>(pass);
        take(first, pass.images, y.data());
      }
    });
  });
  if (done) return;
  const Scratch<S> y(s.y_size());
  forward<m>(s, x, weight, bias, relu, y.data());
  take(0, s.batch, y.data());
}

/// dx is the convolution of dy, padded by 2 - padding, with the turned kernels.
template <int m, class S>
void input_grad(const Conv2dShape& s, const S* grad_y, const S* weight, S* grad_x) {
  using T = Computed<S>;
  constexpr std::int64_t planes = Winograd<m>::tile * Winograd<m>::tile;
  const MadeOf<T> kernels = transformed(
      m == 2 ? FormOf::turned_winograd2 : FormOf::turned_winograd4, weight, s.out_channels,
      s.in_channels, planes * packed_size<T>(s.out_channels, s.in_channels),
      [&](const T* wide, T* to) {
        return transform_turned_kernels<T, m>(wide, s.out_channels, s.in_channels, to);
      });
  if (kernels.data() == nullptr) {
    const Widened<S> wide_grad(grad_y, s.y_size()), wide_weight(weight, s.weight_size());
    const Rounded<S> wide_x(grad_x, s.x_size());
    return conv_im2row.input_grad(computed(s), wide_grad.data(), wide_weight.data(), wide_x.data());
  }
  convolve<S, m>({.images = s.batch,
                  .in = {s.out_height, s.out_width, s.out_channels},
                  .out = {s.in_height, s.in_width, s.in_channels},
                  .padding = {2 - s.padding[0], 2 - s.padding[1]},
                  .x = grad_y,
                  .kernels = kernels.data(),
                  .weight = weight,
                  .is_turned = true,
                  .finish = {},
                  .y = grad_x});
}

/// Adds what the flagged tiles contribute to the gradient of the weights.
template <class S, class T>
void add_redone(const Conv2dShape& s, const S* x, const S* grad_y, const TileGrid& grid,
                std::span<const std::uint8_t> flags, int m, T* grad_weight) {
  const std::int64_t weights = s.out_channels * s.in_channels * 9;
  const ImageSize in{s.in_height, s.in_width, s.in_channels};
  const ImageSize out{s.out_height, s.out_width, s.out_channels};
  for (const TileGroup& group : groups_of(flags, grid, s.out_height, s.out_width, m)) {
    group.for_parts([&](std::span<const TilePlace> tiles) {
      const auto count = static_cast<std::int64_t>(tiles.size());
      const Conv2dShape shape =
          valid_shape<T>(count, in, {group.rows, group.columns, s.out_channels});
      const Scratch<T> squares(count * shape.in_height * shape.in_width * s.in_channels);
      const Scratch<T> gradients(count * group.rows * group.columns * s.out_channels);
      const Scratch<T> part(weights);
      gather_squares(x, in, tiles, s.padding, shape.in_height, shape.in_width, squares.data());
      gather_squares(grad_y, out, tiles, {0, 0}, group.rows, group.columns, gradients.data());
      conv_im2row.weight_grad(shape, squares.data(), gradients.data(), part.data());
      for (std::int64_t i = 0; i < weights; ++i) grad_weight[i] += part.data()[i];
    });
  }
}

/// Tiles in a chunk of the gradient of the weight: the fewer, the closer their planes stay, and the
/// more often the sums are read and written.
template <class T>
std::int64_t chunk_tiles_to_sum(std::int64_t planes, std::int64_t in, std::int64_t out) {
  constexpr auto bytes = static_cast<std::int64_t>(sizeof(T));
  const std::int64_t chunk =
      std::clamp<std::int64_t>(2 * planes * in * out * bytes, 2 << 20, 24 << 20);
  return std::max<std::int64_t>(64, chunk / (planes * (in + out) * bytes));
}

/// In each plane, Σ over tiles of (gradient of product)ᵀ · (transformed input). Chunks of tiles are
/// fixed by the sizes, so that sums do not depend on the number of threads.
template <int m, class S>
void weight_grad(const Conv2dShape& s, const S* x, const S* grad_y, S* grad_weight) {
  using T = Computed<S>;
  constexpr std::int64_t planes = Winograd<m>::tile * Winograd<m>::tile;
  constexpr std::int64_t row_block = std::int64_t{4} * max_tile_rows;
  const TileGrid grid(s.batch, s.out_height, s.out_width, m);
  const std::int64_t in = round_up(s.in_channels, tile_columns<T>);
  const std::int64_t out = round_up(s.out_channels, vector_width<T>);
  const std::int64_t most = chunk_tiles_to_sum<T>(planes, in, out);
  const std::int64_t chunks = (grid.count + most - 1) / most;
  const std::int64_t longest = (grid.count + chunks - 1) / chunks;
  const PlaneLayout inputs =
      PlaneLayout::panels(plane_distance<T>(longest * in), longest, tile_columns<T>);
  const PlaneLayout gradients = PlaneLayout::rows(plane_distance<T>(longest * out), out);
  const Scratch<T> v(planes * inputs.plane);
  const Scratch<T> p(planes * gradients.plane);
  const Scratch<T> sums(planes * s.out_channels * in);
  const ImageSize input{s.in_height, s.in_width, s.in_channels};
  const ImageSize output{s.out_height, s.out_width, s.out_channels};
  const OutlierSearch<S> input_search(x, s.batch, input), output_search(grad_y, s.batch, output);
  ScratchVector<std::uint8_t> flags(static_cast<std::size_t>(grid.count));
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
    const std::int64_t begin = grid.count * chunk / chunks;
    const std::int64_t end = grid.count * (chunk + 1) / chunks;
    parallel_for(begin, end, 4, [&](std::int64_t first, std::int64_t last) {
      const std::int64_t t = first - begin;
      transform_inputs<T, m>(
          x, input, s.padding, grid, first, last, inputs, v.data() + t * inputs.row,
          [&](std::int64_t tile, const TilePlace& place, const LargestTransformed<T>& largest) {
            if (!largest.exceeds(input_search.limit(place.image))) return;
            flags[static_cast<std::size_t>(tile)] =
                input_search.template finds<Winograd<m>::tile, 3>(
                    place.image, place.row - s.padding[0], place.column - s.padding[1],
                    std::min<std::int64_t>(m, s.out_height - place.row),
                    std::min<std::int64_t>(m, s.out_width - place.column));
          });
      transform_output_gradients<T, m>(
          grad_y, output, grid, first, last, gradients, p.data() + t * gradients.row,
          [&](std::int64_t tile, const TilePlace& place, const LargestTransformed<T>& largest) {
            std::uint8_t& flag = flags[static_cast<std::size_t>(tile)];
            if (largest.exceeds(output_search.limit(place.image))) {
              flag |= output_search.template finds<m, 1>(
                  place.image, place.row, place.column,
                  std::min<std::int64_t>(m, s.out_height - place.row),
                  std::min<std::int64_t>(m, s.out_width - place.column));
            }
            if (flag == 0) return;
            clear_tile<T, m>(inputs, tile - begin, s.in_channels, v.data());
            clear_tile<T, m>(gradients, tile - begin, s.out_channels, p.data());
          });
    });
    const std::int64_t blocks = (s.out_channels + row_block - 1) / row_block;
    parallel_for(0, planes * blocks, 1, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t block = first; block < last; ++block) {
        const std::int64_t i = block / blocks;
        const std::int64_t o = block % blocks * row_block;
        for (std::int64_t c = 0; c < in; c += tile_columns<T>) {
          multiply_rows<T>({.k = end - begin,
                            .a = p.data() + i * gradients.plane + o,
                            .a_row = 1,
                            .a_k = out,
                            .b = v.data() + i * inputs.plane + c / tile_columns<T> * inputs.panel,
                            .c = sums.data() + (i * s.out_channels + o) * in + c,
                            .ldc = in,
                            .accumulate = chunk > 0},
                           std::min(row_block, s.out_channels - o), tile_columns<T>);
        }
      }
    });
  }
  const Rounded<S> wide_grad(grad_weight, s.weight_size());
  transform_kernel_gradients<T, m>(sums.data(), s.out_channels, s.in_channels, in,
                                   wide_grad.data());
  add_redone(s, x, grad_y, grid, flags, m, wide_grad.data());
}

template <int m, bool stores_bf16>
constexpr ConvPasses winograd_passes() {
  ConvPasses passes = typed_passes<stores_bf16>([](const auto&... in) { forward<m>(in...); },
                                                [](const auto&... in) { input_grad<m>(in...); },
                                                [](const auto&... in) { weight_grad<m>(in...); });
  passes.forward_by_images = [](const Conv2dShape& s, const void* x, const void* weight,
                                const void* bias, bool relu, const ConvPasses::TakeImages& take) {
    detail::dispatch_images<stores_bf16>(s.dtype, [&](auto zero) {
      using S = decltype(zero);
      forward_by_images<m>(s, static_cast<const S*>(x), static_cast<const S*>(weight),
                           static_cast<const S*>(bias), relu, take);
    });
  };
  return passes;
}

}  // namespace

constexpr ConvPasses conv_winograd2 = winograd_passes<2, false>();
constexpr ConvPasses conv_winograd4 = winograd_passes<4, true>();

}  // namespace plastic::cpu
