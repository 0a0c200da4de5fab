// Streams of other libraries, such as PyTorch's: events put our work between theirs, and the host
// waits for neither.
#include "cuda/runtime/check.h"
#include "cuda/runtime/cuda_backend.h"

namespace plastic::cuda {
namespace {

void check_not_captured(cudaStream_t stream) {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  check(cudaStreamIsCapturing(stream, &status), "cudaStreamIsCapturing");
  if (status == cudaStreamCaptureStatusNone) return;
  fail("cuda",
       "the caller's stream is being captured into a graph, which cannot hold an optimizer of this "
       "library; leave the step out of it");
}

}  // namespace

ForeignStreams::Visit CudaBackend::begin_visit(void* stream) {
  Visit visit{.stream = stream};
  check(cudaGetDevice(&visit.device), "cudaGetDevice");
  const auto theirs = static_cast<cudaStream_t>(stream);
  cudaEvent_t reached = nullptr;
  try {
    use().check_not_recording("a stream of another library");
    check_not_captured(theirs);
    check(cudaEventCreateWithFlags(&reached, cudaEventDisableTiming), "cudaEventCreate");
    check(cudaEventRecord(reached, theirs), "cudaEventRecord in the caller's stream");
    check(cudaStreamWaitEvent(context_.stream(), reached), "cudaStreamWaitEvent");
  } catch (...) {
    if (reached != nullptr) cudaEventDestroy(reached);
    cudaSetDevice(visit.device);
    throw;
  }
  visit.reached = reached;
  return visit;
}

void CudaBackend::end_visit(const Visit& visit) noexcept {
  if (!context_.can_use()) return;
  const auto reached = static_cast<cudaEvent_t>(visit.reached);
  // Without an order of their own, the two streams have that of the host.
  if (cudaEventRecord(reached, context_.stream()) != cudaSuccess ||
      cudaStreamWaitEvent(static_cast<cudaStream_t>(visit.stream), reached) != cudaSuccess) {
    cudaGetLastError();
    cudaStreamSynchronize(context_.stream());
  }
  cudaEventDestroy(reached);
  cudaSetDevice(visit.device);
}

bool CudaBackend::holds(const void* address) {
  cudaPointerAttributes attributes{};
  if (cudaPointerGetAttributes(&attributes, address) != cudaSuccess) {
    cudaGetLastError();
    return false;
  }
  if (attributes.type == cudaMemoryTypeManaged) return true;
  return attributes.type == cudaMemoryTypeDevice && attributes.device == context_.index();
}

}  // namespace plastic::cuda
