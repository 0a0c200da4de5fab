#include "call.h"

namespace plastic::parity {
namespace {

Generator generator_of(const Call& call) {
  return {.seed = static_cast<std::uint64_t>(call.integer("seed")),
          .stream = static_cast<std::uint64_t>(call.integer("stream")),
          .offset = static_cast<std::uint64_t>(call.integer("offset"))};
}

}  // namespace

// Results: the numbers, and where the generator stands afterwards.
void add_random(Table& table) {
  enter_all(table, "dropout", {"dropout(Tensor, double, Generator)"}, [](Call& c) {
    Generator generator = generator_of(c);
    const Tensor y = dropout(c[0], c.number("p"), generator);
    return Results{y, integers_of({static_cast<std::int64_t>(generator.offset)})};
  });
  enter_all(table, "uniform", {"uniform(Shape, double, double, Generator, DType)"}, [](Call& c) {
    Generator generator = generator_of(c);
    const Tensor x =
        uniform(c.shape("shape"), c.number("low"), c.number("high"), generator, c.dtype("dtype"));
    return Results{x, integers_of({static_cast<std::int64_t>(generator.offset)})};
  });
  enter_all(table, "normal", {"normal(Shape, double, double, Generator, DType)"}, [](Call& c) {
    Generator generator = generator_of(c);
    const Tensor x = normal(c.shape("shape"), c.number("mean"), c.number("deviation"), generator,
                            c.dtype("dtype"));
    return Results{x, integers_of({static_cast<std::int64_t>(generator.offset)})};
  });
}

}  // namespace plastic::parity
