#pragma once

#include <numbers>
#include <type_traits>

namespace plastic::cpu {

/// A number in the type of a vector's elements.
template <class X>
constexpr auto element(double value) {
  return static_cast<std::remove_cvref_t<decltype(X()[0])>>(value);
}

/// Winograd's minimal filtering F(m, 3): m outputs of a three-tap filter from m + 2 inputs with
/// m + 2 products instead of 3m, as out = Aᵀ((G·kernel) ⊙ (Bᵀ·in)). In two dimensions each matrix
/// is applied along both axes. Lavin and Gray, "Fast algorithms for convolutional neural networks",
/// arXiv 1509.09308; docs/winograd.md explains it. Values are vectors of numbers.
template <int m>
struct Winograd;

template <>
struct Winograd<2> {
  static constexpr int outputs = 2;
  static constexpr int tile = 4;

  /// Bᵀ
  template <class X>
  static void input(const X (&d)[4], X (&v)[4]) {
    v[0] = d[0] - d[2];
    v[1] = d[1] + d[2];
    v[2] = d[2] - d[1];
    v[3] = d[1] - d[3];
  }
  /// G
  template <class X>
  static void kernel(const X (&g)[3], X (&u)[4]) {
    const X outer = g[0] + g[2];
    u[0] = g[0];
    u[1] = (outer + g[1]) / 2;
    u[2] = (outer - g[1]) / 2;
    u[3] = g[2];
  }
  /// Aᵀ
  template <class X>
  static void output(const X (&p)[4], X (&y)[2]) {
    y[0] = p[0] + p[1] + p[2];
    y[1] = p[1] - p[2] - p[3];
  }
  /// A, which takes gradients of outputs to gradients of products.
  template <class X>
  static void output_adjoint(const X (&y)[2], X (&p)[4]) {
    p[0] = y[0];
    p[1] = y[0] + y[1];
    p[2] = y[0] - y[1];
    p[3] = -y[1];
  }
  /// Gᵀ, which takes gradients of the transformed kernel to gradients of the kernel.
  template <class X>
  static void kernel_adjoint(const X (&u)[4], X (&g)[3]) {
    const X inner = (u[1] + u[2]) / 2;
    g[0] = u[0] + inner;
    g[1] = (u[1] - u[2]) / 2;
    g[2] = inner + u[3];
  }
};

/// With the points 0, ±√½, ±√2 and infinity: their powers stay closer to 1 than those of the usual
/// 0, ±1, ±2, so that less is lost to cancellation, at the same cost.
template <>
struct Winograd<4> {
  static constexpr int outputs = 4;
  static constexpr int tile = 6;
  static constexpr double inner = 0.5 * std::numbers::sqrt2;
  static constexpr double outer = std::numbers::sqrt2;

  template <class X>
  static void input(const X (&d)[6], X (&v)[6]) {
    constexpr auto half = element<X>(0.5);
    constexpr auto middle = element<X>(2.5);
    const X even = d[4] - 2 * d[2];
    const X odd = element<X>(inner) * (d[3] - 2 * d[1]);
    const X even2 = d[4] - half * d[2];
    const X odd2 = element<X>(outer) * (d[3] - half * d[1]);
    v[0] = d[0] - middle * d[2] + d[4];
    v[1] = even + odd;
    v[2] = even - odd;
    v[3] = even2 + odd2;
    v[4] = even2 - odd2;
    v[5] = d[1] - middle * d[3] + d[5];
  }
  template <class X>
  static void kernel(const X (&g)[3], X (&u)[6]) {
    const X even = element<X>(-2.0 / 3) * g[0] - element<X>(1.0 / 3) * g[2];
    const X odd = element<X>(-2.0 / 3 * inner) * g[1];
    const X even2 = element<X>(1.0 / 6) * g[0] + element<X>(1.0 / 3) * g[2];
    const X odd2 = element<X>(outer / 6) * g[1];
    u[0] = g[0];
    u[1] = even + odd;
    u[2] = even - odd;
    u[3] = even2 + odd2;
    u[4] = even2 - odd2;
    u[5] = g[2];
  }
  template <class X>
  static void output(const X (&p)[6], X (&y)[4]) {
    constexpr auto half = element<X>(0.5);
    const X sum = p[1] + p[2];
    const X difference = element<X>(inner) * (p[1] - p[2]);
    const X sum2 = p[3] + p[4];
    const X difference2 = element<X>(outer) * (p[3] - p[4]);
    y[0] = p[0] + sum + sum2;
    y[1] = difference + difference2;
    y[2] = half * sum + 2 * sum2;
    y[3] = half * difference + 2 * difference2 + p[5];
  }
  template <class X>
  static void output_adjoint(const X (&y)[4], X (&p)[6]) {
    constexpr auto half = element<X>(0.5);
    const X even = y[0] + half * y[2];
    const X odd = element<X>(inner) * (y[1] + half * y[3]);
    const X even2 = y[0] + 2 * y[2];
    const X odd2 = element<X>(outer) * (y[1] + 2 * y[3]);
    p[0] = y[0];
    p[1] = even + odd;
    p[2] = even - odd;
    p[3] = even2 + odd2;
    p[4] = even2 - odd2;
    p[5] = y[3];
  }
  template <class X>
  static void kernel_adjoint(const X (&u)[6], X (&g)[3]) {
    const X sum = u[1] + u[2];
    const X sum2 = u[3] + u[4];
    g[0] = u[0] - element<X>(2.0 / 3) * sum + element<X>(1.0 / 6) * sum2;
    g[1] = element<X>(outer / 6) * (u[3] - u[4]) - element<X>(2.0 / 3 * inner) * (u[1] - u[2]);
    g[2] = element<X>(1.0 / 3) * (sum2 - sum) + u[5];
  }
};

/// rule(in, out) along the first axis of a square, then along the second.
template <int from, int to, class X, class Rule>
void along_both_axes(const X (&in)[from][from], X (&out)[to][to], Rule&& rule) {
  X half[to][from];
  for (int j = 0; j < from; ++j) {
    X column[from];
    X result[to];
    for (int i = 0; i < from; ++i) column[i] = in[i][j];
    rule(column, result);
    for (int i = 0; i < to; ++i) half[i][j] = result[i];
  }
  for (int i = 0; i < to; ++i) rule(half[i], out[i]);
}

}  // namespace plastic::cpu
