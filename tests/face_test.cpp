// What the public headers promise as a whole.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include "tests/support/paths.h"

namespace {

namespace fs = std::filesystem;

const fs::path face = plastic::test::test_folder() / "../include/plastic";

/// Headers for those who use another library or language beside this one, or another library of
/// this project, and what they include of it. Only those who ask for them include them.
const std::multimap<std::string, std::string> interop = {
    {"plastic/c_api.h", "#include <stddef.h>"},
    {"plastic/c_api.h", "#include <stdint.h>"},
    {"plastic/distributed.h", "#include <cstdint>"},
    {"plastic/dlpack.h", "#include <cstdint>"},
    {"plastic/eigen.h", "#include <Eigen/Core>"},
    {"plastic/optim/cuda_rule.h", "#include <cuda_runtime.h>"},
};

std::string name_of(const fs::path& header) {
  return "plastic/" + fs::relative(header, face).generic_string();
}

std::string text_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST_CASE("face.plastic_h_includes_every_header") {
  const std::string all = text_of(face / "plastic.h") + text_of(face / "core/ops.h");
  REQUIRE_FALSE(all.empty());
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(face)) {
    if (!entry.is_regular_file() || entry.path().filename() == "plastic.h") continue;
    const std::string name = name_of(entry.path());
    if (interop.contains(name)) continue;
    CHECK_MESSAGE(all.find("#include \"" + name + "\"") != std::string::npos, name);
  }
}

TEST_CASE("face.headers_include_the_standard_library_and_each_other_alone") {
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(face)) {
    if (!entry.is_regular_file()) continue;
    const auto [first, last] = interop.equal_range(name_of(entry.path()));
    std::istringstream lines(text_of(entry.path()));
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("#include")) continue;
      if (std::any_of(first, last, [&](const auto& row) { return row.second == line; })) continue;
      CAPTURE(entry.path().string());
      CAPTURE(line);
      const bool ours = line.starts_with("#include \"plastic/");
      // The standard library's headers have neither a folder nor an extension.
      const bool standard = line.starts_with("#include <") && line.find('/') == std::string::npos &&
                            line.find('.') == std::string::npos;
      CHECK((ours || standard));
    }
  }
}

// The library is compiled with hidden visibility: what a header forgets to make visible, a shared
// library does not have.
TEST_CASE("face.headers_make_visible_what_they_declare") {
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(face)) {
    // C has attributes of its own.
    if (!entry.is_regular_file() || entry.path().filename() == "c_api.h") continue;
    const std::string text = text_of(entry.path());
    const std::size_t opened = text.find("\nnamespace plastic");
    if (opened == std::string::npos) continue;
    CAPTURE(entry.path().string());
    // Not around what it includes: that has pragmas of its own, or is of another library.
    const std::size_t push = text.find("\n#pragma GCC visibility push(default)\n");
    CHECK(push < opened);
    const std::string end = "\n#pragma GCC visibility pop\n";
    const std::size_t pop = text.find(end, opened);
    REQUIRE(pop != std::string::npos);
    CHECK(text.find("\n#include", push) >= pop);
    // What stops compilers of older C++ declares nothing.
    const std::string rest = text.substr(pop + end.size());
    CHECK((rest.empty() || rest.starts_with("\n// Every other header includes this one")));
    CHECK(rest.find("namespace") == std::string::npos);
  }
}

bool reaches_link_check(const std::string& header, std::set<std::string>& seen) {
  if (header == "plastic/core/link_check.h") return true;
  if (!seen.insert(header).second) return false;
  std::istringstream lines(text_of(face / ".." / header));
  for (std::string line; std::getline(lines, line);) {
    constexpr std::string_view start = "#include \"";
    if (!line.starts_with(start)) continue;
    if (reaches_link_check(line.substr(start.size(), line.size() - start.size() - 1), seen)) {
      return true;
    }
  }
  return false;
}

TEST_CASE("face.headers_fail_to_link_with_another_library") {
  const std::set<std::string> exempt = {"plastic/c_api.h", "plastic/core/host_device.h",
                                        "plastic/core/version.h"};
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(face)) {
    if (!entry.is_regular_file() || exempt.contains(name_of(entry.path()))) continue;
    std::set<std::string> seen;
    CHECK_MESSAGE(reaches_link_check(name_of(entry.path()), seen), entry.path().string());
  }
}

}  // namespace
