// A data set of numbers from Eigen: the principal components of drawn digits, found by Eigen on a
// tensor's memory, and a classifier that sees nothing else.
#include <plastic/eigen.h>
#include <plastic/plastic.h>

#include <Eigen/Eigenvalues>
#include <iostream>

using namespace plastic;

namespace {

/// (N, 784), the pixels of each image, in [0, 1].
Tensor pixels_of(const data::ImageDataset& set) {
  return set.images.to(DType::f32).reshape({set.size(), 784}) / 255.0;
}

/// The directions of largest variance, (784, count).
Tensor principal_components(const Tensor& centred, Eigen::Index count) {
  const auto x = as_matrix<float>(centred);
  const Eigen::MatrixXf covariance = x.transpose() * x / static_cast<float>(x.rows());
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXf> solver(covariance);
  // Eigenvalues come in increasing order.
  return to_tensor(solver.eigenvectors().rightCols(count));
}

}  // namespace

int main() {
  const data::DatasetPair digits = data::digits();
  const Tensor pixels = pixels_of(digits.train);
  const Tensor middle = mean(pixels, {0});
  const Tensor components = principal_components(pixels - middle, 40);
  const auto features_of = [&](const data::ImageDataset& set) {
    return matmul(pixels_of(set) - middle, components);
  };

  Generator generator{.seed = 1};
  data::TensorDataset all = {.features = features_of(digits.train), .targets = digits.train.labels};
  const data::Standardization scale = data::standardization(all.features);
  all.features = scale.apply(all.features);
  const data::TensorSplit parts = data::stratified_split(all, 0.1, generator);

  const auto model =
      nn::mlp({.inputs = 40, .hidden = {128}, .classes = 10, .generator = &generator});
  optim::Adam optimizer(model->parameters(), {.lr = 3e-3});
  data::TensorLoader batches(parts.train, {.batch_size = 100});
  const auto accuracy = [&](const Tensor& features, const Tensor& classes) {
    const NoGrad no_grad;
    model->eval();
    const Tensor correct = equal(argmax((*model)(features), 1), classes);
    model->train();
    return 100 * mean(correct.to(DType::f32)).item();
  };
  for (int epoch = 1; epoch <= 5; ++epoch) {
    batches.start_epoch();
    for (data::TensorBatch batch; batches.next(batch);) {
      optimizer.zero_grad();
      cross_entropy((*model)(batch.features), batch.targets).backward();
      optimizer.step();
    }
    std::cout << "epoch " << epoch << ", validation accuracy: "
              << accuracy(parts.validation.features, parts.validation.targets) << "%\n";
  }
  std::cout << "test accuracy: "
            << accuracy(scale.apply(features_of(digits.test)), digits.test.labels) << "%\n";
}
