#include "core/io/safetensors_header.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <unordered_set>

#include "core/check.h"
#include "core/io/json_text.h"
#include "core/text.h"
#include "core/text_stream.h"

namespace plastic {
namespace {

constexpr std::array all_dtypes = {DType::f32, DType::f64, DType::i64, DType::u8, DType::bf16};

DType dtype_called(JsonReader& json, const std::string& tensor, const std::string& name) {
  for (const DType dtype : all_dtypes) {
    if (name == safetensors_name(dtype)) return dtype;
  }
  json.refuse("tensor \"", tensor, "\" has dtype \"", name,
              "\"; F32, F64, BF16, I64 and U8 can be read");
}

Shape read_shape(JsonReader& json, const std::string& tensor) {
  Shape shape;
  json.expect('[');
  if (json.accept(']')) return shape;
  do {
    if (shape.rank() == Shape::max_rank) {
      json.refuse("tensor \"", tensor, "\" has more than ", Shape::max_rank, " axes");
    }
    shape.push_back(json.read_integer());
  } while (json.accept(','));
  json.expect(']');
  return shape;
}

// Bytes of all elements; nothing when an axis or the whole is too long to count. An axis of length
// 0 does not excuse the others, because strides multiply them.
std::optional<std::uint64_t> byte_count(const Shape& shape, DType dtype) {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::uint64_t bytes = size_of(dtype);
  bool is_empty = false;
  for (const std::int64_t size : shape) {
    is_empty = is_empty || size == 0;
    const auto factor = static_cast<std::uint64_t>(std::max<std::int64_t>(size, 1));
    if (factor > most / bytes) return std::nullopt;
    bytes *= factor;
  }
  return is_empty ? 0 : bytes;
}

SafetensorsEntry read_entry(JsonReader& json, const std::string& name) {
  SafetensorsEntry entry{.name = name};
  bool has_dtype = false;
  bool has_shape = false;
  bool has_offsets = false;
  const auto once = [&](bool& seen, const std::string& key) {
    if (seen) json.refuse("tensor \"", name, "\" has \"", key, "\" twice");
    seen = true;
  };
  json.expect('{');
  do {
    const std::string key = json.read_string();
    json.expect(':');
    if (key == "dtype") {
      once(has_dtype, key);
      entry.dtype = dtype_called(json, name, json.read_string());
    } else if (key == "shape") {
      once(has_shape, key);
      entry.shape = read_shape(json, name);
    } else if (key == "data_offsets") {
      once(has_offsets, key);
      json.expect('[');
      entry.begin = static_cast<std::uint64_t>(json.read_integer());
      json.expect(',');
      entry.end = static_cast<std::uint64_t>(json.read_integer());
      json.expect(']');
    } else {
      json.refuse("tensor \"", name, "\" has an unknown key \"", key, "\"");
    }
  } while (json.accept(','));
  json.expect('}');
  if (!has_dtype || !has_shape || !has_offsets) {
    json.refuse("tensor \"", name, "\" needs dtype, shape and data_offsets");
  }
  return entry;
}

Metadata read_metadata(JsonReader& json) {
  Metadata metadata;
  json.expect('{');
  if (json.accept('}')) return metadata;
  do {
    std::string key = json.read_string();
    json.expect(':');
    std::string value = json.read_string();
    if (!metadata.emplace(key, std::move(value)).second) {
      json.refuse("the metadata has \"", key, "\" twice");
    }
  } while (json.accept(','));
  json.expect('}');
  return metadata;
}

void check_size(JsonReader& json, const SafetensorsEntry& entry, std::uint64_t data_size) {
  if (entry.begin > entry.end || entry.end > data_size) {
    json.refuse("tensor \"", entry.name, "\" lies in bytes ", entry.begin, " to ", entry.end,
                " of ", data_size);
  }
  const std::optional<std::uint64_t> needed = byte_count(entry.shape, entry.dtype);
  if (!needed || *needed != entry.end - entry.begin) {
    json.refuse("tensor \"", entry.name, "\" of shape ", to_string(entry.shape), " and dtype ",
                safetensors_name(entry.dtype), " does not fit its ", entry.end - entry.begin,
                " bytes");
  }
}

void check_tiling(JsonReader& json, const SafetensorsHeader& header, std::uint64_t data_size) {
  std::vector<const SafetensorsEntry*> sorted;
  for (const SafetensorsEntry& entry : header.entries) sorted.push_back(&entry);
  std::ranges::sort(sorted, [](const auto* a, const auto* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  std::uint64_t at = 0;
  for (const SafetensorsEntry* entry : sorted) {
    if (entry->begin != at) {
      json.refuse("tensor \"", entry->name, "\" begins at byte ", entry->begin,
                  entry->begin < at ? ", inside another, which ends at "
                                    : ", after a hole, which begins at ",
                  at);
    }
    at = entry->end;
  }
  if (at != data_size) {
    json.refuse("the tensors end at byte ", at, ", but there are ", data_size);
  }
}

}  // namespace

const char* safetensors_name(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return "F32";
    case DType::f64:
      return "F64";
    case DType::i64:
      return "I64";
    case DType::u8:
      return "U8";
    case DType::bf16:
      return "BF16";
  }
  return "?";
}

SafetensorsHeader parse_safetensors_header(const std::string& path, std::string_view text,
                                           std::uint64_t data_size) {
  JsonReader json("safetensors", path, text);
  SafetensorsHeader header;
  std::unordered_set<std::string> names;
  if (!text.starts_with('{')) json.refuse("the header does not begin with {");
  json.expect('{');
  if (!json.accept('}')) {
    do {
      const std::string name = json.read_string();
      json.expect(':');
      if (!names.insert(name).second) json.refuse("\"", name, "\" is given twice");
      if (name == "__metadata__") {
        header.metadata = read_metadata(json);
      } else {
        header.entries.push_back(read_entry(json, name));
        check_size(json, header.entries.back(), data_size);
      }
    } while (json.accept(','));
    json.expect('}');
  }
  json.expect_end();
  check_tiling(json, header, data_size);
  return header;
}

std::string print_safetensors_header(const std::string& path, const SafetensorsHeader& header) {
  const auto quoted = [&](const std::string& text) {
    const std::optional<std::string> json = json_string(text);
    if (!json) fail("safetensors", path, ": a name or metadata is not UTF-8");
    return *json;
  };
  TextStream out;
  out << '{';
  const char* separator = "";
  if (!header.metadata.empty()) {
    out << "\"__metadata__\":{";
    for (const auto& [key, value] : header.metadata) {
      out << separator << quoted(key) << ':' << quoted(value);
      separator = ",";
    }
    out << '}';
  }
  for (const SafetensorsEntry& entry : header.entries) {
    out << separator << quoted(entry.name) << ":{\"dtype\":\"" << safetensors_name(entry.dtype)
        << "\",\"shape\":[";
    for (std::size_t i = 0; i < entry.shape.rank(); ++i) {
      out << (i == 0 ? "" : ",") << entry.shape[i];
    }
    out << "],\"data_offsets\":[" << entry.begin << ',' << entry.end << "]}";
    separator = ",";
  }
  out << '}';
  std::string text = out.str();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

}  // namespace plastic
