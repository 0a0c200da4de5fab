#include "tests/apps/report/page_in_browser.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "tests/apps/program.h"

namespace plastic::test {
namespace {

// Runs before the page's own scripts.
const std::string watch_errors =
    "<script>window.pageErrors = 0;"
    "addEventListener('error', () => { ++pageErrors; });"
    "for (const name of ['error', 'warn']) console[name] = () => { ++pageErrors; };</script>";

}  // namespace

std::string chromium() {
  for (const char* name : {"chromium", "chromium-browser", "google-chrome"}) {
    const std::string command = std::string("command -v ") + name + " >/dev/null 2>&1";
    if (std::system(command.c_str()) == 0) return name;
  }
  return "";
}

std::string with_script(std::string page, const std::string& script) {
  page.insert(page.find("<meta charset"), watch_errors);
  // The page's own policy allows inline scripts, and nothing from elsewhere.
  page.insert(page.rfind("</body>"), "<script>" + script + "</script>");
  return page;
}

std::string open_page(const std::string& browser, const TemporaryFolder& folder, bool dark,
                      std::string& console) {
  const std::string command =
      "timeout 100 " + browser + " --headless --no-sandbox --disable-gpu --disable-dev-shm-usage" +
      " --no-first-run --enable-logging=stderr --window-size=1200,900" +
      " --blink-settings=preferredColorScheme=" + (dark ? "0" : "1") + " --user-data-dir='" +
      (folder / "profile") + "' --dump-dom 'file://" + (folder / "page.html") + "' >'" +
      (folder / "dom") + "' 2>'" + (folder / "console") + "' </dev/null";
  const int status = std::system(command.c_str());
  console = read_file(folder / "console");
  INFO(console);
  REQUIRE(status == 0);
  return read_file(folder / "dom");
}

}  // namespace plastic::test
