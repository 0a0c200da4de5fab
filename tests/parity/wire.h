#pragma once

// The conversation with wire.py, in binary, little endian. Numbers are 8 bytes; text, and every
// message as a whole, is its length and its bytes.
//
//   call: text operation; count of attributes, each text name, kind (0 number, 1 count and
//   integers,
//     2 text); count of tensors, each as below with its views; count of gradients, likewise.
//   tensor: 0; or 1, dtype, whether it requires a gradient, rank, sizes, elements in row-major
//     order; or 2 and the number of a tensor before it, for another view of the same leaf. Then,
//     but for 0, the count of views, each text name, count and integers.
//   answer: kind and text. Kind 1 (results): count of results, each as a tensor without views; text
//     of the Error of backward, empty where there was none; count of gradients, one for each tensor
//     of the call, likewise. Kind 0: text of an Error. Kind 2: text of any other exception.

#include <cstdint>
#include <string>

#include "call.h"

namespace plastic::parity {

/// The bytes of a call, taken apart. Throws std::logic_error where they are none.
Call read_call(const std::string& bytes);

/// An answer that grows.
class Writer {
 public:
  void integer(std::int64_t value) { append(&value, sizeof value); }
  void text(const std::string& text);
  void tensor(const Tensor& x);
  const std::string& bytes() const { return bytes_; }

 private:
  void append(const void* from, std::size_t count) {
    bytes_.append(static_cast<const char*>(from), count);
  }
  template <class T>
  void elements(const Tensor& x);

  std::string bytes_;
};

}  // namespace plastic::parity
