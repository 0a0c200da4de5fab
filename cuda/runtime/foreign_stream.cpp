// Streams of other libraries, such as PyTorch's: events put our work between theirs, and the host
// waits for neither.
#include "cuda/runtime/check.h"
#include "cuda/runtime/cuda_backend.h"

namespace plastic::cuda {
namespace {

/// For calls that are given the caller's stream.
void check_theirs(cudaError_t error, const char* call, const Context& context) {
  if (error == cudaSuccess) return;
  cudaGetLastError();
  fail("cuda", call, " of the caller's stream: ", cudaGetErrorName(error), ", ",
       cudaGetErrorString(error), "; give a cudaStream_t of cuda:", context.index(),
       " that was not destroyed");
}

bool is_captured(cudaStream_t stream, const Context& context) {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  const cudaError_t error = cudaStreamIsCapturing(stream, &status);
  if (error == cudaErrorStreamCaptureImplicit) {
    // The legacy default stream, which would wait for another that is being captured.
    cudaGetLastError();
    return true;
  }
  check_theirs(error, "cudaStreamIsCapturing", context);
  return status != cudaStreamCaptureStatusNone;
}

void put_back(const ForeignStreams::Visit& visit) {
  auto mode = static_cast<cudaStreamCaptureMode>(visit.capture_mode);
  cudaThreadExchangeStreamCaptureMode(&mode);
  cudaSetDevice(visit.device);
}

}  // namespace

ForeignStreams::Visit CudaBackend::begin_visit(void* stream) {
  context_.check_is_of_this_process();
  std::unique_lock turn(visiting_);
  Visit visit{.stream = stream};
  check(cudaGetDevice(&visit.device), "cudaGetDevice");
  // Otherwise a first step, or the end of an optimizer, would break what others are capturing in
  // other streams.
  auto mode = cudaStreamCaptureModeRelaxed;
  check(cudaThreadExchangeStreamCaptureMode(&mode), "cudaThreadExchangeStreamCaptureMode");
  visit.capture_mode = mode;
  const auto theirs = static_cast<cudaStream_t>(stream);
  cudaEvent_t reached = nullptr;
  try {
    use().check_not_recording("a stream of another library");
    if (is_captured(theirs, context_)) {
      fail("cuda",
           "the caller's stream is being captured into a graph, which cannot hold an optimizer of "
           "this library; leave the step out of it");
    }
    check(cudaEventCreateWithFlags(&reached, cudaEventDisableTiming), "cudaEventCreate");
    check_theirs(cudaEventRecord(reached, theirs), "cudaEventRecord", context_);
    check(cudaStreamWaitEvent(context_.stream(), reached), "cudaStreamWaitEvent");
  } catch (...) {
    if (reached != nullptr) cudaEventDestroy(reached);
    put_back(visit);
    throw;
  }
  visit.reached = reached;
  // end_visit() unlocks it.
  turn.release();
  return visit;
}

void CudaBackend::end_visit(const Visit& visit) noexcept {
  const std::lock_guard turn(visiting_, std::adopt_lock);
  if (!context_.can_use()) return;
  const auto reached = static_cast<cudaEvent_t>(visit.reached);
  // Without an order of their own, the two streams have that of the host.
  if (cudaEventRecord(reached, context_.stream()) != cudaSuccess ||
      cudaStreamWaitEvent(static_cast<cudaStream_t>(visit.stream), reached) != cudaSuccess) {
    cudaGetLastError();
    cudaStreamSynchronize(context_.stream());
  }
  cudaEventDestroy(reached);
  put_back(visit);
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
