#include "core/threads/processors.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#ifdef __linux__
#include <sched.h>
#endif

#include "plastic/core/device.h"
#include "tests/support/child.h"
#include "tests/support/temporary_folder.h"

namespace plastic {
namespace {

namespace fs = std::filesystem;

/// A file system with the files that tell of control groups.
class Root {
 public:
  Root& file(const std::string& name, const std::string& text) {
    const fs::path path = folder_.path() / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return *this;
  }
  int quota() const { return quota_of_processors(folder_.path()); }

 private:
  test::TemporaryFolder folder_;
};

constexpr const char* version2_mount =
    "24 1 0:22 / /proc rw - proc proc rw\n"
    "31 24 0:27 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr const char* version1_mounts =
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "34 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
    "36 31 0:33 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";

TEST_CASE("core.processors.quota_of_version_2") {
  Root root;
  CHECK(root.quota() == 0);
  root.file("proc/self/mountinfo", version2_mount).file("proc/self/cgroup", "0::/a/b\n");
  CHECK(root.quota() == 0);
  root.file("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  CHECK(root.quota() == 0);
  root.file("sys/fs/cgroup/a/b/cpu.max", "150000 100000\n");
  CHECK(root.quota() == 2);
  root.file("sys/fs/cgroup/a/b/cpu.max", "400000 100000\n");
  CHECK(root.quota() == 4);
  // The least of all that lie above.
  root.file("sys/fs/cgroup/a/cpu.max", "250000 100000\n");
  CHECK(root.quota() == 3);
  root.file("sys/fs/cgroup/cpu.max", "10000 100000\n");
  CHECK(root.quota() == 1);
  for (const char* broken : {"", "x y\n", "-5 100000\n", "100000 0\n", "100000\n"}) {
    CAPTURE(broken);
    root.file("sys/fs/cgroup/cpu.max", broken);
    CHECK(root.quota() == 3);
  }
}

TEST_CASE("core.processors.quota_of_version_1") {
  Root root;
  root.file("proc/self/mountinfo", version1_mounts)
      .file("proc/self/cgroup", "6:cpuset:/\n4:cpu,cpuacct:/user/7\n0::/elsewhere\n")
      .file("sys/fs/cgroup/cpu,cpuacct/user/7/cpu.cfs_period_us", "50000\n")
      .file("sys/fs/cgroup/cpu,cpuacct/user/7/cpu.cfs_quota_us", "-1\n");
  CHECK(root.quota() == 0);
  root.file("sys/fs/cgroup/cpu,cpuacct/user/7/cpu.cfs_quota_us", "120000\n");
  CHECK(root.quota() == 3);
  root.file("sys/fs/cgroup/cpu,cpuacct/user/cpu.cfs_period_us", "100000\n")
      .file("sys/fs/cgroup/cpu,cpuacct/user/cpu.cfs_quota_us", "100000\n");
  CHECK(root.quota() == 1);
}

TEST_CASE("core.processors.quota_inside_a_container") {
  // The group's own folder is what is mounted, under its name on the host or under none.
  for (const char* group : {"/docker/abc", "/docker/abc/inner"}) {
    CAPTURE(group);
    Root root;
    root.file("proc/self/mountinfo",
              "31 24 0:27 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n")
        .file("proc/self/cgroup", "0::" + std::string(group) + "\n")
        .file("sys/fs/cgroup/cpu.max", "200000 100000\n");
    CHECK(root.quota() == 2);
  }
  // Of the host's path nothing can be seen.
  Root root;
  root.file("proc/self/mountinfo", version2_mount)
      .file("proc/self/cgroup", "0::/../../docker/abc\n")
      .file("sys/fs/cgroup/cpu.max", "100000 100000\n");
  CHECK(root.quota() == 1);
  // A mount point with a space in its name.
  root.file("proc/self/mountinfo", "31 24 0:27 / /my\\040groups rw - cgroup2 cgroup2 rw\n")
      .file("my groups/cpu.max", "500000 100000\n")
      .file("proc/self/cgroup", "0::/\n");
  CHECK(root.quota() == 5);
}

#ifdef __linux__
TEST_CASE("core.processors.affinity_decides_the_default") {
  CHECK(usable_processors() >= 1);
  CHECK(test::in_child([] {
          cpu_set_t all;
          cpu_set_t one;
          CPU_ZERO(&one);
          if (sched_getaffinity(0, sizeof(all), &all) != 0) return 5;
          int first = 0;
          while (!CPU_ISSET(first, &all)) ++first;
          CPU_SET(first, &one);
          if (sched_setaffinity(0, sizeof(one), &one) != 0) return 6;
          return usable_processors() == 1 ? 0 : 7;
        }) == 0);
}
#endif

}  // namespace
}  // namespace plastic
