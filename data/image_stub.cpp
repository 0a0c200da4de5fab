#include "core/check.h"
#include "plastic/data/image.h"

namespace plastic::data {

Tensor read_image(const std::filesystem::path& path, std::int64_t) {
  fail("image", path.string(),
       ": this build decodes no images; install libpng and TurboJPEG (Debian: libpng-dev, "
       "libturbojpeg0-dev) and rebuild with -DPLASTIC_IMAGES=ON");
}

}  // namespace plastic::data
