#include "call.h"

namespace plastic::parity {
namespace {

Activation activation_of(const Call& call) {
  return call.flag("relu") ? Activation::relu : Activation::none;
}

/// Kernel, stride (the kernel's where there is none), padding and ceil_mode.
template <class Options>
Options pooling_of(const Call& call) {
  Options options = {.kernel = call.pair("kernel"), .padding = call.pair("padding")};
  if (call.has("stride")) options.stride = call.pair("stride");
  options.ceil_mode = call.flag("ceil_mode");
  return options;
}

}  // namespace

void add_images(Table& table) {
  enter(table, "conv2d", {"conv2d(Tensor, Tensor, Tensor, Conv2dOptions)"}, [](Call& c) {
    return conv2d(c[0], c[1], c[2],
                  {.stride = c.pair("stride"),
                   .padding = c.pair("padding"),
                   .dilation = c.pair("dilation"),
                   .groups = c.integer("groups"),
                   .activation = activation_of(c)});
  });
  enter(table, "conv1d", {"conv1d(Tensor, Tensor, Tensor, Conv1dOptions)"}, [](Call& c) {
    return conv1d(c[0], c[1], c[2],
                  {.stride = c.integer("stride"),
                   .padding = c.integer("padding"),
                   .dilation = c.integer("dilation"),
                   .groups = c.integer("groups"),
                   .activation = activation_of(c)});
  });
  enter(table, "conv_transpose2d",
        {"conv_transpose2d(Tensor, Tensor, Tensor, ConvTranspose2dOptions)"}, [](Call& c) {
          return conv_transpose2d(c[0], c[1], c[2],
                                  {.stride = c.pair("stride"),
                                   .padding = c.pair("padding"),
                                   .output_padding = c.pair("output_padding"),
                                   .dilation = c.pair("dilation"),
                                   .groups = c.integer("groups")});
        });
  // The running statistics are results too: in training they are written in place.
  enter_all(table, "batch_norm",
            {"batch_norm(Tensor, Tensor, Tensor, Tensor, Tensor, BatchNormOptions)"}, [](Call& c) {
              const Tensor y = batch_norm(c[0], c[1], c[2], c[3], c[4],
                                          {.training = c.flag("training"),
                                           .momentum = c.number("momentum"),
                                           .eps = c.number("eps"),
                                           .skip = c[5],
                                           .activation = activation_of(c)});
              return Results{y, c[3], c[4]};
            });
  enter(table, "max_pool2d", {"max_pool2d(Tensor, MaxPool2dOptions)"}, [](Call& c) {
    auto options = pooling_of<MaxPool2dOptions>(c);
    if (c.has("dilation")) options.dilation = c.pair("dilation");
    return max_pool2d(c[0], options);
  });
  enter(table, "interpolate", {"interpolate(Tensor, array<int64, 2>, InterpolateMode)"},
        [](Call& c) {
          return interpolate(
              c[0], c.pair("size"),
              c.flag("bilinear") ? InterpolateMode::bilinear : InterpolateMode::nearest);
        });
  enter(table, "avg_pool2d", {"avg_pool2d(Tensor, AvgPool2dOptions)"}, [](Call& c) {
    auto options = pooling_of<AvgPool2dOptions>(c);
    options.count_include_pad = c.flag("count_include_pad");
    return avg_pool2d(c[0], options);
  });
  enter(table, "adaptive_avg_pool2d", {"adaptive_avg_pool2d(Tensor, array<int64, 2>)"},
        [](Call& c) { return adaptive_avg_pool2d(c[0], c.pair("size")); });
}

}  // namespace plastic::parity
