#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace plastic {

/// A loop's body: refers to a function object that outlives the loop, and copies nothing.
class LoopBody {
 public:
  /// Refers to none, and may only be assigned.
  LoopBody() = default;
  template <class Body>
  requires(!std::is_same_v<std::remove_cvref_t<Body>, LoopBody>) LoopBody(Body&& body)
      : body_(const_cast<void*>(static_cast<const void*>(std::addressof(body)))),
        call_([](void* object, std::int64_t first, std::int64_t last) {
          (*static_cast<std::remove_reference_t<Body>*>(object))(first, last);
        }) {}

  void operator()(std::int64_t first, std::int64_t last) const { call_(body_, first, last); }

 private:
  void* body_ = nullptr;
  void (*call_)(void* object, std::int64_t first, std::int64_t last) = nullptr;
};

/// Calls body(first, last) for consecutive ranges that together cover [begin, end), on the threads
/// of the CPU device (num_threads(), the caller among them), and returns when all are done. No
/// range but the last is shorter than `grain`; small loops run on the caller alone. Which ranges
/// there are depends only on the arguments and num_threads(), so anything summed across elements
/// must be summed in chunks of fixed size (see chunk_count). Nested calls run on the calling
/// thread. An exception from `body` is rethrown here, the first by position.
void parallel_for(std::int64_t begin, std::int64_t end, std::int64_t grain, LoopBody body);

/// Elements in a chunk of a deterministic reduction.
constexpr std::int64_t reduction_chunk = 16384;

constexpr std::int64_t chunk_count(std::int64_t elements) {
  return (elements + reduction_chunk - 1) / reduction_chunk;
}

}  // namespace plastic
