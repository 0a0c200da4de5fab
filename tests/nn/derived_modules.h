#pragma once

// Modules of a user's, each of which computes something else than the layer that it is derived
// from. Included by files that are compiled with run-time type information and without, in a
// namespace of their own each.
#include <memory>
#include <utility>
#include <vector>

#include "plastic/core/ops.h"
#include "plastic/nn/activation.h"
#include "plastic/nn/batch_norm.h"
#include "plastic/nn/containers.h"
#include "plastic/nn/conv.h"
#include "plastic/nn/dropout.h"
#include "plastic/nn/flatten.h"
#include "plastic/nn/linear.h"
#include "plastic/nn/pool.h"
#include "plastic/nn/sequential.h"

namespace plastic::test::DERIVED_MODULES {

/// 2·forward(x) + 1 of the layer.
template <class Layer>
struct Doubled : Layer {
  using Layer::Layer;
  Tensor forward(const Tensor& x) override { return Layer::forward(x) * 2.0 + 1.0; }
};

/// The layer itself, under another name.
template <class Layer>
struct Renamed : Layer {
  using Layer::Layer;
};

struct Squared : nn::Module {
  Tensor forward(const Tensor& x) override { return x * x; }
};

using List = std::vector<nn::ModulePtr>;

/// For rows (N, 4): sequences in which a derived module stands wherever something could be joined.
inline std::vector<List> lists_for_rows(Generator& generator) {
  const nn::LinearOptions options{.generator = &generator};
  const auto linear = [&] { return std::make_shared<nn::Linear>(4, 4, options); };
  const auto doubled = [&] { return std::make_shared<Doubled<nn::Linear>>(4, 4, options); };
  const auto relu = [] { return std::make_shared<nn::ReLU>(); };
  const auto dropout = [&] { return std::make_shared<nn::Dropout>(0.5, &generator); };
  return {
      {doubled(), relu()},
      {doubled(), relu(), dropout()},
      {std::make_shared<Renamed<nn::Linear>>(4, 4, options), relu(), dropout()},
      {linear(), std::make_shared<Doubled<nn::ReLU>>()},
      {linear(), std::make_shared<Doubled<nn::ReLU>>(), dropout()},
      {linear(), relu(), std::make_shared<Doubled<nn::Dropout>>(0.5, &generator)},
      {linear(), std::make_shared<Renamed<nn::ReLU>>(), dropout()},
      {linear(), std::make_shared<Doubled<nn::Identity>>(), relu()},
      {std::make_shared<Doubled<nn::Identity>>(), relu(), dropout()},
      {linear(), std::make_shared<nn::Identity>(), std::make_shared<Doubled<nn::ReLU>>()},
      {std::make_shared<Doubled<nn::BatchNorm1d>>(4), relu()},
      {std::make_shared<Doubled<nn::BatchNorm>>(4), relu()},
      {std::make_shared<Doubled<nn::Flatten>>(), linear(), relu()},
      {std::make_shared<Squared>(), relu(), linear()},
      {std::make_shared<Doubled<nn::Sequential>>(std::initializer_list<nn::ModulePtr>{linear()}),
       relu()},
  };
}

/// Likewise for images (N, 3, 8, 8).
inline std::vector<List> lists_for_images(Generator& generator) {
  const nn::Conv2dOptions options{.generator = &generator};
  const auto conv = [&] { return std::make_shared<nn::Conv2d>(3, 3, 3, options); };
  const auto doubled = [&] { return std::make_shared<Doubled<nn::Conv2d>>(3, 3, 3, options); };
  const auto norm = [] { return std::make_shared<nn::BatchNorm2d>(3); };
  const auto relu = [] { return std::make_shared<nn::ReLU>(); };
  using Block = std::initializer_list<nn::ModulePtr>;
  return {
      {doubled(), relu()},
      {doubled(), norm(), relu()},
      {conv(), std::make_shared<Doubled<nn::BatchNorm2d>>(3), relu()},
      {conv(), norm(), std::make_shared<Doubled<nn::ReLU>>()},
      {conv(), std::make_shared<Doubled<nn::Identity>>(), norm(), relu()},
      {std::make_shared<Renamed<nn::Conv2d>>(3, 3, 3, options), norm(), relu()},
      {std::make_shared<Doubled<nn::Sequential>>(Block{conv(), norm()}), relu()},
      {std::make_shared<Renamed<nn::Sequential>>(Block{conv(), norm(), relu()})},
      {std::make_shared<Doubled<nn::MaxPool2d>>(), relu()},
      {conv(), relu(), std::make_shared<nn::MaxPool2d>()},
      {conv(), relu(), std::make_shared<Doubled<nn::MaxPool2d>>()},
      {doubled(), relu(), std::make_shared<nn::MaxPool2d>()},
      {conv(), std::make_shared<Doubled<nn::ReLU>>(), std::make_shared<nn::MaxPool2d>()},
      {conv(), norm(), relu(), std::make_shared<nn::MaxPool2d>()},
      {conv(), std::make_shared<Doubled<nn::AvgPool2d>>(), relu()},
      {std::make_shared<Doubled<nn::AdaptiveAvgPool2d>>(), relu()},
  };
}

}  // namespace plastic::test::DERIVED_MODULES
