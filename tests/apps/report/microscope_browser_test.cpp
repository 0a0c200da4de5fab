// Opens a report with a microscope in headless Chromium and moves its cursor.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "tests/apps/microscope/probe_text.h"
#include "tests/apps/program.h"
#include "tests/apps/report/page_in_browser.h"
#include "tests/support/text.h"

using namespace plastic::test;
using nlohmann::ordered_json;
namespace fs = std::filesystem;

namespace {

// Into the body's attributes: how many charts are drawn, what keys, pointer, slider and lists do.
const std::string use_microscope = R"(
const section = document.querySelector('.microscope');
const canvases = () => [...section.querySelectorAll('canvas')];
const isDrawn = canvas => new Set(new Uint32Array(canvas.getContext('2d')
  .getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size > 15;
const where = () => section.querySelector('output').textContent.split(',')[0];
const slider = () => section.querySelector('input[type=range]');
const [runs, shown, layers] = section.querySelectorAll('select');
const heat = () => canvases()[1];
const readout = canvas => canvas.parentNode.querySelector('.readout').textContent;
const seen = {};
const press = (canvas, key) => {
  const event = new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true});
  canvas.dispatchEvent(event);
  return event.defaultPrevented;
};
const pointAt = (canvas, type, x, y) => {
  const box = canvas.getBoundingClientRect();
  canvas.dispatchEvent(new PointerEvent(type, {bubbles: true,
    clientX: box.left + x * box.width, clientY: box.top + y}));
};
const choose = (select, index) => {
  select.value = index;
  select.dispatchEvent(new Event('change'));
};
seen.charts = canvases().length;
seen.drawn = canvases().filter(isDrawn).length;
seen.named = canvases().every(one => one.tabIndex === 0 && one.getAttribute('role') === 'slider' &&
  one.getAttribute('aria-label').length > 10 && one.getAttribute('aria-valuetext').includes('step'));
seen.start = where();
press(heat(), 'ArrowLeft');
seen.left = where();
seen.moved = slider().value === '6' && heat().getAttribute('aria-valuenow') === '6';
press(heat(), 'Home');
seen.home = where();
seen.untaken = press(heat(), 'Tab') || press(canvases()[0], 'ArrowDown');
seen.row = readout(heat());
press(heat(), 'ArrowDown');
seen.below = readout(heat());
seen.layer = layers.value + section.querySelectorAll('h3')[2].textContent;
// Of the layer's charts, too; the clips are the third.
press(canvases()[4], 'End');
seen.end = where();
slider().value = 2;
slider().dispatchEvent(new Event('input'));
seen.slid = where();
const before = heat().toDataURL();
pointAt(heat(), 'pointermove', 0.99, 10);
seen.hover = where() + readout(heat());
seen.cursor = heat().toDataURL() !== before;
pointAt(canvases()[2], 'pointermove', 0.99, 30);
seen.bin = readout(canvases()[2]);
canvases()[2].dispatchEvent(new PointerEvent('pointerleave'));
seen.back = where();
pointAt(heat(), 'click', 0.99, 10);
seen.click = where() + layers.value;
const all = heat().toDataURL();
choose(shown, 4);
seen.other = heat().toDataURL() !== all && section.querySelectorAll('figcaption')[1].textContent
  .startsWith('Layers over time: update / weight');
const table = section.querySelector('div > details');
table.open = true;
table.dispatchEvent(new Event('toggle'));
seen.cells = table.querySelectorAll('td').length;
const words = () => [...section.querySelectorAll('.words')].map(one => one.hidden ? '-' : '+').join('');
seen.words = words();
choose(runs, 1);
seen.words += words();
seen.without = canvases().length;
seen.withoutDrawn = canvases().filter(isDrawn).length;
Object.assign(document.body.dataset, seen, {errors: pageErrors});
)";

void write_run(const fs::path& folder, const std::string& probe) {
  fs::create_directories(folder);
  write_file(folder / "metrics.jsonl",
             R"({"epoch": 1, "train_loss": 1, "train_accuracy": 0.5, "test_loss": 1.5, )"
             R"("test_accuracy": 0.5, "seconds": 0.5})"
             "\n");
  write_file(folder / "probe.jsonl", probe);
}

// Eight steps in which all that can be drawn changes.
std::string changing_probe(bool has_signals) {
  ProbeText probe;
  if (!has_signals) probe.header["signals"] = ordered_json::array();
  for (int i = 1; i <= 8; ++i) {
    ordered_json step = probe.step(10 * i);
    step["loss"] = 2.0 / i;
    step["update_norm"] = {0.01 * i, 0.3 / i};
    step["cosine"] = i == 1 ? ordered_json{nullptr, nullptr} : ordered_json{0.1 * i, -0.1 * i};
    step["signals"]["alpha"]["mean"] = {1 + 0.05 * i, 1 - 0.05 * i};
    step["signals"]["alpha"]["at_high"] = {0.1 * i, 0.05 * i};
    step["signals"]["alpha"]["histogram"][0] = {i, 3, 8 - i, 1};
    step["numbers"]["norm_clip"] = {1.0 / i, 1};
    if (!has_signals) {
      step.erase("signals");
      step["numbers"] = {{"trust", {0.1 * i, 0.2}}};
    }
    probe.add(step);
  }
  return probe.text();
}

}  // namespace

TEST_CASE("apps.report.browser_microscope") {
  const std::string browser = chromium();
  if (browser.empty()) {
    MESSAGE("skipped: no chromium on the path");
    return;
  }
  const TemporaryFolder folder;
  write_run(folder.path() / "runs" / "a", changing_probe(true));
  write_run(folder.path() / "runs" / "b", changing_probe(false));
  require_done("report '" + (folder / "runs") + "' --out '" + (folder / "report.html") + "'");
  write_file(folder / "page.html", with_script(read_file(folder / "report.html"), use_microscope));
  for (const bool dark : {false, true}) {
    std::string console;
    const std::string dom = open_page(browser, folder, dark, console);
    const std::string body = dom.substr(dom.find("<body"), 1500);
    CAPTURE(body);
    CAPTURE(console);
    const auto has = [&body](const std::string& name, const std::string& value) {
      return contains(body, "data-" + name + "=\"" + value + "\"");
    };
    // Loss, heat map; of the layer: histograms, shares, clips, ratio, cosine, homeostasis, norms.
    CHECK(has("charts", "9"));
    CHECK(has("drawn", "9"));
    CHECK(has("named", "true"));
    CHECK(has("start", "step 80"));
    CHECK(has("left", "step 70"));
    CHECK(has("moved", "true"));
    CHECK(has("home", "step 10"));
    CHECK(has("untaken", "false"));
    CHECK(has("row", "fc.weight 1.05"));
    CHECK(has("below", "fc.bias 0.95"));
    CHECK(has("layer", "1Layer fc.bias 2 elements"));
    CHECK(has("end", "step 80"));
    CHECK(has("slid", "step 30"));
    CHECK(has("hover", "step 80fc.weight 1.4"));
    CHECK(has("cursor", "true"));
    CHECK(contains(body, "median 0.8"));
    CHECK(contains(body, "1.5 to 2: 50%"));
    CHECK(has("back", "step 30"));
    CHECK(has("click", "step 800"));
    CHECK(has("other", "true"));
    // Two layers; four quantities of α, seven others, three shares.
    CHECK(has("cells", "28"));
    CHECK(has("words", "+--+"));
    // Loss, heat map; ratio, cosine, norms and the number of another optimizer.
    CHECK(has("without", "6"));
    CHECK(has("without-drawn", "6"));
    CHECK(has("errors", "0"));
    CHECK_FALSE(contains(console, "CONSOLE"));
  }
}
