#include "apps/cli/config_file.h"

#include "apps/cli/option_table.h"

namespace plastic::apps {

std::string config_text(const RunOptions& options) {
  std::string text = "# Repeat this run: plastic train --config THIS-FILE --out FOLDER\n";
  std::string table;
  for (const Option& option : option_table()) {
    if (!option.print) continue;
    const OptionValue value = option.print(options);
    if (std::holds_alternative<std::monostate>(value)) continue;
    // "np.mode" is mode in the table np.
    const std::size_t dot = option.name.find('.');
    const std::string own = dot == std::string::npos ? "" : option.name.substr(0, dot);
    if (own != table) text += "\n[" + own + "]\n";
    table = own;
    text += option.name.substr(own.empty() ? 0 : dot + 1) + " = " + toml_text(value) + "\n";
  }
  return text;
}

}  // namespace plastic::apps
