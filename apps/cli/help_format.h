#pragma once

#include <memory>
#include <string>

namespace CLI {
class FormatterBase;
}

namespace plastic::apps {

/// Groups, defaults in brackets, lines of at most 100 columns.
std::shared_ptr<CLI::FormatterBase> help_format();

/// " (default: TEXT)"; empty for no text.
std::string default_remark(const std::string& text);

}  // namespace plastic::apps
