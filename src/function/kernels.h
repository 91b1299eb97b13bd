// Loops around scalar meanings. An operation is a struct with a static Apply of one row; these templates
// make kernels of it: a dense loop over flat inputs that the compiler vectorises, dense loops with one
// constant side, and one loop for everything else (selections, dictionaries).
//
// Total operations are applied to every row of a dense batch, NULL slots included (vector.h, V3), which
// keeps the loop free of branches. Partial ones compute a result and a flag whose sign bit says "failed";
// flags are or-ed, and only a batch that failed is looked at row by row, NULLs and unselected rows left out.
#ifndef TURDB_FUNCTION_KERNELS_H_
#define TURDB_FUNCTION_KERNELS_H_

#include <cstdint>
#include <type_traits>

#include "function/call.h"

namespace turdb::function {

// Op: static R Apply(A).
template <typename A, typename R, typename Op>
void UnaryKernel(Call& call) {
  const VectorView& a = call.args[0];
  R* out = call.result->data<R>();
  const A* x = a.values<A>();
  if (call.rows.dense() && a.is_flat()) {
    const uint32_t count = call.rows.count;
    for (uint32_t i = 0; i < count; ++i) out[i] = Op::Apply(x[i]);
    return;
  }
  for (uint32_t i = 0; i < call.rows.count; ++i) {
    const SelIndex row = call.rows[i];
    out[row] = Op::Apply(x[a.Index(row)]);
  }
}

// Op: static R Apply(A, B).
template <typename A, typename B, typename R, typename Op>
void BinaryKernel(Call& call) {
  const VectorView &a = call.args[0], &b = call.args[1];
  R* out = call.result->data<R>();
  const A* x = a.values<A>();
  const B* y = b.values<B>();
  const uint32_t count = call.rows.count;
  if (call.rows.dense()) {
    if (a.is_flat() && b.is_flat()) {
      for (uint32_t i = 0; i < count; ++i) out[i] = Op::Apply(x[i], y[i]);
      return;
    }
    if (a.is_flat() && b.is_constant()) {
      const B constant = y[0];
      for (uint32_t i = 0; i < count; ++i) out[i] = Op::Apply(x[i], constant);
      return;
    }
    if (a.is_constant() && b.is_flat()) {
      const A constant = x[0];
      for (uint32_t i = 0; i < count; ++i) out[i] = Op::Apply(constant, y[i]);
      return;
    }
  }
  for (uint32_t i = 0; i < count; ++i) {
    const SelIndex row = call.rows[i];
    out[row] = Op::Apply(x[a.Index(row)], y[b.Index(row)]);
  }
}

// Op: using Flag = a signed integer; static Flag Apply(A, R*), negative when there is no result;
// static ErrorCode Error(A).
template <typename A, typename R, typename Op>
void CheckedUnaryKernel(Call& call) {
  using Flag = typename Op::Flag;
  const VectorView& a = call.args[0];
  R* out = call.result->data<R>();
  const A* x = a.values<A>();
  const uint32_t count = call.rows.count;
  Flag failed = 0;
  if (call.rows.dense() && a.is_flat()) {
    for (uint32_t i = 0; i < count; ++i) failed = static_cast<Flag>(failed | Op::Apply(x[i], &out[i]));
  } else {
    for (uint32_t i = 0; i < count; ++i) {
      const SelIndex row = call.rows[i];
      failed = static_cast<Flag>(failed | Op::Apply(x[a.Index(row)], &out[row]));
    }
  }
  if (failed >= 0) return;
  call.ForEach([&](SelIndex row) {
    R unused;
    const A value = x[a.Index(row)];
    if (Op::Apply(value, &unused) < 0) call.Raise(row, Op::Error(value));
  });
}

// Op: using Flag; static Flag Apply(A, B, R*); static ErrorCode Error(A, B).
template <typename A, typename B, typename R, typename Op>
void CheckedBinaryKernel(Call& call) {
  using Flag = typename Op::Flag;
  const VectorView &a = call.args[0], &b = call.args[1];
  R* out = call.result->data<R>();
  const A* x = a.values<A>();
  const B* y = b.values<B>();
  const uint32_t count = call.rows.count;
  Flag failed = 0;
  if (call.rows.dense() && a.is_flat() && b.is_flat()) {
    for (uint32_t i = 0; i < count; ++i) failed = static_cast<Flag>(failed | Op::Apply(x[i], y[i], &out[i]));
  } else if (call.rows.dense() && a.is_flat() && b.is_constant()) {
    const B constant = y[0];
    for (uint32_t i = 0; i < count; ++i) failed = static_cast<Flag>(failed | Op::Apply(x[i], constant, &out[i]));
  } else if (call.rows.dense() && a.is_constant() && b.is_flat()) {
    const A constant = x[0];
    for (uint32_t i = 0; i < count; ++i) failed = static_cast<Flag>(failed | Op::Apply(constant, y[i], &out[i]));
  } else {
    for (uint32_t i = 0; i < count; ++i) {
      const SelIndex row = call.rows[i];
      failed = static_cast<Flag>(failed | Op::Apply(x[a.Index(row)], y[b.Index(row)], &out[row]));
    }
  }
  if (failed >= 0) return;
  call.ForEach([&](SelIndex row) {
    R unused;
    const A p = x[a.Index(row)];
    const B q = y[b.Index(row)];
    if (Op::Apply(p, q, &unused) < 0) call.Raise(row, Op::Error(p, q));
  });
}

}  // namespace turdb::function

#endif  // TURDB_FUNCTION_KERNELS_H_
