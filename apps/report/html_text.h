#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace plastic::apps {

/// `text` for use in HTML, between tags or in a quoted attribute; what is not printable is shown as
/// printable() does.
std::string escape_html(std::string_view text);

/// JSON for use inside a <script type="application/json"> element: no "<", ">" or "&" is left that
/// could end the element; what it means stays the same.
std::string escape_script_json(std::string_view json);

/// `text` with each {{name}} replaced by `value(name)`. What is put in is not searched again.
std::string fill_template(std::string_view text,
                          const std::function<std::string(std::string_view name)>& value);

}  // namespace plastic::apps
