// Opens a report in headless Chromium: are the charts drawn, is the console silent?
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "tests/apps/program.h"

using namespace plastic::tests;

namespace {

// Runs before the page's own scripts.
const std::string watch_errors =
    "<script>window.pageErrors = 0;"
    "addEventListener('error', () => { ++pageErrors; });"
    "for (const name of ['error', 'warn']) console[name] = () => { ++pageErrors; };</script>";

// Runs after them: how many canvases there are, how many hold lines in several colours, and what
// the page was asked to look like.
const std::string count_charts =
    "<script>"
    "const drawn = canvas => new Set(new Uint32Array(canvas.getContext('2d')"
    ".getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size > 20;"
    "const canvases = [...document.querySelectorAll('canvas')];"
    "Object.assign(document.body.dataset, {charts: canvases.length,"
    " drawn: canvases.filter(drawn).length,"
    " tables: document.querySelectorAll('figure table').length, errors: pageErrors,"
    " scheme: matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light',"
    " background: getComputedStyle(document.body).backgroundColor});</script>";

std::string with_scripts(std::string page) {
  page.insert(page.find("<meta charset"), watch_errors);
  // The page's own policy allows inline scripts, and nothing from elsewhere.
  page.insert(page.rfind("</body>"), count_charts);
  return page;
}

std::string chromium() {
  for (const char* name : {"chromium", "chromium-browser", "google-chrome"}) {
    const std::string command = std::string("command -v ") + name + " >/dev/null 2>&1";
    if (std::system(command.c_str()) == 0) return name;
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// The page's document once its scripts have run; the console goes to `console`.
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

}  // namespace

TEST_CASE("apps.report.browser") {
  const std::string browser = chromium();
  if (browser.empty()) {
    MESSAGE("skipped: no chromium on the path");
    return;
  }
  const TemporaryFolder folder;
  write_tiny_mnist(folder.path());
  const std::string out = folder / "out";
  const ProgramResult compared = run_program(
      "compare --optimizers neuroplastic,grad-only,sgd --seeds 5,6 --np.diagnostics --data mnist"
      " --data-dir '" +
      folder.path().string() + "' --hidden 16 --batch-size 20 --epochs 3 --threads 2 --out '" +
      out + "'");
  CAPTURE(compared.err);
  REQUIRE(compared.code == 0);
  const std::string page = read_file(out + "/report.html");
  CHECK(contains(page, "MIT License"));
  write_file(folder / "page.html", with_scripts(page));

  for (const bool dark : {false, true}) {
    std::string console;
    const std::string dom = open_page(browser, folder, dark, console);
    const std::string body = dom.substr(dom.find("<body"), 250);
    CAPTURE(body);
    CAPTURE(console);
    // Five curves and twelve diagnostics.
    CHECK(contains(body, "data-charts=\"17\""));
    CHECK(contains(body, "data-drawn=\"17\""));
    CHECK(contains(body, "data-tables=\"17\""));
    CHECK(contains(body, "data-errors=\"0\""));
    CHECK(contains(body, dark ? "data-scheme=\"dark\"" : "data-scheme=\"light\""));
    CHECK(contains(body, dark ? "rgb(20, 23, 27)" : "rgb(255, 255, 255)"));
    CHECK_FALSE(contains(console, "CONSOLE"));
  }
}
