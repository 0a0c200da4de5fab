#pragma once

#include "core/device/conv2d_shape.h"
#include "cuda/runtime/context.h"

// Weights lie as (out, in, height, width); cuDNN's fast kernels read (out, height, width, in),
// where channels vary fastest as they do in activations.
namespace plastic::cuda {

/// Whether the two layouts are different.
bool filters_differ(const Conv2dShape& shape);

/// Whether filters_to_channels_last() and filters_from_channels_last() support the shape.
bool can_convert_filters(const Conv2dShape& shape);
void filters_to_channels_last(Context& context, const Conv2dShape& shape, const void* weight,
                              void* filters);
void filters_from_channels_last(Context& context, const Conv2dShape& shape, const void* filters,
                                void* weight);

}  // namespace plastic::cuda
