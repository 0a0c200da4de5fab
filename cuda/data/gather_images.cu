#include "cuda/data/gather_images.h"
#include "cuda/reduce/block_sum.h"
#include "cuda/runtime/launch.h"

namespace plastic::cuda {
namespace {

/// A channel of a pixel, which is black outside the image.
__device__ std::uint8_t byte_at(const GatherImages& call, const std::uint8_t* image,
                                std::int64_t source, std::int64_t channel) {
  return source < 0 ? std::uint8_t{0} : image[channel * call.rules.plane() + source];
}

/// The place in the image that pixel `p` of the result comes from.
__device__ std::int64_t source_of_pixel(const data::AugmentRules& rules,
                                        const data::AugmentPlan& plan, std::int64_t p) {
  const int width = static_cast<int>(rules.width);
  const int y = static_cast<int>(p) / width;
  return data::source_of(rules, plan, y, static_cast<int>(p) - y * width);
}

__device__ bool is_cut_pixel(const data::AugmentRules& rules, const data::AugmentPlan& plan,
                             std::int64_t p) {
  const int width = static_cast<int>(rules.width);
  const int y = static_cast<int>(p) / width;
  return data::is_cut(rules, plan, y, static_cast<int>(p) - y * width);
}

/// Over the whole image once it is placed and bright as drawn; all threads of the block call it.
__device__ float mean_grey(const GatherImages& call, const data::AugmentPlan& plan,
                           const std::uint8_t* image) {
  const std::int64_t plane = call.rules.plane();
  const std::int64_t channels = call.rules.channels;
  double sum = 0;
  for (std::int64_t p = threadIdx.x; p < plane; p += block_threads) {
    const std::int64_t source = source_of_pixel(call.rules, plan, p);
    float pixel[3];
    for (std::int64_t c = 0; c < channels; ++c) {
      const float value = data::scaled(byte_at(call, image, source, c));
      pixel[c] = data::brightened(value, plan.brightness);
    }
    sum += static_cast<double>(data::grey_of(pixel, channels));
  }
  return static_cast<float>(block_sum(sum) / static_cast<double>(plane));
}

/// Augmenter::jitter for one pixel.
__device__ void write_jittered(const GatherImages& call, const data::AugmentPlan& plan,
                               const std::uint8_t* image, std::int64_t source, float middle,
                               float* out) {
  const std::int64_t channels = call.rules.channels;
  for (std::int64_t c = 0; c < channels; ++c) {
    float value = data::scaled(byte_at(call, image, source, c));
    value = data::brightened(value, plan.brightness);
    if (call.rules.has_contrast) value = data::spread(value, middle, plan.contrast);
    out[c] = value;
  }
  if (call.rules.has_saturation) {
    const float pixel_grey = data::grey(out[0], out[1], out[2]);
    for (int c = 0; c < 3; ++c) out[c] = data::spread(out[c], pixel_grey, plan.saturation);
  }
  for (std::int64_t c = 0; c < channels; ++c) {
    out[c] = data::normalised(out[c], call.mean[c], call.scale[c]);
  }
}

/// An image a column of blocks, a pixel a thread.
__global__ void gather_images_kernel(GatherImages call) {
  __shared__ data::AugmentPlan plan;
  const data::AugmentRules& rules = call.rules;
  const std::int64_t example = call.order[call.place->position + blockIdx.x];
  if (threadIdx.x == 0) {
    plan = rules.has_any() ? data::draw_plan(rules, call.place->epoch_seed, example)
                           : data::AugmentPlan{};
    if (blockIdx.y == 0) call.out_labels[blockIdx.x] = call.labels[example];
  }
  __syncthreads();
  const std::int64_t plane = rules.plane();
  const std::int64_t channels = rules.channels;
  const std::uint8_t* image = call.images + example * plane * channels;
  float* out = call.out_images + std::int64_t{blockIdx.x} * plane * channels;
  const float middle = rules.has_contrast ? mean_grey(call, plan, image) : 0.0F;
  const std::int64_t step = std::int64_t{gridDim.y} * block_threads;
  for (std::int64_t p = std::int64_t{blockIdx.y} * block_threads + threadIdx.x; p < plane;
       p += step) {
    float* pixel = out + p * channels;
    if (rules.cutout != 0 && is_cut_pixel(rules, plan, p)) {
      for (std::int64_t c = 0; c < channels; ++c) pixel[c] = 0.0F;
      continue;
    }
    const std::int64_t source = source_of_pixel(rules, plan, p);
    if (rules.has_jitter()) {
      write_jittered(call, plan, image, source, middle, pixel);
    } else {
      for (std::int64_t c = 0; c < channels; ++c) {
        pixel[c] = call.table[256 * c + byte_at(call, image, source, c)];
      }
    }
  }
}

/// Blocks that share an image: enough to fill the device, but one where each would have to look at
/// the whole image.
unsigned parts_of_image(const Context& context, const GatherImages& call) {
  if (call.rules.has_contrast) return 1;
  constexpr std::int64_t blocks_a_multiprocessor = 16;
  const std::int64_t useful = (call.rules.plane() + block_threads - 1) / block_threads;
  const std::int64_t wanted =
      (blocks_a_multiprocessor * context.multiprocessors() + call.count - 1) / call.count;
  return static_cast<unsigned>(std::min(useful, wanted));
}

}  // namespace

void gather_images(Context& context, const GatherImages& call) {
  const Grid grid{.blocks = dim3(static_cast<unsigned>(call.count), parts_of_image(context, call))};
  launch(context, "gather_images", gather_images_kernel, grid, call);
}

}  // namespace plastic::cuda
