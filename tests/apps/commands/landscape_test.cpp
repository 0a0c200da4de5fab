// plastic landscape: what it draws, and what it refuses.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "apps/landscape/run_landscape.h"
#include "apps/runs/kept_networks.h"
#include "apps/runs/saved_model.h"
#include "plastic/core/ops.h"
#include "tests/apps/program.h"
#include "tests/support/text.h"
#include "tests/support/thread_count.h"

using namespace plastic;
using namespace plastic::apps;
using namespace plastic::test;
namespace fs = std::filesystem;

namespace {

std::string argument(const fs::path& path) { return " '" + path.string() + "' "; }

// Keeps two networks on the way of a run: its own, changed.
void keep(const fs::path& run) {
  StateDict state = load_saved_model(run).network->state_dict();
  for (const int epoch : {0, 2}) {
    for (NamedTensor& entry : state) {
      entry.tensor = mul(entry.tensor.detach(), 0.9) + 0.001 * (epoch + 1);
    }
    keep_network(run, epoch, "", state);
  }
}

// Two runs of one network, the first of which kept its way.
const fs::path& runs() {
  static const TemporaryFolder folder;
  static const fs::path path = [] {
    const std::string train = "train --fraction 0.05 --hidden 12 --batch-size 50 --epochs 4 ";
    require_done(train + "--optimizer sgd --out " + argument(folder / "<way>"));
    keep(folder / "<way>");
    require_done(train + "--optimizer adam --out " + argument(folder / "adam"));
    return folder.path();
  }();
  return path;
}

// Whether tags are closed in order, attributes quoted and no character stands alone that must not.
bool is_well_formed(const std::string& svg) {
  std::vector<std::string> open;
  for (std::size_t at = svg.find('<'); at != std::string::npos; at = svg.find('<', at)) {
    const std::size_t end = svg.find('>', at);
    if (end == std::string::npos) return false;
    const std::string tag = svg.substr(at + 1, end - at - 1);
    if (tag.find('<') != std::string::npos) return false;
    if (std::count(tag.begin(), tag.end(), '"') % 2 != 0) return false;
    const std::string name = tag.substr(0, tag.find_first_of(" /"));
    if (tag.front() == '/') {
      if (open.empty() || open.back() != tag.substr(1)) return false;
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(name);
    }
    at = end;
  }
  return open.empty() && svg.find("nan") == std::string::npos &&
         svg.find("inf") == std::string::npos;
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("apps.landscape.command.functions") {
  const TemporaryFolder folder;
  for (const std::string name : {"rosenbrock", "rastrigin", "quadratic", "beale"}) {
    CAPTURE(name);
    const fs::path file = folder / (name + ".svg");
    const ProgramResult result =
        require_done("landscape " + name + " --optimizers sgd,np=neuroplastic --steps 30 --out " +
                     argument(file));
    CHECK(contains(result.out, {"sgd: lr ", "np: lr ", "picture in "}));
    const std::string svg = read_file(file);
    CHECK(is_well_formed(svg));
    CHECK(contains(svg, {"prefers-color-scheme: dark", ">sgd</text>", ">np</text>", "minimum"}));
    CHECK(count_of(svg, "class=\"band\"") > 8);
    CHECK(svg.size() < 300'000);
  }
}

TEST_CASE("apps.landscape.command.options_of_optimizers") {
  const TemporaryFolder folder;
  const std::string out = " --out " + argument(folder / "q.svg");
  const ProgramResult result = require_done(
      "landscape quadratic --optimizers plain=sgd,heavy=sgd --momentum plain=0,heavy=0.9 "
      "--lr plain=0.03,heavy=0.01 --steps 40 --start -4,1.5" +
      out);
  // (1 - 0.03)^40 of -4: the closed form.
  CHECK(contains(result.out, {"plain: lr 0.03", "at (-1.1828, 0)", "heavy: lr 0.01"}));
  const ProgramResult diverged =
      require_done("landscape quadratic --optimizers sgd --momentum 0 --lr 0.2 --steps 500" + out);
  CHECK(contains(diverged.out, "diverges at step "));
  CHECK(is_well_formed(read_file(folder / "q.svg")));
  require_done("landscape beale --optimizers neuroplastic --np.plasticity-scale 2 --steps 5" + out);
}

TEST_CASE("apps.landscape.command.around_a_run") {
  const TemporaryFolder folder;
  const fs::path file = folder / "around.svg";
  require_done("landscape " + argument(runs() / "adam") + " --grid 7 --images 100 --out " +
               argument(file));
  const std::string svg = read_file(file);
  CHECK(is_well_formed(svg));
  CHECK(contains(svg, {"The loss around adam", "the network: loss", "mlp 784-12-10",
                       "100 of the training images"}));
}

TEST_CASE("apps.landscape.command.paths") {
  const TemporaryFolder folder;
  const fs::path file = folder / "paths.svg";
  require_done("landscape " + argument(runs() / "<way>") + " " + argument(runs() / "adam") +
               " --grid 7 --images 100 --out " + argument(file));
  const std::string svg = read_file(file);
  CHECK(is_well_formed(svg));
  CHECK(contains(svg, {"The paths of 2 runs", "&lt;way&gt;", "epochs 0 to 4", ">adam<", ">epoch 4<",
                       "first principal component"}));
  require_done("landscape " + argument(runs() / "<way>") + " --grid 5 --images 100 --out " +
               argument(file));
  CHECK(contains(read_file(file), "The path of &lt;way&gt;"));
}

// The loss in the middle of a slice is the network's, whatever the number of threads.
TEST_CASE("apps.landscape.run.same_bits_for_any_number_of_threads") {
  std::vector<std::vector<double>> values;
  for (const int threads : {1, 3}) {
    std::vector<std::int64_t> done;
    const ThreadCount count(threads);
    const Picture picture = run_landscape({runs() / "adam"}, {.images = 200, .grid = 5},
                                          [&](std::int64_t points) { done.push_back(points); });
    values.push_back(picture.grid.values);
    CHECK(done.size() == 25);
    CHECK(done.back() == 25);
    REQUIRE(picture.mark.has_value());
  }
  CHECK(values[0] == values[1]);
  // Random directions lead up from a trained network.
  for (const std::size_t corner : {0, 4, 20, 24}) CHECK(values[0][corner] > values[0][12]);
}

TEST_CASE("apps.landscape.command.errors") {
  const TemporaryFolder folder;
  const std::string out = " --out " + argument(folder / "x.svg");
  const auto refused = [](const std::string& arguments, int code, const std::string& reason) {
    CAPTURE(arguments);
    const ProgramResult result = run_program(arguments);
    CAPTURE(result.err);
    CHECK(result.code == code);
    CHECK(contains(result.err, reason));
  };
  refused("landscape rosenbrok" + out, 2,
          "neither a function nor a folder; the functions are rosenbrock, rastrigin");
  refused("landscape rosenbrock", 2, "--out FILE.svg");
  refused("landscape rosenbrock --out x.png", 2, "ends in .svg");
  refused("landscape rosenbrock beale" + out, 2, "one function");
  refused("landscape rosenbrock --grid 5" + out, 2, "--grid is for runs");
  refused("landscape " + argument(runs() / "adam") + " --steps 5" + out, 2,
          "--steps is for functions");
  refused("landscape rosenbrock --optimizers adma" + out, 2, "did you mean adam?");
  refused("landscape rosenbrock --optimizers adam --momentum 0.9" + out, 2, "only ");
  refused("landscape rosenbrock --start 1" + out, 2, "two numbers");
  refused("landscape " + argument(folder.path()) + out, 1, "config.toml");
  fs::create_directory(folder / "begun");
  fs::copy(runs() / "adam" / "config.toml", folder / "begun");
  refused("landscape " + argument(folder / "begun") + out, 1, "its first epoch was not finished");
  require_done("train --fraction 0.05 --hidden 8 --epochs 1 --out " + argument(folder / "other"));
  refused("landscape " + argument(runs() / "adam") + " " + argument(folder / "other") + out, 1,
          "is not of the first run's network");
  CHECK_FALSE(fs::exists(folder / "x.svg"));
}
