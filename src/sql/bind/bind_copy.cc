// COPY: files as where rows come from, and where they go to.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using base::Status;
using base::StatusOr;
using function::CastContext;
using vec::TypeId;
namespace sqlstate = base::sqlstate;

namespace {

template <typename T>
ast::List<T> Keep(base::Arena& arena, const std::vector<T>& items) {
  const std::span<T> kept = arena.NewArray<T>(items.size());
  std::copy(items.begin(), items.end(), kept.begin());
  return kept;
}

}  // namespace

StatusOr<Binder::CopyFormat> Binder::BindCopyOptions(const ast::Copy& copy, CopyOptions* options) {
  CopyFormat format = CopyFormat::kText;
  exec::CsvOptions& csv = options->csv;
  bool delimiter_given = false, null_given = false, escape_given = false, quote_given = false;
  for (const std::string_view end : {".csv", ".tsv"}) {
    if (copy.path.ends_with(end)) format = CopyFormat::kCsv;
  }
  for (const std::string_view end : {".json", ".jsonl", ".ndjson"}) {
    if (copy.path.ends_with(end)) format = CopyFormat::kJson;
  }
  if (copy.path.ends_with(".tsv")) {
    csv.delimiter = '\t';
    delimiter_given = true;
  }
  for (const ast::Option& option : copy.options) {
    const std::string_view name = option.name.text;
    const auto one = [&](char* out, bool* given) -> Status {
      const bool tab = option.value == "\\t";
      if (option.value.size() != 1 && !tab) {
        return Error(sqlstate::kInvalidParameter, absl::StrCat("COPY ", name, " must be a single one-byte character"),
                     option.name.offset);
      }
      *out = tab ? '\t' : option.value[0];
      *given = true;
      return absl::OkStatus();
    };
    const auto forced = [&](std::vector<ast::Name>* names, bool* all) {
      *all = *all || option.value == "*" || option.names.empty();
      names->insert(names->end(), option.names.begin(), option.names.end());
    };
    if (name == "format") {
      if (option.value == "text") {
        format = CopyFormat::kText;
      } else if (option.value == "csv" || option.value == "json") {
        format = option.value == "csv" ? CopyFormat::kCsv : CopyFormat::kJson;
      } else {
        return Unsupported(absl::StrCat("COPY format \"", option.value, "\""), option.name.offset);
      }
    } else if (name == "header") {
      csv.match_header = option.value == "match" && copy.from;
      csv.header = option.value.empty() || option.value == "true" || option.value == "on" || option.value == "1" ||
                   option.value == "match";
    } else if (name == "delimiter" || name == "delim" || name == "sep") {
      TURDB_RETURN_IF_ERROR(one(&csv.delimiter, &delimiter_given));
    } else if (name == "quote") {
      TURDB_RETURN_IF_ERROR(one(&csv.quote, &quote_given));
    } else if (name == "escape") {
      TURDB_RETURN_IF_ERROR(one(&csv.escape, &escape_given));
    } else if (name == "null" || name == "nullstr") {
      csv.null_text = plan_.Copy(option.value);
      null_given = true;
    } else if (name == "force_quote") {
      if (copy.from)
        return Error(sqlstate::kFeatureNotSupported, "COPY FORCE_QUOTE cannot be used with COPY FROM", option.name.offset);
      forced(&options->force_quote, &csv.force_quote_all);
    } else if (name == "force_not_null" || name == "force_null") {
      if (!copy.from) {
        return Error(sqlstate::kFeatureNotSupported,
                     absl::StrCat("COPY ", absl::AsciiStrToUpper(name), " cannot be used with COPY TO"), option.name.offset);
      }
      const bool nulls = name == "force_null";
      forced(nulls ? &options->force_null : &options->force_not_null, nulls ? &options->all_null : &options->all_not_null);
    } else if (name == "max_rejected_rows" && copy.from) {
      if (!absl::SimpleAtoi(option.value, &csv.max_rejected_rows)) {
        return Error(sqlstate::kInvalidParameter, "max_rejected_rows takes a number", option.name.offset);
      }
    } else if (name == "on_error" && copy.from) {
      if (option.value == "ignore") csv.max_rejected_rows = INT64_MAX;
      if (option.value != "ignore" && option.value != "stop") {
        return Error(sqlstate::kInvalidParameter, absl::StrCat("COPY ON_ERROR \"", option.value, "\" not recognized"),
                     option.name.offset);
      }
    } else if (name == "encoding") {
      const std::string encoding = absl::AsciiStrToLower(option.value);
      if (encoding != "utf8" && encoding != "utf-8") {
        return Unsupported(absl::StrCat("COPY ENCODING \"", option.value, "\""), option.name.offset);
      }
    } else if (name != "auto_detect" && name != "log_verbosity" && name != "freeze") {
      return Error(sqlstate::kSyntaxError, absl::StrCat("option \"", name, "\" not recognized"), option.name.offset);
    }
  }
  if (!escape_given) csv.escape = csv.quote;
  if (format != CopyFormat::kText) return format;
  csv.text = true;
  if (!delimiter_given) csv.delimiter = '\t';
  if (!null_given) csv.null_text = "\\N";
  const auto only_csv = [&](std::string_view what) {
    return Error(sqlstate::kFeatureNotSupported, absl::StrCat("COPY ", what, " requires CSV mode"), copy.offset);
  };
  if (quote_given) return only_csv("QUOTE");
  if (escape_given) return only_csv("ESCAPE");
  if (csv.force_quote_all || !options->force_quote.empty()) return only_csv("FORCE_QUOTE");
  if (options->all_not_null || !options->force_not_null.empty()) return only_csv("FORCE_NOT_NULL");
  if (options->all_null || !options->force_null.empty()) return only_csv("FORCE_NULL");
  if (absl::StrContains("\\.abcdefghijklmnopqrstuvwxyz0123456789\r\n", std::string_view(&csv.delimiter, 1))) {
    return Error(sqlstate::kInvalidParameter,
                 absl::StrCat("COPY delimiter cannot be \"", std::string_view(&csv.delimiter, 1), "\""), copy.offset);
  }
  if (absl::StrContains(csv.null_text, csv.delimiter)) {
    return Error(sqlstate::kInvalidParameter, "COPY delimiter character must not appear in the NULL specification",
                 copy.offset);
  }
  return format;
}

// By column, 1 where the option names it.
StatusOr<std::vector<uint8_t>> Binder::ForcedColumns(const std::vector<ast::Name>& names, bool all, std::string_view option,
                                                     const std::vector<std::string_view>& columns) const {
  if (names.empty() && !all) return std::vector<uint8_t>();
  std::vector<uint8_t> forced(columns.size(), all ? 1 : 0);
  for (const ast::Name& name : names) {
    const auto found = std::find(columns.begin(), columns.end(), name.text);
    if (found == columns.end()) {
      return Error(sqlstate::kInvalidColumnReference,
                   absl::StrCat(option, " column \"", name.text, "\" not referenced by COPY"), name.offset);
    }
    forced[static_cast<size_t>(found - columns.begin())] = 1;
  }
  return forced;
}

// A line is an object, whose members go into the columns of their names; a column that it does not name has its default. The
// file is read as a CSV file of one field a line: characters that JSON never has stand for delimiter and quote.
StatusOr<LogicalNode*> Binder::BindJsonLines(const ast::Copy& copy, const table::TableSchema& schema,
                                             const std::vector<int32_t>& targets, LogicalNode* lines,
                                             std::vector<ProjectionItem>* items) {
  const int32_t position = Position(copy.offset);
  lines->csv.header = false;
  lines->csv.delimiter = '\x01';
  lines->csv.quote = lines->csv.escape = '\x02';
  lines->csv.null_text = {};
  lines->outputs.push_back(NewColumn("line", TypeId::kJsonb));
  const Expr* const line = ColumnExpr(lines->outputs[0]);
  LogicalNode* filter = NewNode(LogicalKind::kFilter);  // blank lines
  filter->left = lines;
  filter->conjuncts.push_back(plan_.NewExpression(exec::ExpressionKind::kIsNotNull, TypeId::kBoolean,
                                                  plan_.Copy(std::vector<const Expr*>{line}), position));
  vec::StructFields fields;
  for (const int32_t column : targets) {
    const table::Column& definition = schema.columns[static_cast<size_t>(column)];
    fields.push_back({definition.name, definition.type});
  }
  TURDB_ASSIGN_OR_RETURN(const vec::Type type, StructOf(fields));
  LogicalNode* record = NewNode(LogicalKind::kProject);
  record->left = filter;
  TURDB_ASSIGN_OR_RETURN(const Expr* const row, JsonRecord(NullConstant(type, copy.offset), line, false, position));
  record->expressions.push_back(row);
  record->outputs.push_back(NewColumn("row", type));
  for (size_t i = 0; i < targets.size(); ++i) {
    const auto column = static_cast<size_t>(targets[i]);
    TURDB_ASSIGN_OR_RETURN(const Expr* value, FieldAt(ColumnExpr(record->outputs[0]), i, fields, position));
    TURDB_ASSIGN_OR_RETURN(value, ToColumn(value, schema.columns[column]));
    TURDB_ASSIGN_OR_RETURN(const Expr* const otherwise, DefaultOf(schema, targets[i]));
    const bool null = otherwise->kind == exec::ExpressionKind::kConstant && otherwise->value->is_null();
    if (!null) {
      const Expr* const name = plan_.Constant(vec::Value::Text(fields[i].name), TypeId::kText, position);
      TURDB_ASSIGN_OR_RETURN(const Expr* const named, MakeOperator("?", {line, name}, position));
      const std::vector<const Expr*> either = {named, value, otherwise};
      value = plan_.NewExpression(exec::ExpressionKind::kCase, value->type, plan_.Copy(either), position);
    }
    (*items)[column].expr = value;
  }
  return record;
}

StatusOr<Binder::BoundInsert> Binder::BindCopyFrom(const ast::Copy& copy) {
  if (copy.program) return Unsupported("COPY FROM PROGRAM", copy.offset);
  if (copy.standard_stream) return Unsupported("COPY FROM STDIN", copy.offset);
  BoundInsert bound;
  TURDB_ASSIGN_OR_RETURN(const Target target, FindTarget(copy.table, {}, table::kOnInsert));
  bound.relation = target.relation;
  bound.table = target.table;
  bound.name = target.relation->name();
  const table::TableSchema& schema = *target.relation->schema;
  LogicalNode* csv = NewNode(LogicalKind::kCsv);
  csv->paths = {copy.path};
  CopyOptions options;
  TURDB_ASSIGN_OR_RETURN(const CopyFormat format, BindCopyOptions(copy, &options));
  csv->csv = options.csv;
  std::vector<int32_t> targets;
  if (copy.columns.empty()) {
    for (size_t i = 0; i < schema.columns.size(); ++i) {
      if (schema.columns[i].generation != table::Generation::kStored) targets.push_back(static_cast<int32_t>(i));
    }
  }
  for (const ast::Name& name : copy.columns) {
    TURDB_ASSIGN_OR_RETURN(const int32_t column, TargetColumn(name, *target.relation));
    targets.push_back(column);
  }
  std::vector<ProjectionItem> items(schema.columns.size());
  LogicalNode* source = csv;
  if (format == CopyFormat::kJson) {
    TURDB_ASSIGN_OR_RETURN(source, BindJsonLines(copy, schema, targets, csv, &items));
    targets.clear();
  }
  for (const int32_t column : targets) {
    csv->outputs.push_back(NewColumn(schema.columns[column].name, schema.columns[column].type));
    TURDB_ASSIGN_OR_RETURN(items[column].expr, ToColumn(ColumnExpr(csv->outputs.back()), schema.columns[column]));
  }
  std::vector<std::string_view> copied;
  for (const int32_t column : targets) copied.push_back(schema.columns[static_cast<size_t>(column)].name);
  TURDB_ASSIGN_OR_RETURN(csv->never_null,
                         ForcedColumns(options.force_not_null, options.all_not_null, "FORCE_NOT_NULL", copied));
  TURDB_ASSIGN_OR_RETURN(csv->null_quoted, ForcedColumns(options.force_null, options.all_null, "FORCE_NULL", copied));
  for (size_t i = 0; i < items.size(); ++i) {
    items[i].name = schema.columns[i].name;
    if (items[i].expr != nullptr) continue;
    TURDB_ASSIGN_OR_RETURN(items[i].expr, DefaultOf(schema, static_cast<int32_t>(i)));
  }
  std::vector<OutputColumn> outputs;
  bound.input = Project(source, items, &outputs);
  for (const OutputColumn& output : outputs) bound.input_columns.push_back(output.id);
  if (copy.where != nullptr) {  // over the rows as they would be stored
    ScopeRelation columns;
    columns.alias = target.alias;
    for (const OutputColumn& output : outputs) columns.columns.push_back({output.name, ColumnExpr(output.id)});
    Scope scope = ScopeOfRow(columns);
    ExprContext context;
    context.scope = &scope;
    context.clause = "COPY FROM WHERE conditions";
    LogicalNode* const filter = NewNode(LogicalKind::kFilter);
    filter->left = bound.input;
    TURDB_RETURN_IF_ERROR(BindConjuncts(*copy.where, context, &filter->conjuncts));
    bound.input = filter;
  }
  ScopeRelation row;
  bound.row = RowColumns(*target.relation->schema, target.alias, &row);
  Scope row_scope = ScopeOfRow(row);
  TURDB_RETURN_IF_ERROR(BindRowRules(target, &row_scope, &bound.generated, &bound.checks, &bound.index_expressions));
  return bound;
}

// ---- COPY TO

// What of the table COPY TO writes: the columns named, or all but those that are computed from others.
StatusOr<const ast::Select*> Binder::CopiedQuery(const ast::Copy& copy) {
  if (copy.query != nullptr) {
    if (copy.query->kind != ast::StatementKind::kSelect)
      return Unsupported("COPY of a statement that is no query", copy.offset);
    return static_cast<const ast::SelectStatement&>(*copy.query).select;
  }
  TURDB_ASSIGN_OR_RETURN(const auto relation, FindRelation(copy.table));
  std::vector<ast::Name> names(copy.columns.begin(), copy.columns.end());
  if (names.empty()) {
    for (const table::Column& column : relation->schema->columns) {
      if (column.generation != table::Generation::kStored)
        names.push_back({arena_.Copy(column.name), copy.table.offset(), true});
    }
  }
  std::vector<ast::SelectItem> items;
  for (const ast::Name& name : names) {
    auto* column = arena_.New<ast::Column>();
    column->kind = ast::ExprKind::kColumn;
    column->offset = name.offset;
    column->parts = Keep(arena_, std::vector<ast::Name>{name});
    items.push_back({column, {}});
  }
  auto* table = arena_.New<ast::NamedTable>();
  table->kind = ast::TableRefKind::kNamed;
  table->offset = copy.table.offset();
  table->name = copy.table;
  auto* core = arena_.New<ast::SelectCore>();
  core->kind = ast::BodyKind::kCore;
  core->offset = copy.offset;
  core->items = Keep(arena_, items);
  core->from = Keep(arena_, std::vector<ast::TableRef*>{table});
  auto* select = arena_.New<ast::Select>();
  select->offset = copy.offset;
  select->body = core;
  return select;
}

StatusOr<Binder::BoundCopy> Binder::BindCopyTo(const ast::Copy& copy) {
  if (copy.program) return Unsupported("COPY TO PROGRAM", copy.offset);
  if (copy.where != nullptr) {
    return base::WithHint(Error(sqlstate::kSyntaxError, "WHERE clause not allowed with COPY TO", copy.where->offset),
                          "COPY (SELECT ... WHERE ...) TO");
  }
  BoundCopy bound;
  bound.path = plan_.Copy(copy.path);
  bound.to_client = copy.standard_stream;
  CopyOptions options;
  TURDB_ASSIGN_OR_RETURN(const CopyFormat format, BindCopyOptions(copy, &options));
  bound.options = options.csv;
  TURDB_ASSIGN_OR_RETURN(const ast::Select* select, CopiedQuery(copy));
  TURDB_ASSIGN_OR_RETURN(const BoundQuery query, BindSelect(*select, nullptr));
  ResolveOpenParameters();
  std::vector<ProjectionItem> items;
  if (format == CopyFormat::kJson) {
    bound.raw = true;
    bound.options.header = false;
    std::vector<ScopeColumn> columns;
    for (const OutputColumn& column : query.columns) columns.push_back({column.name, ColumnExpr(column.id)});
    TURDB_ASSIGN_OR_RETURN(const Expr* row, BindRowAsJson(columns, /*jsonb=*/false, Position(copy.offset)));
    TURDB_ASSIGN_OR_RETURN(row, Coerce(row, TypeId::kText, CastContext::kExplicit));
    items.push_back({row, "row"});
  } else {
    for (const OutputColumn& column : query.columns) {
      const Expr* value = ColumnExpr(column.id);
      bound.booleans.push_back(value->type.id == TypeId::kBoolean);
      TURDB_ASSIGN_OR_RETURN(value, Coerce(value, TypeId::kText, CastContext::kExplicit));
      items.push_back({value, column.name});
      bound.names.push_back(plan_.Copy(column.name));
    }
    TURDB_ASSIGN_OR_RETURN(bound.quoted, ForcedColumns(options.force_quote, false, "FORCE_QUOTE", bound.names));
  }
  bound.query.root = Project(query.root, items, &bound.query.columns);
  return bound;
}

}  // namespace turdb::sql
