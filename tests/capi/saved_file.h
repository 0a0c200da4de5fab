#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "plastic/c_api.h"
#include "plastic/core/autograd.h"
#include "plastic/core/safetensors.h"
#include "plastic/nn/models.h"
#include "tests/support/temporary_folder.h"

namespace plastic::test {

inline constexpr std::int64_t side = 4;
inline constexpr std::size_t per_image = 3 * side * side;

/// Of the last failure on this thread.
inline std::string message() { return plastic_last_error(); }

/// A network in a file, as `plastic train` keeps one.
struct SavedFile {
  TemporaryFolder folder;
  Generator generator{.seed = 3};
  std::shared_ptr<nn::Sequential> network =
      nn::mlp({.inputs = 3 * side * side, .hidden = {5}, .classes = 2, .generator = &generator});
  std::string data =
      R"({"data":"pets","channels":3,"height":4,"width":4,"mean":[0.5,0.25,0.125],)"
      R"("deviation":[0.5,1,2e0],"classes":["chat","h\u00e9risson"],"model":"mlp","hidden":[5],)"
      R"("dropout":0.1})";

  SavedFile() { network->eval(); }

  /// A checkpoint has more than the network, whose names begin so there.
  void save(const char* name, const std::string& prefix = "") const {
    StateDict state;
    for (const NamedTensor& one : network->state_dict()) {
      state.push_back({prefix + one.name, one.tensor});
    }
    if (!prefix.empty()) state.push_back({"optimizer.x", Tensor::ones({2})});
    save_safetensors(folder.path() / name, state, {{"epoch", "7"}, {"data", data}});
  }

  plastic_model* load() const {
    plastic_model* model = nullptr;
    const plastic_status status = plastic_model_load(folder.path().string().c_str(), &model);
    CAPTURE(message());
    REQUIRE(status == PLASTIC_OK);
    return model;
  }

  std::string refusal() const {
    plastic_model* model = nullptr;
    CHECK(plastic_model_load(folder.path().string().c_str(), &model) == PLASTIC_ERROR_FILE);
    CHECK(model == nullptr);
    return message();
  }

  std::vector<float> logits(const std::vector<float>& images) const {
    const NoGrad no_grad;
    const std::int64_t count = std::ssize(images) / static_cast<std::int64_t>(per_image);
    return (*network)(Tensor::from<float>(images, {count, 3, side, side})).to_vector<float>();
  }
};

}  // namespace plastic::test
