#pragma once

#include <string>

#include "tests/support/temporary_folder.h"

namespace plastic::test {

/// The name of a Chromium on the path; empty for none.
std::string chromium();

/// A report with a script that runs after its own. `pageErrors` counts errors and warnings, and
/// those that come of it.
std::string with_script(std::string page, const std::string& script);

/// The document of FOLDER/page.html once its scripts have run; the console goes to `console`.
std::string open_page(const std::string& browser, const TemporaryFolder& folder, bool dark,
                      std::string& console);

}  // namespace plastic::test
