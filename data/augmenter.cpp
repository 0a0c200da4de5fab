#include "data/augmenter.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "core/philox.h"

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

/// In [0, count).
std::int64_t below(std::uint32_t bits, std::int64_t count) {
  return static_cast<std::int64_t>((bits * static_cast<std::uint64_t>(count)) >> 32);
}

float factor(std::uint32_t bits, double strength) {
  const auto low = static_cast<float>(std::max(1.0 - strength, 0.0));
  const auto high = static_cast<float>(1.0 + strength);
  return low + (high - low) * uniform_from(bits);
}

void check_side(const char* name, std::int64_t value, std::int64_t most) {
  if (value < 0 || value > most) fail(op, name, " must be 0 to ", most, ", got ", value);
}

void check_strength(const char* name, double value) {
  if (!(value >= 0 && value <= 100)) fail(op, name, " must be 0 to 100, got ", value);
}

float grey(float red, float green, float blue) {
  return 0.299F * red + 0.587F * green + 0.114F * blue;
}

}  // namespace

struct Augmenter::Plan {
  /// Of the window within the padded image.
  std::int64_t top;
  std::int64_t left;
  bool mirrored;
  float brightness;
  float contrast;
  float saturation;
  /// The centre of the square.
  std::int64_t cut_row;
  std::int64_t cut_column;
};

AugmentEpoch AugmentEpoch::of(const Generator& generator) {
  const PhiloxBlock block =
      philox(generator.seed, generator.stream ^ augment_stream, generator.offset);
  return {std::uint64_t{block.word[0]} << 32 | block.word[1]};
}

Augmenter::Augmenter(const AugmentOptions& options, const ImageDataset& dataset)
    : options_(options),
      channels_(dataset.images.size(1)),
      height_(dataset.images.size(2)),
      width_(dataset.images.size(3)),
      mean_(dataset.mean),
      deviation_(dataset.deviation),
      normalised_(normalisation_table(dataset)) {
  check_side("crop_padding", options.crop_padding, std::min(height_, width_));
  check_side("cutout", options.cutout, std::max(height_, width_));
  if (!(options.flip >= 0 && options.flip <= 1)) {
    fail(op, "flip is a probability, 0 to 1, got ", options.flip);
  }
  check_strength("brightness", options.brightness);
  check_strength("contrast", options.contrast);
  check_strength("saturation", options.saturation);
  if (options.saturation != 0 && channels_ != 3) {
    fail(op, "saturation needs images of 3 channels, these have ", channels_, "; leave it at 0");
  }
  if (options.contrast != 0 && channels_ != 3 && channels_ != 1) {
    fail(op, "contrast needs images of 1 or 3 channels, these have ", channels_, "; leave it at 0");
  }
}

void Augmenter::write(const std::uint8_t* image, std::int64_t index, const AugmentEpoch& epoch,
                      std::vector<std::uint8_t>& scratch, float* out) const {
  if (!options_.any()) {
    normalise(image, out);
    return;
  }
  const Plan plan = draw(index, epoch);
  if (options_.crop_padding != 0 || plan.mirrored) {
    scratch.resize(static_cast<std::size_t>(pixels()));
    place(image, plan, scratch.data());
    image = scratch.data();
  }
  if (options_.brightness != 0 || options_.contrast != 0 || options_.saturation != 0) {
    jitter(image, plan, out);
  } else {
    normalise(image, out);
  }
  if (options_.cutout != 0) cut_out(plan, out);
}

// Each change has words of its own, so that one more leaves the others as they are.
Augmenter::Plan Augmenter::draw(std::int64_t index, const AugmentEpoch& epoch) const {
  const auto sequence = static_cast<std::uint64_t>(index);
  const PhiloxBlock place = philox(epoch.seed, sequence, 0);
  const PhiloxBlock cut = philox(epoch.seed, sequence, 1);
  const PhiloxBlock colour = philox(epoch.seed, sequence, 2);
  return {.top = below(place.word[0], 2 * options_.crop_padding + 1),
          .left = below(place.word[1], 2 * options_.crop_padding + 1),
          .mirrored = uniform_from(place.word[2]) < static_cast<float>(options_.flip),
          .brightness = factor(colour.word[0], options_.brightness),
          .contrast = factor(colour.word[1], options_.contrast),
          .saturation = factor(colour.word[2], options_.saturation),
          .cut_row = below(cut.word[0], height_),
          .cut_column = below(cut.word[1], width_)};
}

void Augmenter::place(const std::uint8_t* image, const Plan& plan, std::uint8_t* out) const {
  const std::int64_t down = plan.top - options_.crop_padding;
  const std::int64_t right = plan.left - options_.crop_padding;
  // The columns of a row that are not padding.
  const std::int64_t first = std::max<std::int64_t>(right, 0);
  const std::int64_t end = std::min(width_ + right, width_);
  for (std::int64_t channel = 0; channel < channels_; ++channel) {
    for (std::int64_t y = 0; y < height_; ++y, out += width_) {
      const std::int64_t row = y + down;
      if (row < 0 || row >= height_) {
        std::fill_n(out, width_, std::uint8_t{0});
        continue;
      }
      const std::uint8_t* from = image + (channel * height_ + row) * width_;
      std::fill_n(out, first - right, std::uint8_t{0});
      std::copy(from + first, from + end, out + (first - right));
      std::fill(out + (end - right), out + width_, std::uint8_t{0});
      if (plan.mirrored) std::reverse(out, out + width_);
    }
  }
}

void Augmenter::normalise(const std::uint8_t* planes, float* out) const {
  const std::int64_t count = plane();
  for (std::int64_t channel = 0; channel < channels_; ++channel) {
    const std::uint8_t* from = planes + channel * count;
    const float* table = normalised_.data() + 256 * channel;
    for (std::int64_t p = 0; p < count; ++p) out[p * channels_ + channel] = table[from[p]];
  }
}

void Augmenter::jitter(const std::uint8_t* planes, const Plan& plan, float* out) const {
  const std::int64_t count = plane();
  for (std::int64_t channel = 0; channel < channels_; ++channel) {
    const std::uint8_t* from = planes + channel * count;
    for (std::int64_t p = 0; p < count; ++p) {
      out[p * channels_ + channel] = static_cast<float>(from[p]) * (1.0F / 255.0F);
    }
  }
  const auto keep = [](float value) { return std::clamp(value, 0.0F, 1.0F); };
  const std::int64_t values = pixels();
  for (std::int64_t i = 0; i < values; ++i) out[i] = keep(out[i] * plan.brightness);
  if (options_.contrast != 0) {
    double sum = 0.0;
    for (std::int64_t p = 0; p < count; ++p) {
      const float* pixel = out + p * channels_;
      sum += double{channels_ == 3 ? grey(pixel[0], pixel[1], pixel[2]) : pixel[0]};
    }
    const auto middle = static_cast<float>(sum / static_cast<double>(count));
    for (std::int64_t i = 0; i < values; ++i) {
      out[i] = keep(middle + plan.contrast * (out[i] - middle));
    }
  }
  if (options_.saturation != 0) {
    for (std::int64_t p = 0; p < count; ++p) {
      float* pixel = out + p * channels_;
      const float middle = grey(pixel[0], pixel[1], pixel[2]);
      for (int i = 0; i < 3; ++i) pixel[i] = keep(middle + plan.saturation * (pixel[i] - middle));
    }
  }
  for (std::int64_t channel = 0; channel < channels_; ++channel) {
    const auto i = static_cast<std::size_t>(channel);
    const float scale = 1.0F / deviation_[i];
    for (std::int64_t p = 0; p < count; ++p) {
      float& value = out[p * channels_ + channel];
      value = (value - mean_[i]) * scale;
    }
  }
}

void Augmenter::cut_out(const Plan& plan, float* out) const {
  const auto range = [side = options_.cutout](std::int64_t centre, std::int64_t length) {
    const std::int64_t first = centre - side / 2;
    return std::pair(std::max<std::int64_t>(first, 0), std::min(first + side, length));
  };
  const auto [top, bottom] = range(plan.cut_row, height_);
  const auto [left, right] = range(plan.cut_column, width_);
  for (std::int64_t y = top; y < bottom; ++y) {
    float* row = out + y * width_ * channels_;
    std::fill(row + left * channels_, row + right * channels_, 0.0F);
  }
}

}  // namespace plastic::data
