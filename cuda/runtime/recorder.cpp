#include <cstdint>

#include "core/random/draw.h"
#include "cuda/runtime/check.h"
#include "cuda/runtime/cuda_backend.h"
#include "cuda/runtime/upload.h"

namespace plastic::cuda {
namespace {

class GraphStep : public RecordedStep {
 public:
  GraphStep(Context& context, Generator& generator, const std::function<void()>& step)
      : context_(context),
        generator_(generator),
        start_(generator.offset),
        blocks_(std::make_shared<RecordedMemory>(context.memory())),
        random_shift_(context, sizeof(std::uint64_t)) {
    // What was freed before has then arrived and can be handed out again.
    context_.wait("record");
    cudaGraph_t graph = capture(step);
    consumed_ = generator_.offset - start_;
    // What was captured has not run, so nothing was drawn.
    generator_.offset = start_;
    const cudaError_t error = cudaGraphInstantiate(&graph_, graph, 0);
    cudaGraphDestroy(graph);
    check(error, "cudaGraphInstantiate");
  }

  ~GraphStep() override {
    if (!context_.can_use()) return;
    // The graph may be running.
    cudaStreamSynchronize(context_.stream());
    if (graph_ != nullptr) cudaGraphExecDestroy(graph_);
  }

  void repeat() override {
    context_.use();
    const std::uint64_t shift = draw(generator_, consumed_).offset - start_;
    random_shift_.send(&shift, sizeof(shift));
    check(cudaGraphLaunch(graph_, context_.stream()), "cudaGraphLaunch");
  }

 private:
  cudaGraph_t capture(const std::function<void()>& step) {
    const cudaStream_t stream = context_.stream();
    context_.memory().begin_recording(blocks_);
    context_.begin_recording(random_shift_.as<std::uint64_t>());
    cudaGraph_t graph = nullptr;
    try {
      // Relaxed: memory for the step is allocated during capture, in the order of another stream.
      check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed), "cudaStreamBeginCapture");
      step();
      check(cudaStreamEndCapture(stream, &graph), "cudaStreamEndCapture");
    } catch (...) {
      abandon(stream);
      throw;
    }
    context_.end_recording();
    context_.memory().end_recording();
    return graph;
  }

  void abandon(cudaStream_t stream) {
    cudaGraph_t graph = nullptr;
    cudaStreamEndCapture(stream, &graph);
    if (graph != nullptr) cudaGraphDestroy(graph);
    cudaGetLastError();
    context_.end_recording();
    context_.memory().end_recording();
    generator_.offset = start_;
  }

  Context& context_;
  Generator& generator_;
  /// The generator's offset at capture, and how much a replay draws.
  std::uint64_t start_;
  std::uint64_t consumed_ = 0;
  std::shared_ptr<RecordedMemory> blocks_;
  Upload random_shift_;
  cudaGraphExec_t graph_ = nullptr;
};

}  // namespace

std::unique_ptr<RecordedStep> CudaBackend::record(Generator& generator,
                                                  const std::function<void()>& step) {
  return std::make_unique<GraphStep>(use(), generator, step);
}

}  // namespace plastic::cuda
