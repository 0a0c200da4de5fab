#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

#include "capi/c_status.h"
#include "core/io/utf8_path.h"
#include "core/tensor/foreign_memory.h"
#include "core/tensor/tensor_impl.h"
#include "plastic/core/autograd.h"
#include "plastic/nn/saved_classifier.h"

using plastic::capi::guarded;
using plastic::capi::need;

struct plastic_model {
  plastic::nn::SavedClassifier saved;
  std::vector<const char*> class_names = {};
};

namespace {

void check_count(const char* what, std::size_t given, std::size_t images, std::size_t per_image) {
  // Divided, so that no product overflows.
  if (given % per_image == 0 && given / per_image == images) return;
  throw plastic::capi::BadArgument(plastic::text_of("[plastic_model_run] ", what, " has ", given,
                                                    " floats, ", images, " images need ", per_image,
                                                    " each; give as many"));
}

}  // namespace

plastic_status plastic_model_load(const char* path, plastic_model** model) {
  return guarded(
      __func__,
      [&](const char* op) {
        need(path, op, "path");
        need(model, op, "model");
        auto made = std::make_unique<plastic_model>(
            plastic_model{.saved = plastic::nn::load_run(plastic::path_of_utf8(path))});
        for (const auto& name : made->saved.class_names) {
          made->class_names.push_back(name.c_str());
        }
        *model = made.release();
      },
      PLASTIC_ERROR_FILE);
}

void plastic_model_destroy(plastic_model** model) {
  if (model == nullptr) return;
  delete *model;
  *model = nullptr;
}

plastic_status plastic_model_get_info(const plastic_model* model, plastic_model_info* info) {
  return guarded(__func__, [&](const char* op) {
    need(model, op, "model");
    need(info, op, "info");
    // The size that the struct had in version 1.
    constexpr std::size_t least = offsetof(plastic_model_info, epoch) + sizeof(info->epoch);
    const std::size_t size = info->struct_size;
    if (size < least) {
      throw plastic::capi::BadArgument(plastic::text_of(
          "[plastic_model_get_info] struct_size is ", size, "; set it to sizeof(*info), ", least));
    }
    const plastic::nn::SavedClassifier& saved = model->saved;
    const plastic_model_info known = {.struct_size = size,
                                      .channels = saved.channels,
                                      .height = saved.height,
                                      .width = saved.width,
                                      .mean = saved.mean.data(),
                                      .deviation = saved.deviation.data(),
                                      .classes = std::ssize(saved.class_names),
                                      .class_names = model->class_names.data(),
                                      .model = saved.model.c_str(),
                                      .data = saved.data.c_str(),
                                      .epoch = saved.epoch};
    std::memcpy(info, &known, std::min(size, sizeof(known)));
  });
}

plastic_status plastic_model_run(plastic_model* model, size_t images, const float* input,
                                 size_t input_count, float* output, size_t output_count) {
  return guarded(__func__, [&](const char* op) {
    need(model, op, "model");
    need(input, op, "input");
    need(output, op, "output");
    const plastic::nn::SavedClassifier& saved = model->saved;
    const auto per_image = static_cast<std::size_t>(saved.channels * saved.height * saved.width);
    check_count("input", input_count, images, per_image);
    check_count("output", output_count, images, saved.class_names.size());
    if (images == 0) return;
    const plastic::NoGrad no_grad;
    // The memory is only read.
    const auto memory = plastic::storage_over(const_cast<float*>(input),
                                              input_count * sizeof(float), plastic::Device{});
    const plastic::Shape shape = {static_cast<std::int64_t>(images), saved.channels, saved.height,
                                  saved.width};
    const plastic::Tensor x = plastic::make_view(memory, plastic::DType::f32, shape,
                                                 plastic::contiguous_strides(shape), 0);
    // They are bf16 where the process computes in it.
    const plastic::Tensor logits = (*saved.network)(x).to(plastic::DType::f32).contiguous();
    std::copy_n(logits.data<float>(), output_count, output);
  });
}
