#include "call.h"

namespace plastic::parity {

namespace {

template <class T>
const T& attribute(const Call& call, const std::string& name) {
  const auto found = call.attributes.find(name);
  if (found == call.attributes.end()) throw std::logic_error(call.operation + " lacks " + name);
  const T* value = std::get_if<T>(&found->second);
  if (value == nullptr) throw std::logic_error(call.operation + ": other kind of " + name);
  return *value;
}

}  // namespace

const Tensor& Call::operator[](std::size_t i) const {
  if (i >= tensors.size()) throw std::logic_error(operation + " lacks a tensor");
  return tensors[i];
}

double Call::number(const std::string& name) const { return attribute<double>(*this, name); }

Number Call::scalar(const std::string& name) const {
  const bool is_integer = attributes.contains(name) && attributes.at(name).index() == 1;
  return is_integer ? Number(integer(name)) : Number(number(name));
}

const std::vector<std::int64_t>& Call::integers(const std::string& name) const {
  return attribute<std::vector<std::int64_t>>(*this, name);
}

std::int64_t Call::integer(const std::string& name) const { return integers(name).at(0); }

std::array<std::int64_t, 2> Call::pair(const std::string& name) const {
  return {integers(name).at(0), integers(name).at(1)};
}

const std::string& Call::text(const std::string& name) const {
  return attribute<std::string>(*this, name);
}

DType Call::dtype(const std::string& name) const {
  for (const DType dtype : {DType::f32, DType::f64, DType::i64, DType::u8, DType::bf16}) {
    if (text(name) == name_of(dtype)) return dtype;
  }
  throw std::logic_error("no dtype " + text(name));
}

void enter(Table& table, const std::string& name, const std::vector<std::string>& declarations,
           std::function<Tensor(Call&)> run) {
  enter_all(table, name, declarations,
            [run = std::move(run)](Call& call) { return Results{run(call)}; });
}

void enter_all(Table& table, const std::string& name, const std::vector<std::string>& declarations,
               std::function<Results(Call&)> run) {
  table.push_back({name, declarations, std::move(run)});
}

Tensor integers_of(std::initializer_list<std::int64_t> values) {
  return Tensor::from<std::int64_t>(std::vector<std::int64_t>(values),
                                    {static_cast<std::int64_t>(values.size())});
}

Tensor integers_of(const Shape& values) {
  return Tensor::from<std::int64_t>({values.begin(), values.rank()},
                                    {static_cast<std::int64_t>(values.rank())});
}

Tensor numbers_of(const std::vector<double>& values) {
  return Tensor::from<double>(values, {static_cast<std::int64_t>(values.size())});
}

}  // namespace plastic::parity
