// A table with a target that is a number: written as CSV, read, split, standardised, fitted by a
// small network through TensorLoader. The target is a known function and noise of deviation 0.1, so
// the error on rows that were set apart must come near 0.1. The training is also stopped in the
// middle of an epoch and resumed from files: the weights end with the same bits.

#include <plastic/plastic.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace plastic;
using std::filesystem::path;

constexpr double noise = 0.1;

void write_table(const path& file) {
  Generator generator(41);
  const std::vector<float> x = uniform({300, 3}, -2, 2, generator).to_vector<float>();
  const std::vector<float> e = normal({300}, 0, noise, generator).to_vector<float>();
  std::ofstream out(file);
  out << "width,height,depth,volume\n";
  for (std::size_t i = 0; i < e.size(); ++i) {
    const float a = x[3 * i], b = x[3 * i + 1], c = x[3 * i + 2];
    out << a << ',' << b << ',' << c << ',' << std::sin(a) + b * c / 2 + e[i] << '\n';
  }
}

// What a training is made of, and how all of it is kept in two files.
class Training {
 public:
  explicit Training(const data::TensorDataset& train)
      : batches_(train, {.batch_size = 32, .generator = Generator(41)}) {
    batches_.start_epoch();
  }

  nn::Sequential& model() { return *model_; }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      data::TensorBatch batch;
      if (!batches_.next(batch)) {
        batches_.start_epoch();
        batches_.next(batch);
      }
      optimizer_.zero_grad();
      nn::mse_loss((*model_)(batch.features), batch.targets).backward();
      optimizer_.step();
    }
  }

  void save(const path& folder) const {
    const data::LoaderState at = batches_.state();
    save_safetensors(folder / "model.safetensors", model_->state_dict());
    save_safetensors(folder / "optimizer.safetensors", optimizer_.state_dict(),
                     {{"seed", std::to_string(at.generator.seed)},
                      {"stream", std::to_string(at.generator.stream)},
                      {"offset", std::to_string(at.generator.offset)},
                      {"position", std::to_string(at.position)}});
  }

  void load(const path& folder) {
    model_->load_state_dict(load_safetensors(folder / "model.safetensors").tensors);
    const Safetensors file = load_safetensors(folder / "optimizer.safetensors");
    optimizer_.load_state_dict(file.tensors);
    const auto number = [&](const char* name) { return std::stoull(file.metadata.at(name)); };
    batches_.restore({.generator = {number("seed"), number("stream"), number("offset")},
                      .started = true,
                      .position = static_cast<std::int64_t>(number("position"))});
  }

 private:
  std::shared_ptr<nn::Sequential> model_ =
      nn::mlp({.inputs = 3, .hidden = {32, 32}, .classes = 1, .dropout = 0});
  optim::AdamW optimizer_{model_->parameters(), {.lr = 5e-3}};
  data::TensorLoader batches_;
};

int fail(const std::string& what) {
  std::cerr << "fit_table: " << what << '\n';
  return EXIT_FAILURE;
}

int run(const path& folder) {
  write_table(folder / "table.csv");
  const data::TensorDataset table = data::read_csv_dataset(
      folder / "table.csv", {.target = "volume", .kind = data::CsvTarget::numbers});
  Generator generator(41);
  auto [train, validation] = data::random_split(table, 0.2, generator);
  const data::Standardization features = data::standardization(train.features);
  const data::Standardization targets = data::standardization(train.targets);
  train.features = features.apply(train.features);
  train.targets = targets.apply(train.targets);

  manual_seed(41);
  Training whole(train);
  whole.run(805);  // 8 batches are an epoch, so this is in the middle of one.
  whole.save(folder);
  whole.run(195);
  Training resumed(train);
  resumed.load(folder);
  resumed.run(195);
  const std::vector<Tensor> a = whole.model().parameters(), b = resumed.model().parameters();
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].to_vector<float>() != b[i].to_vector<float>()) return fail("resuming changed bits");
  }

  const NoGrad no_grad;
  whole.model().eval();
  const Tensor predicted = targets.undo(whole.model()(features.apply(validation.features)));
  const double error = std::sqrt(nn::mse_loss(predicted, validation.targets).item());
  std::cout << "error: " << error << ", noise: " << noise << '\n';
  if (error > 2 * noise) return fail("the error is far above the noise");
  return EXIT_SUCCESS;
}

}  // namespace

int main() {
  const path folder = std::filesystem::temp_directory_path() / "plastic-fit-table";
  try {
    std::filesystem::create_directories(folder);
    const int code = run(folder);
    std::filesystem::remove_all(folder);
    return code;
  } catch (const Error& error) {
    return fail(error.what());
  }
}
