#include "fma_limit.hpp"

#include <algorithm>
#include <limits>

#include "base/clock.hpp"

namespace vpinfer {
namespace {

constexpr int kChains = 10;  // enough to hide the latency of one, few enough for 16 registers
constexpr int kSteps = 2'000'000;

template <int kLanes>
struct Vector {
  using Type [[gnu::vector_size(kLanes * sizeof(float))]] = float;
};

/// Independent chains of multiply-adds in vectors of kLanes floats.
template <int kLanes>
[[gnu::always_inline]] inline void multiply_and_add() {
  using Floats = typename Vector<kLanes>::Type;
  // Nothing that the compiler could know.
  volatile float number = 0.5F;
  Floats sums[kChains];
  for (Floats& sum : sums) sum = Floats{} + number;
  const Floats factor = Floats{} + number;
  for (int step = 0; step < kSteps; ++step) {
#pragma GCC unroll 10
    for (Floats& sum : sums) sum = sum * factor + factor;
  }
  volatile float kept = 0;
  for (int i = 0; i < kChains; ++i) kept = kept + sums[i][0];
}

void portable() {
  multiply_and_add<4>();
}
#ifdef __x86_64__
[[gnu::target("avx2,fma")]] void avx2() {
  multiply_and_add<8>();
}
[[gnu::target("avx512f,fma")]] void avx512() {
  multiply_and_add<16>();
}
#endif

/// Operations per second of a run of kSteps, the best of some.
double best(void (*run)(), int lanes) {
  double seconds = std::numeric_limits<double>::max();
  for (int i = 0; i < 5; ++i) {
    const Clock::time_point start = Clock::now();
    run();
    seconds = std::min(seconds, seconds_since(start));
  }
  return 2.0 * lanes * kChains * kSteps / seconds;
}

}  // namespace

double fma_limit() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f")) return best(avx512, 16);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return best(avx2, 8);
#endif
  return best(portable, 4);
}

}  // namespace vpinfer
