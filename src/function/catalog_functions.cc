// What clients of PostgreSQL ask about the catalog. The session knows; here are names and types.
#include <algorithm>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "function/builtins.h"

namespace turdb::function {
namespace {

// The answer about an object (argument 0) and a part of it (argument 1, where there is one).
template <CatalogQuestion kQuestion>
void AskKernel(Call& call) {
  if (call.context.session == nullptr) {
    return call.RaiseStatus(call.rows[0], base::UnsupportedError("the catalog cannot be asked here"));
  }
  const size_t count = call.args.size();
  const auto number = [&](size_t i, SelIndex row) -> int64_t {
    if (i >= count) return 0;
    switch (call.argument_types[i].id) {
      case TypeId::kInt64:
        return call.args[i].Get<int64_t>(row);
      case TypeId::kInt32:
        return call.args[i].Get<int32_t>(row);
      default:
        return 0;  // pretty printing, or the name of a catalog
    }
  };
  for (uint32_t i = 0; i < call.rows.count && !call.raised(); ++i) {
    const SelIndex row = call.rows[i];
    if (!call.IsValid(row)) continue;
    const StatusOr<std::optional<std::string>> answer = call.context.session->Ask(kQuestion, number(0, row), number(1, row));
    if (!answer.ok()) return call.RaiseStatus(row, answer.status());
    if constexpr (kQuestion == CatalogQuestion::kIsVisible) {
      call.result->data<bool>()[row] = answer->has_value();
    } else if (!answer->has_value()) {
      call.result->SetNull(row);
    } else {
      call.result->SetString(row, **answer);
    }
  }
}

void VersionKernel(Call& call) {
  for (uint32_t i = 0; i < call.rows.count; ++i) call.result->SetString(call.rows[i], "PostgreSQL 15.0 (TurDB)");
}

void DatabaseKernel(Call& call) {
  for (uint32_t i = 0; i < call.rows.count; ++i) call.result->SetString(call.rows[i], "turdb");
}

// There are no users: who has the files has the database.
void UserKernel(Call& call) {
  for (uint32_t i = 0; i < call.rows.count; ++i) call.result->SetString(call.rows[i], "turdb");
}

void NumberKernel(Call& call) {
  if (call.context.session == nullptr) {
    return call.RaiseStatus(call.rows[0], base::UnsupportedError("the catalog cannot be asked here"));
  }
  call.ForEach([&](SelIndex row) {
    const auto answer = call.context.session->Ask(CatalogQuestion::kNumber, 0, call.args[0].Get<int32_t>(row));
    int32_t number = 0;
    if (!answer.ok()) return call.RaiseStatus(row, answer.status());
    if (answer->has_value() && absl::SimpleAtoi(**answer, &number)) call.result->data<int32_t>()[row] = number;
  });
}

// PostgreSQL's pg_sleep and its kin; their result is void there, an empty text here.
void SleepFor(Call& call, SelIndex row, int64_t microseconds) {
  call.result->SetString(row, "");
  if (microseconds <= 0 || call.raised()) return;
  if (call.context.session == nullptr) return call.RaiseStatus(row, base::UnsupportedError("nobody can sleep here"));
  if (Status status = call.context.session->Sleep(microseconds); !status.ok()) call.RaiseStatus(row, std::move(status));
}

int64_t MicrosecondsOf(double seconds) {
  constexpr double kMost = 9e12;  // 285,000 years
  return seconds > 0 ? static_cast<int64_t>(std::min(seconds, kMost) * 1e6) : 0;
}

void SleepKernel(Call& call) {
  call.ForEach([&](SelIndex row) { SleepFor(call, row, MicrosecondsOf(call.args[0].Get<double>(row))); });
}

void SleepForKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const vec::Int128 span = call.args[0].Get<vec::Interval>(row).SpanMicros();
    SleepFor(call, row, span > INT64_MAX ? INT64_MAX : static_cast<int64_t>(span));
  });
}

void SleepUntilKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const int64_t now =
        call.context.clock_now_us != nullptr ? call.context.clock_now_us(call.context.clock) : call.context.statement_now_us;
    const int64_t until = call.args[0].Get<int64_t>(row);
    SleepFor(call, row, until > now ? until - now : 0);
  });
}

// Expressions are kept as text already.
void ExpressionKernel(Call& call) {
  call.ShareHeap(0);
  call.ForEach([&](SelIndex row) { call.result->data<StringView>()[row] = call.args[0].Get<StringView>(row); });
}

struct TypeName {
  int64_t oid;
  std::string_view name;
};
constexpr TypeName kTypeNames[] = {{16, "boolean"},
                                   {17, "bytea"},
                                   {20, "bigint"},
                                   {21, "smallint"},
                                   {23, "integer"},
                                   {25, "text"},
                                   {114, "json"},
                                   {3802, "jsonb"},
                                   {700, "real"},
                                   {701, "double precision"},
                                   {1042, "character"},
                                   {1043, "character varying"},
                                   {1082, "date"},
                                   {1083, "time without time zone"},
                                   {1114, "timestamp without time zone"},
                                   {1184, "timestamp with time zone"},
                                   {1186, "interval"},
                                   {1700, "numeric"},
                                   {2950, "uuid"}};

// format_type(oid, modifier)
void FormatTypeKernel(Call& call) {
  for (uint32_t i = 0; i < call.rows.count; ++i) {
    const SelIndex row = call.rows[i];
    if (!call.args[0].IsValid(row)) {
      call.result->SetNull(row);
      continue;
    }
    const int64_t oid = call.args[0].Get<int64_t>(row);
    const int64_t modifier = call.args[1].IsValid(row) ? call.args[1].Get<int64_t>(row) - 4 : -1;
    std::string name = "???";
    for (const TypeName& type : kTypeNames) {
      if (type.oid == oid) name = std::string(type.name);
    }
    if (name == "???" && call.context.session != nullptr) {  // a user's
      const StatusOr<std::optional<std::string>> answer = call.context.session->Ask(CatalogQuestion::kName, oid, 0);
      if (answer.ok() && answer->has_value()) name = **answer;
    }
    if (modifier >= 0 && (oid == 1042 || oid == 1043)) absl::StrAppend(&name, "(", modifier, ")");
    if (modifier >= 0 && oid == 1700) absl::StrAppend(&name, "(", modifier >> 16, ",", modifier & 0xffff, ")");
    call.result->SetString(row, name);
  }
}

}  // namespace

void AddCatalogFunctions(FunctionList& list) {
  constexpr int kFlags = kStable | kCanRaise | kAsksSession;
  using Question = CatalogQuestion;
  list.Add("current_schema", {}, TypeId::kText, kFlags, AskKernel<Question::kCurrentSchema>);
  list.Add("version", {}, TypeId::kText, kStable, VersionKernel);
  for (const char* name : {"current_database", "current_catalog"}) list.Add(name, {}, TypeId::kText, kStable, DatabaseKernel);
  for (const char* name : {"current_user", "session_user", "current_role", "user"}) {
    list.Add(name, {}, TypeId::kText, kStable, UserKernel);
  }
  list.Add("database number", {TypeId::kInt32}, TypeId::kInt32, kFlags, NumberKernel);
  constexpr int kSleeps = kVolatile | kCanRaise | kAsksSession;
  list.Add("pg_sleep", {TypeId::kDouble}, TypeId::kText, kSleeps, SleepKernel);
  list.Add("pg_sleep_for", {TypeId::kInterval}, TypeId::kText, kSleeps, SleepForKernel);
  list.Add("pg_sleep_until", {TypeId::kTimestampTz}, TypeId::kText, kSleeps, SleepUntilKernel);
  list.Add("pg_table_is_visible", {TypeId::kInt64}, TypeId::kBoolean, kFlags, AskKernel<Question::kIsVisible>);
  list.Add("pg_get_indexdef", {TypeId::kInt64}, TypeId::kText, kFlags, AskKernel<Question::kIndexDefinition>);
  list.Add("pg_get_indexdef", {TypeId::kInt64, TypeId::kInt32, TypeId::kBoolean}, TypeId::kText, kFlags,
           AskKernel<Question::kIndexDefinition>);
  list.Add("pg_get_constraintdef", {TypeId::kInt64}, TypeId::kText, kFlags, AskKernel<Question::kConstraintDefinition>);
  list.Add("pg_get_constraintdef", {TypeId::kInt64, TypeId::kBoolean}, TypeId::kText, kFlags,
           AskKernel<Question::kConstraintDefinition>);
  list.Add("pg_get_viewdef", {TypeId::kInt64}, TypeId::kText, kFlags, AskKernel<Question::kViewDefinition>);
  list.Add("pg_get_viewdef", {TypeId::kInt64, TypeId::kBoolean}, TypeId::kText, kFlags, AskKernel<Question::kViewDefinition>);
  list.Add("obj_description", {TypeId::kInt64}, TypeId::kText, kFlags, AskKernel<Question::kComment>);
  list.Add("obj_description", {TypeId::kInt64, TypeId::kText}, TypeId::kText, kFlags, AskKernel<Question::kComment>);
  list.Add("col_description", {TypeId::kInt64, TypeId::kInt32}, TypeId::kText, kFlags, AskKernel<Question::kComment>);
  list.Add("regclass_name", {TypeId::kInt64}, TypeId::kText, kFlags, AskKernel<Question::kName>);
  list.Add("pg_get_expr", {TypeId::kText, TypeId::kInt64}, TypeId::kText, 0, ExpressionKernel);
  list.Add("pg_get_expr", {TypeId::kText, TypeId::kInt64, TypeId::kBoolean}, TypeId::kText, 0, ExpressionKernel);
  list.Add("format_type", {TypeId::kInt64, TypeId::kInt64}, TypeId::kText, FunctionList::kNotStrict | kAsksSession,
           FormatTypeKernel);
}

}  // namespace turdb::function
