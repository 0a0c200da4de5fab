#include "core/check.h"
#include "data/numpy/deflate.h"

namespace plastic::data {

std::unique_ptr<ByteSource> inflated(const std::string& name, std::unique_ptr<ByteSource>,
                                     std::uint64_t) {
  fail("npz", name, ": is deflated, which this build cannot read; save it with numpy.savez(), or ",
       "build with -DPLASTIC_ZLIB=ON");
}

std::string deflated(const std::string& name, std::string_view) {
  fail("npz", name, ": this build cannot deflate; leave compress out, or build with ",
       "-DPLASTIC_ZLIB=ON");
}

}  // namespace plastic::data
