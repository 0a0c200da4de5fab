// --config: a run is repeated from its folder.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "tests/apps/program.h"
#include "tests/support/text.h"

using namespace plastic::test;
namespace fs = std::filesystem;

namespace {}  // namespace

TEST_CASE("apps.config.repeats_the_run") {
  const TemporaryFolder folder;
  write_tiny_mnist(folder.path());
  for (const char* options :
       {"--optimizer neuroplastic --paper --np.diagnostics --np.max-alpha 1.75 --keep-best "
        "--validation 0.2",
        "--optimizer grad-only --lr 0.0123456789 --limit-per-class 9 --label-noise 0.25",
        "--optimizer sgd --momentum 0.7",
        "--optimizer adamw --paper --early-stopping 1 --fraction 0.5 --hidden 20,10 "
        "--validation 0.2 --label-noise 0.1 --label-noise-kind pair"}) {
    CAPTURE(options);
    fs::remove_all(folder / "first");
    fs::remove_all(folder / "again");
    const ProgramResult first =
        run_program("train --data mnist --data-dir '" + folder.path().string() +
                    "' --epochs 3 --seed 9 " + options + " --out '" + (folder / "first") + "'");
    REQUIRE(first.code == 0);
    const ProgramResult again = run_program("train --config '" + (folder / "first/config.toml") +
                                            "' --out '" + (folder / "again") + "'");
    CAPTURE(again.err);
    REQUIRE(again.code == 0);
    CHECK(timeless_metrics(folder / "first") == timeless_metrics(folder / "again"));
    for (const char* file : {"config.toml", "checkpoint.safetensors"}) {
      CHECK(read_file(folder.path() / "first" / file) == read_file(folder.path() / "again" / file));
    }
  }
}

TEST_CASE("apps.config.command_line_goes_first") {
  const TemporaryFolder folder;
  write_file(folder / "c.toml",
             "fraction = 0.02\nepochs = 3\nhidden = [8]\noptimizer = 'adam'\npaper = true\n");
  const ProgramResult result = run_program("train --config '" + (folder / "c.toml") +
                                           "' --epochs 1 --out '" + (folder / "out") + "'");
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  CHECK(contains(result.out, "200 of 10000 training images"));
  CHECK(contains(result.out, "(the paper's settings)"));
  CHECK(contains(read_file(folder / "out/config.toml"), "epochs = 1\n"));
  CHECK(contains(read_file(folder / "out/config.toml"), "hidden = [8]\n"));
}

TEST_CASE("apps.config.of_a_comparison") {
  const TemporaryFolder folder;
  write_file(folder / "c.toml",
             "fraction = 0.02\nepochs = 1\nhidden = [8]\noptimizers = ['sgd', 'adam']\n"
             "seeds = [3]\n");
  const ProgramResult result = run_program("compare --config '" + (folder / "c.toml") +
                                           "' --out '" + (folder / "out") + "'");
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  CHECK(contains(read_file(folder / "out/adam-seed-3/config.toml"), "optimizer = \"adam\"\n"));
}

TEST_CASE("apps.config.refuses") {
  const TemporaryFolder folder;
  const std::string path = folder / "c.toml";
  const auto check_refused = [&](const std::string& text, int code, const std::string& reason) {
    CAPTURE(text);
    write_file(path, text);
    const ProgramResult result = run_program("train --config '" + path + "'");
    CAPTURE(result.err);
    CHECK(result.code == code);
    CHECK(result.out.empty());
    CHECK(contains(result.err, reason));
  };
  check_refused("\nepoch = 3", 2, path + ": line 2: unknown key epoch; did you mean epochs?");
  check_refused("[np]\nmin-alhpa = 1", 2, "unknown key np.min-alhpa; did you mean np.min-alpha?");
  check_refused("[train]\nepochs = 1", 2, "unknown key train.epochs");
  check_refused("out = 'x'", 2, "unknown key out");
  check_refused("config = 'x'", 2, "unknown key config");
  check_refused("epochs = 0", 2, "at least 1");
  check_refused("epochs = 1.5", 2, "whole number");
  check_refused("lr = true", 2, "got 'true'");
  check_refused("epochs = [1, 2]", 2, "got '1,2'");
  check_refused("epochs = 1.0", 2, "whole number");
  check_refused("lr = inf", 2, "finite number");
  check_refused("lr = nan", 2, "finite number");
  check_refused("epochs 3", 2, "expected '='");
  check_refused("epochs = 3\nepochs = 3", 2, path + ": line 2: ");
  check_refused(std::string(1'000'000, 'k') + " = 1", 2, "unknown key kkk");
  fs::resize_file(path, 100'000'000);
  const ProgramResult large = run_program("train --config '" + path + "'");
  CHECK(large.code == 1);
  CHECK(contains(large.err, "[config] " + path + ": expected at most 67108864 bytes"));
  fs::remove(path);
  const ProgramResult none = run_program("train --config '" + path + "'");
  CHECK(none.code == 1);
  CHECK(contains(none.err, "[config] " + path + ": "));
  CHECK(run_program("train --config '" + folder.path().string() + "'").code == 1);
}
