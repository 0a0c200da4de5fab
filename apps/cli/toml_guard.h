#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace plastic::apps {

struct TomlExcess {
  std::uint64_t line;
  std::string_view what;
};

/// What in a TOML text is more than a configuration has, and would make a parser that builds a tree
/// recurse as deep as it likes or take many times the text's memory: a key of more than 32 parts,
/// or more than 1,000,000 values. The text need not be right: what is wrong in it is found by the
/// parser, which reads it in the same order.
std::optional<TomlExcess> find_excess(std::string_view text);

}  // namespace plastic::apps
