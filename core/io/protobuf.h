#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Writing Protocol Buffers (protobuf.dev/programming-guides/encoding): a message is a string of
/// fields, each a key, which holds the field's number, and a value.
namespace plastic::protobuf {

/// An int32, int64, bool or enumerator.
std::string integer_field(std::uint64_t field, std::int64_t value);
std::string double_field(std::uint64_t field, double value);
std::string float_field(std::uint64_t field, float value);
/// A text, bytes or a message.
std::string bytes_field(std::uint64_t field, std::string_view bytes);
/// What bytes_field() has before the bytes themselves, of which there are `size`.
std::string bytes_head(std::uint64_t field, std::uint64_t size);

}  // namespace plastic::protobuf
