#include "sql/compile.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sql/authorize.h"
#include "sql/bind/binder.h"
#include "sql/change_compiler.h"
#include "sql/parse/parser.h"
#include "sql/plan/planner.h"
#include "sql/pragma.h"

namespace turdb::sql {

using ast::StatementKind;
using base::Status;
using base::StatusOr;

namespace {

// One statement on its way: binder and planner share the plan, and the tree's arena ends here.
class Compilation {
 public:
  Compilation(const CompileContext& context, std::string_view sql)
      : context_(context), sql_(sql), plan_(std::make_shared<exec::Plan>(context.budget)) {}

  StatusOr<CompiledStatement> Run() {
    TURDB_ASSIGN_OR_RETURN(parsed_, ParseStatement(arena_, sql_, LimitsOf(context_)));
    CompiledStatement compiled;
    compiled.end_offset = parsed_.end_offset;
    compiled.empty = parsed_.statement == nullptr;
    if (compiled.empty) return compiled;
    binder_.emplace(context_, sql_, parsed_, *plan_, arena_);
    planner_.emplace(*binder_);
    changes_.emplace(*binder_, *planner_);
    TURDB_RETURN_IF_ERROR(CompileStatement(*parsed_.statement, &compiled));
    if (static_cast<int64_t>(compiled.column_types.size()) > context_.limits.columns) {
      return base::LimitError(
          absl::StrCat("the statement has ", compiled.column_types.size(), " columns; the limit is ", context_.limits.columns));
    }
    compiled.written.insert(compiled.written.end(), binder_->locked().begin(), binder_->locked().end());
    compiled.dependencies = binder_->dependencies();
    compiled.uses_external = compiled.uses_external || binder_->uses_external() || parsed_.asked_pivot_values;
    compiled.uses_replacement = compiled.uses_replacement || binder_->uses_replacement();
    for (const std::string_view name : parsed_.parameter_names) compiled.parameter_names.emplace_back(name);
    compiled.parameter_open = binder_->parameter_open();
    if (planner_->has_joins()) compiled.unknown.assign(planner_->unknown().begin(), planner_->unknown().end());
    if (root_ != nullptr) {
      plan_->parameter_types = binder_->parameter_types();
      plan_->Keep(context_.catalog);
      plan_->set_root(root_, compiled.column_names);
      compiled.plan = plan_;
    }
    return compiled;
  }

  StatusOr<std::vector<std::optional<vec::Type>>> RunForTypes() {
    binder_.emplace(context_, sql_, parsed_, *plan_, arena_);
    return binder_->BindTypeList();
  }
  StatusOr<std::vector<exec::ExternalTable::Column>> RunForColumns() {
    binder_.emplace(context_, sql_, parsed_, *plan_, arena_);
    return binder_->BindColumnList();
  }

  StatusOr<IndexExpressions> RunForIndexes(const table::TableSchema& schema) {
    binder_.emplace(context_, sql_, parsed_, *plan_, arena_);
    planner_.emplace(*binder_);
    changes_.emplace(*binder_, *planner_);
    TURDB_ASSIGN_OR_RETURN(Binder::BoundIndexes bound, binder_->BindIndexesOf(schema));
    TURDB_ASSIGN_OR_RETURN(const auto expressions, changes_->LowerIndexExpressions(bound.index_expressions, bound.row));
    plan_->Keep(context_.catalog);
    return IndexExpressions{plan_, expressions};
  }

 private:
  Status CompileStatement(const ast::Statement& statement, CompiledStatement* compiled) {
    switch (statement.kind) {
      case StatementKind::kSelect:
        return CompileSelect(static_cast<const ast::SelectStatement&>(statement), compiled);
      case StatementKind::kInsert: {
        TURDB_ASSIGN_OR_RETURN(Binder::BoundInsert insert, binder_->BindInsert(static_cast<const ast::Insert&>(statement)));
        return CompileInsert(insert, compiled);
      }
      case StatementKind::kCopy:
        return CompileCopy(static_cast<const ast::Copy&>(statement), compiled);
      case StatementKind::kUpdate: {
        TURDB_ASSIGN_OR_RETURN(Binder::BoundUpdate update, binder_->BindUpdate(static_cast<const ast::Update&>(statement)));
        return CompileUpdate(update, compiled);
      }
      case StatementKind::kDelete: {
        TURDB_ASSIGN_OR_RETURN(Binder::BoundUpdate bound, binder_->BindDelete(static_cast<const ast::Delete&>(statement)));
        return CompileDelete(bound, compiled);
      }
      case StatementKind::kMerge: {
        TURDB_ASSIGN_OR_RETURN(Binder::BoundMerge merge, binder_->BindMerge(static_cast<const ast::Merge&>(statement)));
        binder_->ResolveOpenParameters();
        return Finish(changes_->Merge(merge, compiled), compiled);
      }
      case StatementKind::kTruncate:
        return CompileTruncate(static_cast<const ast::Truncate&>(statement), compiled);
      case StatementKind::kPragma: {
        const std::string listing =
            PragmaQuery(static_cast<const ast::Pragma&>(statement), *context_.catalog, binder_->search_path());
        if (listing.empty()) return CompileCommand(statement, compiled);
        return CompileText(listing, compiled);
      }
      case StatementKind::kShow: {
        const std::string listing = Binder::ShowAsQuery(static_cast<const ast::Show&>(statement).name);
        if (listing.empty()) return CompileCommand(statement, compiled);
        return CompileText(listing, compiled);
      }
      case StatementKind::kPrepare:
        return CompilePrepare(static_cast<const ast::Prepare&>(statement), compiled);
      case StatementKind::kExecute:
        return CompileExecute(static_cast<const ast::Execute&>(statement), compiled);
      case StatementKind::kDescribe: {
        TURDB_ASSIGN_OR_RETURN(const std::string query, binder_->DescribeAsQuery(static_cast<const ast::Describe&>(statement)));
        return CompileText(query, compiled);
      }
      case StatementKind::kExplain:
        return CompileExplain(static_cast<const ast::Explain&>(statement), compiled);
      default:
        return CompileCommand(statement, compiled);
    }
  }

  static ParseLimits LimitsOf(const CompileContext& context) {
    return {context.limits.nesting_depth, context.limits.sql_bytes, context.limits.parameters,
            context.pivot_values ? &context.pivot_values : nullptr};
  }

  Status CompileCommand(const ast::Statement& statement, CompiledStatement* compiled) {
    TURDB_ASSIGN_OR_RETURN(compiled->command, binder_->BindCommand(statement));
    TURDB_RETURN_IF_ERROR(AuthorizeCommand(context_, compiled->command));
    if (const auto* show = std::get_if<ShowCommand>(&compiled->command)) {
      compiled->column_names = {show->name};
      if (absl::EqualsIgnoreCase(show->name, "all")) compiled->column_names = {"name", "setting", "description"};
      compiled->column_types.assign(compiled->column_names.size(), vec::TypeId::kText);
    }
    return absl::OkStatus();
  }

  // Its statement is compiled once for its errors.
  Status CompilePrepare(const ast::Prepare& prepare, CompiledStatement* compiled) {
    TURDB_RETURN_IF_ERROR(CompileCommand(prepare, compiled));
    CompileContext context = context_;
    std::vector<vec::Type> types = std::get<PrepareCommand>(compiled->command).statement.types;
    types.resize(static_cast<size_t>(prepare.parameter_count), vec::TypeId::kUnknown);
    context.bound_types = types;
    const auto checked = Compilation(context, prepare.text).Run();
    if (checked.ok()) return absl::OkStatus();
    const std::optional<int64_t> position = base::GetPosition(checked.status());
    const int64_t begin = prepare.text.data() - sql_.data();
    return position ? base::WithPosition(checked.status(), begin + *position) : checked.status();
  }

  Status CompileExecute(const ast::Execute& execute, CompiledStatement* compiled) {
    const std::string_view name = execute.name.text;
    const NamedStatement* named = nullptr;
    if (context_.named_statements != nullptr) {
      if (const auto found = context_.named_statements->find(name); found != context_.named_statements->end()) {
        named = &found->second;
      }
    }
    if (named == nullptr) {
      return base::WithPosition(base::MakeError(absl::StatusCode::kNotFound, base::SqlState{"26000"},
                                                absl::StrCat("prepared statement \"", name, "\" does not exist")),
                                execute.offset);
    }
    if (!parsed_.parameter_names.empty()) {
      return base::WithPosition(base::UnsupportedError("a parameter in EXECUTE is not supported"), execute.offset);
    }
    TURDB_ASSIGN_OR_RETURN(std::vector<const Expr*> arguments, binder_->BindExecuteArguments(execute, *named));
    const std::string_view text = arena_.Copy(named->text);
    TURDB_ASSIGN_OR_RETURN(named_, ParseStatement(arena_, text));
    binder_.emplace(context_, text, named_, *plan_, arena_);
    planner_.emplace(*binder_);
    changes_.emplace(*binder_, *planner_);
    TURDB_RETURN_IF_ERROR(binder_->TakeExecuteArguments(std::move(arguments), name, execute.offset));
    return CompileStatement(*named_.statement, compiled);
  }

  // A query that stands for another statement.
  Status CompileText(std::string_view text, CompiledStatement* compiled) {
    TURDB_ASSIGN_OR_RETURN(const ParsedStatement query, ParseStatement(arena_, arena_.Copy(text)));
    return CompileSelect(static_cast<const ast::SelectStatement&>(*query.statement), compiled);
  }

  Status CompileSelect(const ast::SelectStatement& statement, CompiledStatement* compiled) {
    TURDB_ASSIGN_OR_RETURN(const BoundQuery query, binder_->BindSelect(*statement.select, nullptr));
    binder_->ResolveOpenParameters();
    compiled->column_never_null.reserve(query.columns.size());
    for (const OutputColumn& column : query.columns) {
      compiled->column_never_null.push_back(planner_->IsNeverNull(binder_->ColumnExpr(column.id), query.root));
    }
    TURDB_ASSIGN_OR_RETURN(root_, planner_->PlanQuery(query));
    compiled->column_names.reserve(query.columns.size());
    compiled->column_types.reserve(query.columns.size());
    for (const OutputColumn& column : query.columns) {
      compiled->column_names.emplace_back(column.name);
      compiled->column_types.push_back(binder_->columns()[column.id].type);
      compiled->column_origins.push_back(binder_->OriginOf(column.id));
    }
    compiled->locks_rows = compiled->changes_data = !binder_->locked().empty();
    return absl::OkStatus();
  }

  Status CompileInsert(Binder::BoundInsert& bound, CompiledStatement* compiled) {
    binder_->ResolveOpenParameters();
    return Finish(changes_->Insert(bound, compiled), compiled);
  }

  Status CompileCopy(const ast::Copy& copy, CompiledStatement* compiled) {
    if (context_.authorize && !copy.path.empty()) TURDB_RETURN_IF_ERROR(AuthorizeFile(context_, copy.path));
    if (!copy.from) return CompileCopyTo(copy, compiled);
    TURDB_ASSIGN_OR_RETURN(Binder::BoundInsert insert, binder_->BindCopyFrom(copy));
    return CompileInsert(insert, compiled);
  }

  Status CompileCopyTo(const ast::Copy& copy, CompiledStatement* compiled) {
    TURDB_ASSIGN_OR_RETURN(const Binder::BoundCopy bound, binder_->BindCopyTo(copy));
    auto* node = plan_->New<exec::CopyToNode>();
    TURDB_ASSIGN_OR_RETURN(node->input, planner_->PlanQuery(bound.query));
    node->path = bound.path;
    node->options = bound.options;
    node->options.null_text = plan_->Copy(bound.options.null_text);
    node->raw = bound.raw;
    node->column_names = plan_->Copy(bound.names);
    node->quoted = plan_->Copy(bound.quoted);
    node->booleans = plan_->Copy(bound.booleans);
    if (bound.to_client) {
      node->types = plan_->Copy(std::vector<vec::Type>{vec::TypeId::kText});
      compiled->column_names = {"COPY"};
      compiled->column_types = {vec::TypeId::kText};
    }
    root_ = node;
    return absl::OkStatus();
  }

  Status CompileUpdate(Binder::BoundUpdate& bound, CompiledStatement* compiled) {
    binder_->ResolveOpenParameters();
    return Finish(changes_->Update(bound, compiled), compiled);
  }

  Status CompileDelete(Binder::BoundUpdate& bound, CompiledStatement* compiled) {
    binder_->ResolveOpenParameters();
    return Finish(changes_->Delete(bound, compiled), compiled);
  }

  Status CompileTruncate(const ast::Truncate& truncate, CompiledStatement* compiled) {
    if (truncate.tables.size() != 1) {
      return base::WithPosition(base::UnsupportedError("TRUNCATE of several tables is not supported"), truncate.offset);
    }
    if (truncate.restart_identity) {
      TURDB_ASSIGN_OR_RETURN(compiled->command, binder_->BindTruncateRestart(truncate));
      return AuthorizeCommand(context_, compiled->command);
    }
    ast::NamedTable table;
    table.kind = ast::TableRefKind::kNamed;
    table.name = truncate.tables[0];
    ast::Delete all;
    all.kind = StatementKind::kDelete;
    all.offset = truncate.offset;
    all.table = &table;
    TURDB_ASSIGN_OR_RETURN(Binder::BoundUpdate bound, binder_->BindDelete(all));
    if (bound.table == nullptr) {
      return base::WithPosition(base::MakeError(absl::StatusCode::kInvalidArgument, base::SqlState{"42809"},
                                                absl::StrCat("\"", bound.name, "\" is not a table")),
                                truncate.offset);
    }
    TURDB_RETURN_IF_ERROR(CheckTruncated(*bound.relation, truncate.offset));
    binder_->ResolveOpenParameters();
    return Finish(changes_->Delete(bound, compiled, true), compiled);
  }

  // As PostgreSQL has it, other tables' references keep a table from being emptied, whatever their rows are.
  Status CheckTruncated(const catalog::Relation& relation, int32_t offset) {
    Status status;
    context_.catalog->ForEachReference(relation.id, [&](const auto& other, const table::ForeignKey&) {
      if (other->id == relation.id || !status.ok()) return;
      status = base::WithFrame(base::UnsupportedError("cannot truncate a table referenced in a foreign key constraint"),
                               absl::StrCat("Table \"", other->name(), "\" references \"", relation.name(), "\"."));
      status =
          base::WithHint(std::move(status), absl::StrCat("DELETE FROM ", relation.name(), " does what the constraint says."));
    });
    return base::WithPosition(std::move(status), offset);
  }

  Status CompileExplain(const ast::Explain& explain, CompiledStatement* compiled) {
    CompiledStatement inner;
    TURDB_RETURN_IF_ERROR(CompileStatement(*explain.statement, &inner));
    if (root_ == nullptr) {
      return base::WithPosition(base::UnsupportedError("EXPLAIN of a statement without a plan is not supported"),
                                explain.offset);
    }
    auto* node = plan_->New<exec::ExplainNode>();
    node->plan = root_;
    node->analyze = explain.analyze;
    node->verbose = explain.verbose;
    node->json = explain.json;
    const vec::Type type(explain.json ? vec::TypeId::kJson : vec::TypeId::kText);
    node->types = plan_->Copy(std::vector<vec::Type>{type});
    root_ = node;
    compiled->column_names = {"QUERY PLAN"};
    compiled->column_types = {type};
    compiled->is_explain_analyze = explain.analyze;
    compiled->changes_data = explain.analyze && inner.changes_data;
    compiled->locks_rows = explain.analyze && inner.locks_rows;
    if (explain.analyze) compiled->written = inner.written;
    return absl::OkStatus();
  }

  Status Finish(const StatusOr<const exec::Node*>& node, CompiledStatement* compiled) {
    TURDB_RETURN_IF_ERROR(node.status());
    root_ = *node;
    compiled->changes_data = true;
    return absl::OkStatus();
  }

  const CompileContext& context_;
  std::string_view sql_;
  base::Arena arena_;
  std::shared_ptr<exec::Plan> plan_;
  ParsedStatement parsed_;
  ParsedStatement named_;  // the statement that EXECUTE names
  std::optional<Binder> binder_;
  std::optional<Planner> planner_;
  std::optional<ChangeCompiler> changes_;
  const exec::Node* root_ = nullptr;
};

}  // namespace

StatusOr<CompiledStatement> Compile(const CompileContext& context, std::string_view sql) {
  return Compilation(context, sql).Run();
}

StatusOr<std::vector<std::optional<vec::Type>>> CompileTypes(const CompileContext& context, std::string_view types) {
  return Compilation(context, types).RunForTypes();
}

StatusOr<std::vector<exec::ExternalTable::Column>> CompileColumns(const CompileContext& context, std::string_view columns) {
  return Compilation(context, columns).RunForColumns();
}

StatusOr<IndexExpressions> CompileIndexExpressions(const CompileContext& context, const table::TableSchema& schema) {
  return Compilation(context, {}).RunForIndexes(schema);
}

}  // namespace turdb::sql
