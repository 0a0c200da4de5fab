// What the program says to a command line that it cannot carry out, and its help.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>

#include "plastic/core/device.h"
#include "plastic/core/version.h"
#include "tests/apps/program.h"
#include "tests/support/text.h"

using namespace plastic::test;

namespace {

// Wrong usage: code 2, the reason on the first line of two, nothing else.
void check_refused(const std::string& arguments, const std::string& reason) {
  CAPTURE(arguments);
  const ProgramResult result = run_program(arguments);
  CAPTURE(result.err);
  CHECK(result.code == 2);
  CHECK(result.out.empty());
  CHECK(result.err.starts_with("plastic: "));
  CHECK(contains(result.err.substr(0, result.err.find('\n')), reason));
  CHECK(contains(result.err, "--help'"));
  CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 2);
}

}  // namespace

TEST_CASE("apps.usage.unknown") {
  check_refused("train --epoch 3", "--epoch; did you mean --epochs?");
  check_refused("train --np.min-alhpa 3", "did you mean --np.min-alpha?");
  check_refused("train --colour red", "unknown argument --colour");
  check_refused("trian", "unknown command trian; did you mean train? there are train, compare");
  check_refused("foo", "unknown command foo; there are train, compare");
  check_refused("data gte", "unknown command gte; did you mean get? there are list, get, verify");
  check_refused("help trian", "unknown command trian; did you mean train?");
  check_refused("help data foo", "unknown command foo; there are list");
  check_refused("compare --optimizer sgd", "did you mean --optimizers?");
  check_refused("", "which command?");
  check_refused("train ''", "an argument is empty");
  check_refused("train =3", "unknown argument =3");
  // Nothing is near a name of this length, and finding that out takes no time.
  check_refused("train --" + std::string(100000, 'x'), "unknown argument --xxx");
  check_refused("train --data fashon-mnist", "did you mean fashion-mnist?");
  check_refused("train --model resnet", "did you mean resnet18?");
  check_refused("train --optimizer adma", "did you mean adam?");
  check_refused("compare --optimizers sdg,adam", "did you mean sgd?");
  check_refused("data get minst", "did you mean mnist?");
  check_refused("train --data ''", "got no name");
  check_refused("train --config ''", "--config: expected a file, got nothing");
  check_refused("train --data folder --data-dir ''", "--data-dir: expected a folder, got nothing");
  check_refused("train --out ''", "--out: expected a folder, got nothing");
  check_refused("report ''", "RUN: expected a folder, got nothing");
  check_refused("predict --checkpoint '' a.png", "--checkpoint: expected a run, got nothing");
  check_refused("predict --checkpoint run ''", "IMAGE: expected a file, got nothing");
}

TEST_CASE("apps.usage.train_values") {
  const std::pair<const char*, const char*> cases[] = {
      {"--fraction 0", "above 0 and at most 1"},
      {"--fraction 1.5", "above 0 and at most 1"},
      {"--fraction nan", "got 'nan'"},
      {"--limit-per-class 0", "at least 1"},
      {"--limit-per-class 5 --fraction 0.5", "--fraction says as well how much"},
      {"--limit-per-class 100000",
       "class \"0\" has 1000 images to train on; expected at most 1000"},
      {"--shards two", "at least 0 and at most 1024, got 'two'; or none"},
      {"--validation -0.1", "at least 0"},
      {"--validation 1", "below 1"},
      {"--validation 0.00001", "leaves none for validation; give a larger share"},
      {"--validation 0.99999", "leaves none to train on; give a smaller share"},
      {"--label-noise 1.5", "at most 1"},
      {"--label-noise 0.1 --label-noise-kind pairs", "expected one of symmetric, pair"},
      {"--keep-best --out never", "--keep-best: needs a part of the training set to choose by"},
      {"--early-stopping 3", "give --validation 0.1, or leave out --early-stopping"},
      {"--epochs 0", "at least 1"},
      {"--epochs 2.5", "whole number"},
      {"--epochs", "--epochs"},
      {"--batch-size 0", "at least 1"},
      {"--threads 0", "at least 1"},
      {"--threads 1025", "at most 1024"},
      {"--hidden 256,0", "at least 1"},
      {"--hidden 256,", "separated by commas"},
      {"--dropout 1", "below 1"},
      {"--lr 0", "above 0"},
      {"--lr -1", "above 0"},
      {"--lr inf", "finite"},
      {"--lr fast", "got 'fast'"},
      {"--lr sgd=0.1", "sgd is not in use"},
      {"--weight-decay -1", "at least 0"},
      {"--lr-decay 1.1", "at most 1"},
      {"--seed -1", "at least 0"},
      {"--schedule linear", "one-cycle"},
      {"--warmup 10", "the run has 10 epochs"},
      {"--warmup 1 --schedule one-cycle", "its own warm-up"},
      {"--prefetch 65", "at most 64"},
      {"--device gpu", "expected cpu, cuda or cuda:N, got 'gpu'"},
      {"--device cuda:", "got 'cuda:'"},
      {"--device cuda:-1", "got 'cuda:-1'"},
      {"--precision f16", "expected one of f32, tf32, bf16, got 'f16'"},
      {"--precision tf32", "--precision tf32: only a CUDA device has it"},
      {"--device cpu --precision tf32", "the CPU has f32 and bf16"},
      {"--data imagenet", "fashion-mnist"},
      {"--model resnet", "mlp"},
      {"--optimizer tiger", "grad-only"},
      {"--out ''", "expected a folder"},
      {"--optimizer adam --momentum 0.5", "only sgd"},
      {"--optimizer sgd --momentum 1", "below 1"},
      {"--lr 1 --lr 2", "[train] --lr is given twice: 1 and 2; give it once"},
      {"--seed 1 --seed 2 --seed 3", "[train] --seed is given 3 times: 1 and 2 and 3"},
      {"--seed 18446744073709551615", "at most 9223372036854775807, got '18446744073709551615'"},
  };
  for (const auto& [arguments, reason] : cases) {
    check_refused(std::string("train ") + arguments, reason);
  }
}

// Whatever this machine has, it has no hundredth one.
TEST_CASE("apps.usage.device_that_is_not_there") {
  const std::string reason = plastic::cuda_unavailable_reason();
  for (const char* command : {"train --device cuda:99", "compare --device cuda:99",
                              "train --device cuda:99 --precision bf16 --deterministic",
                              "predict --device cuda:99 --checkpoint run image.png"}) {
    CAPTURE(command);
    const ProgramResult result = run_program(command);
    CHECK(result.code == 1);
    CHECK(result.out.empty());
    CHECK(contains(result.err, "plastic: [device] cuda:99 is not available"));
    CHECK(contains(result.err, reason));
  }
  if (!reason.empty()) CHECK(run_program("train --device cuda").code == 1);
}

TEST_CASE("apps.usage.neuroplastic_options") {
  check_refused("train --np.mode nonsense", "rule_based");
  check_refused("train --np.min-alpha none", "min_alpha");
  check_refused("train --np.min-alpha 2 --np.max-alpha 1", "alpha");
  check_refused("train --optimizer sgd --np.min-alpha 0.5", "--np.min-alpha: only neuroplastic");
  check_refused("train --optimizer adam --np.diagnostics", "--np.diagnostics: only neuroplastic");
  check_refused("train --optimizer grad-only --np.mode rule_based", "--optimizer neuroplastic");
  check_refused("compare --optimizers sgd,adam --np.min-alpha 0.5", "only neuroplastic");
}

TEST_CASE("apps.usage.compare_values") {
  check_refused("compare --optimizers sgd", "two or more");
  check_refused("compare --optimizers sgd,sgd", "given twice");
  check_refused("compare --optimizers sgd,tiger", "tiger");
  check_refused("compare --seeds 1,x", "got 'x'");
  check_refused("compare --seeds 1,1", "given twice");
  check_refused("compare --lr sgd=0.1,sgd=0.2", "given twice");
  check_refused("compare --lr sgd=0.1,0.2", "OPTIMIZER=VALUE");
}

TEST_CASE("apps.usage.help") {
  const ProgramResult program = run_program("--help");
  CHECK(program.code == 0);
  for (const char* part : {"train", "compare", "info", "Examples:"}) {
    CHECK(contains(program.out, part));
  }
  const ProgramResult train = run_program("train --help");
  CHECK(train.code == 0);
  for (const char* part : {"--fraction", "(default: 10)", "Data:", "Output:", "Examples:"}) {
    CAPTURE(part);
    CHECK(contains(train.out, part));
  }
  CHECK_FALSE(contains(train.out, "--np.min-alpha"));
  const ProgramResult all = run_program("compare --help-np");
  CHECK(all.code == 0);
  CHECK(contains(all.out, "--np.min-alpha"));
  CHECK(contains(all.out, "--np.controller-high"));
}

TEST_CASE("apps.usage.help_command") {
  for (const auto& [words, flags] : {std::pair{"help", "--help"},
                                     {"help train", "train --help"},
                                     {"help data get", "data get --help"}}) {
    CAPTURE(words);
    const ProgramResult help = run_program(words);
    CHECK(help.code == 0);
    CHECK(help.err.empty());
    CHECK(help.out == run_program(flags).out);
  }
}

TEST_CASE("apps.usage.options_without_effect") {
  const std::string run = "train --fraction 0.01 --epochs 1 --hidden 8 --threads 1 ";
  const ProgramResult one = run_program(run + "--optimizer grad-only --np.plasticity-scale 2");
  CHECK(one.code == 0);
  CHECK(contains(one.out,
                 "warning    --np.plasticity-scale has no effect: mode is ablation_grad_only\n"));
  const ProgramResult two = run_program(
      "compare --fraction 0.01 --epochs 1 --hidden 8 --threads 1 --seeds 1 "
      "--optimizers neuroplastic,sgd --np.base-beta2 0.5");
  CHECK(two.code == 0);
  CHECK(contains(two.out, "warning    --np.base-beta2 has no effect: hybrid_base is classic\n"));
  CHECK_FALSE(contains(run_program(run + "--np.plasticity-scale 2").out, "warning"));
}

TEST_CASE("apps.usage.version") {
  const ProgramResult result = run_program("--version");
  CHECK(result.code == 0);
  CHECK(result.out == "plastic " PLASTIC_VERSION "\n");
}
