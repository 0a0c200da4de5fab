// Links, which Windows makes for administrators and in developer mode, and wine 8 not at all.
#include <doctest/doctest.h>
#include <windows.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include "core/io/append_file.h"
#include "core/io/system_file.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/text.h"

using namespace plastic;
namespace fs = std::filesystem;

TEST_CASE("core.system_file.new_files_and_ends_follow_no_links") {
  const test::TemporaryFolder folder;
  const fs::path link = folder.path() / "link";
  const fs::path target = folder.path() / "target";
  constexpr DWORD without_privilege = 2;
  CreateSymbolicLinkW(link.c_str(), target.c_str(), without_privilege);
  if (status_of_name(link).kind != FileKind::link) {
    MESSAGE("skipped: this system makes no links for this user");
    return;
  }
  CHECK(!SystemFile(link, SystemFile::Open::create).is_open());
  CHECK(errno == EEXIST);
  CHECK(!SystemFile(link, SystemFile::Open::append).is_open());
  CHECK(errno == ELOOP);
  CHECK(!fs::exists(target));
  CHECK(test::contains(test::error_of([&] { AppendFile("test", link, 0); }), "cannot write"));
}
