#include "core/check.h"
#include "data/formats/gzip.h"

namespace plastic::data {

std::unique_ptr<ByteSource> open_gzip(InputFile file) {
  fail(file.op(), file.path(),
       ": is gzip-compressed, and this build does not read gzip; gunzip the file or rebuild with "
       "-DPLASTIC_ZLIB=ON");
}

}  // namespace plastic::data
