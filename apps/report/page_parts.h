#pragma once

#include <cstddef>
#include <string>
#include <vector>

// Parts of the pages that study.js draws the charts of.
namespace plastic::apps {

using TableRow = std::vector<std::string>;

/// A table whose rows begin with what they are of. Texts are escaped, here and below.
std::string table_html(const std::string& caption, const TableRow& head,
                       const std::vector<TableRow>& rows);

/// `content` under a heading, with the place of the charts of section `number`.
std::string section(std::size_t number, const std::string& heading, const std::string& content);

std::string paragraph(const std::string& text);

}  // namespace plastic::apps
