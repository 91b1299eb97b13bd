#include "function/raise.h"

#include <string>

#include "absl/strings/cord.h"
#include "function/builtins.h"

namespace turdb::function {
namespace {

constexpr base::SqlState kRaised{"P0001"};   // PostgreSQL's raise_exception
constexpr base::SqlState kIgnored{"TR000"};  // never leaves a trigger
constexpr std::string_view kRollbackMark = "turdb/rollback";

// raise(action, message); the message may be NULL. 'cardinality' is the planner's, for subqueries that it made joins.
void RaiseKernel(Call& call) {
  call.ForEach([&](SelIndex row) {
    const std::string_view action = call.args[0].Get<StringView>(row).view();
    if (action == "ignore") {
      return call.RaiseStatus(row, base::MakeError(absl::StatusCode::kAborted, kIgnored,
                                                   "RAISE(IGNORE) is for triggers that a change of a row sets off"));
    }
    if (action == "cardinality") {
      return call.RaiseStatus(row, base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kCardinalityViolation,
                                                   "more than one row returned by a subquery used as an expression"));
    }
    const bool has_message = call.args[1].IsValid(row);
    Status status = base::MakeError(absl::StatusCode::kAborted, kRaised,
                                    has_message ? call.args[1].Get<StringView>(row).view() : std::string_view("NULL"));
    if (action == "rollback") status.SetPayload(kRollbackMark, absl::Cord());
    call.RaiseStatus(row, std::move(status));
  });
}

}  // namespace

bool IsRaised(const Status& status) { return !status.ok() && base::GetSqlState(status) == kRaised; }
bool IsRowIgnored(const Status& status) { return !status.ok() && base::GetSqlState(status) == kIgnored; }
bool IsRollbackRaised(const Status& status) { return !status.ok() && status.GetPayload(kRollbackMark).has_value(); }

void AddRaise(FunctionList& list) {
  list.Add("raise", {TypeId::kText, TypeId::kText}, TypeId::kText, kVolatile | kCanRaise | FunctionList::kNotStrict,
           RaiseKernel);
}

}  // namespace turdb::function
