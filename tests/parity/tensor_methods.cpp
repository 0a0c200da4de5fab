#include "call.h"

namespace plastic::parity {
namespace {

Tensor flag_of(bool value) { return integers_of({value ? 1 : 0}); }

void add_factories(Table& table) {
  // Contents are unspecified: only its face is compared.
  enter(table, "Tensor::empty", {"Tensor::empty(Shape, TensorOptions)"}, [](Call& c) {
    return Tensor::empty(c.shape("shape"), {.dtype = c.dtype("dtype")}).fill_(0);
  });
  enter(table, "Tensor::full", {"Tensor::full(Shape, Number, TensorOptions)"}, [](Call& c) {
    return Tensor::full(c.shape("shape"), c.scalar("value"), {.dtype = c.dtype("dtype")});
  });
  enter(table, "Tensor::zeros", {"Tensor::zeros(Shape, TensorOptions)"},
        [](Call& c) { return Tensor::zeros(c.shape("shape"), {.dtype = c.dtype("dtype")}); });
  enter(table, "Tensor::ones", {"Tensor::ones(Shape, TensorOptions)"},
        [](Call& c) { return Tensor::ones(c.shape("shape"), {.dtype = c.dtype("dtype")}); });
  enter(table, "Tensor::arange", {"Tensor::arange(int64, TensorOptions)"},
        [](Call& c) { return Tensor::arange(c.integer("count"), {.dtype = c.dtype("dtype")}); });
  enter(table, "Tensor::of", {"Tensor::of(initializer_list<float>, Shape)"}, [](Call&) {
    return Tensor::of({1, -2.5F, 3, 4, 0.1F, 6}, {2, 3});
  });
}

template <class T>
Tensor copied(const Tensor& x) {
  const std::vector<T> values = Tensor::from(x.to_vector<T>()).template to_vector<T>();
  const Tensor shaped = Tensor::from(values, x.shape());
  return Tensor::from(std::span<const T>(shaped.to_vector<T>()), x.shape());
}

/// The elements of x, read one by one through its pointer and strides.
template <class T>
Tensor walked(const Tensor& x) {
  std::vector<T> values;
  std::vector<std::int64_t> index(static_cast<std::size_t>(x.rank()), 0);
  const T* first = x.numel() > 0 ? x.data<T>() : nullptr;
  while (std::ssize(values) < x.numel()) {
    std::int64_t offset = 0;
    for (std::size_t i = 0; i < index.size(); ++i) offset += index[i] * x.strides()[i];
    values.push_back(first[offset]);
    for (std::size_t i = index.size(); i-- > 0;) {
      if (++index[i] < x.shape()[i]) break;
      index[i] = 0;
    }
  }
  return Tensor::from<T>(values, x.shape());
}

template <class F>
Tensor with_type(DType dtype, F&& f) {
  switch (dtype) {
    case DType::f32:
      return f(float{});
    case DType::f64:
      return f(double{});
    case DType::i64:
      return f(std::int64_t{});
    default:
      return f(std::uint8_t{});
  }
}

void add_readers(Table& table) {
  enter(table, "Tensor::to_vector",
        {"Tensor::to_vector<T>()", "Tensor::from<T>(span<T>, Shape)",
         "Tensor::from<T>(vector<T>, Shape)", "Tensor::from<T>(vector<T>)"},
        [](Call& c) {
          return with_type(c[0].dtype(), [&](auto type) { return copied<decltype(type)>(c[0]); });
        });
  enter(table, "Tensor::data",
        {"Tensor::data<T>()", "Tensor::strides()", "Tensor::shape()", "Tensor::dtype()",
         "Tensor::numel()", "Tensor::rank()"},
        [](Call& c) {
          return with_type(c[0].dtype(), [&](auto type) { return walked<decltype(type)>(c[0]); });
        });
  // Doubles and their every element: the version counts, the memory is shared.
  enter(table, "Tensor::mutable_data", {"Tensor::mutable_data<T>()"}, [](Call& c) {
    Tensor dense = c[0].detach().contiguous().clone();
    with_type(dense.dtype(), [&](auto type) {
      using T = decltype(type);
      T* values = dense.mutable_data<T>();
      for (std::int64_t i = 0; i < dense.numel(); ++i) {
        values[i] = static_cast<T>(values[i] + values[i]);
      }
      return Tensor();
    });
    return dense;
  });
  enter(table, "Tensor::item", {"Tensor::item()"},
        [](Call& c) { return numbers_of({c[0].item()}); });
  enter(table, "Tensor::item<T>", {"Tensor::item<T>()"}, [](Call& c) {
    return with_type(c[0].dtype(), [&](auto type) {
      using T = decltype(type);
      return Tensor::from<T>(std::vector<T>{c[0].item<T>()}, {1});
    });
  });
  enter_all(table, "Tensor::size", {"Tensor::size(int64)", "Tensor::is_contiguous()"}, [](Call& c) {
    return Results{integers_of({c[0].size(c.integer("axis"))}), flag_of(c[0].is_contiguous())};
  });
  enter(table, "Tensor::requires_grad",
        {"Tensor::requires_grad()", "Tensor::is_leaf()", "Tensor::defined()"}, [](Call& c) {
          return integers_of(
              {c[0].defined() ? 1 : 0, c[0].requires_grad() ? 1 : 0, c[0].is_leaf() ? 1 : 0});
        });
}

/// Enters what writes to its first tensor, which is a copy where it is to be recorded, and returns
/// that tensor, and what it is a view of.
void enter_write(Table& table, const std::string& name,
                 const std::vector<std::string>& declarations,
                 const std::function<void(Tensor& x, Call& c)>& write) {
  enter_all(table, name, declarations, [write](Call& c) {
    if (c.flag("copied")) {
      Tensor x = mul(c[0], 1);
      write(x, c);
      return Results{x};
    }
    write(c.tensors[0], c);
    return Results{c[0], c.bases[0]};
  });
}

void add_arithmetic_in_place(Table& table) {
  enter_write(table, "add_ tensor", {"Tensor::add_(Tensor, Number)"},
              [](Tensor& x, Call& c) { x.add_(c[1], c.scalar("value")); });
  enter_write(table, "sub_ tensor", {"Tensor::sub_(Tensor, Number)"},
              [](Tensor& x, Call& c) { x.sub_(c[1], c.scalar("value")); });
  enter_write(table, "mul_ tensor", {"Tensor::mul_(Tensor)"},
              [](Tensor& x, Call& c) { x.mul_(c[1]); });
  enter_write(table, "div_ tensor", {"Tensor::div_(Tensor)"},
              [](Tensor& x, Call& c) { x.div_(c[1]); });
  enter_write(table, "addcmul_", {"Tensor::addcmul_(Tensor, Tensor, double)"},
              [](Tensor& x, Call& c) { x.addcmul_(c[1], c[2], c.number("value")); });
  enter_write(table, "addcdiv_", {"Tensor::addcdiv_(Tensor, Tensor, double)"},
              [](Tensor& x, Call& c) { x.addcdiv_(c[1], c[2], c.number("value")); });
  enter_write(table, "lerp_", {"Tensor::lerp_(Tensor, double)"},
              [](Tensor& x, Call& c) { x.lerp_(c[1], c.number("value")); });
  enter_write(table, "operator+=", {"operator+=(Tensor, Tensor)"},
              [](Tensor& x, Call& c) { x += c[1]; });
  enter_write(table, "operator-=", {"operator-=(Tensor, Tensor)"},
              [](Tensor& x, Call& c) { x -= c[1]; });
  enter_write(table, "operator*=", {"operator*=(Tensor, Tensor)"},
              [](Tensor& x, Call& c) { x *= c[1]; });
  enter_write(table, "operator/=", {"operator/=(Tensor, Tensor)"},
              [](Tensor& x, Call& c) { x /= c[1]; });
  enter_write(table, "operator+= number", {"operator+=(Tensor, Number)"},
              [](Tensor& x, Call& c) { x += c.scalar("value"); });
  enter_write(table, "operator-= number", {"operator-=(Tensor, Number)"},
              [](Tensor& x, Call& c) { x -= c.scalar("value"); });
  enter_write(table, "operator*= number", {"operator*=(Tensor, Number)"},
              [](Tensor& x, Call& c) { x *= c.scalar("value"); });
  enter_write(table, "operator/= number", {"operator/=(Tensor, Number)"},
              [](Tensor& x, Call& c) { x /= c.scalar("value"); });
}

void add_writers(Table& table) {
  // Results: the tensor itself and what it is a view of.
  enter_all(table, "Tensor::fill_", {"Tensor::fill_(Number)"}, [](Call& c) {
    c.tensors[0].fill_(c.scalar("value"));
    return Results{c[0], c.bases[0]};
  });
  const auto enter_number = [&](const std::string& name, Tensor& (Tensor::*function)(Number)) {
    enter_all(table, "Tensor::" + name, {"Tensor::" + name + "(Number)"}, [function](Call& c) {
      (c.tensors[0].*function)(c.scalar("value"));
      return Results{c[0], c.bases[0]};
    });
  };
  enter_number("add_", &Tensor::add_);
  enter_number("sub_", &Tensor::sub_);
  enter_number("mul_", &Tensor::mul_);
  enter_number("div_", &Tensor::div_);
  add_arithmetic_in_place(table);
  enter_all(table, "Tensor::copy_", {"Tensor::copy_(Tensor)"}, [](Call& c) {
    c.tensors[0].copy_(c[1]);
    return Results{c[0], c.bases[0]};
  });
}

void add_conversions(Table& table) {
  enter(table, "Tensor::contiguous", {"Tensor::contiguous()"},
        [](Call& c) { return c[0].contiguous(); });
  enter(table, "Tensor::clone", {"Tensor::clone()"}, [](Call& c) { return c[0].clone(); });
  enter(table, "Tensor::detach", {"Tensor::detach()"}, [](Call& c) { return c[0].detach(); });
  enter(table, "Tensor::to", {"Tensor::to(DType)"},
        [](Call& c) { return c[0].to(c.dtype("dtype")); });
  enter(table, "Tensor::to bf16", {},
        [](Call& c) { return c[0].to(DType::bf16).to(c[0].dtype()); });
  enter(table, "Tensor::to device", {"Tensor::to(Device)", "Tensor::device()"},
        [](Call& c) { return c[0].to(c[0].device()); });
}

void add_autograd(Table& table) {
  // x² twice, backward twice over what the first kept, with a hook that doubles: the gradient of x
  // adds up to 2·(2·g·x) for each.
  enter(table, "Tensor::backward",
        {"Tensor::backward(Tensor, bool)", "Tensor::register_hook(function<Tensor(Tensor grad)>)",
         "Tensor::grad()"},
        [](Call& c) {
          const Tensor squares = mul(c[0], c[0]);
          squares.register_hook([](const Tensor& g) { return mul(g, 2); });
          squares.backward(c[1], true);
          squares.backward(c[1]);
          return c.bases[0].grad();
        });
  enter_all(table, "Tensor::set_grad",
            {"Tensor::set_grad(Tensor)", "Tensor::zero_grad()", "Tensor::set_requires_grad(bool)"},
            [](Call& c) {
              Tensor x = c[0].detach().clone();
              x.set_requires_grad();
              x.set_grad(c[1]);
              const Tensor held = x.grad().clone();
              mul(x, x).backward(c[2]);
              const Tensor sum = x.grad().clone();
              x.zero_grad();
              return Results{held, sum, flag_of(x.grad().defined())};
            });
}

}  // namespace

void add_tensor_methods(Table& table) {
  add_factories(table);
  add_readers(table);
  add_writers(table);
  add_conversions(table);
  add_autograd(table);
}

}  // namespace plastic::parity
