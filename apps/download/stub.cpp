// What a build without libcurl, libarchive and OpenSSL has in the place of downloads and checksums.
#include "apps/download/get.h"
#include "apps/download/verify.h"
#include "core/check.h"

namespace plastic::apps {
namespace {

[[noreturn]] void refuse() {
  fail("data", "this build neither downloads nor computes checksums; build with ",
       "-DPLASTIC_DOWNLOAD=ON, which needs libcurl, libarchive and OpenSSL");
}

}  // namespace

std::vector<FileReport> inspect(const RemoteSet&, const std::filesystem::path&) { refuse(); }

void get_set(const RemoteSet&, const std::filesystem::path&, const GetOptions&, GetObserver&) {
  refuse();
}

}  // namespace plastic::apps
