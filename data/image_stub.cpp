#include "core/check.h"
#include "data/image_decoder.h"

namespace plastic::data {

DecodedImage read_decoded(const std::filesystem::path& path, std::int64_t, Orientation) {
  fail("image", path.string(),
       ": this build decodes no images; install libpng and libjpeg-turbo (Debian: libpng-dev, "
       "libjpeg-dev) and rebuild with -DPLASTIC_IMAGES=ON");
}

Tensor read_image(const std::filesystem::path& path, std::int64_t channels,
                  Orientation orientation) {
  return read_decoded(path, channels, orientation).pixels;
}

}  // namespace plastic::data
