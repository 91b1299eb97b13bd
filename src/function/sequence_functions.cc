// nextval and its kin. A sequence is named by text, looked up for each row, or by its id: the binder makes an id of a
// constant name, so that the plan is bound to the sequence and not to what may be called so later.
#include "function/builtins.h"

namespace turdb::function {
namespace {

Status NoSession() { return base::UnsupportedError("sequences cannot be used here"); }

StatusOr<int64_t> RelationArgument(const Call& call, SelIndex row) {
  const VectorView& view = call.args[0];
  if (call.argument_types[0].id == TypeId::kInt64) return view.Get<int64_t>(row);
  return call.context.session->FindRelation(view.Get<StringView>(row).view());
}

// f(relation id, row) gives the value, row by row, in order.
template <typename F>
void EachRelation(Call& call, F&& f) {
  if (call.context.session == nullptr) return call.RaiseStatus(call.rows[0], NoSession());
  int64_t* const out = call.result->data<int64_t>();
  call.ForEach([&](SelIndex row) {
    if (call.raised()) return;
    StatusOr<int64_t> value = RelationArgument(call, row);
    if (value.ok()) value = f(*value, row);
    if (!value.ok()) return call.RaiseStatus(row, value.status());
    out[row] = *value;
  });
}

void NextKernel(Call& call) {
  EachRelation(call, [&](int64_t sequence, SelIndex) { return call.context.session->NextValue(sequence); });
}

void CurrentKernel(Call& call) {
  EachRelation(call, [&](int64_t sequence, SelIndex) { return call.context.session->CurrentValue(sequence); });
}

void SetKernel(Call& call) {
  EachRelation(call, [&](int64_t sequence, SelIndex row) -> StatusOr<int64_t> {
    const int64_t value = call.args[1].Get<int64_t>(row);
    const bool given = call.args.size() < 3 || call.args[2].Get<bool>(row);
    TURDB_RETURN_IF_ERROR(call.context.session->SetValue(sequence, value, given));
    return value;
  });
}

void RelationKernel(Call& call) {
  EachRelation(call, [](int64_t relation, SelIndex) -> StatusOr<int64_t> { return relation; });
}

void LastKernel(Call& call) {
  if (call.context.session == nullptr) return call.RaiseStatus(call.rows[0], NoSession());
  for (uint32_t i = 0; i < call.rows.count; ++i) {
    const StatusOr<int64_t> value = call.context.session->LastValue();
    if (!value.ok()) return call.RaiseStatus(call.rows[i], value.status());
    call.result->data<int64_t>()[call.rows[i]] = *value;
  }
}

void SequenceOfColumnKernel(Call& call) {
  if (call.context.session == nullptr) return call.RaiseStatus(call.rows[0], NoSession());
  call.ForEach([&](SelIndex row) {
    if (call.raised()) return;
    const StatusOr<std::string> name = call.context.session->SequenceOfColumn(call.args[0].Get<StringView>(row).view(),
                                                                              call.args[1].Get<StringView>(row).view());
    if (!name.ok()) return call.RaiseStatus(row, name.status());
    if (name->empty()) {
      call.result->SetNull(row);
    } else {
      call.result->SetString(row, *name);
    }
  });
}

}  // namespace

void AddSequenceFunctions(FunctionList& list) {
  constexpr int kFlags = kVolatile | kCanRaise | kAsksSession;
  for (const TypeId by : {TypeId::kInt64, TypeId::kText}) {
    list.Add("nextval", {by}, TypeId::kInt64, kFlags, NextKernel);
    list.Add("currval", {by}, TypeId::kInt64, kFlags, CurrentKernel);
    list.Add("setval", {by, TypeId::kInt64}, TypeId::kInt64, kFlags, SetKernel);
    list.Add("setval", {by, TypeId::kInt64, TypeId::kBoolean}, TypeId::kInt64, kFlags, SetKernel);
  }
  list.Add("lastval", {}, TypeId::kInt64, kFlags, LastKernel);
  list.Add("pg_get_serial_sequence", {TypeId::kText, TypeId::kText}, TypeId::kText, kStable | kCanRaise | kAsksSession,
           SequenceOfColumnKernel);
  // What a cast to regclass of text that is no constant becomes.
  list.Add("regclass", {TypeId::kText}, TypeId::kInt64, kStable | kCanRaise | kAsksSession, RelationKernel);
}

}  // namespace turdb::function
