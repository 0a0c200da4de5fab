#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/device/backend.h"
#include "core/device/class_sums.h"
#include "core/device/foreign_stream.h"
#include "core/device/ordered_sums.h"
#include "core/device/rank_link.h"
#include "core/device/registry.h"
#include "core/device/training_statistics.h"
#include "cuda/runtime/context.h"
#include "data/loading/gather_source.h"
#include "optim/kernel_source.h"

namespace plastic::cuda {

class Convolutions;
class Products;

/// A CUDA device. Its functions, whose contracts are those of the bases, are defined in the files
/// of cuda/, one family per file; each begins with use(). All work is put in the order of the
/// context's stream. Only what returns a number waits.
class CudaBackend final : public Backend,
                          public ClassSums,
                          public ForeignStreams,
                          public OrderedSums,
                          public RankLinks,
                          public TrainingStatistics,
                          public optim::KernelSource,
                          public data::GatherSource {
 public:
  explicit CudaBackend(int index) : context_(Context::of(index)) {}

  void* allocate(std::size_t bytes) override;
  void deallocate(void* data, std::size_t bytes) override;
  void copy_from_host(const void* host, void* device, std::size_t bytes) override;
  void copy_to_host(const void* device, void* host, std::size_t bytes) override;

  void fill(const Array& out, const Number& value) override;
  void copy(const Array& in, const Array& out) override;

  void unary(Unary op, const UnaryParameters& parameters, const Array& in,
             const Array& out) override;
  void unary_grad(Unary op, const UnaryParameters& parameters, const Array& saved,
                  const Array& grad, const Array& out) override;
  void binary(Binary op, const Array& a, const Array& b, const Array& out) override;
  void binary_number(Binary op, const Array& in, const Number& number, const Array& out) override;
  void ternary(Ternary op, double value, const Array& a, const Array& b, const Array& c,
               const Array& out) override;
  void compare(Comparison op, const Array& a, const Array& b, const Array& out) override;
  void where(const Array& condition, const Array& a, const Array& b, const Array& out) override;

  void reduce(Reduction op, const Array& in, double divisor, const Array& out) override;
  void arg_extreme(Extreme which, const Array& in, const Array& out) override;

  void gather(const Array& in, const Array& index, const Array& out) override;
  void scatter_add(const Array& in, const Array& index, const Array& out) override;
  std::int64_t first_outside(const Array& index, std::int64_t limit) override;
  bool all_finite(const Array& in) override;

  void gemm(const Gemm& gemm) override;

  void conv2d(const Conv2dShape& shape, const void* x, const void* weight, const void* bias,
              bool relu, void* y) override;
  void conv2d_input_grad(const Conv2dShape& shape, const void* grad_y, const void* weight,
                         void* grad_x) override;
  void conv2d_weight_grad(const Conv2dShape& shape, const void* x, const void* grad_y,
                          void* grad_weight) override;

  void batch_norm_statistics(DType dtype, std::int64_t rows, std::int64_t channels, const void* x,
                             double* mean, double* variance) override;
  void batch_norm_training_statistics(const BatchStatistics& call) override;
  void batch_norm_running(const BatchNormRunning& update) override;
  void batch_norm(const BatchNormCall& call, void* y) override;
  void batch_norm_grad(const BatchNormCall& call, const BatchNormGrad& grad) override;

  void max_pool2d(const MaxPool2dShape& shape, const void* x, void* offsets, void* y) override;
  void max_pool2d_grad(const MaxPool2dShape& shape, const void* grad_y, const void* offsets,
                       void* grad_x) override;
  void avg_pool2d(const AvgPool2dShape& shape, const void* x, void* y) override;
  void avg_pool2d_grad(const AvgPool2dShape& shape, const void* grad_y, void* grad_x) override;

  std::int64_t cross_entropy(const Array& logits, const Array& targets, const Array& loss,
                             const Array& normalizers) override;
  void cross_entropy_grad(const Array& logits, const Array& targets, const Array& normalizers,
                          const Array& grad, const Array& out) override;

  void add_class_sums(const Array& logits, const Array& targets, const Array& loss,
                      const Array& sums) override;

  void add_in_order(std::span<const AddedTerm> terms, std::int64_t count, float* out) override;

  Visit begin_visit(void* stream) override;
  void end_visit(const Visit& visit) noexcept override;
  bool holds(const void* address) override;

  std::vector<std::byte> new_link_id() override;
  std::unique_ptr<RankLink> link(int rank, int ranks, std::span<const std::byte> id) override;

  void dropout(const Array& in, double p, const Generator& at, const Array& out,
               const Array& mask) override;
  void relu_dropout_grad(const Array& result, const Array& grad, double scale,
                         const Array& out) override;
  void masked_scale(const Array& in, const Array& mask, double scale, const Array& out) override;
  void uniform(const Array& out, double low, double high, const Generator& at) override;
  void normal(const Array& out, double mean, double deviation, const Generator& at) override;

  std::unique_ptr<RecordedStep> record(Generator& generator,
                                       const std::function<void()>& step) override;

  optim::Kernels& optimizer_kernels() override;
  std::unique_ptr<data::DeviceGather> make_gather(const data::DeviceExamples& examples) override;

 private:
  /// Makes this device the calling thread's.
  Context& use() {
    context_.use();
    return context_;
  }
  Convolutions& convolutions();

  Context& context_;
  /// Locked during a visit.
  std::mutex visiting_;
  /// Plans of the libraries, kept from call to call; made by the first.
  std::shared_ptr<Products> products_;
  std::shared_ptr<Convolutions> convolutions_;
};

class CudaDevices final : public DeviceProvider {
 public:
  int count() override { return devices().count; }
  std::string reason() override { return devices().reason; }
  std::string description(int index) override;
  Backend& backend(int index) override;
  MemoryUse memory_use(int index) override;
  void shrink_caches(std::size_t keep) override;
  std::vector<std::string> libraries() override;
};

}  // namespace plastic::cuda
