// plastic export: what other programs read of a run.
#include <doctest/doctest.h>

#include <filesystem>

#include "plastic/core/autograd.h"
#include "plastic/core/safetensors.h"
#include "plastic/nn/saved_classifier.h"
#include "tests/apps/program.h"
#include "tests/support/text.h"

using namespace plastic;
using namespace plastic::test;
namespace fs = std::filesystem;

namespace {

const std::string& run_folder() {
  static const TemporaryFolder folder;
  static const std::string run = [] {
    std::string out = folder / "run";
    REQUIRE(run_program("train --optimizer adam --epochs 1 --hidden 8 --fraction 0.05 --out '" +
                        out + "'")
                .code == 0);
    return out;
  }();
  return run;
}

ProgramResult export_of(const std::string& arguments) {
  return run_program("export '" + run_folder() + "' " + arguments);
}

}  // namespace

TEST_CASE("apps.export.both_formats") {
  const TemporaryFolder folder;
  const std::string onnx = folder / "first.onnx";
  const std::string weights = folder / "first.safetensors";
  const ProgramResult result = export_of("--onnx '" + onnx + "' --safetensors '" + weights + "'");
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  CHECK(contains(result.out, {"mlp 784-8-10, dropout 0.1 trained on digits, epoch 1",
                              "checkpoint.safetensors", onnx + ", ", weights + ", "}));
  const std::string model = read_file(onnx);
  CHECK(contains(model, {"plastic", "batch", "1.weight", "Gemm", "classes",
                         R"(["0","1","2","3","4","5","6","7","8","9"])", "mean", "deviation"}));

  // The weights alone, which are a run of their own.
  const Safetensors file = load_safetensors(weights);
  CHECK(file.tensors.size() == 4);
  CHECK(file.tensors.front().name == "1.weight");
  const nn::SavedClassifier own = nn::load_run(run_folder());
  const nn::SavedClassifier saved = nn::load_run(weights);
  CHECK(saved.class_names == own.class_names);
  CHECK(saved.mean == own.mean);
  CHECK(saved.deviation == own.deviation);
  CHECK(saved.epoch == 1);
  const NoGrad no_grad;
  const Tensor x = Tensor::full({2, 1, 28, 28}, 0.5);
  CHECK((*saved.network)(x).to_vector<float>() == (*own.network)(x).to_vector<float>());
}

TEST_CASE("apps.export.nothing_is_lost") {
  const TemporaryFolder folder;
  const std::string path = folder / "mine.onnx";
  write_file(path, "mine");
  const ProgramResult refused = export_of("--onnx '" + path + "'");
  CHECK(refused.code == 1);
  CHECK(contains(refused.err, {"[export] " + path + ": is there already", "--overwrite"}));
  CHECK(read_file(path) == "mine");
  CHECK(export_of("--overwrite --onnx '" + path + "'").code == 0);
  CHECK(read_file(path) != "mine");

  // Not even so: what the run continues from, what predict would use, and links to them.
  const std::string checkpoint = run_folder() + "/checkpoint.safetensors";
  const std::string before = read_file(checkpoint);
  const std::string link = folder / "link.safetensors";
  fs::create_symlink(checkpoint, link);
  for (const std::string& name : {checkpoint, run_folder() + "/best.safetensors",
                                  run_folder() + "/epoch-1.safetensors", link}) {
    CAPTURE(name);
    const ProgramResult result = export_of("--overwrite --safetensors '" + name + "'");
    CHECK(result.code == 1);
    CHECK(contains(result.err, {"has the name of a file of the run in"}));
  }
  CHECK(export_of("--overwrite --onnx '" + run_folder() + "/config.toml'").code == 1);
  CHECK(read_file(checkpoint) == before);
  CHECK_FALSE(fs::exists(run_folder() + "/best.safetensors"));
  CHECK(export_of("--onnx '" + run_folder() + "/mine.onnx'").code == 0);

  CHECK(contains(export_of("--onnx '" + (folder / "none/a.onnx") + "'").err, {"none"}));
}

TEST_CASE("apps.export.usage") {
  const auto refused = [](const std::string& arguments, const char* reason) {
    const ProgramResult result = run_program("export " + arguments);
    CAPTURE(arguments);
    CAPTURE(result.err);
    CHECK(result.code == 2);
    CHECK(contains(result.err, {reason, "--help'"}));
  };
  refused("", "RUN");
  refused("runs/x", "nothing to write");
  refused("runs/x --onnx ''", "--onnx");
  refused("runs/x --onnx a --safetensors a", "give two files");
  refused("runs/x --onnx a --safetensors ./a", "give two files");
  refused("runs/x --onxn a", "did you mean --onnx?");
  const ProgramResult result = run_program("export /nowhere/run --onnx a.onnx");
  CHECK(result.code == 1);
  CHECK(contains(result.err, {"[network] /nowhere/run"}));
}
