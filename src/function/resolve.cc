#include "function/resolve.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "function/builtins.h"

namespace turdb::function {
namespace {

using base::MakeError;

// PostgreSQL's type categories.
char CategoryOf(TypeId id) {
  if (id == TypeId::kBoolean) return 'B';
  if (vec::IsNumber(id)) return 'N';
  if (vec::IsText(id)) return 'S';
  if (id == TypeId::kInterval) return 'T';
  if (vec::IsDateTime(id)) return 'D';
  if (id == TypeId::kUnknown) return 'X';
  if (id == TypeId::kArray) return 'A';
  if (id == TypeId::kEnum) return 'E';
  if (id == TypeId::kInet || id == TypeId::kCidr) return 'I';
  if (vec::IsBits(id)) return 'V';
  if (vec::IsRange(id)) return 'R';
  if (id == TypeId::kStruct) return 'P';
  return 'U';
}

bool IsPreferred(TypeId id) {
  return id == TypeId::kBoolean || id == TypeId::kDouble || id == TypeId::kText || id == TypeId::kInterval ||
         id == TypeId::kTimestampTz || id == TypeId::kInet || id == TypeId::kVarbit;
}

bool Accepts(TypeId parameter, TypeId actual) {
  if (parameter == kAnyArgument || parameter == actual || actual == TypeId::kUnknown) return true;
  // An overload on ANY is for ANY operands; that everything converts to ANY must not make it match everything.
  if (parameter == TypeId::kAny) return false;
  const CastProperties* cast = FindCast(actual, parameter);
  return cast != nullptr && cast->context == CastContext::kImplicit;
}

bool TakesCount(const Candidate& candidate, size_t count) {
  return candidate.variadic ? count >= candidate.arguments.size() : count == candidate.arguments.size();
}

bool Fits(const Candidate& candidate, std::span<const TypeId> actual) {
  if (!TakesCount(candidate, actual.size())) return false;
  const bool any_any = std::find(actual.begin(), actual.end(), TypeId::kAny) != actual.end();
  for (size_t i = 0; i < actual.size(); ++i) {
    const TypeId parameter = ParameterAt(candidate, i);
    if (parameter == TypeId::kAny && any_any) continue;
    if (!Accepts(parameter, actual[i])) return false;
  }
  return true;
}

// Keeps the candidates with the highest score.
template <typename Score>
void KeepBest(std::vector<Candidate>& candidates, Score&& score) {
  int best = -1;
  for (const Candidate& candidate : candidates) best = std::max(best, score(candidate));
  std::erase_if(candidates, [&](const Candidate& candidate) { return score(candidate) < best; });
}

// Rule 4.e of "Function Type Resolution": what the untyped arguments are taken for. False: it cannot be said.
bool DecideUnknowns(std::vector<Candidate>& candidates, std::span<const TypeId> actual) {
  for (size_t i = 0; i < actual.size(); ++i) {
    if (actual[i] != TypeId::kUnknown) continue;
    char category = 0;
    bool conflict = false;
    for (const Candidate& candidate : candidates) {
      const char c = CategoryOf(ParameterAt(candidate, i));
      if (c == 'S') {
        category = 'S';
        conflict = false;
        break;
      }
      if (category == 0) category = c;
      conflict = conflict || category != c;
    }
    if (conflict) return false;
    std::vector<Candidate> kept;
    bool preferred = false;
    for (const Candidate& candidate : candidates) {
      if (CategoryOf(ParameterAt(candidate, i)) != category) continue;
      kept.push_back(candidate);
      preferred = preferred || IsPreferred(ParameterAt(candidate, i));
    }
    if (preferred) std::erase_if(kept, [&](const Candidate& c) { return !IsPreferred(ParameterAt(c, i)); });
    if (!kept.empty()) candidates = std::move(kept);
  }
  return true;
}

bool AllExact(const Candidate& candidate, std::span<const TypeId> actual) {
  if (!TakesCount(candidate, actual.size())) return false;
  for (size_t i = 0; i < actual.size(); ++i) {
    if (ParameterAt(candidate, i) != actual[i]) return false;
  }
  return true;
}

}  // namespace

Resolution ChooseOverload(std::span<const Candidate> all, std::span<const TypeId> actual, bool is_operator, size_t* chosen) {
  const auto done = [&](const Candidate& candidate) {
    *chosen = candidate.index;
    return Resolution::kFound;
  };
  // An exact match, which most calls have, wins before anything is collected.
  for (const Candidate& candidate : all) {
    if (AllExact(candidate, actual)) return done(candidate);
  }
  if (is_operator && actual.size() == 2 && (actual[0] == TypeId::kUnknown) != (actual[1] == TypeId::kUnknown)) {
    const TypeId known = actual[0] == TypeId::kUnknown ? actual[1] : actual[0];
    const TypeId both[] = {known, known};
    for (const Candidate& candidate : all) {
      if (AllExact(candidate, both)) return done(candidate);
    }
  }
  std::vector<Candidate> candidates;
  for (const Candidate& candidate : all) {
    if (Fits(candidate, actual)) candidates.push_back(candidate);
  }
  if (candidates.empty()) return Resolution::kNone;
  if (candidates.size() == 1) return done(candidates[0]);
  // What wants arrays goes before what takes anything (array || element before anything || text).
  KeepBest(candidates, [&](const Candidate& candidate) {
    int count = 0;
    for (size_t i = 0; i < actual.size(); ++i) {
      count += actual[i] == TypeId::kArray && ParameterAt(candidate, i) == TypeId::kArray ? 1 : 0;
    }
    return count;
  });
  if (candidates.size() == 1) return done(candidates[0]);
  const auto exact = [&](const Candidate& candidate) {
    int count = 0;
    for (size_t i = 0; i < actual.size(); ++i) count += ParameterAt(candidate, i) == actual[i] ? 1 : 0;
    return count;
  };
  KeepBest(candidates, exact);
  if (candidates.size() == 1) return done(candidates[0]);
  KeepBest(candidates, [&](const Candidate& candidate) {
    int count = 0;
    for (size_t i = 0; i < actual.size(); ++i) {
      const TypeId parameter = ParameterAt(candidate, i);
      const bool preferred = IsPreferred(parameter) && CategoryOf(parameter) == CategoryOf(actual[i]);
      count += parameter == actual[i] || preferred ? 1 : 0;
    }
    return count;
  });
  if (candidates.size() == 1) return done(candidates[0]);
  const bool has_unknown = std::find(actual.begin(), actual.end(), TypeId::kUnknown) != actual.end();
  if (!has_unknown) {
    // A signature that names its types beats one that takes anything.
    KeepBest(candidates, [&](const Candidate& candidate) {
      int count = 0;
      for (size_t i = 0; i < actual.size(); ++i) count += ParameterAt(candidate, i) != kAnyArgument ? 1 : 0;
      return count;
    });
    return candidates.size() == 1 ? done(candidates[0]) : Resolution::kAmbiguous;
  }
  std::vector<Candidate> decided = candidates;
  if (DecideUnknowns(decided, actual)) {
    if (decided.size() == 1) return done(decided[0]);
    candidates = decided;
  }
  // All typed arguments alike: the untyped ones are taken for that type too.
  TypeId known = TypeId::kUnknown;
  for (TypeId id : actual) {
    if (id == TypeId::kUnknown || id == known) continue;
    if (known != TypeId::kUnknown) return Resolution::kAmbiguous;
    known = id;
  }
  if (known == TypeId::kUnknown) return Resolution::kAmbiguous;
  const std::vector<TypeId> assumed(actual.size(), known);
  std::erase_if(candidates, [&](const Candidate& candidate) { return !Fits(candidate, assumed); });
  return candidates.size() == 1 ? done(candidates[0]) : Resolution::kAmbiguous;
}

Type ArgumentType(TypeId parameter, Type actual) {
  if (parameter == kAnyArgument) return ResolveUnknown(actual);
  if (parameter == SignatureType(actual.id) && parameter != TypeId::kNumeric) return actual;
  return parameter == TypeId::kChar ? Type::Char(0) : Type(parameter);
}

namespace {

std::string TypeName(Type type) {
  if (type.id == TypeId::kArray || type.id == TypeId::kDenseVector) return type.ToString();
  return type.id == TypeId::kDecimal ? "numeric" : type.id == TypeId::kUnknown ? "unknown" : Type(type.id).ToString();
}

std::string Signature(std::string_view name, std::span<const Type> actual, bool is_operator) {
  if (is_operator) {
    if (actual.size() == 1) return absl::StrCat(name, " ", TypeName(actual[0]));
    return absl::StrCat(TypeName(actual[0]), " ", name, " ", TypeName(actual[1]));
  }
  std::string text = absl::StrCat(name, "(");
  for (size_t i = 0; i < actual.size(); ++i) absl::StrAppend(&text, i == 0 ? "" : ", ", TypeName(actual[i]));
  return text + ")";
}

}  // namespace

Status NoSuchFunction(std::string_view name, std::span<const Type> actual, bool is_operator, bool name_exists) {
  const std::string what = is_operator ? "operator" : "function";
  Status status = MakeError(absl::StatusCode::kNotFound, base::sqlstate::kUndefinedFunction,
                            absl::StrCat(what, " does not exist: ", Signature(name, actual, is_operator)));
  if (!name_exists) return status;
  return base::WithHint(std::move(status), absl::StrCat("No ", what,
                                                        " matches the given name and argument types. "
                                                        "You might need to add explicit type casts."));
}

Status AmbiguousFunction(std::string_view name, std::span<const Type> actual, bool is_operator) {
  const std::string what = is_operator ? "operator" : "function";
  return base::WithHint(
      MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kAmbiguousFunction,
                absl::StrCat(what, " is not unique: ", Signature(name, actual, is_operator))),
      absl::StrCat("Could not choose a best candidate ", what, ". You might need to add explicit type casts."));
}

StatusOr<Type> CommonType(std::span<const Type> types, std::string_view construct) {
  if (types.empty()) return Type(TypeId::kText);
  const bool all_same = std::all_of(types.begin(), types.end(), [&](const Type& type) { return type == types[0]; });
  if (all_same && types[0].id != TypeId::kUnknown) return types[0];
  // What several types have in common has no length or precision, but for decimals, whose scale is kept.
  const auto without_parameters = [](Type type) {
    if (type.id == TypeId::kDenseVector) return Type::DenseVector(type.vector_element(), 0);
    const bool made_of_others =
        type.id == TypeId::kArray || type.id == TypeId::kEnum || type.id == TypeId::kStruct || type.id == TypeId::kMap;
    return type.id == TypeId::kDecimal || made_of_others ? type : type.id == TypeId::kChar ? Type::Char(0) : Type(type.id);
  };
  const auto mismatch = [&](Type a, Type b, bool same_category) {
    if (same_category) {
      return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kCannotCoerce,
                       absl::StrCat(construct, " could not convert type ", TypeName(b), " to ", TypeName(a)));
    }
    return MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kDatatypeMismatch,
                     absl::StrCat(construct, " types ", TypeName(a), " and ", TypeName(b), " cannot be matched"));
  };
  Type common;  // unknown
  for (const Type& type : types) {
    if (type.id == TypeId::kUnknown || type == common) continue;
    if (common.id == TypeId::kUnknown) {
      common = without_parameters(type);
      continue;
    }
    if (common.id == TypeId::kArray && type.id == TypeId::kArray) {
      const Type elements[] = {common.element_type(), type.element_type()};
      TURDB_ASSIGN_OR_RETURN(const Type element, CommonType(elements, construct));
      common = Type::ArrayOf(element);
      continue;
    }
    if (common.id == TypeId::kDenseVector && type.id == TypeId::kDenseVector) {
      const bool same = common.vector_element() == type.vector_element();
      common = Type::DenseVector(same ? common.vector_element() : vec::VectorElement::kFloat32, 0);
      continue;
    }
    if (common.id == TypeId::kEnum && type.id == TypeId::kEnum) return mismatch(common, type, true);
    if (common.id == type.id && common.id != TypeId::kDecimal) {
      common = without_parameters(common);
      continue;
    }
    // Integers and decimals meet in a decimal that holds both, when there is one.
    const std::optional<Type> a = AsDecimal(common), b = AsDecimal(type);
    if (a && b && (common.id == TypeId::kDecimal || type.id == TypeId::kDecimal)) {
      const int scale = std::max(a->scale, b->scale);
      const int whole = std::max(a->precision - a->scale, b->precision - b->scale);
      common = whole + scale <= vec::kMaxDecimalPrecision ? Type::Decimal(std::max(1, whole + scale), scale) : Type::Numeric();
      continue;
    }
    if (CategoryOf(common.id) != CategoryOf(type.id)) {
      if (common.id == TypeId::kAny || type.id == TypeId::kAny) {
        common = TypeId::kAny;
        continue;
      }
      return mismatch(common, type, false);
    }
    const bool to_common = CanCast(type, common, CastContext::kImplicit);
    const bool to_type = CanCast(common, type, CastContext::kImplicit);
    if (to_common) continue;
    if (to_type) {
      common = without_parameters(type);
    } else if (vec::IsInteger(common.id) && vec::IsInteger(type.id)) {
      // Neither holds the other: different signs.
      const auto is_wide = [](TypeId id) { return id == TypeId::kUInt64 || id == TypeId::kInt128; };
      common = is_wide(common.id) || is_wide(type.id) ? Type(TypeId::kInt128) : Type(TypeId::kInt64);
    } else {
      return mismatch(common, type, true);
    }
  }
  return ResolveUnknown(common);
}

}  // namespace turdb::function
