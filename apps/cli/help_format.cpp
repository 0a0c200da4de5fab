#include "apps/cli/help_format.h"

#include <CLI/CLI.hpp>
#include <locale>
#include <sstream>

namespace plastic::apps {
namespace {

// Breaks lines between words.
std::string wrap(const std::string& text, std::size_t width) {
  std::istringstream words(text);
  words.imbue(std::locale::classic());
  std::string result;
  std::size_t column = 0;
  for (std::string word; words >> word; column += word.size() + 1) {
    if (column > 0 && column + word.size() > width) {
      result += '\n';
      column = 0;
    } else if (column > 0) {
      result += ' ';
    }
    result += word;
  }
  return result;
}

class HelpFormat : public CLI::Formatter {
 public:
  HelpFormat() {
    column_width(name_width);
    label("SUBCOMMAND", "COMMAND");
  }

  std::string make_option_opts(const CLI::Option* option) const override {
    const std::string type = option->get_type_size() == 0 ? "" : option->get_type_name();
    return type.empty() ? "" : " " + type;
  }

  std::string make_option_desc(const CLI::Option* option) const override {
    const std::string standard = option->get_default_str();
    return wrap(option->get_description() + default_remark(standard), line_width - name_width);
  }

  // The base leaves one or two blank lines between groups.
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    std::string text = CLI::Formatter::make_help(app, std::move(name), mode);
    for (std::size_t at; (at = text.find("\n\n\n")) != std::string::npos;) text.erase(at, 1);
    return text;
  }

  // The base adds a remark on how many options are required, which says nothing here.
  std::string make_description(const CLI::App* app) const override {
    return wrap(app->get_description(), line_width) + "\n\n";
  }

 private:
  static constexpr std::size_t name_width = 26;
  static constexpr std::size_t line_width = 96;
};

}  // namespace

std::string default_remark(const std::string& text) {
  return text.empty() ? "" : " (default: " + text + ")";
}

std::shared_ptr<CLI::FormatterBase> help_format() { return std::make_shared<HelpFormat>(); }

}  // namespace plastic::apps
