// What the public headers promise as a whole.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "tests/support/paths.h"

namespace {

namespace fs = std::filesystem;

const fs::path face = plastic::test::test_folder() / "../include/plastic";

/// Headers for those who use another library or language beside this one, and what they include of
/// it. Only those who ask for them include them.
const std::multimap<std::string, std::string> interop = {
    {"plastic/c_api.h", "#include <stddef.h>"},
    {"plastic/c_api.h", "#include <stdint.h>"},
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

}  // namespace
