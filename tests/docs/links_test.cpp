#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "tests/support/paths.h"

namespace plastic::test {
namespace {

namespace fs = std::filesystem;

fs::path root() { return fs::weakly_canonical(test_folder() / ".."); }

std::vector<std::string> lines_of(const fs::path& path) {
  std::ifstream file(path);
  REQUIRE_MESSAGE(file.good(), path.string());
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::vector<fs::path> pages() {
  std::vector<fs::path> found;
  for (const char* folder : {".", "docs"}) {
    for (const auto& entry : fs::directory_iterator(root() / folder)) {
      if (entry.path().extension() == ".md") found.push_back(entry.path());
    }
  }
  std::ranges::sort(found);
  return found;
}

// The fragment by which GitHub links a heading.
std::string fragment_of(const std::string& heading) {
  std::string fragment;
  for (const char c : heading) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == ' ') fragment += '-';
    if (byte >= 0x80 || std::isalnum(byte) || c == '-' || c == '_') {
      fragment += static_cast<char>(std::tolower(byte));
    }
  }
  return fragment;
}

std::set<std::string> fragments_of(const fs::path& page) {
  std::set<std::string> fragments;
  bool in_code = false;
  for (const std::string& line : lines_of(page)) {
    if (line.starts_with("```")) in_code = !in_code;
    const std::size_t level = line.find_first_not_of('#');
    if (in_code || level == 0 || level == std::string::npos || line[level] != ' ') continue;
    fragments.insert(fragment_of(line.substr(level + 1)));
  }
  return fragments;
}

// `code` in backticks in a link's text, without "()".
std::string quoted_code(const std::string& text) {
  const std::size_t begin = text.find('`'), end = text.rfind('`');
  if (begin == end) return "";
  std::string code = text.substr(begin + 1, end - begin - 1);
  if (code.ends_with("()")) code.resize(code.size() - 2);
  return code;
}

void check_link(const fs::path& page, const std::string& text, const std::string& address) {
  CAPTURE(page.filename().string());
  CAPTURE(address);
  const std::size_t hash = std::min(address.find('#'), address.size());
  const fs::path target =
      hash == 0 ? page : (page.parent_path() / address.substr(0, hash)).lexically_normal();
  CHECK(fs::exists(target));
  if (hash == address.size() || !fs::exists(target)) return;
  const std::string fragment = address.substr(hash + 1);
  if (target.extension() == ".md") {
    CHECK(fragments_of(target).contains(fragment));
    return;
  }
  // A line of a source: what the link's text quotes is there.
  REQUIRE(std::regex_match(fragment, std::regex("L[1-9][0-9]{0,4}")));
  const std::vector<std::string> lines = lines_of(target);
  const std::size_t number = std::stoul(fragment.substr(1));
  REQUIRE(number <= lines.size());
  const std::string code = quoted_code(text);
  CAPTURE(code);
  CAPTURE(lines[number - 1]);
  CHECK_FALSE(code.empty());
  CHECK(lines[number - 1].find(code) != std::string::npos);
}

TEST_CASE("docs.links_lead_somewhere") {
  const std::regex link(R"(\[([^\]]*)\]\(([^)\s]+)\))");
  int count = 0;
  for (const fs::path& page : pages()) {
    std::string text;
    bool in_code = false;
    for (const std::string& line : lines_of(page)) {
      if (line.starts_with("```")) in_code = !in_code;
      if (!in_code) text += line + "\n";
    }
    for (std::sregex_iterator at(text.begin(), text.end(), link), end; at != end; ++at) {
      const std::string address = (*at)[2];
      if (address.find("://") != std::string::npos || address.starts_with("mailto:")) continue;
      check_link(page, (*at)[1], address);
      ++count;
    }
  }
  // So many are there that a change of their form would not leave this test without any.
  CHECK(count > 50);
}

}  // namespace
}  // namespace plastic::test
