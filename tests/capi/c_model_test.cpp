#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "plastic/c_api.h"
#include "plastic/core/safetensors.h"
#include "plastic/nn/saved_classifier.h"
#include "tests/capi/saved_file.h"
#include "tests/optim/helpers.h"
#include "tests/support/text.h"

using namespace plastic;
using test::contains;
using test::message;
using test::per_image;
using test::SavedFile;
using test::side;

TEST_CASE("capi.model.computes_what_the_network_does") {
  const SavedFile file;
  file.save("checkpoint.safetensors", "model.");
  plastic_model* model = file.load();
  plastic_model_info info{};
  info.struct_size = sizeof(info);
  REQUIRE(plastic_model_get_info(model, &info) == PLASTIC_OK);
  CHECK(info.channels == 3);
  CHECK(info.height == side);
  CHECK(info.width == side);
  CHECK(info.classes == 2);
  CHECK(info.mean[1] == 0.25F);
  CHECK(info.deviation[2] == 2.0F);
  CHECK(std::string(info.class_names[1]) == "h\xC3\xA9risson");
  CHECK(std::string(info.model) == "mlp");
  CHECK(std::string(info.data) == "pets");
  CHECK(info.epoch == 7);

  for (const std::size_t images : {std::size_t{3}, std::size_t{1}, std::size_t{3}}) {
    const auto floats = static_cast<std::int64_t>(images * per_image);
    const std::vector<float> input = test::numbers(floats, 5);
    std::vector<float> output(images * 2);
    REQUIRE(plastic_model_run(model, images, input.data(), input.size(), output.data(),
                              output.size()) == PLASTIC_OK);
    CHECK(output == file.logits(input));
  }
  plastic_model_destroy(&model);
  CHECK(model == nullptr);
  plastic_model_destroy(&model);
  plastic_model_destroy(nullptr);
}

TEST_CASE("capi.model.files_are_chosen_as_predict_chooses") {
  const SavedFile file;
  file.save("checkpoint.safetensors", "model.");
  CHECK(nn::load_run(file.folder.path()).weights.filename() == "checkpoint.safetensors");
  file.save("best.safetensors");
  const nn::SavedClassifier saved = nn::load_run(file.folder.path());
  CHECK(saved.weights.filename() == "best.safetensors");
  CHECK_FALSE(saved.network->is_training());
  file.save("epoch-7.safetensors");
  CHECK(nn::load_run(file.folder.path() / "epoch-7.safetensors").epoch == 7);
}

TEST_CASE("capi.model.reads_negative_numbers") {
  SavedFile file;
  file.data.replace(file.data.find("0.25"), 4, "-0.25");
  file.save("best.safetensors");
  CHECK(nn::load_run(file.folder.path()).mean == std::vector<float>{0.5F, -0.25F, 0.125F});
}

TEST_CASE("capi.model.refuses_files") {
  SavedFile file;
  CHECK(contains(file.refusal(), "has neither best.safetensors nor checkpoint.safetensors"));
  const std::string right = file.data;
  const auto refuses = [&](const std::string& from, const std::string& to, const char* part) {
    CAPTURE(to);
    file.data = right;
    REQUIRE(right.find(from) != std::string::npos);
    file.data.replace(right.find(from), from.size(), to);
    file.save("best.safetensors");
    const std::string refusal = file.refusal();
    CAPTURE(refusal);
    CHECK(contains(refusal, {"[network] ", "best.safetensors", part}));
  };
  refuses(R"(,"model":"mlp")", "", "does not say which model");
  refuses("\"mlp\"", "\"oracle\"", "no model oracle");
  refuses("[5]", "[4]", "shape (5, 48), the network needs (4, 48)");
  refuses("[5]", "[1000000000]", "more than the 257 numbers of the file");
  refuses(R"("height":4,"width":4,)", R"("height":4096,"width":4096,)",
          "images of 4096x4096 has more than the 257 numbers of the file");
  refuses(R"("hidden":[5],)", "",
          "weights or more, which is more than the 257 numbers of the file");
  refuses("[5]", "[0]", "is not of the network");
  refuses("\"dropout\":0.1", "\"dropout\":1.5", "is not of the network");
  refuses("0.25", "1e999", "out of range");
  refuses("0.25", "nan", "expected a number");
  refuses("0.25", "-", "expected a number");
  refuses("0.25", "-00.25", "a number begins with 0");
  refuses("0.5,", "", "contradicts itself");
  refuses("\"height\":4", "\"height\":4,\"height\":4", "given twice");
  refuses("\"height\":4", "\"depth\":4", "not known");
  refuses("\"height\":4,", "", "\"height\" is missing");
  refuses("}", "", "ends early");
  file.data = right;
  file.save("best.safetensors");
  const Safetensors whole = load_safetensors(file.folder.path() / "best.safetensors");
  for (const char* epoch : {"0", "-1", "1.5", "", "99999999999"}) {
    CAPTURE(std::string(epoch));
    save_safetensors(file.folder.path() / "best.safetensors", whole.tensors,
                     {{"epoch", epoch}, {"data", right}});
    CHECK(contains(file.refusal(), "epoch"));
  }
}

TEST_CASE("capi.model.errors") {
  const SavedFile file;
  file.save("best.safetensors");
  plastic_model* model = file.load();
  plastic_model* other = nullptr;
  CHECK(plastic_model_load(nullptr, &other) == PLASTIC_ERROR_ARGUMENT);
  CHECK(plastic_model_load("/nowhere", nullptr) == PLASTIC_ERROR_ARGUMENT);
  CHECK(plastic_model_load("/nowhere", &other) == PLASTIC_ERROR_FILE);
  CHECK(other == nullptr);
  plastic_model_info info{};
  CHECK(plastic_model_get_info(model, &info) == PLASTIC_ERROR_ARGUMENT);
  CHECK(contains(message(), "struct_size is 0"));
  CHECK(plastic_model_get_info(model, nullptr) == PLASTIC_ERROR_ARGUMENT);
  info.struct_size = sizeof(info);
  CHECK(plastic_model_get_info(nullptr, &info) == PLASTIC_ERROR_ARGUMENT);

  std::vector<float> input(2 * per_image), output(4, 9.0F);
  const auto run = [&](std::size_t images, std::size_t inputs, std::size_t outputs) {
    return plastic_model_run(model, images, input.data(), inputs, output.data(), outputs);
  };
  CHECK(run(2, 2 * per_image - 1, 4) == PLASTIC_ERROR_ARGUMENT);
  CHECK(message() ==
        "[plastic_model_run] input has 95 floats, 2 images need 48 each; give as many");
  CHECK(run(2, 2 * per_image, 3) == PLASTIC_ERROR_ARGUMENT);
  CHECK(run(SIZE_MAX, 2 * per_image, 4) == PLASTIC_ERROR_ARGUMENT);
  CHECK(plastic_model_run(model, 2, nullptr, 2 * per_image, output.data(), 4) ==
        PLASTIC_ERROR_ARGUMENT);
  CHECK(plastic_model_run(model, 2, input.data(), 2 * per_image, nullptr, 4) ==
        PLASTIC_ERROR_ARGUMENT);
  CHECK(plastic_model_run(nullptr, 2, input.data(), 2 * per_image, output.data(), 4) ==
        PLASTIC_ERROR_ARGUMENT);
  CHECK(output == std::vector<float>(4, 9.0F));
  CHECK(run(0, 0, 0) == PLASTIC_OK);
  plastic_model_destroy(&model);
}
