// Rows as values: ROW(...), {'a': 1}, whole rows of tables, fields of structs; maps.
//
// A struct without a name has its fields' names and types for its type; the catalog gives equal ones one number
// (vec/struct_types.h). What is written as a row remembers its elements (`rows_`), so that a context that wants another type
// converts them one by one, literals from their text: ROW(1, '2020-01-01') goes into a column (int, date).
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "function/struct_functions.h"
#include "sql/bind/binder.h"
#include "vec/struct.h"

namespace turdb::sql {

using ast::As;
using ast::ExprKind;
using base::Status;
using base::StatusOr;
using exec::ExpressionKind;
using function::CastContext;
using vec::StructField;
using vec::StructFields;
using vec::Type;
using vec::TypeId;
using vec::Value;
namespace sqlstate = base::sqlstate;

namespace {

bool HasParts(const Type& type) { return type.is_or_has_elements(TypeId::kStruct) || type.is_or_has_elements(TypeId::kMap); }

std::string NumberedField(size_t i) { return absl::StrCat("f", i + 1); }

}  // namespace

StatusOr<Type> Binder::StructOf(StructFields fields) {
  if (fields.size() > vec::kMaxStructFields) {
    return base::LimitError(absl::StrCat("a row can have at most ", vec::kMaxStructFields, " columns"));
  }
  TURDB_ASSIGN_OR_RETURN(const int32_t number, context_.catalog->struct_types().Intern(std::move(fields)));
  return Type::Struct(number);
}

StatusOr<Type> Binder::MapOf(const Type& key, const Type& value) {
  StructFields fields = {{"key", key}, {"value", value}};
  TURDB_ASSIGN_OR_RETURN(const int32_t number, context_.catalog->struct_types().Intern(std::move(fields)));
  return Type::Map(number);
}

std::shared_ptr<const StructFields> Binder::FieldsOf(const Type& type) {
  auto fields = context_.catalog->FieldsOf(type);
  if (type.user_type_id() != 0) {
    if (const auto relation = context_.catalog->RelationOf(type.user_type_id())) DependOn(relation);
  }
  return fields;
}

// STRUCT(a int, b text) and MAP(text, int) as they are written.
StatusOr<Type> Binder::BindTypeWithParts(const ast::TypeName& type) {
  Type made;
  base::FileId domain = base::kNoFile;
  const auto part = [&](const ast::TypeName& name) -> StatusOr<Type> {
    TURDB_ASSIGN_OR_RETURN(const Type bound, BindTypeOrDomain(name, &domain));
    if (domain != base::kNoFile) return Unsupported("a domain inside a struct", name.offset);
    return bound;
  };
  if (!type.types.empty()) {
    TURDB_ASSIGN_OR_RETURN(const Type key, part(*type.types[0]));
    TURDB_ASSIGN_OR_RETURN(const Type value, part(*type.types[1]));
    TURDB_RETURN_IF_ERROR(CheckComparable(key, "an equality operator", type.types[0]->offset));
    TURDB_ASSIGN_OR_RETURN(made, MapOf(key, value));
  } else {
    StructFields fields;
    for (const ast::TypeField& field : type.fields) {
      for (const StructField& other : fields) {
        if (other.name != field.name.text) continue;
        return Error(sqlstate::kDuplicateColumn, absl::StrCat("field \"", field.name.text, "\" specified more than once"),
                     field.name.offset);
      }
      TURDB_ASSIGN_OR_RETURN(const Type bound, part(*field.type));
      fields.push_back({std::string(field.name.text), bound});
    }
    TURDB_ASSIGN_OR_RETURN(made, StructOf(std::move(fields)));
  }
  return type.array_depth == 0 ? made : Type::ArrayOf(made);
}

// ---- rows

StatusOr<const Expr*> Binder::MakeRow(std::vector<const Expr*> elements, const std::vector<std::string_view>& names,
                                      int32_t position) {
  const std::vector<const Expr*> written = elements;
  StructFields fields;
  std::vector<Type> types;
  for (size_t i = 0; i < elements.size(); ++i) {
    TURDB_ASSIGN_OR_RETURN(elements[i],
                           Coerce(elements[i], function::ResolveUnknown(elements[i]->type), CastContext::kImplicit));
    types.push_back(elements[i]->type);
    fields.push_back({names.empty() ? NumberedField(i) : std::string(names[i]), elements[i]->type});
  }
  TURDB_ASSIGN_OR_RETURN(const Type type, StructOf(std::move(fields)));
  const Expr* const made = Fold(plan_.Call(function::BindStruct(std::move(types), type), plan_.Copy(elements), position));
  rows_[made] = written;
  return made;
}

StatusOr<const Expr*> Binder::MakeRowAs(const std::vector<const Expr*>& elements, const Type& type, CastContext context,
                                        int32_t position) {
  const auto fields = FieldsOf(type);
  if (fields == nullptr) return MakeRow(elements, {}, position);
  if (fields->size() != elements.size()) {
    return base::WithHint(base::WithPosition(base::MakeError(absl::StatusCode::kInvalidArgument, sqlstate::kCannotCoerce,
                                                             absl::StrCat("cannot cast type record to ", NameOf(type))),
                                             position),
                          absl::StrCat("Input has too ", elements.size() < fields->size() ? "few" : "many", " columns."));
  }
  std::vector<const Expr*> converted;
  std::vector<Type> types;
  for (size_t i = 0; i < elements.size(); ++i) {
    TURDB_ASSIGN_OR_RETURN(const Expr* const element, Coerce(elements[i], (*fields)[i].type, context));
    converted.push_back(element);
    types.push_back((*fields)[i].type);
  }
  const Expr* const made = Fold(plan_.Call(function::BindStruct(std::move(types), type), plan_.Copy(converted), position));
  rows_[made] = elements;
  return made;
}

// `wanted`: the struct type of the cast or the column around it, or null.
StatusOr<const Expr*> Binder::BindRow(const ast::Row& row, const Type* wanted, CastContext cast, const ExprContext& context) {
  const int32_t position = Position(row.offset);
  const auto fields = wanted == nullptr ? nullptr : FieldsOf(*wanted);
  std::vector<const Expr*> elements;
  std::vector<std::string_view> names;
  for (size_t i = 0; i < row.names.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (row.names[i].text != row.names[j].text) continue;
      return Error(sqlstate::kDuplicateColumn, absl::StrCat("field \"", row.names[i].text, "\" specified more than once"),
                   row.names[i].offset);
    }
    names.push_back(arena_.Copy(row.names[i].text));
  }
  if (fields == nullptr) {
    TURDB_ASSIGN_OR_RETURN(elements, BindRowElements(row, context));
    return MakeRow(std::move(elements), names, position);
  }
  if (names.empty()) {
    const bool stars = std::any_of(row.elements.begin(), row.elements.end(), [](const ast::Expr* element) {
      return element->kind == ExprKind::kStar || element->kind == ExprKind::kField;
    });
    for (size_t i = 0; !stars && i < row.elements.size(); ++i) {
      const Type* const type = i < fields->size() ? &(*fields)[i].type : nullptr;
      TURDB_ASSIGN_OR_RETURN(const Expr* const element, BindAs(*row.elements[i], type, cast, context));
      elements.push_back(element);
    }
    if (stars) {
      TURDB_ASSIGN_OR_RETURN(elements, BindRowElements(row, context));
    }
    return MakeRowAs(elements, *wanted, cast, position);
  }
  // With names: by name, in whatever order; what is not there is NULL.
  elements.assign(fields->size(), nullptr);
  for (size_t i = 0; i < names.size(); ++i) {
    const auto same = [&](const StructField& field) { return absl::EqualsIgnoreCase(field.name, names[i]); };
    const auto found = std::find_if(fields->begin(), fields->end(), same);
    if (found == fields->end()) {
      return Error(sqlstate::kUndefinedColumn, absl::StrCat("type ", NameOf(*wanted), " has no field \"", names[i], "\""),
                   row.names[i].offset);
    }
    TURDB_ASSIGN_OR_RETURN(elements[static_cast<size_t>(found - fields->begin())],
                           BindAs(*row.elements[i], &found->type, cast, context));
  }
  for (size_t i = 0; i < elements.size(); ++i) {
    if (elements[i] == nullptr) elements[i] = NullConstant((*fields)[i].type, row.offset);
  }
  return MakeRowAs(elements, *wanted, cast, position);
}

// An expression that a value of `type` is wanted of: rows, arrays and maps that are written out take their parts' types from
// it.
StatusOr<const Expr*> Binder::BindAs(const ast::Expr& expr, const Type* type, CastContext cast, const ExprContext& context) {
  if (type != nullptr && expr.kind == ExprKind::kRow && type->id == TypeId::kStruct) {
    return BindRow(As<ast::Row>(expr), type, cast, context);
  }
  if (type != nullptr && expr.kind == ExprKind::kArray && type->id == TypeId::kArray) {
    return BindArray(As<ast::Array>(expr), type, context);
  }
  if (expr.kind == ExprKind::kMap) {
    return BindMap(As<ast::Map>(expr), type != nullptr && type->id == TypeId::kMap ? type : nullptr, cast, context);
  }
  return Bind(expr, context);
}

StatusOr<std::vector<const Expr*>> Binder::BindRowElements(const ast::Expr& expr, const ExprContext& context) {
  std::vector<const Expr*> elements;
  for (const ast::Expr* element : As<ast::Row>(expr).elements) {
    if (element->kind == ExprKind::kStar) {
      std::vector<ProjectionItem> items;
      TURDB_RETURN_IF_ERROR(ExpandStar(As<ast::Star>(*element), context, &items));
      for (const ProjectionItem& item : items) elements.push_back(item.expr);
      continue;
    }
    if (element->kind == ExprKind::kField && As<ast::Field>(*element).name.empty()) {
      std::vector<ProjectionItem> items;
      TURDB_RETURN_IF_ERROR(ExpandFields(As<ast::Field>(*element), context, &items));
      for (const ProjectionItem& item : items) elements.push_back(item.expr);
      continue;
    }
    TURDB_ASSIGN_OR_RETURN(const Expr* bound, Bind(*element, context));
    elements.push_back(bound);
  }
  return elements;
}

// The row of a table or a query in FROM, by its name.
StatusOr<const Expr*> Binder::WholeRow(const ScopeRelation& relation, int32_t position) {
  std::vector<const Expr*> elements;
  std::vector<std::string_view> names;
  for (size_t i = 0; i < relation.columns.size(); ++i) {
    TURDB_ASSIGN_OR_RETURN(elements.emplace_back(), AuthorizeColumnOf(relation, i, position));
    names.push_back(relation.columns[i].name);
  }
  if (relation.get == nullptr || relation.get->relation == nullptr) return MakeRow(std::move(elements), names, position);
  const table::TableSchema& schema = *relation.get->relation->schema;
  if (schema.columns.size() != elements.size()) return MakeRow(std::move(elements), names, position);
  // Where an outer join leaves the table out, there is no row: something of it that is never NULL tells.
  const Expr* witness = nullptr;
  for (size_t i = 0; i < elements.size() && witness == nullptr; ++i) {
    if (schema.columns[i].not_null) witness = elements[i];
  }
  if (witness == nullptr && relation.get->outputs.size() > elements.size() && schema.key_form != table::KeyForm::kEncoded) {
    witness = ColumnExpr(relation.get->outputs[elements.size()]);
  }
  const Type type = Type::Struct(static_cast<int32_t>(relation.get->relation->id));
  std::vector<Type> types;
  for (const Expr* element : elements) types.push_back(element->type);
  if (witness == nullptr) return plan_.Call(function::BindStruct(std::move(types), type), plan_.Copy(elements), position);
  elements.insert(elements.begin(), witness);
  types.insert(types.begin(), witness->type);
  return plan_.Call(function::BindStructUnlessNull(std::move(types), type), plan_.Copy(elements), position);
}

StatusOr<const Expr*> Binder::WholeRowOf(const ast::Name& name, const ExprContext& context) {
  for (Scope* scope = context.scope; scope != nullptr; scope = scope->parent) {
    for (const ScopeRelation& relation : scope->relations) {
      if (relation.alias == name.text) return WholeRow(relation, Position(name.offset));
    }
  }
  return Error(sqlstate::kUndefinedTable, absl::StrCat("missing FROM-clause entry for table \"", name.text, "\""), name.offset);
}

// ---- fields

StatusOr<const Expr*> Binder::FieldAt(const Expr* value, size_t place, const StructFields& fields, int32_t position) {
  if (const auto row = rows_.find(value); row != rows_.end() && value->kind == ExpressionKind::kCall) {
    return value->arguments[place];
  }
  const Expr* const number = plan_.Constant(Value::Int32(static_cast<int32_t>(place)), TypeId::kInt32, position);
  const Type& type = fields[place].type;
  const Expr* const made =
      Fold(plan_.Call(function::BindField(value->type, type), plan_.Copy(std::vector<const Expr*>{value, number}), position));
  if (type.collates()) NoteCollation(made, {vec::CollationOf(type.collation()), CollationStrength::kImplicit});
  return made;
}

StatusOr<int32_t> Binder::FindField(const StructFields& fields, std::string_view name, const Type& type, int32_t offset) const {
  int32_t found = -1;
  int matches = 0;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == name) return static_cast<int32_t>(i);
    if (!absl::EqualsIgnoreCase(fields[i].name, name)) continue;
    found = static_cast<int32_t>(i);
    ++matches;
  }
  if (matches == 1) return found;
  const std::string named = NameOf(type);
  return Error(sqlstate::kUndefinedColumn,
               named == "record" ? absl::StrCat("could not identify column \"", name, "\" in record data type")
                                 : absl::StrCat("column \"", name, "\" not found in data type ", named),
               offset);
}

StatusOr<const Expr*> Binder::FieldOf(const Expr* value, const ast::Name& name) {
  if (value->type.id != TypeId::kStruct) {
    return Error(base::SqlState{"42809"},
                 absl::StrCat("column notation .", name.text, " applied to type ", NameOf(value->type),
                              ", which is not a composite type"),
                 name.offset);
  }
  const auto fields = FieldsOf(value->type);
  if (fields == nullptr) {
    return Error(sqlstate::kUndefinedColumn, absl::StrCat("could not identify column \"", name.text, "\" in record data type"),
                 name.offset);
  }
  TURDB_ASSIGN_OR_RETURN(const int32_t place, FindField(*fields, name.text, value->type, name.offset));
  return FieldAt(value, static_cast<size_t>(place), *fields, Position(name.offset));
}

StatusOr<const Expr*> Binder::BindField(const ast::Field& field, const ExprContext& context) {
  if (field.name.empty())
    return Error(sqlstate::kFeatureNotSupported, "row expansion via \"*\" is not supported here", field.offset);
  TURDB_ASSIGN_OR_RETURN(const Expr* const value, Bind(*field.operand, context));
  return FieldOf(value, field.name);
}

// (value).* in a list.
Status Binder::ExpandFields(const ast::Field& field, const ExprContext& context, std::vector<ProjectionItem>* out) {
  TURDB_ASSIGN_OR_RETURN(const Expr* const value, Bind(*field.operand, context));
  const auto fields = value->type.id == TypeId::kStruct ? FieldsOf(value->type) : nullptr;
  if (fields == nullptr) {
    return Error(base::SqlState{"42809"}, absl::StrCat("type ", NameOf(value->type), " is not composite"), field.offset);
  }
  for (size_t i = 0; i < fields->size(); ++i) {
    ProjectionItem item;
    TURDB_ASSIGN_OR_RETURN(item.expr, FieldAt(value, i, *fields, Position(field.offset)));
    item.name = arena_.Copy((*fields)[i].name);
    out->push_back(item);
  }
  return absl::OkStatus();
}

// The column `c` with another value in the field that `path` names: of SET c.a.b = value.
StatusOr<const Expr*> Binder::ChangePart(const Expr* whole, std::string_view name, std::span<const ast::SetStep> path,
                                         const ast::Expr& value, const ExprContext& context) {
  if (path[0].field.empty()) return ChangeElement(whole, name, path, value, context);
  const auto fields = whole->type.id == TypeId::kStruct ? FieldsOf(whole->type) : nullptr;
  if (fields == nullptr) {
    return Error(sqlstate::kDatatypeMismatch,
                 absl::StrCat("cannot assign to field \"", path[0].field.text, "\" of column \"", name, "\" because its type ",
                              NameOf(whole->type), " is not a composite type"),
                 path[0].offset);
  }
  const StatusOr<int32_t> found = FindField(*fields, path[0].field.text, whole->type, path[0].offset);
  if (!found.ok()) {
    return Error(sqlstate::kUndefinedColumn,
                 absl::StrCat("cannot assign to field \"", path[0].field.text, "\" of column \"", name,
                              "\" because there is no such column in data type ", NameOf(whole->type)),
                 path[0].offset);
  }
  const int32_t place = *found;
  const Type& type = (*fields)[static_cast<size_t>(place)].type;
  const int32_t position = Position(path[0].offset);
  const Expr* changed = nullptr;
  if (path.size() > 1) {
    TURDB_ASSIGN_OR_RETURN(const Expr* const inner, FieldAt(whole, static_cast<size_t>(place), *fields, position));
    TURDB_ASSIGN_OR_RETURN(changed, ChangePart(inner, path[0].field.text, path.subspan(1), value, context));
  } else {
    TURDB_ASSIGN_OR_RETURN(changed, BindAs(value, &type, CastContext::kAssignment, context));
  }
  TURDB_ASSIGN_OR_RETURN(changed, Coerce(changed, type, CastContext::kAssignment));
  const Expr* const number = plan_.Constant(Value::Int32(place), TypeId::kInt32, position);
  return plan_.Call(function::BindFieldChange(whole->type, type), plan_.Copy(std::vector<const Expr*>{whole, number, changed}),
                    position);
}

const Expr* Binder::FieldsNull(const Expr* value, bool negated, int32_t position) {
  const std::vector<const Expr*> argument = {value};
  return Fold(plan_.Call(negated ? function::BindNoFieldNull(value->type) : function::BindAllFieldsNull(value->type),
                         plan_.Copy(argument), position));
}

// ---- what several have in common

StatusOr<Type> Binder::CommonType(std::span<const Type> types, std::string_view construct) {
  const Type* first = nullptr;
  bool differ = false;
  for (const Type& type : types) {
    if (type.id == TypeId::kUnknown) continue;
    if (!HasParts(type)) return function::CommonType(types, construct);
    if (first == nullptr) first = &type;
    if (type.id != first->id || type.element != first->element) return function::CommonType(types, construct);
    differ = differ || type != *first;
    if (first->is_unnamed_struct() && type.user_type_id() != 0 && NameOf(*first) == "record") first = &type;
  }
  if (first == nullptr || !differ) return function::CommonType(types, construct);
  if (first->user_type_id() != 0) return *first;
  std::vector<std::vector<Type>> columns;
  const auto names = FieldsOf(*first);
  if (names == nullptr) return *first;
  for (const Type& type : types) {
    const auto fields = type.id == TypeId::kUnknown ? nullptr : FieldsOf(type);
    if (fields == nullptr) continue;
    columns.resize(names->size());
    if (fields->size() != names->size()) {
      return base::MakeError(absl::StatusCode::kInvalidArgument, sqlstate::kDatatypeMismatch,
                             "cannot compare record types with different numbers of columns");
    }
    for (size_t i = 0; i < fields->size(); ++i) columns[i].push_back((*fields)[i].type);
  }
  StructFields common;
  for (size_t i = 0; i < names->size(); ++i) {
    TURDB_ASSIGN_OR_RETURN(const Type type, CommonType(columns[i], construct));
    common.push_back({(*names)[i].name, type});
  }
  Type made = *first;
  TURDB_ASSIGN_OR_RETURN(made.length, context_.catalog->struct_types().Intern(std::move(common)));
  return made;
}

Status Binder::UnifyStructs(const Expr** left, const Expr** right, int32_t position) {
  const Type types[] = {(*left)->type, (*right)->type};
  if (!HasParts(types[0]) || !HasParts(types[1]) || types[0] == types[1]) return absl::OkStatus();
  // What is written as a row takes the types of what it is compared with, where it can.
  for (const bool first : {true, false}) {
    const Expr** const written = first ? left : right;
    const Expr* const other = first ? *right : *left;
    if (!rows_.contains(*written) || rows_.contains(other)) continue;
    const auto made = Coerce(*written, other->type, CastContext::kImplicit);
    if (!made.ok()) continue;
    *written = *made;
    return absl::OkStatus();
  }
  auto common = CommonType(types, "comparison");
  if (!common.ok()) return base::WithPosition(common.status(), position);
  TURDB_ASSIGN_OR_RETURN(*left, Coerce(*left, *common, CastContext::kImplicit));
  TURDB_ASSIGN_OR_RETURN(*right, Coerce(*right, *common, CastContext::kImplicit));
  return absl::OkStatus();
}

// Whether a struct becomes another, field by field.
Status Binder::CheckStructCast(const Type& from, const Type& to, CastContext context, int32_t position) {
  const auto a = FieldsOf(from), b = FieldsOf(to);
  if (a == nullptr || b == nullptr) return absl::OkStatus();
  const auto refuse = [&](std::string_view why) {
    return base::WithHint(
        base::WithPosition(base::MakeError(absl::StatusCode::kInvalidArgument, sqlstate::kCannotCoerce,
                                           absl::StrCat("cannot cast type ", NameOf(from), " to ", NameOf(to))),
                           position),
        why);
  };
  if (a->size() != b->size())
    return refuse(absl::StrCat("Input has too ", a->size() < b->size() ? "few" : "many", " columns."));
  for (size_t i = 0; i < a->size(); ++i) {
    const Type& x = (*a)[i].type;
    const Type& y = (*b)[i].type;
    if (HasParts(x) && HasParts(y)) {
      TURDB_RETURN_IF_ERROR(CheckStructCast(x, y, context, position));
    } else if (!function::CanCast(x, y, std::max(context, CastContext::kAssignment))) {
      return refuse(absl::StrCat("Cannot cast type ", NameOf(x), " to ", NameOf(y), " in column ", i + 1, "."));
    }
  }
  return absl::OkStatus();
}

// ---- maps

StatusOr<const Expr*> Binder::BindMap(const ast::Map& map, const Type* wanted, CastContext cast, const ExprContext& context) {
  const int32_t position = Position(map.offset);
  const auto fields = wanted == nullptr ? nullptr : FieldsOf(*wanted);
  std::vector<const Expr*> parts[2];
  for (size_t i = 0; i < map.pairs.size(); ++i) {
    const Type* const type = fields == nullptr ? nullptr : &(*fields)[i % 2].type;
    TURDB_ASSIGN_OR_RETURN(const Expr* part, BindAs(*map.pairs[i], type, cast, context));
    if (type != nullptr) {
      TURDB_ASSIGN_OR_RETURN(part, Coerce(part, *type, cast));
    }
    parts[i % 2].push_back(part);
  }
  if (map.pairs.empty() && fields == nullptr) {
    return base::WithHint(Error(base::SqlState{"42P18"}, "cannot determine type of empty map", map.offset),
                          "Explicitly cast to the desired type, for example MAP {}::MAP(text, integer).");
  }
  Type types[2];
  for (const size_t side : {0u, 1u}) {
    if (fields != nullptr) {
      types[side] = (*fields)[side].type;
      continue;
    }
    CollationState collation;
    TURDB_RETURN_IF_ERROR(Unify(&parts[side], "MAP", map.offset, &collation));
    types[side] = parts[side][0]->type;
  }
  TURDB_RETURN_IF_ERROR(CheckComparable(types[0], "an equality operator", map.offset));
  TURDB_ASSIGN_OR_RETURN(const Type type, MapOf(types[0], types[1]));
  std::vector<const Expr*> arguments;
  for (size_t i = 0; i < parts[0].size(); ++i) {
    arguments.push_back(parts[0][i]);
    arguments.push_back(parts[1][i]);
  }
  return Fold(plan_.Call(function::BindMapOfPairs(parts[0].size(), types[0], types[1], type), plan_.Copy(arguments), position));
}

StatusOr<const Expr*> Binder::MapValue(const Expr* map, const Expr* key, bool as_array, int32_t position) {
  const auto fields = FieldsOf(map->type);
  TURDB_ASSIGN_OR_RETURN(key, Coerce(key, (*fields)[0].type, CastContext::kAssignment));
  const Type& value = (*fields)[1].type;
  if (as_array && value.id == TypeId::kArray) return Unsupported("an array of arrays", position);
  function::BoundCall call = as_array ? function::BindMapExtract(map->type, key->type, Type::ArrayOf(value))
                                      : function::BindMapValue(map->type, key->type, value);
  return Fold(plan_.Call(std::move(call), plan_.Copy(std::vector<const Expr*>{map, key}), position));
}

// json_populate_record(null::t, json): the row; json_populate_recordset: the array of them, which unnest makes rows.
StatusOr<const Expr*> Binder::JsonRecord(const Expr* base, const Expr* json, bool set, int32_t position) {
  TURDB_ASSIGN_OR_RETURN(json, Coerce(json, TypeId::kJsonb, CastContext::kExplicit));
  const Type& type = base->type;
  return plan_.Call(set ? function::BindJsonRecords(type) : function::BindJsonRecord(type),
                    plan_.Copy(std::vector<const Expr*>{base, json}), position);
}

// struct_pack(a := 1), map(keys, values), map_keys(m) ...: calls whose result's type is made of their arguments'.
StatusOr<const Expr*> Binder::BindStructCall(const ast::Call& call, std::string_view name, const ExprContext& context,
                                             bool* special) {
  const size_t count = call.arguments.size();
  const int32_t position = Position(call.offset);
  if (name == "struct_pack" && count > 0) {
    *special = true;
    std::vector<const Expr*> elements;
    std::vector<std::string_view> names;
    for (const ast::Expr* argument : call.arguments) {
      if (argument->kind != ExprKind::kNamedArgument) {
        return Error(sqlstate::kSyntaxError, "struct_pack takes named arguments: struct_pack(a := 1)", argument->offset);
      }
      const auto& named = As<ast::NamedArgument>(*argument);
      TURDB_ASSIGN_OR_RETURN(const Expr* const bound, Bind(*named.value, context));
      elements.push_back(bound);
      names.push_back(arena_.Copy(named.name.text));
    }
    return MakeRow(std::move(elements), names, position);
  }
  if ((name == "json_populate_record" || name == "jsonb_populate_record") && count == 2) {
    *special = true;
    TURDB_ASSIGN_OR_RETURN(const Expr* const base, Bind(*call.arguments[0], context));
    TURDB_ASSIGN_OR_RETURN(const Expr* const json, Bind(*call.arguments[1], context));
    if (base->type.id != TypeId::kStruct || FieldsOf(base->type) == nullptr) {
      return Error(sqlstate::kDatatypeMismatch, absl::StrCat("first argument of ", name, " must be a row type"), call.offset);
    }
    return JsonRecord(base, json, false, position);
  }
  const bool makes = (name == "map" && (count == 2 || count == 0)) || (name == "map_from_entries" && count == 1);
  const bool reads =
      ((name == "map_keys" || name == "map_values" || name == "map_entries") && count == 1) ||
      ((name == "map_extract" || name == "element_at" || name == "map_contains" || name == "struct_extract") && count == 2) ||
      (name == "map_concat" && count > 0);
  if (!makes && !reads) return nullptr;
  *special = true;
  if (name == "map" && count == 0) {
    return base::WithHint(Error(base::SqlState{"42P18"}, "cannot determine type of empty map", call.offset),
                          "Explicitly cast to the desired type, for example MAP {}::MAP(text, integer).");
  }
  std::vector<const Expr*> arguments;
  for (const ast::Expr* argument : call.arguments) {
    TURDB_ASSIGN_OR_RETURN(const Expr* const bound, Bind(*argument, context));
    arguments.push_back(bound);
  }
  const auto make = [&](function::BoundCall bound) {
    return Fold(plan_.Call(std::move(bound), plan_.Copy(arguments), position));
  };
  const auto undefined = [&]() -> Status {
    std::string types;
    for (const Expr* argument : arguments) absl::StrAppend(&types, types.empty() ? "" : ", ", NameOf(argument->type));
    return Error(sqlstate::kUndefinedFunction, absl::StrCat("function ", name, "(", types, ") does not exist"), call.offset);
  };
  const Type first = arguments[0]->type;
  if (name == "map") {
    if (first.id != TypeId::kArray || arguments[1]->type.id != TypeId::kArray) return undefined();
    TURDB_ASSIGN_OR_RETURN(const Type type, MapOf(first.element_type(), arguments[1]->type.element_type()));
    return make(function::BindMapOfArrays(first, arguments[1]->type, type));
  }
  if (name == "map_from_entries") {
    const auto fields = first.id == TypeId::kArray && first.element == TypeId::kStruct ? FieldsOf(first) : nullptr;
    if (fields == nullptr || fields->size() != 2) return undefined();
    TURDB_ASSIGN_OR_RETURN(const Type type, MapOf((*fields)[0].type, (*fields)[1].type));
    return make(function::BindMapOfEntries(first, type));
  }
  if (name == "struct_extract") {
    const bool literal = arguments[1]->kind == ExpressionKind::kConstant && !arguments[1]->value->is_null();
    if (first.id != TypeId::kStruct || !literal || arguments[1]->type.id != TypeId::kUnknown) return undefined();
    return FieldOf(arguments[0], ast::Name{arena_.Copy(arguments[1]->value->bytes()), call.offset, true});
  }
  const auto fields = first.id == TypeId::kMap ? FieldsOf(first) : nullptr;
  if (fields == nullptr) return undefined();
  if (name == "map_extract" || name == "element_at") {
    return MapValue(arguments[0], arguments[1], name == "map_extract", position);
  }
  if (name == "map_contains") {
    TURDB_ASSIGN_OR_RETURN(arguments[1], Coerce(arguments[1], (*fields)[0].type, CastContext::kAssignment));
    return make(function::BindMapContains(first, arguments[1]->type));
  }
  if (name == "map_concat") {
    for (const Expr*& argument : arguments) {
      TURDB_ASSIGN_OR_RETURN(argument, Coerce(argument, first, CastContext::kImplicit));
    }
    return make(function::BindMapConcat(count, first));
  }
  const size_t part = name == "map_values" ? 1 : 0;
  if (name == "map_entries") {
    TURDB_ASSIGN_OR_RETURN(const Type entry, StructOf(*fields));
    return make(function::BindMapEntries(first, Type::ArrayOf(entry)));
  }
  const Type& type = (*fields)[part].type;
  if (type.id == TypeId::kArray) return Unsupported("an array of arrays", call.offset);
  return make(part == 0 ? function::BindMapKeys(first, Type::ArrayOf(type))
                        : function::BindMapValues(first, Type::ArrayOf(type)));
}

}  // namespace turdb::sql
