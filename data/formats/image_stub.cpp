#include "core/check.h"
#include "data/formats/image_decoder.h"

namespace plastic::data {
namespace {

[[noreturn]] void fail_not_built(const std::string& name) {
  fail("image", name,
       ": this build does not decode images; install libpng and libjpeg-turbo (Debian: libpng-dev, "
       "libjpeg-dev) and rebuild with -DPLASTIC_IMAGES=ON");
}

}  // namespace

DecodedImage decode_image(const std::string& name, std::span<const std::uint8_t>, std::int64_t,
                          Orientation) {
  fail_not_built(name);
}

DecodedImage read_decoded(const std::filesystem::path& path, std::int64_t, Orientation) {
  fail_not_built(path.string());
}

Tensor read_image(const std::filesystem::path& path, std::int64_t, Orientation) {
  fail_not_built(path.string());
}

}  // namespace plastic::data
