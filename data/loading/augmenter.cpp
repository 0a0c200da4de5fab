#include "data/loading/augmenter.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "core/random/philox.h"

namespace plastic::data {
namespace {

constexpr const char* op = "augment";
// Far from the streams that programs number from 0.
constexpr std::uint64_t augment_stream = std::uint64_t{1} << 63;

std::vector<float> normalisation_table(const ImageDataset& dataset) {
  std::vector<float> table;
  table.reserve(256 * dataset.mean.size());
  for (std::size_t channel = 0; channel < dataset.mean.size(); ++channel) {
    for (int byte = 0; byte < 256; ++byte) {
      const float scaled = static_cast<float>(byte) / 255.0F;
      table.push_back((scaled - dataset.mean[channel]) / dataset.deviation[channel]);
    }
  }
  return table;
}

void check_side(const char* name, std::int64_t value, std::int64_t most) {
  if (value < 0 || value > most) fail(op, name, " must be 0 to ", most, ", got ", value);
}

void check_strength(const char* name, double value) {
  if (!(value >= 0 && value <= 100)) fail(op, name, " must be 0 to 100, got ", value);
}

void check(const AugmentOptions& options, std::int64_t channels, std::int64_t height,
           std::int64_t width) {
  check_side("crop_padding", options.crop_padding, std::min(height, width));
  check_side("cutout", options.cutout, std::max(height, width));
  if (!(options.flip >= 0 && options.flip <= 1)) {
    fail(op, "flip is a probability, 0 to 1, got ", options.flip);
  }
  check_strength("brightness", options.brightness);
  check_strength("contrast", options.contrast);
  check_strength("saturation", options.saturation);
  if (options.saturation != 0 && channels != 3) {
    fail(op, "saturation needs images of 3 channels, these have ", channels, "; leave it at 0");
  }
  if (options.contrast != 0 && channels != 3 && channels != 1) {
    fail(op, "contrast needs images of 1 or 3 channels, these have ", channels, "; leave it at 0");
  }
}

/// Factors are uniform in [1 - strength, 1 + strength], not below 0.
void set_factor(double strength, float& low, float& range) {
  low = static_cast<float>(std::max(1.0 - strength, 0.0));
  range = static_cast<float>(1.0 + strength) - low;
}

AugmentRules rules_of(const AugmentOptions& options, const Shape& images) {
  AugmentRules rules;
  rules.channels = images[1];
  rules.height = images[2];
  rules.width = images[3];
  check(options, rules.channels, rules.height, rules.width);
  rules.crop_padding = options.crop_padding;
  rules.flip = static_cast<float>(options.flip);
  set_factor(options.brightness, rules.brightness_low, rules.brightness_range);
  set_factor(options.contrast, rules.contrast_low, rules.contrast_range);
  set_factor(options.saturation, rules.saturation_low, rules.saturation_range);
  rules.has_brightness = options.brightness != 0;
  rules.has_contrast = options.contrast != 0;
  rules.has_saturation = options.saturation != 0;
  rules.cutout = options.cutout;
  return rules;
}

}  // namespace

AugmentEpoch AugmentEpoch::of(const Generator& generator) {
  const PhiloxBlock block =
      philox(generator.seed, generator.stream ^ augment_stream, generator.offset);
  return {std::uint64_t{block.word[0]} << 32 | block.word[1]};
}

Augmenter::Augmenter(const AugmentOptions& options, const ImageDataset& dataset)
    : rules_(rules_of(options, dataset.images.shape())),
      mean_(dataset.mean),
      normalised_(normalisation_table(dataset)) {
  for (const float deviation : dataset.deviation) scale_.push_back(1.0F / deviation);
}

void Augmenter::write(const std::uint8_t* image, std::int64_t index, const AugmentEpoch& epoch,
                      std::vector<std::uint8_t>& scratch, float* out) const {
  if (!rules_.has_any()) {
    normalise(image, out);
    return;
  }
  const AugmentPlan plan = draw_plan(rules_, epoch.seed, index);
  if (rules_.crop_padding != 0 || plan.mirrored) {
    scratch.resize(static_cast<std::size_t>(pixels()));
    place(image, plan, scratch.data());
    image = scratch.data();
  }
  if (rules_.has_jitter()) {
    jitter(image, plan, out);
  } else {
    normalise(image, out);
  }
  if (rules_.cutout != 0) cut_out(plan, out);
}

// What source_of() says, a row at a time.
void Augmenter::place(const std::uint8_t* image, const AugmentPlan& plan, std::uint8_t* out) const {
  const std::int64_t down = rows_down(rules_, plan);
  const std::int64_t right = columns_right(rules_, plan);
  const std::int64_t width = rules_.width;
  const std::int64_t height = rules_.height;
  // The columns of a row that are not padding.
  const std::int64_t first = std::max<std::int64_t>(right, 0);
  const std::int64_t end = std::min(width + right, width);
  for (std::int64_t channel = 0; channel < rules_.channels; ++channel) {
    for (std::int64_t y = 0; y < height; ++y, out += width) {
      const std::int64_t row = y + down;
      if (row < 0 || row >= height) {
        std::fill_n(out, width, std::uint8_t{0});
        continue;
      }
      const std::uint8_t* from = image + (channel * height + row) * width;
      std::fill_n(out, first - right, std::uint8_t{0});
      std::copy(from + first, from + end, out + (first - right));
      std::fill(out + (end - right), out + width, std::uint8_t{0});
      if (plan.mirrored) std::reverse(out, out + width);
    }
  }
}

void Augmenter::normalise(const std::uint8_t* planes, float* out) const {
  const std::int64_t channels = rules_.channels;
  const std::int64_t count = rules_.plane();
  for (std::int64_t channel = 0; channel < channels; ++channel) {
    const std::uint8_t* from = planes + channel * count;
    const float* table = normalised_.data() + 256 * channel;
    for (std::int64_t p = 0; p < count; ++p) out[p * channels + channel] = table[from[p]];
  }
}

void Augmenter::jitter(const std::uint8_t* planes, const AugmentPlan& plan, float* out) const {
  const std::int64_t channels = rules_.channels;
  const std::int64_t count = rules_.plane();
  for (std::int64_t channel = 0; channel < channels; ++channel) {
    const std::uint8_t* from = planes + channel * count;
    for (std::int64_t p = 0; p < count; ++p) out[p * channels + channel] = scaled(from[p]);
  }
  const std::int64_t values = pixels();
  for (std::int64_t i = 0; i < values; ++i) out[i] = brightened(out[i], plan.brightness);
  if (rules_.has_contrast) {
    double sum = 0.0;
    for (std::int64_t p = 0; p < count; ++p) sum += double{grey_of(out + p * channels, channels)};
    const auto middle = static_cast<float>(sum / static_cast<double>(count));
    for (std::int64_t i = 0; i < values; ++i) out[i] = spread(out[i], middle, plan.contrast);
  }
  if (rules_.has_saturation) {
    for (std::int64_t p = 0; p < count; ++p) {
      float* pixel = out + p * 3;
      const float middle = grey(pixel[0], pixel[1], pixel[2]);
      for (int i = 0; i < 3; ++i) pixel[i] = spread(pixel[i], middle, plan.saturation);
    }
  }
  for (std::int64_t channel = 0; channel < channels; ++channel) {
    const auto i = static_cast<std::size_t>(channel);
    for (std::int64_t p = 0; p < count; ++p) {
      float& value = out[p * channels + channel];
      value = normalised(value, mean_[i], scale_[i]);
    }
  }
}

void Augmenter::cut_out(const AugmentPlan& plan, float* out) const {
  const std::int64_t channels = rules_.channels;
  const auto range = [this](std::int64_t centre, std::int64_t length) {
    return std::pair(std::max<std::int64_t>(cut_begin(rules_, centre), 0),
                     std::min(cut_end(rules_, centre), length));
  };
  const auto [top, bottom] = range(plan.cut_row, rules_.height);
  const auto [left, right] = range(plan.cut_column, rules_.width);
  for (std::int64_t y = top; y < bottom; ++y) {
    float* row = out + y * rules_.width * channels;
    std::fill(row + left * channels, row + right * channels, 0.0F);
  }
}

}  // namespace plastic::data
