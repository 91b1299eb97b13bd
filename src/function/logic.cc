// Three-valued logic over boolean vectors, and turning conditions into selections.
#include "function/registry.h"

namespace turdb::function {
namespace {

// 0 false, 1 true, 2 unknown.
int TruthAt(const VectorView& view, SelIndex row) {
  const size_t index = view.Index(row);
  if (view.validity != nullptr && !vec::TestBit(view.validity, index)) return 2;
  return view.values<uint8_t>()[index] != 0;
}

template <typename F>
void Combine(const Vector& a, const Vector& b, Rows rows, Vector* result, F&& truth_of) {
  const VectorView x = a.View(), y = b.View();
  result->Reset();
  const bool constant = x.is_constant() && y.is_constant();
  if (constant) rows = Rows::All(1);
  bool* out = result->data<bool>();
  for (uint32_t i = 0; i < rows.count; ++i) {
    const SelIndex row = rows[i];
    const int truth = truth_of(TruthAt(x, row), TruthAt(y, row));
    out[row] = truth == 1;
    if (truth == 2) result->SetNull(row);
  }
  if (constant) result->MarkConstant();
}

template <typename F>
uint32_t SelectIf(const Vector& vector, Rows rows, SelIndex* out, F&& wanted) {
  const VectorView view = vector.View();
  uint32_t count = 0;
  if (view.is_constant()) {
    if (!wanted(view, 0)) return 0;
    for (uint32_t i = 0; i < rows.count; ++i) out[i] = rows[i];
    return rows.count;
  }
  for (uint32_t i = 0; i < rows.count; ++i) {
    const SelIndex row = rows[i];
    out[count] = row;  // no branch: the next one overwrites a row that is not wanted
    count += wanted(view, row) ? 1 : 0;
  }
  return count;
}

void NullTest(const Vector& a, Rows rows, Vector* result, bool value_when_null) {
  const VectorView view = a.View();
  result->Reset();
  const bool constant = view.is_constant() || view.validity == nullptr;
  if (constant) rows = Rows::All(1);
  bool* out = result->data<bool>();
  for (uint32_t i = 0; i < rows.count; ++i) out[rows[i]] = view.IsValid(rows[i]) != value_when_null;
  if (constant) result->MarkConstant();
}

}  // namespace

void And(const Vector& a, const Vector& b, Rows rows, Vector* result) {
  Combine(a, b, rows, result, [](int x, int y) { return x == 0 || y == 0 ? 0 : x == 2 || y == 2 ? 2 : 1; });
}

void Or(const Vector& a, const Vector& b, Rows rows, Vector* result) {
  Combine(a, b, rows, result, [](int x, int y) { return x == 1 || y == 1 ? 1 : x == 2 || y == 2 ? 2 : 0; });
}

void Not(const Vector& a, Rows rows, Vector* result) {
  Combine(a, a, rows, result, [](int x, int) { return x == 2 ? 2 : 1 - x; });
}

void IsNull(const Vector& a, Rows rows, Vector* result) { NullTest(a, rows, result, true); }
void IsNotNull(const Vector& a, Rows rows, Vector* result) { NullTest(a, rows, result, false); }

uint32_t SelectTrue(const Vector& condition, Rows rows, SelIndex* out) {
  const VectorView view = condition.View();
  if (view.is_flat() && view.validity == nullptr) {
    const uint8_t* values = view.values<uint8_t>();
    uint32_t count = 0;
    for (uint32_t i = 0; i < rows.count; ++i) {
      const SelIndex row = rows[i];
      out[count] = row;
      count += values[row];
    }
    return count;
  }
  return SelectIf(condition, rows, out, [](const VectorView& v, SelIndex row) { return TruthAt(v, row) == 1; });
}

uint32_t SelectFalse(const Vector& condition, Rows rows, SelIndex* out) {
  return SelectIf(condition, rows, out, [](const VectorView& v, SelIndex row) { return TruthAt(v, row) == 0; });
}

uint32_t SelectNull(const Vector& any, Rows rows, SelIndex* out) {
  return SelectIf(any, rows, out, [](const VectorView& v, SelIndex row) { return !v.IsValid(row); });
}

uint32_t SelectNotNull(const Vector& any, Rows rows, SelIndex* out) {
  return SelectIf(any, rows, out, [](const VectorView& v, SelIndex row) { return v.IsValid(row); });
}

}  // namespace turdb::function
