#pragma once

#include <cstdint>
#include <filesystem>

#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic::data {

/// What to do with the orientation that a camera stores beside the pixels (EXIF, in JPEG and PNG):
/// ignore it, as torchvision's and OpenCV's decoders do by default, or rotate and mirror the image
/// so that it is upright; all eight values are supported. A damaged or unknown value counts as
/// none.
enum class Orientation {
  /// Leave the pixels as they are stored.
  ignore,
  /// Turn and mirror them as the camera says.
  apply,
};

/// Decodes a PNG or JPEG file (recognised by content) into a (channels, H, W) u8 tensor: channels 1
/// is grey, 3 red, green and blue. Colour becomes grey as (77 r + 150 g + 29 b) / 256, rounded.
/// Samples are taken as they are stored, as Pillow, torchvision and OpenCV do: gamma and colour
/// profiles are not applied, transparency is dropped, and only the upper 8 bits of 16-bit samples
/// are used. JPEGs may have any chroma subsampling and be progressive; CMYK and YCCK are converted
/// as Pillow does, assumed to be inverted, as Adobe writes them; 12-bit and lossless ones are
/// refused. What libjpeg only warns about, such as stray bytes or damaged blocks, is not an error,
/// as in all those readers; a file that ends before its image does is one, as in Pillow and
/// torchvision. The file is untrusted: throws Error naming the path when it cannot be opened, is
/// not such an image, is corrupt or cut short, has more than 2^27 pixels or a side above 32768, or
/// promises more pixels than its bytes can hold. Only what the pixels need is read: text and
/// profiles of any size take no memory. Also throws Error for other channels and when this build
/// does not decode images.
///
/// In a build with PLASTIC_IMAGES=STB, stb_image decodes. Then read only images that you made
/// yourself: its versions before 2.30 write out of bounds on hostile files. Pixels of PNG files are
/// the same. Those of JPEG files differ by rounding; damage that it tolerates is not reported; CMYK
/// and YCCK are read where Adobe's marker says so; and some subsamplings and arithmetic coding are
/// refused.
Tensor read_image(const std::filesystem::path& path, std::int64_t channels = 3,
                  Orientation orientation = Orientation::ignore);

/// A (C, H, W) u8 image resized: bilinear, with the filter widened by the factor by which an axis
/// shrinks, so that every pixel counts (PyTorch's interpolate(mode="bilinear", align_corners=False,
/// antialias=True), rounded). Throws Error unless the image is u8 of rank 3 with pixels, and both
/// sizes are 1 to 32768.
Tensor resize_image(const Tensor& image, std::int64_t height, std::int64_t width);

}  // namespace plastic::data

#pragma GCC visibility pop
