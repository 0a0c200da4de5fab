#include "core/io/atomic_file.h"

#include <doctest/doctest.h>

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <thread>

#include "core/io/regular_file.h"
#include "core/io/system_file.h"
#include "core/io/utf8_path.h"
#include "plastic/core/safetensors.h"
#include "tests/core/io/folder_contents.h"
#include "tests/data/files.h"

using namespace plastic;
using test::contains;
using test::error_of;
using test::files_in;
using test::text_in;
namespace fs = std::filesystem;

namespace {

std::string as_chars(std::u8string_view text) { return {text.begin(), text.end()}; }

}  // namespace

TEST_CASE("core.atomic_file.replaces") {
  const test::TemporaryFolder folder;
  const fs::path path = folder / "file";
  write_file_atomically(path, "first, and longer");
  write_file_atomically(path, "second");
  CHECK(text_in(path) == "second");
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("core.atomic_file.long_name") {
  const test::TemporaryFolder folder;
  const fs::path path = folder / std::string(255, 'n');
  write_file_atomically(path, "text");
  {
    // Through the layer, whose paths may be longer on Windows than those of others.
    const SystemFile file(path, SystemFile::Open::read);
    std::string text(4, '?');
    CHECK(file.read(0, text) == 4);
    CHECK(text == "text");
  }
  CHECK(files_in(folder.path()) == 1);
  CHECK(remove_file(path));
}

TEST_CASE("core.atomic_file.two_writers") {
  const test::TemporaryFolder folder;
  const fs::path path = folder / "file";
  const std::string a(300'000, 'a');
  const std::string b(200'000, 'b');
  const auto writer = [&](const std::string& text) {
    for (int i = 0; i < 20; ++i) write_file_atomically(path, text);
  };
  std::thread first(writer, std::cref(a));
  std::thread second(writer, std::cref(b));
  for (int i = 0; i < 20; ++i) {
    const std::string found = text_in(path);
    CHECK((found.empty() || found == a || found == b));
  }
  first.join();
  second.join();
  const std::string found = text_in(path);
  CHECK((found == a || found == b));
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("core.atomic_file.writable_folder") {
  const test::TemporaryFolder folder;
  check_writable_folder("op", folder.path());
  CHECK(files_in(folder.path()) == 0);
  CHECK(contains(error_of([&] { check_writable_folder("op", folder / "missing"); }),
                 {"[op] ", "/missing: cannot write: No such file or directory"}));
}

TEST_CASE("core.atomic_file.names_in_any_writing") {
  const test::TemporaryFolder folder;
  for (const char8_t* name :
       {u8"größe", u8"данные", u8"数据", u8"🙂.safetensors", u8"with blanks"}) {
    const fs::path path = folder.path() / fs::path(name) / fs::path(name);
    fs::create_directories(path.parent_path());
    write_file_atomically(path, "first, and longer");
    write_file_atomically(path, "second");
    CHECK(text_in(path) == "second");
    CHECK(status_behind(path).size == 6);
    CHECK(files_in(path.parent_path()) == 1);
    save_safetensors(path, {});
    CHECK(load_safetensors(path).tensors.empty());
    // In messages, paths are UTF-8.
    const std::string utf8 = as_chars(name);
    const std::string missing =
        error_of([&] { load_safetensors(path.parent_path() / "missing" / fs::path(name)); });
    CHECK(contains(missing, utf8 + ": cannot open"));
    CHECK(path_of_utf8(utf8) == fs::path(name));
    CHECK(paths_of_utf8(std::span(&utf8, 1)).front().string() == utf8);
  }
}

TEST_CASE("core.system_file.reads_where_it_is_told") {
  const test::TemporaryFolder folder;
  const fs::path path = folder / "file";
  // Bytes that a file of text would change.
  const std::string bytes("a\r\nb\n\x1a\0c", 8);
  write_file_atomically(path, bytes);
  const SystemFile file(path, SystemFile::Open::read);
  REQUIRE(file.is_open());
  CHECK(file.status().kind == FileKind::file);
  CHECK(file.status().size == 8);
  std::string read(100, '?');
  CHECK(file.read(0, read) == 8);
  CHECK(read.substr(0, 8) == bytes);
  CHECK(file.read(5, {read.data(), 2}) == 2);
  CHECK(read.substr(0, 2) == bytes.substr(5, 2));
  CHECK(file.read(8, read) == 0);
  CHECK(status_behind(folder.path()).kind == FileKind::folder);
  CHECK(status_behind(folder / "none").kind == FileKind::none);
  CHECK(SystemFile(path, SystemFile::Open::create).is_open() == false);
  CHECK(drawn_bits() != drawn_bits());
}
