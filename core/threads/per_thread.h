#pragma once

// g++ for Windows emulates thread_local, and frees the memory of a thread's objects before it calls
// their destructors. Objects without a destructor are not affected.
#if defined(__MINGW32__) && !defined(__clang__)
#define PLASTIC_EMULATES_THREAD_LOCAL 1
#include <pthread.h>
#endif

namespace plastic {

/// An object of this thread, the same one for each T, made when the thread first asks and destroyed
/// when it ends. `T` is a type of the file that asks.
template <class T>
T& per_thread() {
#ifdef PLASTIC_EMULATES_THREAD_LOCAL
  static const pthread_key_t key = [] {
    pthread_key_t made{};
    pthread_key_create(&made, [](void* object) { delete static_cast<T*>(object); });
    return made;
  }();
  auto* object = static_cast<T*>(pthread_getspecific(key));
  if (object == nullptr) {
    object = new T();
    pthread_setspecific(key, object);
  }
  return *object;
#else
  thread_local T object;
  return object;
#endif
}

}  // namespace plastic
