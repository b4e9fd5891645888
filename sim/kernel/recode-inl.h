// SPDX-License-Identifier: Apache-2.0
// The term encoders as algebra on whole words, without loops over bits. There is no include guard, because
// terms.cpp includes the file once for scalars and once per instruction set, inside a namespace that defines
// And, Or, Xor, Not, Add, AndNot(a, b) = ~a & b, ShiftLeft<N> and (logical) ShiftRight<N> for V, as Highway
// does for vectors. V holds magnitudes up to 2^16 in 32-bit elements.

template <class V>
struct Digits {
  V positive;
  V negative;
};

template <class V>
HWY_INLINE Digits<V> RecodeRaw(V x) {
  return {x, Xor(x, x)};
}

// Digit i of the non-adjacent form of x is bit i+1 of 3x minus bit i+1 of x (Reitwiesner, 1960).
template <class V>
HWY_INLINE Digits<V> RecodeNaf(V x) {
  const V triple = Add(Add(x, x), x);
  return {ShiftRight<1>(AndNot(x, triple)), ShiftRight<1>(AndNot(triple, x))};
}

// Digit i of radix 4 is -2 b(2i+1) + b(2i) + b(2i-1); a, b and c hold these bits at the even positions.
template <class V>
HWY_INLINE Digits<V> RecodeBooth4(V x, V even) {
  const V a = And(ShiftRight<1>(x), even);
  const V b = And(x, even);
  const V c = And(ShiftLeft<1>(x), even);
  const V one = Xor(b, c);
  const V two = AndNot(one, Xor(a, b));
  const V digits = Or(one, ShiftLeft<1>(two));
  const V minus = Or(a, ShiftLeft<1>(a));
  return {AndNot(minus, digits), And(minus, digits)};
}

// The scan's flag is a carry that runs downwards: 111 from the current bit sets it, 100 clears it. Five
// doubling steps carry it over all positions.
template <class V>
HWY_INLINE Digits<V> RecodeIoe(V x) {
  const V next = ShiftLeft<1>(x);
  const V after = ShiftLeft<2>(x);
  const V set = And(And(x, next), after);
  const V kill = AndNot(Or(next, after), x);
  V flag = set;
  V keep = Not(kill);
  flag = Or(flag, And(keep, ShiftRight<1>(flag)));
  keep = And(keep, ShiftRight<1>(keep));
  flag = Or(flag, And(keep, ShiftRight<2>(flag)));
  keep = And(keep, ShiftRight<2>(keep));
  flag = Or(flag, And(keep, ShiftRight<4>(flag)));
  keep = And(keep, ShiftRight<4>(keep));
  flag = Or(flag, And(keep, ShiftRight<8>(flag)));
  keep = And(keep, ShiftRight<8>(keep));
  flag = Or(flag, And(keep, ShiftRight<16>(flag)));
  const V before = ShiftRight<1>(flag);  // the flag as the scan finds it on arriving at each bit
  const V start = ShiftLeft<1>(AndNot(before, set));
  const V plain = AndNot(Or(before, set), x);
  return {Or(start, plain), And(before, Or(kill, AndNot(x, next)))};
}

template <Encoder encoder, class V>
HWY_INLINE Digits<V> Recode(V x, V even) {
  if constexpr (encoder == Encoder::raw) return RecodeRaw(x);
  if constexpr (encoder == Encoder::naf) return RecodeNaf(x);
  if constexpr (encoder == Encoder::booth4) return RecodeBooth4(x, even);
  if constexpr (encoder == Encoder::ioe) return RecodeIoe(x);
}
