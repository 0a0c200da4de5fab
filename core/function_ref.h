#pragma once

#include <memory>
#include <type_traits>

namespace plastic {

template <class Signature>
class FunctionRef;

/// A parameter that is called before the function returns: refers to any function object, and
/// copies nothing, so that what calls it is compiled once.
template <class... Arguments>
class FunctionRef<void(Arguments...)> {
 public:
  /// Refers to none, and may only be assigned.
  FunctionRef() = default;
  template <class Body>
  requires(!std::is_same_v<std::remove_cvref_t<Body>, FunctionRef>) FunctionRef(Body&& body)
      : body_(const_cast<void*>(static_cast<const void*>(std::addressof(body)))),
        call_([](void* object, Arguments... arguments) {
          (*static_cast<std::remove_reference_t<Body>*>(object))(arguments...);
        }) {}

  void operator()(Arguments... arguments) const { call_(body_, arguments...); }

 private:
  void* body_ = nullptr;
  void (*call_)(void* object, Arguments... arguments) = nullptr;
};

}  // namespace plastic
