#include <algorithm>
#include <iostream>

#include "call.h"
#include "plastic/core/flush_denormals.h"
#include "wire.h"

namespace plastic::parity {
namespace {

Table make_table() {
  Table table;
  add_elementwise(table);
  add_reductions(table);
  add_products(table);
  add_indexing(table);
  add_images(table);
  add_tensor_methods(table);
  add_views(table);
  add_losses(table);
  add_modules(table);
  add_optimizers(table);
  add_schedules(table);
  add_random(table);
  return table;
}

/// The text of the Error that backward ended in, if it did.
std::string go_backward(const Results& results, const std::vector<Tensor>& gradients) {
  try {
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      if (!gradients[i].defined()) continue;
      // What one result was computed through, another may need again.
      results.at(i).backward(gradients[i], i + 1 < gradients.size());
    }
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

void answer(const Table& table, const std::string& bytes, Writer& out) {
  Call call = read_call(bytes);
  const auto found = std::ranges::find(table, call.operation, &Operation::name);
  if (found == table.end()) throw std::logic_error("no operation " + call.operation);
  const Results results = found->run(call);
  out.integer(1);
  out.integer(static_cast<std::int64_t>(results.size()));
  for (const Tensor& x : results) out.tensor(x);
  out.text(go_backward(results, call.gradients));
  out.integer(static_cast<std::int64_t>(call.bases.size()));
  for (const Tensor& x : call.bases) out.tensor(x.defined() ? x.grad() : Tensor());
}

Writer answer_or_error(const Table& table, const std::string& bytes) {
  Writer failed;
  try {
    Writer out;
    answer(table, bytes, out);
    return out;
  } catch (const Error& error) {
    failed.integer(0);
    failed.text(error.what());
  } catch (const std::exception& error) {
    failed.integer(2);
    failed.text(error.what());
  }
  return failed;
}

}  // namespace

void list_operations() {
  for (const Operation& operation : make_table()) {
    std::cout << operation.name;
    for (const std::string& declaration : operation.declarations) std::cout << '\t' << declaration;
    std::cout << '\n';
  }
}

void serve() {
  const Table table = make_table();
  // As PyTorch does.
  const FlushDenormals keep(false);
  std::ios::sync_with_stdio(false);
  std::int64_t length = 0;
  while (std::cin.read(reinterpret_cast<char*>(&length), sizeof length)) {
    std::string bytes(static_cast<std::size_t>(length), '\0');
    if (!std::cin.read(bytes.data(), length)) throw Error("[parity] a call that ends too soon");
    const Writer out = answer_or_error(table, bytes);
    length = static_cast<std::int64_t>(out.bytes().size());
    std::cout.write(reinterpret_cast<const char*>(&length), sizeof length);
    std::cout.write(out.bytes().data(), length);
    std::cout.flush();
  }
}

}  // namespace plastic::parity
