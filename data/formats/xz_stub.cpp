#include "core/check.h"
#include "data/formats/xz.h"

namespace plastic::data {

std::unique_ptr<ByteSource> open_xz(InputFile file) {
  fail(file.op(), file.path(),
       ": is xz-compressed, and this build does not read xz; decompress it with xz -dk or rebuild "
       "with "
       "-DPLASTIC_LZMA=ON");
}

}  // namespace plastic::data
