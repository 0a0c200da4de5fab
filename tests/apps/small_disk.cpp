#include "tests/apps/small_disk.h"

#include <doctest/doctest.h>
#include <sys/mount.h>

#include <string>

namespace plastic::test {

SmallDisk::SmallDisk(const char* size) {
  const std::string options = std::string("size=") + size;
  is_mounted_ = mount("tmpfs", path().c_str(), "tmpfs", 0, options.c_str()) == 0;
  if (!is_mounted_) MESSAGE("skipped: only root may mount a small disk");
}

SmallDisk::~SmallDisk() {
  if (is_mounted_) umount2(path().c_str(), MNT_DETACH);
}

void SmallDisk::remount(unsigned long flags, const char* options) const {
  REQUIRE(mount("tmpfs", path().c_str(), "tmpfs", MS_REMOUNT | flags, options) == 0);
}

}  // namespace plastic::test
