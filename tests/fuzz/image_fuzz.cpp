#include <cstdlib>

#include "data/formats/image_decoder.h"
#include "data/formats/png_checksums.h"
#include "plastic/core/error.h"
#include "plastic/data/image.h"

// decode_unchecked either gives an image with pixels that resize_image takes, or throws
// plastic::Error; and so do the checksums, which are looked at apart because hardly any changed
// input has them right.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    plastic::data::check_png_checksums("fuzz", {data, size});
  } catch (const plastic::Error&) {
  }
  using plastic::data::Orientation;
  for (const std::int64_t channels : {1, 3}) {
    try {
      const plastic::Tensor image =
          plastic::data::decode_unchecked("fuzz", {data, size}, channels,
                                          channels == 1 ? Orientation::ignore : Orientation::apply)
              .pixels;
      if (image.rank() != 3 || image.size(0) != channels || image.numel() == 0) std::abort();
      // A large image was decoded to the end all the same.
      if (image.numel() > 100'000) continue;
      if (plastic::data::resize_image(image, 8, 5).numel() != channels * 40) std::abort();
    } catch (const plastic::Error&) {
    }
  }
  return 0;
}
