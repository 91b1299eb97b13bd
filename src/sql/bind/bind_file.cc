// Files in FROM: 'data.csv', read_csv('*.csv', header = true), read_json('log.jsonl').
//
// The columns are the file's, found by a look at it while the statement is bound (exec/file_shape.h); rows are read when it
// runs. Lines of JSON are read as a CSV file of one field a line, and each becomes a struct of the columns.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "exec/file_shape.h"
#include "function/set_function.h"
#include "sql/authorize.h"
#include "sql/bind/binder.h"

namespace turdb::sql {

using base::Status;
using base::StatusOr;
using exec::FileFormat;
using exec::FileShape;
using vec::Type;
using vec::TypeId;
namespace sqlstate = base::sqlstate;

namespace {

bool IsJsonPath(std::string_view path) {
  return path.ends_with(".json") || path.ends_with(".jsonl") || path.ends_with(".ndjson");
}

// "dir/sales.csv" is the table sales.
std::string_view NameOfFile(std::string_view path) {
  path = path.substr(path.rfind('/') + 1);
  return path.substr(0, path.rfind('.'));
}

}  // namespace

bool Binder::IsFileFunction(std::string_view name) {
  return name == "read_csv" || name == "read_csv_auto" || name == "read_json" || name == "read_json_auto" ||
         name == "read_ndjson" || name == "read_ndjson_auto";
}

StatusOr<Binder::FromItem> Binder::BindFileTable(const ast::FileTable& table) {
  exec::FileQuestion question;
  question.paths = {std::string(table.path)};
  if (IsJsonPath(table.path)) {
    question.format = FileFormat::kJson;
  } else if (!table.path.ends_with(".csv") && !table.path.ends_with(".tsv") && !table.path.ends_with(".txt")) {
    return base::WithHint(
        Unsupported(absl::StrCat("reading \"", table.path, "\" in FROM"), table.offset),
        "Files that end in .csv, .tsv, .txt, .json, .jsonl and .ndjson are read; read_csv and read_json read others.");
  }
  const std::string_view alias = table.alias.empty() ? NameOfFile(table.path) : table.alias.text;
  return BindFiles(table, alias, std::move(question), {}, false, table.offset);
}

// A constant that an option is given.
StatusOr<vec::Value> Binder::FileOption(const ast::Expr& expr, std::string_view name) {
  Scope nothing;
  ExprContext context;
  context.scope = &nothing;
  context.clause = "the arguments of a function that reads files";
  TURDB_ASSIGN_OR_RETURN(const Expr* bound, Bind(expr, context));
  if (bound->kind != exec::ExpressionKind::kConstant || bound->value->is_null()) {
    return Error(sqlstate::kInvalidParameter, absl::StrCat(name, " must be a constant: the columns depend on it"), expr.offset);
  }
  return *bound->value;
}

StatusOr<Binder::FromItem> Binder::BindFileFunction(const ast::FunctionTable& table, const ast::Call& call) {
  const std::string_view name = call.name.last().text;
  if (table.with_ordinality || !table.column_definitions.empty()) {
    return Unsupported(absl::StrCat(name, " with ordinality or column definitions"), table.offset);
  }
  TURDB_RETURN_IF_ERROR(Authorize(AccessKind::kFunction, {}, name, {}, call.offset));
  exec::FileQuestion question;
  if (absl::StrContains(name, "json")) question.format = FileFormat::kJson;
  bool with_file_name = false;
  std::vector<FileShape::Column> columns;
  std::string_view alias = table.alias.empty() ? name : table.alias.text;
  if (call.arguments.empty() || call.arguments[0]->kind == ast::ExprKind::kNamedArgument) {
    return Error(sqlstate::kUndefinedFunction, absl::StrCat(name, " needs the path of a file"), call.offset);
  }
  const ast::Expr& paths = *call.arguments[0];
  if (paths.kind == ast::ExprKind::kArray) {
    for (const ast::Expr* path : ast::As<ast::Array>(paths).elements) {
      TURDB_ASSIGN_OR_RETURN(const vec::Value value, FileOption(*path, "the path"));
      question.paths.push_back(value.bytes());
    }
  } else {
    TURDB_ASSIGN_OR_RETURN(const vec::Value value, FileOption(paths, "the path"));
    question.paths.push_back(value.bytes());
  }
  for (size_t i = 1; i < call.arguments.size(); ++i) {
    // name => value, name := value, and DuckDB's name = value.
    const ast::Expr& argument = *call.arguments[i];
    std::string option;
    const ast::Expr* value = nullptr;
    if (argument.kind == ast::ExprKind::kNamedArgument) {
      option = std::string(ast::As<ast::NamedArgument>(argument).name.text);
      value = ast::As<ast::NamedArgument>(argument).value;
    } else if (argument.kind == ast::ExprKind::kBinary && ast::As<ast::Binary>(argument).op == "=" &&
               ast::As<ast::Binary>(argument).left->kind == ast::ExprKind::kColumn) {
      option = std::string(ast::As<ast::Column>(*ast::As<ast::Binary>(argument).left).parts.back().text);
      value = ast::As<ast::Binary>(argument).right;
    } else {
      return Error(sqlstate::kSyntaxError, absl::StrCat("an option of ", name, " is given as name = value"), argument.offset);
    }
    if (option == "columns") {
      const auto* const pairs = value->kind == ast::ExprKind::kRow ? &ast::As<ast::Row>(*value) : nullptr;
      if (pairs == nullptr || pairs->names.empty()) {
        return Error(sqlstate::kInvalidParameter, "columns are given as {'name': 'type', ...}", value->offset);
      }
      for (size_t c = 0; c < pairs->names.size(); ++c) {
        TURDB_ASSIGN_OR_RETURN(const vec::Value type, FileOption(*pairs->elements[c], option));
        const std::string_view text = arena_.Copy(type.bytes());
        auto parsed = ParseTypeName(arena_, text);
        if (!parsed.ok()) return base::MovePosition(parsed.status(), Position(pairs->elements[c]->offset));
        TURDB_ASSIGN_OR_RETURN(const Type bound, BindType(**parsed));
        columns.push_back({std::string(pairs->names[c].text), bound});
      }
      continue;
    }
    TURDB_ASSIGN_OR_RETURN(const vec::Value given, FileOption(*value, option));
    const std::string text = given.ToString();
    const bool yes = text == "true" || text == "t" || text == "1";
    const auto one = [&](char* out) -> Status {
      const bool tab = text == "\\t";
      if (text.size() != 1 && !tab) {
        return Error(sqlstate::kInvalidParameter, absl::StrCat(option, " must be a single one-byte character"), value->offset);
      }
      *out = tab ? '\t' : text[0];
      return absl::OkStatus();
    };
    const auto number = [&](int64_t* out) -> Status {
      if (absl::SimpleAtoi(text, out)) return absl::OkStatus();
      return Error(sqlstate::kInvalidParameter, absl::StrCat(option, " takes a number"), value->offset);
    };
    if (option == "header") {
      question.options.header = yes;
      question.header_given = true;
    } else if (option == "delim" || option == "sep" || option == "delimiter") {
      TURDB_RETURN_IF_ERROR(one(&question.options.delimiter));
      question.delimiter_given = true;
    } else if (option == "quote") {
      TURDB_RETURN_IF_ERROR(one(&question.options.quote));
      question.options.escape = question.options.quote;
    } else if (option == "escape") {
      TURDB_RETURN_IF_ERROR(one(&question.options.escape));
    } else if (option == "nullstr" || option == "null") {
      question.options.null_text = plan_.Copy(std::string_view(text));
    } else if (option == "all_varchar") {
      question.all_text = yes;
    } else if (option == "sample_size") {
      TURDB_RETURN_IF_ERROR(number(&question.sample_rows));
    } else if (option == "skip") {
      TURDB_RETURN_IF_ERROR(number(&question.options.skip_lines));
    } else if (option == "filename") {
      with_file_name = yes;
    } else if (option == "ignore_errors") {
      question.options.max_rejected_rows = yes ? INT64_MAX : 0;
    } else if (option != "auto_detect" && option != "format" && option != "union_by_name" && option != "records") {
      return base::WithHint(Unsupported(absl::StrCat("option ", option, " of ", name), argument.offset),
                            "header, delim, quote, escape, nullstr, skip, columns, all_varchar, sample_size, filename and "
                            "ignore_errors are known.");
    }
  }
  return BindFiles(table, alias, std::move(question), std::move(columns), with_file_name, call.offset);
}

StatusOr<Binder::FromItem> Binder::BindFiles(const ast::TableRef& ref, std::string_view alias, exec::FileQuestion question,
                                             std::vector<FileShape::Column> columns, bool with_file_name, int32_t offset) {
  if (!context_.look_at_files || view_depth_ > 0) return Unsupported("reading a file here", offset);
  if (context_.authorize) {
    for (const std::string& path : question.paths) TURDB_RETURN_IF_ERROR(AuthorizeFile(context_, path));
  }
  auto looked = context_.look_at_files(question);
  if (!looked.ok()) return At(looked.status(), offset);
  const FileShape& shape = *looked;
  uses_external_ = true;
  const bool json = question.format == FileFormat::kJson;
  if (columns.empty()) columns = shape.columns;
  LogicalNode* const csv = NewNode(LogicalKind::kCsv);
  csv->csv = shape.options;
  csv->csv.null_text = plan_.Copy(shape.options.null_text);
  csv->csv.max_rejected_rows = question.options.max_rejected_rows;
  csv->with_file_name = with_file_name;
  for (const std::string& path : shape.paths) csv->paths.push_back(plan_.Copy(std::string_view(path)));
  BoundQuery query{csv, {}};
  const auto add = [&](LogicalNode* node, std::string_view column, const Type& type) {
    const std::string_view kept = plan_.Copy(column);
    node->outputs.push_back(NewColumn(kept, type));
    query.columns.push_back({kept, node->outputs.back(), nullptr});
  };
  if (!json) {
    for (const FileShape::Column& column : columns) add(csv, column.name, column.type);
    if (with_file_name) add(csv, "filename", TypeId::kText);
    return QueryAsItem(std::move(query), ref, alias);
  }
  const int32_t position = Position(offset);
  csv->outputs.push_back(NewColumn("line", TypeId::kJsonb));
  if (with_file_name) csv->outputs.push_back(NewColumn("filename", TypeId::kText));
  LogicalNode* source = csv;
  const Expr* line = ColumnExpr(csv->outputs[0]);
  if (shape.json_array) {
    const Type types[] = {TypeId::kJsonb};
    TURDB_ASSIGN_OR_RETURN(function::BoundSetFunction elements, function::ResolveSetFunction("jsonb_array_elements", types));
    SetCall call;
    call.output = NewColumn("line", elements.columns[0].type);
    call.function = std::move(elements);
    call.arguments = {line};
    line = ColumnExpr(call.output);
    std::vector<SetCall> calls;
    calls.push_back(std::move(call));
    source = LinkSetCalls(source, std::move(calls));
  } else {
    LogicalNode* const filter = NewNode(LogicalKind::kFilter);  // blank lines
    filter->left = source;
    filter->conjuncts.push_back(plan_.NewExpression(exec::ExpressionKind::kIsNotNull, TypeId::kBoolean,
                                                    plan_.Copy(std::vector<const Expr*>{line}), position));
    source = filter;
  }
  vec::StructFields fields;
  for (const FileShape::Column& column : columns) fields.push_back({column.name, column.type});
  TURDB_ASSIGN_OR_RETURN(const Type type, StructOf(fields));
  LogicalNode* const record = NewNode(LogicalKind::kProject);
  record->left = source;
  TURDB_ASSIGN_OR_RETURN(const Expr* const row, JsonRecord(NullConstant(type, offset), line, false, position));
  record->expressions.push_back(row);
  record->outputs.push_back(NewColumn("row", type));
  LogicalNode* const project = NewNode(LogicalKind::kProject);
  project->left = record;
  for (size_t i = 0; i < columns.size(); ++i) {
    TURDB_ASSIGN_OR_RETURN(const Expr* const value, FieldAt(ColumnExpr(record->outputs[0]), i, fields, position));
    project->expressions.push_back(value);
    add(project, columns[i].name, columns[i].type);
  }
  if (with_file_name) {
    record->expressions.push_back(ColumnExpr(csv->outputs[1]));
    record->outputs.push_back(NewColumn("filename", TypeId::kText));
    project->expressions.push_back(ColumnExpr(record->outputs[1]));
    add(project, "filename", TypeId::kText);
  }
  query.root = project;
  return QueryAsItem(std::move(query), ref, alias);
}

}  // namespace turdb::sql
