#include "apps/training/model_choice.h"

#include <doctest/doctest.h>

#include "apps/cli/values.h"
#include "plastic/core/error.h"
#include "plastic/data/digits.h"
#include "tests/apps/program.h"
#include "tests/support/text.h"

using namespace plastic;
using namespace plastic::apps;
using namespace plastic::test;

namespace {}  // namespace

TEST_CASE("apps.model_choice.defaults_and_what_a_model_lacks") {
  TrainConfig mlp;
  resolve_model(mlp);
  CHECK(*mlp.hidden == std::vector<std::int64_t>{256, 256});
  CHECK(*mlp.dropout == 0.1);
  TrainConfig given{.hidden = std::vector<std::int64_t>{8}, .dropout = 0};
  resolve_model(given);
  CHECK(*given.hidden == std::vector<std::int64_t>{8});
  CHECK(*given.dropout == 0);
  TrainConfig cnn{.model = "small_cnn"};
  resolve_model(cnn);
  CHECK(*cnn.dropout == 0.2);
  CHECK_FALSE(cnn.hidden.has_value());
  TrainConfig resnet{.model = "resnet18"};
  resolve_model(resnet);
  CHECK_FALSE(resnet.dropout.has_value());
  resnet.dropout = 0.5;
  CHECK_THROWS_WITH_AS(resolve_model(resnet), doctest::Contains("--dropout: resnet18 has none"),
                       UsageError);
  TrainConfig lenet{.model = "lenet", .hidden = std::vector<std::int64_t>{8}};
  CHECK_THROWS_WITH_AS(resolve_model(lenet), doctest::Contains("--hidden: the layers of lenet"),
                       UsageError);
}

TEST_CASE("apps.model_choice.networks") {
  Generator generator;
  const ModelSizes small{.channels = 1, .height = 28, .width = 28, .classes = 10};
  const ModelSizes colour{.channels = 3, .height = 32, .width = 32, .classes = 100};
  CHECK(make_model({}, small, generator)->parameter_count() == 269322);
  CHECK(make_model({.model = "lenet"}, small, generator)->parameter_count() == 431080);
  CHECK(make_model({.model = "small_cnn"}, colour, generator)->parameter_count() == 2216356);
  CHECK(make_model({.model = "resnet18"}, colour, generator)->parameter_count() == 11220132);
  CHECK_THROWS_WITH_AS(make_model({.model = "vgg"}, small, generator),
                       doctest::Contains("there is no model vgg"), Error);
  CHECK_THROWS_AS(
      make_model({.model = "lenet"}, {.height = 8, .width = 8, .classes = 2}, generator), Error);
  TrainConfig config;
  resolve_model(config);
  const data::DatasetPair digits = data::digits({.train_size = 20, .test_size = 10});
  CHECK(nn::describe(classifier_form(digits, config)) == "mlp 784-256-256-10, dropout 0.1");
  CHECK(nn::describe(classifier_form(digits, {.model = "resnet18"})) == "resnet18");
  CHECK(model_names().size() == 4);
}

TEST_CASE("apps.model_choice.train_and_resume") {
  const TemporaryFolder folder;
  write_tiny_mnist(folder.path());
  const std::string start =
      "train --data mnist --data-dir '" + folder.path().string() +
      "' --model lenet --batch-size 20 --optimizer adam --threads 2 --epochs ";
  const ProgramResult whole = run_program(start + "3 --out '" + (folder / "whole") + "'");
  CAPTURE(whole.err);
  REQUIRE(whole.code == 0);
  CHECK(contains(whole.out, "model      lenet\n"));
  const std::string config = read_file(folder / "whole/config.toml");
  CHECK(contains(config, "model = \"lenet\"\n"));
  CHECK_FALSE(contains(config, "hidden"));
  CHECK_FALSE(contains(config, "dropout"));
  REQUIRE(run_program(start + "2 --out '" + (folder / "parts") + "'").code == 0);
  const ProgramResult rest = run_program("train --resume '" + (folder / "parts") + "' --epochs 3");
  CAPTURE(rest.err);
  REQUIRE(rest.code == 0);
  CHECK(read_file(folder / "parts/checkpoint.safetensors") ==
        read_file(folder / "whole/checkpoint.safetensors"));
}

TEST_CASE("apps.model_choice.usage") {
  const ProgramResult hidden = run_program("train --model resnet18 --hidden 8");
  CHECK(hidden.code == 2);
  CHECK(contains(hidden.err, "--hidden: the layers of resnet18 are fixed"));
  const ProgramResult unknown = run_program("train --model vgg");
  CHECK(unknown.code == 2);
  CHECK(contains(unknown.err, "small_cnn"));
}
