#include "engine/user_function.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "vec/collation.h"

namespace turdb::engine {
namespace {

using base::Status;
using function::HostSignature;

template <typename Function>
const HostSignature& SignatureOf(const std::shared_ptr<const Function>& function) {
  return function->signature();
}

// What goes is let go of when the lists are as they are to be: giving it back may run the host's code.
template <typename Function>
bool Take(std::vector<std::shared_ptr<const Function>>* list, const HostSignature* parameters,
          std::vector<std::shared_ptr<const void>>* taken) {
  const auto goes = [&](const auto& each) { return parameters == nullptr || SignatureOf(each).SameParameters(*parameters); };
  for (const auto& each : *list) {
    if (goes(each)) taken->push_back(each);
  }
  return std::erase_if(*list, goes) != 0;
}

// Plans tell operators and what draws from a sequence by their names.
Status CheckName(std::string_view name) {
  const auto first = static_cast<unsigned char>(name.empty() ? ' ' : name[0]);
  const bool is_word = absl::ascii_isalpha(first) || first == '_' || first >= 0x80;
  if (is_word && name != "nextval") return absl::OkStatus();
  return base::MakeError(
      absl::StatusCode::kInvalidArgument, base::SqlState{"42939"},
      absl::StrCat("\"", name, "\" cannot be the name of a function: names begin with a letter, and nextval is taken"));
}

}  // namespace

const UserFunctions::Overloads* UserFunctions::Find(std::string_view name) const {
  const auto found = named_.find(name);
  return found == named_.end() ? nullptr : &found->second;
}

template <typename Function>
Status UserFunctions::AddTo(std::vector<std::shared_ptr<const Function>> Overloads::*kind,
                            std::shared_ptr<const Function> function) {
  const HostSignature& signature = SignatureOf(function);
  TURDB_RETURN_IF_ERROR(CheckName(signature.name));
  Overloads& overloads = named_[signature.name];
  auto& list = overloads.*kind;
  if (!overloads.empty() && list.empty()) {
    const std::string_view other = !overloads.scalars.empty()      ? "a scalar function"
                                   : !overloads.aggregates.empty() ? "an aggregate function"
                                                                   : "a table function";
    return base::WithHint(
        base::MakeError(absl::StatusCode::kAlreadyExists, base::SqlState{"42723"},
                        absl::StrCat("\"", signature.name, "\" is ", other, " of this connection, and a name has one kind")),
        "drop that one first");
  }
  ++epoch_;
  for (auto& each : list) {
    if (!SignatureOf(each).SameParameters(signature)) continue;
    each.swap(function);  // the old one goes at the end of this call
    return absl::OkStatus();
  }
  list.push_back(std::move(function));
  return absl::OkStatus();
}

Status UserFunctions::Add(std::shared_ptr<const function::HostScalar> function) {
  return AddTo(&Overloads::scalars, std::move(function));
}
Status UserFunctions::Add(std::shared_ptr<const function::HostAggregate> function) {
  return AddTo(&Overloads::aggregates, std::move(function));
}
Status UserFunctions::Add(std::shared_ptr<const exec::HostTable> function) {
  return AddTo(&Overloads::tables, std::move(function));
}

Status UserFunctions::AddCollation(std::shared_ptr<const function::HostScalar> sort_key) {
  const std::string& name = sort_key->signature().name;
  if (vec::FindCollation(name) != nullptr) {
    return base::MakeError(absl::StatusCode::kAlreadyExists, base::sqlstate::kDuplicateObject,
                           absl::StrCat("collation \"", name, "\" is built in"));
  }
  ++epoch_;
  collations_[absl::AsciiStrToLower(name)].swap(sort_key);
  return absl::OkStatus();
}

bool UserFunctions::Remove(std::string_view name, const HostSignature* parameters) {
  const auto found = named_.find(name);
  if (found == named_.end()) return false;
  std::vector<std::shared_ptr<const void>> taken;
  Overloads& overloads = found->second;
  Take(&overloads.scalars, parameters, &taken);
  Take(&overloads.aggregates, parameters, &taken);
  Take(&overloads.tables, parameters, &taken);
  if (overloads.empty()) named_.erase(found);
  if (taken.empty()) return false;
  ++epoch_;
  return true;
}

bool UserFunctions::RemoveCollation(std::string_view name) {
  const auto found = collations_.find(absl::AsciiStrToLower(name));
  if (found == collations_.end()) return false;
  const auto taken = std::move(found->second);
  collations_.erase(found);
  ++epoch_;
  return true;
}

void UserFunctions::Clear() {
  const auto named = std::exchange(named_, {});
  const auto collations = std::exchange(collations_, {});
  ++epoch_;
}

Status UserFunctions::ForEach(Visit visit) const {
  for (const auto& [name, overloads] : named_) {
    for (const auto& each : overloads.scalars) TURDB_RETURN_IF_ERROR(visit("scalar", each->signature(), {}));
    for (const auto& each : overloads.aggregates) TURDB_RETURN_IF_ERROR(visit("aggregate", each->signature(), {}));
    for (const auto& each : overloads.tables) TURDB_RETURN_IF_ERROR(visit("table", each->signature(), each->columns()));
  }
  return absl::OkStatus();
}

std::span<const std::shared_ptr<const function::HostScalar>> UserFunctions::ScalarsOf(std::string_view name) const {
  const Overloads* const found = Find(name);
  if (found == nullptr) return {};
  return found->scalars;
}

std::span<const std::shared_ptr<const function::HostAggregate>> UserFunctions::AggregatesOf(std::string_view name) const {
  const Overloads* const found = Find(name);
  if (found == nullptr) return {};
  return found->aggregates;
}

std::span<const std::shared_ptr<const exec::HostTable>> UserFunctions::TablesOf(std::string_view name) const {
  const Overloads* const found = Find(name);
  if (found == nullptr) return {};
  return found->tables;
}

std::shared_ptr<const function::HostScalar> UserFunctions::CollationOf(std::string_view name) const {
  const auto found = collations_.find(absl::AsciiStrToLower(name));
  return found == collations_.end() ? nullptr : found->second;
}

}  // namespace turdb::engine
