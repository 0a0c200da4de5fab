// Opens a report in headless Chromium: are the charts drawn, is the console silent?
#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "apps/study/analysis/analysis.h"
#include "tests/apps/program.h"
#include "tests/apps/report/page_in_browser.h"
#include "tests/apps/study/constructed_study.h"
#include "tests/support/text.h"

using namespace plastic::apps;
using namespace plastic::test;
namespace fs = std::filesystem;

namespace {

// How many canvases there are, how many hold lines in several colours, and what
// the page was asked to look like.
const std::string count_charts =
    "const drawn = canvas => new Set(new Uint32Array(canvas.getContext('2d')"
    ".getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size > 20;"
    "const canvases = [...document.querySelectorAll('canvas')];"
    "Object.assign(document.body.dataset, {charts: canvases.length,"
    " drawn: canvases.filter(drawn).length,"
    " tables: document.querySelectorAll('figure table').length, errors: pageErrors,"
    " rings: canvases.flatMap(canvas => Chart.getChart(canvas).data.datasets)"
    ".filter(({role}) => role === 'chosen').reduce((sum, {data}) => sum + data.length, 0),"
    " chosen: [...document.querySelectorAll('figure:not(.small *) td')]"
    ".map(({textContent}) => / ○ (\\d+)$/.exec(textContent)?.[1] ?? 0)"
    ".reduce((sum, count) => sum + Number(count), 0),"
    " scheme: matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light',"
    " background: getComputedStyle(document.body).backgroundColor});";

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
      "compare --optimizers neuroplastic,grad-only,sgd --seeds 5,6 --validation 0.2"
      " --np.diagnostics --data mnist"
      " --data-dir '" +
      folder.path().string() + "' --hidden 16 --batch-size 20 --epochs 3 --threads 2 --out '" +
      out + "'");
  CAPTURE(compared.err);
  REQUIRE(compared.code == 0);
  const std::string page = read_file(out + "/report.html");
  CHECK(contains(page, "MIT License"));
  write_file(folder / "page.html", with_script(page, count_charts));

  for (const bool dark : {false, true}) {
    std::string console;
    const std::string dom = open_page(browser, folder, dark, console);
    const std::string body = dom.substr(dom.find("<body"), 400);
    CAPTURE(body);
    CAPTURE(console);
    // Seven curves and twelve diagnostics.
    CHECK(contains(body, "data-charts=\"19\""));
    CHECK(contains(body, "data-drawn=\"19\""));
    CHECK(contains(body, "data-tables=\"19\""));
    // The epoch that validation chose, of each of the six runs: on each curve but that of the
    // learning rate, and in its table.
    CHECK(contains(body, "data-rings=\"36\""));
    CHECK(contains(body, "data-chosen=\"36\""));
    CHECK(contains(body, "data-errors=\"0\""));
    CHECK(contains(body, dark ? "data-scheme=\"dark\"" : "data-scheme=\"light\""));
    CHECK(contains(body, dark ? "rgb(20, 23, 27)" : "rgb(255, 255, 255)"));
    CHECK_FALSE(contains(console, "CONSOLE"));
  }
}

// The page of a study that nobody trained: with differences, curves, tuning, profiles, lost runs.
TEST_CASE("apps.report.browser_study") {
  const std::string browser = chromium();
  if (browser.empty()) {
    MESSAGE("skipped: no chromium on the path");
    return;
  }
  const TemporaryFolder folder;
  const StudyAnalysis analysis = analyse(constructed_study(), {.title = "Constructed <study>"});
  write_study_report(analysis, folder / "report.html");
  const std::string page = read_file(folder / "report.html");
  CHECK(contains(page, {"Constructed &lt;study&gt;", "no memory for &lt;that&gt;", "MIT License",
                        "adam is ahead of sgd by", "3 runs diverged or failed"}));
  CHECK_FALSE(contains(page, ">nan"));
  write_file(folder / "page.html", with_script(page, count_charts));
  for (const bool dark : {false, true}) {
    std::string console;
    const std::string dom = open_page(browser, folder, dark, console);
    const std::string body = dom.substr(dom.find("<body"), 400);
    CAPTURE(body);
    CAPTURE(console);
    // Three profiles; for each of two tasks differences, epochs, budget and two tuned options.
    CHECK(contains(body, "data-charts=\"13\""));
    CHECK(contains(body, "data-drawn=\"13\""));
    CHECK(contains(body, "data-tables=\"13\""));
    CHECK(contains(body, "data-errors=\"0\""));
    CHECK(contains(body, dark ? "data-scheme=\"dark\"" : "data-scheme=\"light\""));
    CHECK_FALSE(contains(console, "CONSOLE"));
  }
}

namespace {

// Into the body's attributes: of how many series no two look alike, and whether learning rates are
// drawn where the axis says that they are.
const std::string look_at_charts =
    "const charts = [...document.querySelectorAll('canvas')].map(one => Chart.getChart(one));"
    "const looks = charts[0].data.datasets.filter(({role}) => role === 'mean')"
    ".map(set => [set.borderColor, set.pointStyle, set.borderDash].join('|'));"
    "const marks = [...document.querySelectorAll('svg.mark')].map(one => one.outerHTML);"
    "const rates = charts.find(({canvas}) =>"
    " canvas.getAttribute('aria-label').startsWith('Learning rate'));"
    "const {y} = rates.scales;"
    "const isLabelTrue = ({value, label}) => label === '' ||"
    " Math.abs(Number(label) - value) <= 1e-6 + 1e-3 * Math.abs(value);"
    "const isInside = value => y.getPixelForValue(value) > y.top &&"
    " y.getPixelForValue(value) < y.bottom &&"
    " Math.abs(y.getValueForPixel(y.getPixelForValue(value)) - value) < 1e-3 * value;"
    "const values = rates.data.datasets.flatMap(set => set.data.map(point => point.y));"
    "Object.assign(document.body.dataset, {series: looks.length, looks: new Set(looks).size,"
    " marks: new Set(marks).size, labels: y.ticks.every(isLabelTrue),"
    " named: y.ticks.filter(({label}) => label !== '').length > 1,"
    " inside: values.every(isInside), errors: pageErrors});";

void write_constant_run(const fs::path& folder, const std::string& rate) {
  fs::create_directories(folder);
  std::string lines;
  for (int epoch = 1; epoch <= 3; ++epoch) {
    lines += "{\"epoch\": " + std::to_string(epoch) +
             ", \"test_accuracy\": 0.5, \"seconds\": 1, \"learning_rate\": " + rate + "}\n";
  }
  write_file(folder / "metrics.jsonl", lines);
}

}  // namespace

TEST_CASE("apps.report.browser_marks_and_rates") {
  const std::string browser = chromium();
  if (browser.empty()) {
    MESSAGE("skipped: no chromium on the path");
    return;
  }
  const TemporaryFolder folder;
  const fs::path runs = folder.path() / "runs";
  const auto look = [&](bool dark, const std::string& count) {
    const std::string arguments =
        "report '" + runs.string() + "' --out '" + (folder / "report.html") + "'";
    REQUIRE(run_program(arguments).code == 0);
    write_file(folder / "page.html",
               with_script(read_file(folder / "report.html"), look_at_charts));
    std::string console;
    const std::string dom = open_page(browser, folder, dark, console);
    const std::string body = dom.substr(dom.find("<body"), 400);
    CAPTURE(body);
    CHECK(contains(body, "data-series=\"" + count + "\""));
    CHECK(contains(body, "data-looks=\"" + count + "\""));
    CHECK(contains(body, "data-marks=\"" + count + "\""));
    CHECK(contains(body, "data-labels=\"true\""));
    CHECK(contains(body, "data-named=\"true\""));
    CHECK(contains(body, "data-inside=\"true\""));
    CHECK(contains(body, "data-errors=\"0\""));
  };
  write_constant_run(runs / "one", "0.0025");
  look(false, "1");
  write_constant_run(runs / "two", "0.3");
  look(true, "2");
  for (int i = 0; i < 70; ++i) {
    write_constant_run(runs / ("more-" + std::to_string(100 + i)), "0.0" + std::to_string(11 + i));
  }
  look(false, "72");
}
