#include "core/cpu/conv/conv_im2row.h"

#include <algorithm>

#include "core/cpu/conv/conv_group.h"
#include "core/cpu/conv/patches.h"
#include "core/cpu/gemm/finish_row.h"
#include "core/cpu/gemm/gemm_kernel.h"
#include "core/cpu/gemm/gemm_pack.h"
#include "core/cpu/scratch.h"
#include "core/cpu/weight_form.h"
#include "core/threads/parallel.h"

namespace plastic::cpu {
namespace {

/// Columns of patches that are copied and multiplied at a time.
constexpr std::int64_t block_columns = 1024;
/// Rows of patches likewise, when summing over channels: a few tiles.
constexpr std::int64_t block_rows = std::int64_t{4} * max_tile_rows;

/// The weights (out, k) as packed (k, out), k in the order of patches.
template <class T>
void pack_for_forward(const ConvGroup& g, const T* weight, T* panels) {
  parallel_for(0, panel_count<T>(g.out), 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      const std::int64_t o = i * tile_columns<T>;
      pack_panel_transposed(
          weight + (g.first_out + o) * g.k, g.k, g.k, std::min(tile_columns<T>, g.out - o),
          [&](std::int64_t column) { return g.place(column); }, panels + o * g.k);
    }
  });
}

/// The weights as packed (out, k), k in the order of patches.
template <class T>
void pack_for_input_grad(const ConvGroup& g, const T* weight, T* panels) {
  parallel_for(0, panel_count<T>(g.k), 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      T* to = panels + i * tile_columns<T> * g.out;
      const std::int64_t begin = i * tile_columns<T>;
      for (std::int64_t o = 0; o < g.out; ++o) {
        const T* row = weight + (g.first_out + o) * g.k;
        for (std::int64_t j = begin; j < begin + tile_columns<T>; ++j) {
          *to++ = j < g.k ? row[j % g.in * g.taps + j / g.in] : T{0};
        }
      }
    }
  });
}

template <class T>
void forward(const Conv2dShape& s, std::int64_t index, const T* x, const T* weight, const T* bias,
             bool relu, T* y) {
  const ConvGroup g(s, index);
  const std::int64_t all_rows = Patches<const T>::rows(s);
  const MadeOf<T> panels(weight,
                         {static_cast<std::int64_t>(FormOf::im2row), sizeof(T), vector_width<T>,
                          g.k, g.taps, g.first_out},
                         packed_size<T>(g.k, g.out), [&](T* to) {
                           pack_for_forward(g, weight, to);
                           return true;
                         });
  const std::int64_t blocks = (all_rows + block_rows - 1) / block_rows;
  parallel_for(0, blocks, 1, [&](std::int64_t first_block, std::int64_t last_block) {
    const std::int64_t longest = std::min(block_columns, g.k);
    const Scratch<T> copied(block_rows * longest);
    Patches<const T> patches(s, x, index);
    for (std::int64_t block = first_block; block < last_block; ++block) {
      const std::int64_t first = block * block_rows;
      const std::int64_t rows = std::min(block_rows, all_rows - first);
      patches.take_rows(first, first + rows);
      T* out = y + first * s.out_channels + g.first_out;
      for (std::int64_t k0 = 0; k0 < g.k; k0 += block_columns) {
        const std::int64_t k = std::min(block_columns, g.k - k0);
        patches.take_columns(k0, k0 + k);
        patches.copy_rows(copied.data(), k);
        for (std::int64_t o = 0; o < g.out; o += tile_columns<T>) {
          multiply_rows<T>({.k = k,
                            .a = copied.data(),
                            .a_row = k,
                            .a_k = 1,
                            .b = panels.data() + o * g.k + k0 * tile_columns<T>,
                            .c = out + o,
                            .ldc = s.out_channels,
                            .accumulate = k0 > 0},
                           rows, std::min(tile_columns<T>, g.out - o));
        }
      }
      for (std::int64_t i = 0; i < rows; ++i) {
        finish_row(bias == nullptr ? nullptr : bias + g.first_out, relu, g.out,
                   out + i * s.out_channels);
      }
    }
  });
}

/// Products of gradients and weights are gradients of patches, and are added up in the pixels that
/// the patches were copied from. Patches overlap, so the order of additions matters: images fall
/// into groups of about one block, fixed by the sizes, and a thread takes whole groups.
template <class T>
void input_grad(const Conv2dShape& s, std::int64_t index, const T* grad_y, const T* weight,
                T* grad_x) {
  const ConvGroup g(s, index);
  const Scratch<T> panels(packed_size<T>(g.out, g.k));
  pack_for_input_grad(g, weight, panels.data());
  const std::int64_t pixels = s.out_height * s.out_width;
  constexpr std::int64_t panel = tile_columns<T>;
  const std::int64_t longest = std::min(block_columns, (g.k + panel - 1) / panel * panel);
  const auto add_rows = [&](std::int64_t begin, std::int64_t end, T* products) {
    Patches<T> patches(s, grad_x, index);
    for (std::int64_t first = begin; first < end; first += block_rows) {
      const std::int64_t rows = std::min(block_rows, end - first);
      patches.take_rows(first, first + rows);
      for (std::int64_t k0 = 0; k0 < g.k; k0 += block_columns) {
        const std::int64_t k = std::min(block_columns, g.k - k0);
        for (std::int64_t j = 0; j < k; j += panel) {
          multiply_rows<T>({.k = g.out,
                            .a = grad_y + first * s.out_channels + g.first_out,
                            .a_row = s.out_channels,
                            .a_k = 1,
                            .b = panels.data() + (k0 + j) * g.out,
                            .c = products + j,
                            .ldc = longest},
                           rows, panel);
        }
        patches.take_columns(k0, k0 + k);
        for (std::int64_t i = 0; i < rows; ++i) {
          const T* from = products + i * longest;
          patches.visit(i, [&](T* to, std::int64_t count) {
            if (to != nullptr) {
              for (std::int64_t j = 0; j < count; ++j) to[j] += from[j];
            }
            from += count;
          });
        }
      }
    }
  };
  const std::int64_t images = std::max<std::int64_t>(1, block_rows / pixels);
  const std::int64_t groups = (s.batch + images - 1) / images;
  parallel_for(0, groups, 1, [&](std::int64_t first, std::int64_t last) {
    const Scratch<T> products(block_rows * longest);
    for (std::int64_t group = first; group < last; ++group) {
      const std::int64_t end = std::min(s.batch, (group + 1) * images);
      add_rows(group * images * pixels, end * pixels, products.data());
    }
  });
}

/// Panels of patches that are summed side by side, while the gradients that they share are in the
/// caches, packed where the panels are not too few for that.
constexpr std::int64_t panels_together = 24;
constexpr std::int64_t panels_to_pack_for = 4;
/// Rows of patches in a panel.
constexpr std::int64_t panel_rows = 128;

/// Rows of a tile of the sums, so that tiles are of about equal height.
struct TileRows {
  TileRows(std::int64_t rows, std::int64_t tile, std::int64_t tiles)
      : first(rows * tile / tiles), count(rows * (tile + 1) / tiles - first) {}

  std::int64_t first, count;
};

/// Columns [0, columns) of `rows` rows of a matrix, tile by tile, as products read them: rows a
/// power of two apart would fall into the same few sets of a cache.
template <class T>
void pack_tiles(const T* from, std::int64_t row, std::int64_t rows, std::int64_t columns,
                std::int64_t tiles, T* to) {
  for (std::int64_t i = 0; i < tiles; ++i) {
    const TileRows tile(columns, i, tiles);
    T* out = to + tile.first * rows;
    for (std::int64_t k = 0; k < rows; ++k, out += tile.count) {
      copy_few(from + k * row + tile.first, tile.count, out);
    }
  }
}

/// (gradients of outputs)ᵀ · patches. With few panels to share between threads, rows fall into
/// parts fixed by the sizes, whose sums are joined in order.
template <class T>
void weight_grad(const Conv2dShape& s, std::int64_t index, const T* x, const T* grad_y,
                 T* grad_weight) {
  constexpr std::int64_t panel = tile_columns<T>;
  const ConvGroup g(s, index);
  const std::int64_t all_rows = Patches<const T>::rows(s);
  const std::int64_t panels = panel_count<T>(g.k);
  const std::int64_t teams = (panels + panels_together - 1) / panels_together;
  const std::int64_t parts =
      std::clamp<std::int64_t>(16 / teams, 1, (all_rows + panel_rows - 1) / panel_rows);
  const std::int64_t padded_k = panels * panel;
  const Scratch<T> sums(parts * g.out * padded_k);
  parallel_for(0, parts * teams, 1, [&](std::int64_t first_task, std::int64_t last_task) {
    const std::int64_t tiles = (g.out + max_tile_rows - 1) / max_tile_rows;
    const Scratch<T> copied(panel_rows * panel);
    const Scratch<T> gradients(panel_rows * g.out);
    Patches<const T> patches(s, x, index);
    for (std::int64_t task = first_task; task < last_task; ++task) {
      const std::int64_t part = task / teams;
      const std::int64_t first_panel = panels * (task % teams) / teams;
      const std::int64_t last_panel = panels * (task % teams + 1) / teams;
      const bool is_packed = last_panel - first_panel >= panels_to_pack_for;
      const std::int64_t end = all_rows * (part + 1) / parts;
      const std::int64_t begin = all_rows * part / parts;
      for (std::int64_t row = begin; row < end; row += panel_rows) {
        const std::int64_t rows = std::min(panel_rows, end - row);
        patches.take_rows(row, row + rows);
        const T* const g_rows = grad_y + row * s.out_channels + g.first_out;
        if (is_packed) pack_tiles(g_rows, s.out_channels, rows, g.out, tiles, gradients.data());
        for (std::int64_t j = first_panel * panel; j < last_panel * panel; j += panel) {
          const std::int64_t columns = std::min(panel, g.k - j);
          patches.take_columns(j, j + columns);
          patches.copy_rows(copied.data(), panel);
          for (std::int64_t i = 0; columns < panel && i < rows; ++i) {
            std::fill_n(copied.data() + i * panel + columns, panel - columns, T{0});
          }
          for (std::int64_t i = 0; i < tiles; ++i) {
            const TileRows tile(g.out, i, tiles);
            multiply_tile<T>(
                {.k = rows,
                 .a = is_packed ? gradients.data() + tile.first * rows : g_rows + tile.first,
                 .a_row = 1,
                 .a_k = is_packed ? tile.count : s.out_channels,
                 .b = copied.data(),
                 .c = sums.data() + (part * g.out + tile.first) * padded_k + j,
                 .ldc = padded_k,
                 .accumulate = row > begin},
                static_cast<int>(tile.count), panel);
          }
        }
      }
    }
  });
  parallel_for(0, g.out, 8, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t o = first; o < last; ++o) {
      T* to = grad_weight + (g.first_out + o) * g.k;
      for (std::int64_t column = 0; column < g.k; ++column) {
        const T* from = sums.data() + o * padded_k + g.place(column);
        T sum = from[0];
        for (std::int64_t part = 1; part < parts; ++part) sum += from[part * g.out * padded_k];
        to[column] = sum;
      }
    }
  });
}

template <class T>
void forward(const Conv2dShape& s, const T* x, const T* weight, const T* bias, bool relu, T* y) {
  for (std::int64_t g = 0; g < s.groups; ++g) forward(s, g, x, weight, bias, relu, y);
}

template <class T>
void input_grad(const Conv2dShape& s, const T* grad_y, const T* weight, T* grad_x) {
  const std::int64_t size = s.batch * s.in_height * s.in_width * s.in_channels;
  parallel_for(0, size, 1 << 14, [&](std::int64_t first, std::int64_t last) {
    std::fill(grad_x + first, grad_x + last, T{0});
  });
  for (std::int64_t g = 0; g < s.groups; ++g) input_grad(s, g, grad_y, weight, grad_x);
}

template <class T>
void weight_grad(const Conv2dShape& s, const T* x, const T* grad_y, T* grad_weight) {
  for (std::int64_t g = 0; g < s.groups; ++g) weight_grad(s, g, x, grad_y, grad_weight);
}

}  // namespace

constexpr ConvPasses conv_im2row = typed_passes([](const auto&... in) { forward(in...); },
                                                [](const auto&... in) { input_grad(in...); },
                                                [](const auto&... in) { weight_grad(in...); });

}  // namespace plastic::cpu
