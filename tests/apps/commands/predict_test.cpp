// plastic predict: a network that train saved, on images in files.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/runs/saved_model.h"
#include "apps/training/model_choice.h"
#include "nn/classifier_file.h"
#include "plastic/core/autograd.h"
#include "plastic/core/ops.h"
#include "plastic/core/safetensors.h"
#include "plastic/data/digits.h"
#include "plastic/data/loader.h"
#include "plastic/nn/saved_classifier.h"
#include "tests/apps/program.h"
#include "tests/data/image_files.h"

using namespace plastic;
using namespace plastic::apps;
using namespace plastic::test;
using nlohmann::json;
using test::contains;
using test::error_of;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t side = 28;

// A run on `digits`, made once for all tests of this file.
const std::string& run_folder() {
  static const TemporaryFolder folder;
  static const std::string run = [] {
    std::string out = folder / "run";
    const ProgramResult result = run_program(
        "train --optimizer adam --epochs 4 --hidden 64 --batch-size 50 --validation 0.1 "
        "--keep-best --out '" +
        out + "'");
    REQUIRE(result.code == 0);
    return out;
  }();
  return run;
}

const data::ImageDataset& digits() {
  static const data::DatasetPair pair = data::digits();
  return pair.test;
}

std::vector<std::uint8_t> pixels_of(std::int64_t image) {
  const auto* first = digits().images.data<std::uint8_t>() + image * side * side;
  return {first, first + side * side};
}

void write_png(const std::string& path, const std::vector<std::uint8_t>& samples, int scale = 1,
               int channels = 1) {
  std::vector<std::uint8_t> scaled;
  for (std::int64_t i = 0; i < side * scale * side * scale; ++i) {
    const std::int64_t row = i / (side * scale) / scale;
    const std::int64_t column = i % (side * scale) / scale;
    for (int c = 0; c < channels; ++c) {
      scaled.push_back(samples[static_cast<std::size_t>(row * side + column)]);
    }
  }
  const auto width = static_cast<std::uint32_t>(side * scale);
  test::write_file(path,
                   test::png_bytes(width, width, static_cast<std::uint32_t>(channels), scaled));
}

std::string predict(const std::string& arguments) {
  return "predict --checkpoint '" + run_folder() + "' " + arguments;
}

std::string quoted(const std::string& path) { return " '" + path + "'"; }

std::vector<json> json_lines(const std::string& text) {
  std::vector<json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(json::parse(line));
  return lines;
}

// A copy of the run whose files may be spoilt.
struct CopiedRun {
  CopiedRun() { fs::copy(run_folder(), folder.path(), fs::copy_options::recursive); }
  std::string refusal() const {
    return error_of([&] { load_saved_model(folder.path()); });
  }
  TemporaryFolder folder;
};

}  // namespace

// The same probabilities as the network gives for the images of the data set themselves.
TEST_CASE("apps.predict.digits") {
  constexpr std::int64_t count = 20;
  const TemporaryFolder folder;
  std::string files;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::string path = folder / (std::to_string(i) + ".png");
    write_png(path, pixels_of(i));
    files += quoted(path);
  }
  const ProgramResult result = run_program(predict("--json --top 10" + files));
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  const std::vector<json> lines = json_lines(result.out);
  REQUIRE(lines.size() == count);

  const NoGrad no_grad;
  const SavedModel saved = load_saved_model(run_folder());
  data::Loader loader(digits(), {.batch_size = count, .shuffle = false});
  data::Batch batch;
  loader.start_epoch();
  REQUIRE(loader.next(batch));
  const Tensor logits = (*saved.network)(batch.images);
  const std::vector<float> shares = softmax(logits, 1).to_vector<float>();
  int right = 0;
  for (std::size_t i = 0; i < count; ++i) {
    CHECK(lines[i]["image"] == folder / (std::to_string(i) + ".png"));
    const json& classes = lines[i]["classes"];
    REQUIRE(classes.size() == 10);
    right += classes[0]["class"] == std::to_string(i % 10) ? 1 : 0;
    double last = 1.0;
    for (const json& guess : classes) {
      const auto digit = std::stoul(guess["class"].get<std::string>());
      const double probability = guess["probability"];
      CHECK(probability == doctest::Approx(shares[i * 10 + digit]).epsilon(1e-4));
      CHECK(probability <= last);
      last = probability;
    }
  }
  CHECK(right >= 18);
}

TEST_CASE("apps.predict.any_size_and_colour") {
  const TemporaryFolder folder;
  const std::string plain = folder / "plain.png";
  write_png(plain, pixels_of(3));
  write_png(folder / "large.png", pixels_of(3), 3);
  write_png(folder / "colour.png", pixels_of(3), 1, 3);
  std::vector<std::uint8_t> dark = pixels_of(3);
  for (std::uint8_t& pixel : dark) pixel = static_cast<std::uint8_t>(255 - pixel);
  write_png(folder / "dark.png", dark);
  const auto classes = [&](const std::string& name, const std::string& options = "") {
    const ProgramResult result =
        run_program(predict("--json --top 2 " + options + quoted(folder / name)));
    REQUIRE(result.code == 0);
    return json_lines(result.out)[0]["classes"];
  };
  const json expected = classes("plain.png");
  CHECK(expected.size() == 2);
  CHECK(expected[0]["class"] == "3");
  // 255 units of grey are 77 + 150 + 29 = 256 parts of red, green and blue.
  CHECK(classes("colour.png") == expected);
  CHECK(classes("dark.png", "--invert") == expected);
  CHECK(classes("dark.png") != expected);
  CHECK(classes("large.png")[0]["class"] == "3");
}

TEST_CASE("apps.predict.text") {
  const TemporaryFolder folder;
  const std::string path = folder / "four.png";
  write_png(path, pixels_of(4));
  const ProgramResult result = run_program(predict(quoted(path)));
  CHECK(result.code == 0);
  CHECK(contains(result.out, {"mlp 784-64-10, dropout 0.1 trained on digits, epoch ",
                              "best.safetensors", path + ": 4 "}));
  const std::string last = result.out.substr(result.out.find(path));
  CHECK(std::count(last.begin(), last.end(), '%') == 3);
}

// A convolutional network, colour, class names that are words.
TEST_CASE("apps.predict.shapes") {
  const TemporaryFolder folder;
  const std::string run = folder / "run";
  REQUIRE(
      run_program("train --data shapes --model lenet --optimizer adam --fraction 0.02 --epochs 1 "
                  "--out '" +
                  run + "'")
          .code == 0);
  const std::string path = folder / "image.png";
  write_png(path, pixels_of(0), 2, 3);
  const ProgramResult result =
      run_program("predict --json --top 100 --checkpoint '" + run + "' '" + path + "'");
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  const json classes = json_lines(result.out)[0]["classes"];
  const SavedModel saved = load_saved_model(run);
  CHECK(saved.channels == 3);
  CHECK(saved.height == 32);
  REQUIRE(classes.size() == saved.class_names.size());
  double sum = 0.0;
  for (const json& guess : classes) {
    sum += guess["probability"].get<double>();
    CHECK(std::ranges::count(saved.class_names, guess["class"].get<std::string>()) == 1);
  }
  CHECK(sum == doctest::Approx(1.0).epsilon(1e-4));
}

TEST_CASE("apps.predict.folders_and_standard_input") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "set/inner");
  write_png(folder / "set/b.png", pixels_of(3));
  write_png(folder / "set/inner/a.PNG", pixels_of(4));
  write_file(folder / "set/notes.txt", "no image");
  const ProgramResult result = run_program(predict("--json --top 1" + quoted(folder / "set")));
  REQUIRE(result.code == 0);
  CHECK(contains(result.err, {"1 other file is passed over"}));
  const std::vector<json> lines = json_lines(result.out);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0]["image"] == folder / "set/b.png");
  CHECK(lines[1]["image"] == folder / "set/inner/a.PNG");
  CHECK(lines[1]["classes"][0]["class"] == "4");
  // The same image on standard input.
  const ProgramResult piped =
      run_program(predict("--json --top 1 - <" + quoted(folder / "set/b.png")));
  CAPTURE(piped.err);
  REQUIRE(piped.code == 0);
  CHECK(json_lines(piped.out)[0]["classes"] == lines[0]["classes"]);
  CHECK(run_program(predict("- </dev/null")).code == 1);
  fs::create_directories(folder / "empty");
  CHECK(contains(run_program(predict(quoted(folder / "empty"))).err, {"holds no file that ends"}));
}

TEST_CASE("apps.predict.checkpoint_file") {
  const TemporaryFolder folder;
  write_png(folder / "image.png", pixels_of(3));
  const auto classes = [&](const std::string& checkpoint) {
    const ProgramResult result = run_program("predict --json --checkpoint" + quoted(checkpoint) +
                                             quoted(folder / "image.png"));
    CAPTURE(result.err);
    REQUIRE(result.code == 0);
    return json_lines(result.out)[0]["classes"];
  };
  CHECK(classes(run_folder() + "/best.safetensors") == classes(run_folder()));
  // A checkpoint knows its network, wherever it is.
  const std::string moved = folder / "moved.safetensors";
  fs::copy_file(run_folder() + "/checkpoint.safetensors", moved);
  CHECK(classes(moved) == classes(run_folder() + "/checkpoint.safetensors"));
  // So does a best network, and what export writes of either.
  const std::string best = folder / "best.safetensors";
  fs::copy_file(run_folder() + "/best.safetensors", best);
  CHECK(classes(best) == classes(run_folder()));
  const std::string exported = folder / "exported.safetensors";
  REQUIRE(run_program("export" + quoted(run_folder()) + " --safetensors" + quoted(exported)).code ==
          0);
  CHECK(classes(exported) == classes(run_folder()));
  // Those of older programs did not.
  Safetensors file = load_safetensors(best);
  std::string& form = file.metadata["data"];
  const std::string model = R"(,"model":"mlp")";
  REQUIRE(form.find(model) != std::string::npos);
  form.erase(form.find(model), model.size());
  save_safetensors(best, file.tensors, file.metadata);
  CHECK(contains(
      run_program("predict --checkpoint" + quoted(best) + quoted(folder / "image.png")).err,
      {"has no config.toml beside it"}));
}

TEST_CASE("apps.predict.unreadable") {
  const TemporaryFolder folder;
  const std::string good = folder / "good.png";
  const std::string bad = folder / "bad.png";
  write_png(good, pixels_of(5));
  write_file(bad, "no image");
  const std::string files = quoted(bad) + quoted(folder / "none.png") + quoted(good);
  const ProgramResult result = run_program(predict(files));
  CHECK(result.code == 1);
  CHECK(contains(result.err,
                 {bad, folder / "none.png", "[predict] 2 of 3 images could not be read"}));
  CHECK(contains(result.out, {good + ": 5 "}));

  const ProgramResult in_json = run_program(predict("--json" + files));
  CHECK(in_json.code == 1);
  const std::vector<json> lines = json_lines(in_json.out);
  REQUIRE(lines.size() == 3);
  CHECK(contains(lines[0]["error"].get<std::string>(), {bad}));
  CHECK(lines[2]["classes"].size() == 3);
}

TEST_CASE("apps.predict.usage") {
  const auto refused = [](const std::string& arguments, const char* reason) {
    const ProgramResult result = run_program("predict " + arguments);
    CAPTURE(arguments);
    CAPTURE(result.err);
    CHECK(result.code == 2);
    CHECK(contains(result.err, {reason, "--help'"}));
  };
  refused("", "IMAGE");
  refused("a.png", "--checkpoint RUN is missing");
  refused("--checkpoint runs/x", "IMAGE");
  refused("--checkpoint runs/x --tip 3 a.png", "did you mean --top?");
  refused("--checkpoint runs/x --top 0 a.png", "at least 1");
  const ProgramResult result = run_program("predict --checkpoint /nowhere/run a.png");
  CHECK(result.code == 1);
  CHECK(contains(result.err, {"[network] /nowhere/run", "config.toml"}));
}

TEST_CASE("apps.predict.checkpoint") {
  const CopiedRun run;
  CHECK(load_saved_model(run.folder.path()).weights.filename() == "best.safetensors");
  fs::remove(run.folder / "best.safetensors");
  const SavedModel saved = load_saved_model(run.folder.path());
  CHECK(saved.weights.filename() == "checkpoint.safetensors");
  CHECK(saved.epoch == 4);
  CHECK(saved.class_names.size() == 10);
  CHECK_FALSE(saved.network->is_training());
  fs::remove(run.folder / "checkpoint.safetensors");
  CHECK(contains(run.refusal(), {"neither best.safetensors nor checkpoint.safetensors"}));
}

// The library reads it without config.toml.
TEST_CASE("apps.predict.the_library_loads_the_same_network") {
  const CopiedRun run;
  fs::remove(run.folder / "config.toml");
  const Tensor x = Tensor::full({2, 1, side, side}, 0.5);
  const NoGrad no_grad;
  for (const char* file : {"best.safetensors", "checkpoint.safetensors"}) {
    const fs::path path = fs::path(run_folder()) / file;
    const SavedModel own = load_saved_model(path);
    const nn::SavedClassifier saved = nn::load_run(run.folder.path() / file);
    CHECK(saved.model == "mlp");
    CHECK(saved.epoch == own.epoch);
    CHECK(saved.mean == own.mean);
    CHECK(saved.deviation == own.deviation);
    CHECK(saved.class_names == own.class_names);
    CHECK((*saved.network)(x).to_vector<float>() == (*own.network)(x).to_vector<float>());
  }
}

TEST_CASE("apps.predict.wrong_checkpoint") {
  const CopiedRun run;
  const fs::path config = run.folder.path() / "config.toml";
  const std::string text = read_file(config);
  std::string other = text;
  other.replace(other.find("[64]"), 4, "[32]");
  write_file(config, other);
  CHECK(contains(run.refusal(), {"best.safetensors", "not of the network", "784-32-10",
                                 "has shape (64, 784), the network needs (32, 784)"}));
  write_file(config, "hidden = [sixty]\n");
  CHECK(contains(run.refusal(), {"[network] ", "config.toml", "line 1"}));
  write_file(config, "hidden = [0]\n");
  CHECK(contains(run.refusal(), {"[network] ", "config.toml", "at least 1"}));
  write_file(config, "model = \"oracle\"\n");
  CHECK(contains(run.refusal(), {"[network] ", "config.toml", "oracle"}));
  write_file(config, text);

  const fs::path weights = run.folder.path() / "best.safetensors";
  const Safetensors file = load_safetensors(weights);
  write_file(weights, read_file(weights).substr(0, 1000));
  CHECK(contains(run.refusal(), {"best.safetensors"}));
  save_safetensors(weights, file.tensors, {{"epoch", "1"}});
  CHECK(contains(run.refusal(), {"best.safetensors: says nothing of its data"}));
  const auto refuses_form = [&](const std::string& form) {
    CAPTURE(form);
    save_safetensors(weights, file.tensors, {{"epoch", "1"}, {"data", form}});
    CHECK(contains(run.refusal(), {"[network] ", "best.safetensors"}));
  };
  refuses_form("");
  refuses_form("{");
  refuses_form("[]");
  refuses_form("{}");
  const json whole = json::parse(file.metadata.at("data"));
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, json>>{{"channels", 2},
                                                 {"channels", "one"},
                                                 {"height", 0},
                                                 {"width", 1000000000},
                                                 {"mean", json::array({0.5, 0.5})},
                                                 {"deviation", json::array({0.0})},
                                                 {"classes", json::array()},
                                                 {"classes", json::array({"just one"})}}) {
    json changed = whole;
    changed[key] = value;
    refuses_form(changed.dump());
  }
}

TEST_CASE("apps.predict.form_round_trip") {
  const nn::ClassifierForm form = {
      .data = "a folder \"of mine\"",
      .channels = 3,
      .height = 8,
      .width = 16,
      .mean = {0.1F, 0.2F, 0.3F},
      .deviation = {0.4F, 1e-7F, 3e6F},
      .class_names = {"chat", "h\xC3\xA9risson", "\xFF\xC3\n"},
      .model = "mlp",
      .hidden = std::vector<std::int64_t>{5, 7},
      .dropout = 0.25,
  };
  const std::string text = nn::to_text(form);
  CHECK(json::parse(text)["width"] == 16);
  const nn::ClassifierForm read = nn::parse_classifier_form("here", text);
  CHECK(read.data == form.data);
  CHECK(read.channels == 3);
  CHECK(read.height == 8);
  CHECK(read.width == 16);
  CHECK(read.mean == form.mean);
  CHECK(read.deviation == form.deviation);
  // What is not UTF-8 cannot be kept.
  CHECK(read.class_names ==
        std::vector<std::string>{"chat", "h\xC3\xA9risson", "\xEF\xBF\xBD\xEF\xBF\xBD\n"});
  CHECK(read.model == "mlp");
  CHECK(read.hidden == form.hidden);
  CHECK(read.dropout == form.dropout);
  CHECK(nn::describe(read) == "mlp 384-5-7-3, dropout 0.25");
}
