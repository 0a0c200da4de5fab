#include "apps/report/page_parts.h"

#include "apps/report/html_text.h"

namespace plastic::apps {

std::string table_html(const std::string& caption, const TableRow& head,
                       const std::vector<TableRow>& rows) {
  std::string html = "<div class=\"scroll\" tabindex=\"0\"><table><caption><span>" +
                     escape_html(caption) + "</span></caption><thead><tr>";
  for (const std::string& cell : head) html += "<th scope=\"col\">" + escape_html(cell) + "</th>";
  html += "</tr></thead><tbody>";
  for (const TableRow& row : rows) {
    html += "<tr><th scope=\"row\">" + escape_html(row.front()) + "</th>";
    for (std::size_t i = 1; i < row.size(); ++i) html += "<td>" + escape_html(row[i]) + "</td>";
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string section(std::size_t number, const std::string& heading, const std::string& content) {
  const std::string id = std::to_string(number);
  return "<section class=\"table\" aria-labelledby=\"section-" + id + "\">\n<h2 id=\"section-" +
         id + "\">" + escape_html(heading) + "</h2>\n" + content +
         "<div class=\"curves\" id=\"curves-" + id + "\"></div>\n</section>\n";
}

std::string paragraph(const std::string& text) { return "<p>" + escape_html(text) + "</p>\n"; }

}  // namespace plastic::apps
