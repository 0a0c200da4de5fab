#include "plastic/core/ops.h"
#include "tests/core/ops/op_cases.h"

namespace plastic::test {
namespace {

using Inputs = std::span<const Tensor>;

void add(std::vector<OpCase>& cases, const std::string& name, const OpInput& x,
         const std::function<Tensor(const Tensor&)>& run) {
  cases.push_back({name, {x}, [run](Inputs in) { return run(in[0]); }});
}

void add_max(std::vector<OpCase>& cases, const std::string& name, const OpInput& x,
             const MaxPool2dOptions& options = {}) {
  add(cases, "max_pool2d/" + name, x, [=](const Tensor& t) { return max_pool2d(t, options); });
}

void add_avg(std::vector<OpCase>& cases, const std::string& name, const OpInput& x,
             const AvgPool2dOptions& options = {}) {
  add(cases, "avg_pool2d/" + name, x, [=](const Tensor& t) { return avg_pool2d(t, options); });
}

void add_adaptive(std::vector<OpCase>& cases, const std::string& name, const OpInput& x,
                  const std::array<std::int64_t, 2>& size) {
  add(cases, "adaptive_avg_pool2d/" + name, x,
      [=](const Tensor& t) { return adaptive_avg_pool2d(t, size); });
}

void add_pads(std::vector<OpCase>& cases) {
  const OpInput image{.shape = {2, 3, 3, 4}, .layout = Layout::channels_last};
  add(cases, "pad/image", image, [](const Tensor& x) { return pad(x, {1, 2, 0, 1}, 3); });
  add(cases, "pad/contiguous", {.shape = {2, 3, 3, 4}}, [](const Tensor& x) {
    return pad(x, {1, 1, 1, 1});
  });
  add(cases, "pad/channels", image, [](const Tensor& x) { return pad(x, {0, 0, 0, 0, 2, 1}); });
  add(cases, "pad/crop", image, [](const Tensor& x) { return pad(x, {-1, 2, 1, -2}); });
  add(cases, "pad/vector", {.shape = {3}, .layout = Layout::strided}, [](const Tensor& x) {
    return pad(x, {2, 0}, -1);
  });
  add(cases, "pad/nothing", image, [](const Tensor& x) { return pad(x, {}); });
  add(cases, "pad/empty", {.shape = {0, 2}}, [](const Tensor& x) { return pad(x, {1, 1, 1, 0}); });
}

void add_pad_modes(std::vector<OpCase>& cases) {
  const OpInput image{.shape = {2, 3, 3, 4}, .layout = Layout::channels_last};
  for (const auto& [name, mode] :
       {std::pair{"reflect", PadMode::reflect}, std::pair{"replicate", PadMode::replicate}}) {
    const auto add_pad = [&, mode = mode](const std::string& what, const OpInput& x,
                                          const std::vector<std::int64_t>& amounts) {
      add(cases, "pad/" + std::string(name) + what, x,
          [=](const Tensor& t) { return pad(t, amounts, mode); });
    };
    add_pad(" image", image, {3, 1, 2, 2});
    add_pad(" vector", {.shape = {5}, .layout = Layout::strided}, {0, 4});
    add_pad(" and crop", image, {-2, 3, 1, -1});
    add_pad(" nothing", image, {0, 0});
    add_pad(" empty", {.shape = {0, 3}}, {1, 2});
  }
}

void add_interpolations(std::vector<OpCase>& cases) {
  for (const auto& [name, mode] : {std::pair{"nearest", InterpolateMode::nearest},
                                   std::pair{"bilinear", InterpolateMode::bilinear}}) {
    const auto add_size = [&, mode = mode](const std::string& what, const OpInput& x,
                                           const std::array<std::int64_t, 2>& size) {
      add(cases, "interpolate/" + std::string(name) + " " + what, x,
          [=](const Tensor& t) { return interpolate(t, size, mode); });
    };
    add_size("larger", {.shape = {2, 3, 3, 4}, .layout = Layout::channels_last}, {7, 8});
    add_size("smaller", {.shape = {2, 3, 5, 6}}, {2, 4});
    add_size("one axis", {.shape = {1, 2, 3, 4}, .layout = Layout::permuted}, {3, 9});
    add_size("same", {.shape = {1, 2, 3, 4}}, {3, 4});
    add_size("one pixel", {.shape = {2, 2, 1, 1}}, {2, 3});
    add_size("empty", {.shape = {0, 2, 3, 4}}, {2, 3});
  }
}

}  // namespace

void add_pool_cases(std::vector<OpCase>& cases) {
  const OpInput image{.shape = {2, 3, 5, 6}, .layout = Layout::channels_last};
  const OpInput plain{.shape = {2, 3, 5, 6}};
  const OpInput empty{.shape = {0, 3, 5, 6}};
  add_max(cases, "2x2", image);
  add_max(cases, "contiguous", plain);
  add_max(cases, "strided", {.shape = {2, 3, 4, 4}, .layout = Layout::strided});
  add_max(cases, "overlapping", image, {.kernel = {3, 3}, .stride = {{2, 2}}, .padding = {1, 1}});
  add_max(cases, "every pixel", image, {.kernel = {3, 2}, .stride = {{1, 1}}, .padding = {1, 1}});
  add_max(cases, "ceil", image, {.kernel = {2, 4}, .ceil_mode = true});
  add_max(cases, "gaps", image, {.kernel = {1, 2}, .stride = {{2, 3}}});
  add_max(cases, "whole image", image, {.kernel = {5, 6}});
  add_max(cases, "large window", {.shape = {1, 2, 18, 17}},
          {.kernel = {17, 16}, .stride = {{1, 1}}});
  add_max(cases, "empty", empty);
  add_max(cases, "dilated", image, {.stride = {{1, 1}}, .dilation = {2, 3}});
  add_max(cases, "dilated and padded", plain,
          {.kernel = {3, 2}, .stride = {{2, 1}}, .padding = {2, 1}, .dilation = {2, 2}});
  add_max(cases, "dilated ceil", {.shape = {2, 3, 5, 6}, .layout = Layout::permuted},
          {.kernel = {2, 2}, .dilation = {1, 2}, .ceil_mode = true});
  add_max(cases, "dilated empty", empty, {.dilation = {2, 2}});
  add_avg(cases, "2x2", image);
  add_avg(cases, "contiguous", plain);
  add_avg(cases, "permuted", {.shape = {2, 3, 4, 4}, .layout = Layout::permuted});
  add_avg(cases, "overlapping", image, {.kernel = {3, 3}, .stride = {{2, 1}}, .padding = {1, 1}});
  add_avg(cases, "without padding", image,
          {.kernel = {3, 3}, .stride = {{2, 2}}, .padding = {1, 1}, .count_include_pad = false});
  add_avg(cases, "ceil", image, {.kernel = {2, 4}, .ceil_mode = true});
  add_avg(cases, "gaps", image, {.kernel = {1, 2}, .stride = {{2, 3}}});
  add_avg(cases, "empty", empty);
  add_adaptive(cases, "mean", image, {1, 1});
  add_adaptive(cases, "uneven", image, {2, 4});
  add_adaptive(cases, "same", plain, {5, 6});
  add_adaptive(cases, "larger", image, {7, 8});
  add_adaptive(cases, "empty", empty, {1, 2});
  add_pads(cases);
  add_pad_modes(cases);
  add_interpolations(cases);
}

}  // namespace plastic::test
