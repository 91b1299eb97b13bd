// Names and types: a syntax tree against a catalog snapshot becomes logical operators over bound
// expressions, or a command for the engine.
//
// Typing is PostgreSQL's (query.md, rules 4 to 8): operators and functions are chosen by function/registry.h,
// untyped literals and parameters take the type that their context wants, what stays open becomes text.
#ifndef TURDB_SQL_BIND_BINDER_H_
#define TURDB_SQL_BIND_BINDER_H_

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/arena.h"
#include "base/hash_map.h"
#include "base/status.h"
#include "function/set_function.h"
#include "sql/bind/logical.h"
#include "sql/compile.h"
#include "sql/parse/ast.h"
#include "sql/parse/parser.h"
#include "vec/type_source.h"

namespace turdb::sql {

// What a table of FROM is called, and its columns.
struct ScopeColumn {
  std::string_view name;
  const Expr* expr = nullptr;
};
struct ScopeRelation {
  std::string_view alias;
  std::string_view schema;  // of a table under its own name
  std::vector<ScopeColumn> columns;
  const LogicalNode* get = nullptr;           // of a table: for rowid and functional dependency
  bool scalar = false;                        // of a function that gives one value a row: its name means that value
  const table::TableSchema* own = nullptr;    // of a row that a statement changes: of which table it is one
  const catalog::Relation* row_of = nullptr;  // of NEW and OLD in a trigger
  std::string_view not_lockable;              // what FOR UPDATE says it cannot be applied to; empty: it can
  int32_t offset = -1;
};
// Relations, and the columns that `*` shows and bare names find: USING merges, so they are not the sum.
struct Scope {
  Scope* parent = nullptr;
  std::vector<ScopeRelation> relations;
  struct Visible {
    std::string_view name;
    const Expr* expr = nullptr;
    int32_t relation = -1;  // -1: merged by USING
  };
  std::vector<Visible> visible;
  // Common tables that queries inside may name.
  std::vector<CommonTableInfo*> common_tables;
};
// One row of a table, its columns named with or without it.
Scope ScopeOfRow(const ScopeRelation& relation);

// The windows of one SELECT: those that WINDOW names, and one operator a partition and order, to be linked when the
// calls are known.
struct WindowClause {
  struct Definition {
    std::string_view name;
    std::vector<const Expr*> partition;
    std::vector<LogicalSortKey> order;
    const ast::Window* frame = nullptr;  // the one whose frame it is; null: the default frame
  };
  std::vector<Definition> named;
  std::vector<LogicalNode*> nodes;
  ColumnSet input;  // columns of the SELECT itself
};

// Calls `visit` for every expression that the windows read of a row, which it may replace.
base::Status ForEachWindowExpr(const WindowClause& windows, absl::FunctionRef<base::Status(const Expr**)> visit);

// Where an expression stands: what it may name, and whether aggregates are collected or refused.
// GROUPING(...): a column until the groups are known.
struct GroupingCall {
  ColumnId id = -1;
  std::vector<const Expr*> arguments;
  int32_t offset = -1;
};

// A function in the list of a SELECT that gives rows: what it is called with, and the column that stands for a row's value.
struct SetCall {
  function::BoundSetFunction function;
  std::vector<const Expr*> arguments;
  ColumnId output = -1;
};

struct ExprContext {
  Scope* scope = nullptr;
  std::string_view clause;                              // "WHERE", for messages
  std::vector<LogicalAggregate>* aggregates = nullptr;  // null: not allowed here
  std::vector<ColumnId>* aggregate_outputs = nullptr;
  std::vector<GroupingCall>* grouping_calls = nullptr;  // where aggregates are
  std::vector<SetCall>* set_calls = nullptr;            // null: functions that give rows are refused
  bool inside_aggregate = false;
  WindowClause* windows = nullptr;  // null: window functions are refused
  bool inside_window = false;
};

// A name in text that the catalog keeps, and what it was found to mean.
struct NameReference {
  int32_t offset = 0;
  ColumnId id = -1;                             // -1: a relation is named, not a column
  const catalog::Relation* relation = nullptr;  // that is named, or whose own column it is
  bool bare = false;                            // without AS: what is named so is called so further out
  int32_t begin = 0;                            // of a column: where what qualifies it begins; offset when nothing does
  int32_t column = -1;                          // of the relation: that a change gives a value, or that is one of NEW or OLD
  bool in_condition = false;                    // of a trigger: in its WHEN, not in its body
};

// A place in SQL text that the catalog is to keep otherwise than it was written.
struct TextEdit {
  int32_t offset = 0;
  int32_t length = 0;
  std::string text;
};
std::string Quoted(std::string_view name);
std::string Edited(std::string_view text, std::vector<TextEdit> edits);

// One statement. Not thread-safe.
class Binder {
 public:
  Binder(const CompileContext& context, std::string_view sql, const ParsedStatement& parsed, exec::Plan& plan,
         base::Arena& arena);
  Binder(const Binder&) = delete;

  // ---- queries
  // keep_unknown: untyped literals among the outputs stay untyped, for a context that will say what they are.
  base::StatusOr<BoundQuery> BindSelect(const ast::Select& select, Scope* outer, bool keep_unknown = false);
  // What becomes of parameters that nothing typed. Call when everything is bound.
  void ResolveOpenParameters();
  // A parameter that nothing else decides gets the type of the value that is bound to it; false: none is bound yet.
  bool DecideByBound(int32_t index);

  // ---- changes (bind_change.cc). What the change nodes need beside their input.
  struct BoundReturning {
    std::vector<const Expr*> expressions;
    std::vector<std::string_view> names;
  };
  struct BoundInsert {
    std::shared_ptr<const catalog::Relation> relation;
    table::Table* table = nullptr;
    std::string_view name;
    LogicalNode* input = nullptr;  // makes one column a table column
    std::vector<ColumnId> input_columns;
    std::vector<ColumnId> row;       // ids that checks, returning and assignments use for the (existing) row
    std::vector<ColumnId> excluded;  // for ON CONFLICT
    std::vector<exec::GeneratedColumn> generated;
    std::vector<exec::CheckConstraint> checks;
    std::vector<exec::IndexExpression> index_expressions;
    exec::OnConflict on_conflict;
    std::vector<exec::Assignment> conflict_assignments;
    BoundReturning returning;
  };
  struct BoundUpdate {
    std::shared_ptr<const catalog::Relation> relation;
    table::Table* table = nullptr;
    std::string_view name;
    LogicalNode* input = nullptr;
    ColumnId row_key = -1;
    std::vector<ColumnId> old_row;  // the target's columns in the input
    std::vector<ColumnId> new_row;  // ids that checks, generated columns and index expressions use
    std::vector<exec::Assignment> assignments;
    std::vector<exec::GeneratedColumn> generated;
    std::vector<exec::CheckConstraint> checks;
    std::vector<exec::IndexExpression> index_expressions;
    BoundReturning returning;
  };
  struct BoundMerge {  // bind_merge.cc
    struct Action {
      ast::MergeMatch match = ast::MergeMatch::kMatched;
      ast::MergeAction action = ast::MergeAction::kNothing;
      std::vector<const Expr*> conjuncts;
      std::vector<exec::Assignment> assignments;
      std::vector<const Expr*> values;
    };
    std::shared_ptr<const catalog::Relation> relation;
    table::Table* table = nullptr;
    std::string_view name;
    LogicalNode* input = nullptr;
    ColumnId row_key = -1;
    ColumnId source_column = -1;  // NULL where there is no row of the source
    std::vector<ColumnId> old_row;
    std::vector<ColumnId> new_row;  // ids that checks, generated columns, index expressions and RETURNING use
    ColumnId action_name = -1;      // merge_action() in RETURNING
    std::vector<Action> actions;
    std::vector<exec::GeneratedColumn> generated;
    std::vector<exec::CheckConstraint> checks;
    std::vector<exec::IndexExpression> index_expressions;
    BoundReturning returning;
  };
  // What a table's indexes need beyond columns, over a row of it.
  struct BoundIndexes {
    std::vector<ColumnId> row;
    std::vector<exec::IndexExpression> index_expressions;
  };
  base::StatusOr<BoundIndexes> BindIndexesOf(const table::TableSchema& schema);
  base::StatusOr<BoundInsert> BindInsert(const ast::Insert& insert);
  base::StatusOr<BoundUpdate> BindUpdate(const ast::Update& update);
  base::StatusOr<BoundUpdate> BindDelete(const ast::Delete& statement);  // without assignments
  base::StatusOr<BoundMerge> BindMerge(const ast::Merge& merge);
  base::StatusOr<BoundInsert> BindCopyFrom(const ast::Copy& copy);
  struct BoundCopy {
    BoundQuery query;  // its columns are texts
    std::string_view path;
    bool to_client = false;  // STDOUT: the lines are the statement's rows
    bool raw = false;        // one column, written as it is
    exec::CsvOptions options;
    std::vector<std::string_view> names;
    std::vector<uint8_t> quoted;    // by column, 0 or 1
    std::vector<uint8_t> booleans;  // by column, 0 or 1: written t and f
  };
  base::StatusOr<BoundCopy> BindCopyTo(const ast::Copy& copy);
  // EXECUTE: its arguments, then, in the named statement's binder, what stands in its parameters' places.
  base::StatusOr<std::vector<const Expr*>> BindExecuteArguments(const ast::Execute& execute, const NamedStatement& statement);
  base::Status TakeExecuteArguments(std::vector<const Expr*> arguments, std::string_view name, int32_t offset);
  // The query that DESCRIBE or SUMMARIZE stands for, as text; SHOW's, empty when it shows a setting.
  base::StatusOr<std::string> DescribeAsQuery(const ast::Describe& describe);
  static std::string ShowAsQuery(std::string_view name);

  // The text is no statement but names of types, or of columns with types, separated by commas (bind_host.cc).
  base::StatusOr<std::vector<std::optional<vec::Type>>> BindTypeList();
  base::StatusOr<std::vector<exec::ExternalTable::Column>> BindColumnList();

  // ---- triggers (bind_trigger.cc)
  // One with what it runs. What it reads of the row that is changed belongs to no operator: it is correlated.
  struct BoundTrigger {
    enum class Kind : uint8_t { kSelect, kInsert, kUpdate, kDelete, kMerge, kSetNew };
    struct Step {
      Kind kind = Kind::kSelect;
      BoundQuery query;
      BoundInsert insert;
      BoundUpdate update;  // also kDelete
      BoundMerge merge;
      std::vector<exec::Assignment> set;  // kSetNew
    };
    std::vector<ColumnId> old_row, new_row;  // empty when it cannot name them
    ColumnId operation = -1;                 // TG_OP
    int32_t old_table = -1;                  // numbers of the CTEs with the rows of the statement: old values, then new ones
    int32_t new_table = -1;
    const Expr* condition = nullptr;
    std::vector<Step> steps;
  };
  // Where in the statement CREATE TRIGGER its texts begin.
  struct TriggerText {
    int32_t condition_offset = 0;
    int32_t body_offset = 0;
  };
  // `text`: where errors are to point; otherwise they do not point into it.
  base::StatusOr<BoundTrigger> BindTrigger(const std::shared_ptr<const catalog::Relation>& relation,
                                           const table::TriggerSchema& trigger, const TriggerText* text = nullptr);
  // The columns that its SET NEW gives a value.
  base::StatusOr<std::vector<int32_t>> ColumnsSetBy(const catalog::Relation& relation, const table::TriggerSchema& trigger);

  // ---- foreign keys (bind_foreign_key.cc)
  // The unique key that one refers to.
  struct ReferencedKey {
    std::shared_ptr<const catalog::Relation> relation;
    table::Table* table = nullptr;
    int32_t index = -1;            // -1: the primary key
    std::vector<int32_t> columns;  // in the order of the foreign key
    std::vector<int32_t> parts;    // of the key, in its order: positions in `columns`
  };
  // What a new row of a table with a foreign key must find.
  struct BoundReference {
    ReferencedKey key;
    std::vector<int32_t> columns;        // of the row, in the order of the key's parts
    std::vector<ColumnId> layout;        // ids of these
    std::vector<const Expr*> converted;  // over them; empty: they are as they must be
  };
  base::StatusOr<BoundReference> BindReference(const table::TableSchema& schema, const table::ForeignKey& key);
  // The rows of a relation that refer to keys that went, and what becomes of them.
  struct BoundReferring {
    ReferencedKey key;
    int32_t keys = -1;  // the number of the CTE with the keys: old values, then the new ones
    std::vector<vec::Type> key_types;
    bool updates = false;  // else a delete, or nothing
    BoundUpdate change;
    std::vector<ColumnId> old_values;  // in the input of the change
  };
  base::StatusOr<BoundReferring> BindReferring(const catalog::Relation& relation, const table::ForeignKey& key,
                                               table::ForeignKeyAction action, bool on_update);

  // TRUNCATE ... RESTART IDENTITY.
  base::StatusOr<Command> BindTruncateRestart(const ast::Truncate& truncate);

  // ---- commands (bind_schema.cc, bind_command.cc)
  base::StatusOr<Command> BindCommand(const ast::Statement& statement);

  const std::vector<ColumnInfo>& columns() const { return columns_; }
  // Adds the columns that an expression, or any expression of a tree, names.
  void AddColumns(const Expr* expr, ColumnSet* set) const;
  void AddTreeColumns(const LogicalNode* node, ColumnSet* set) const;
  // Adds those that an operator of the tree makes.
  static void AddProduced(const LogicalNode* node, ColumnSet* set);
  std::vector<BoundSubquery>& subqueries() { return subqueries_; }
  const std::vector<std::unique_ptr<CommonTableInfo>>& common_tables() const { return common_tables_; }
  const std::vector<vec::Type>& parameter_types() const { return parameter_types_; }
  const std::vector<bool>& parameter_open() const { return parameter_open_; }
  const std::vector<Dependency>& dependencies() const { return dependencies_; }
  // Without a table: it is no column of one.
  ColumnOrigin OriginOf(ColumnId id) const;
  bool uses_external() const { return uses_external_; }
  bool uses_replacement() const { return uses_replacement_; }
  // The tables whose rows the statement locks by FOR UPDATE and its kin.
  const std::vector<std::shared_ptr<const catalog::Relation>>& locked() const { return locked_; }
  exec::Plan& plan() { return plan_; }
  std::span<const std::string> search_path() const { return search_path_; }
  bool fires_triggers() const { return !context_.without_triggers; }
  const catalog::Snapshot& catalog() const { return *context_.catalog; }
  function::CallContext& call_context() { return call_context_; }
  LogicalNode* NewNode(LogicalKind kind);
  ColumnId NewColumn(std::string_view name, const vec::Type& type);
  ColumnId CopyColumn(ColumnId id);  // another one of the same name, type and origin
  CommonTableInfo* NewCommonTable(std::string_view name);
  const Expr* ColumnExpr(ColumnId id, int32_t position = -1);

  // ---- making typed expressions (expression_builder.cc); the planner uses some
  base::StatusOr<const Expr*> MakeOperator(std::string_view op, std::initializer_list<const Expr*> operands, int32_t position);
  // A comparison of a cast with a constant, without the cast if that says the same; else `comparison` (unwrap_cast.cc).
  base::StatusOr<const Expr*> UnwrapCast(std::string_view op, const Expr* comparison);
  // Of two values of one type, which says how texts compare: for conditions that the planner makes anew.
  base::StatusOr<const Expr*> CompareTyped(std::string_view op, const Expr* a, const Expr* b, int32_t position);
  base::StatusOr<const Expr*> MakeFunction(std::string_view name, const std::vector<const Expr*>& arguments, int32_t position);
  base::StatusOr<const Expr*> Coerce(const Expr* expr, const vec::Type& type, function::CastContext context,
                                     int32_t position = -1);
  const Expr* And(std::vector<const Expr*> conjuncts, int32_t position);

 private:
  friend class AlterBinder;

  // ---- collations (bind_collation.cc)
  base::StatusOr<const vec::NamedCollation*> FindCollation(const ast::QualifiedName& name) const;
  CollationState CollationOf(const Expr* expr) const;
  void NoteCollation(const Expr* expr, const CollationState& state);
  void SetCollation(ColumnId id, const CollationState& state) { columns_[static_cast<size_t>(id)].collation = state; }
  // Of a column that an expression with that state fills.
  void SetImplicitCollation(ColumnId id, CollationState state) {
    if (state.strength == CollationStrength::kExplicit) state.strength = CollationStrength::kImplicit;
    SetCollation(id, state);
  }
  // A column of a table, whose definition names its collation, or does not.
  void NameCollation(ColumnId id, std::string_view name) {
    const vec::NamedCollation* const found = name.empty() ? nullptr : vec::FindCollation(name);
    if (found != nullptr) columns_[static_cast<size_t>(id)].collation.id = vec::IdOf(*found);
  }
  // Errors: 42P21 when two are explicit.
  base::StatusOr<CollationState> MergeCollations(std::span<const Expr* const> exprs, int32_t position) const;
  base::Status CheckCollation(const CollationState& state, int32_t position) const;  // 42P22
  base::Status CheckCollation(const Expr* expr) const;
  base::Status CheckMergedCollation(const CollationState& state, int32_t position) const;  // 42P21
  static vec::Collation OrderOf(const CollationState& state);                              // of the host's: that of their bytes
  base::Status CheckCollates(const vec::Type& type, int32_t offset) const;                 // 42804
  base::Status BindColumnCollation(const ast::QualifiedName& name, table::Column* column) const;
  // The type and the collation of a column of a table or view that a query's column becomes. Errors: 42P22.
  base::Status DescribeColumn(ColumnId id, table::Column* column) const;
  base::StatusOr<const Expr*> BindCollate(const ast::Collate& collate, const ExprContext& context);
  base::StatusOr<const Expr*> WithExplicitCollation(const Expr* expr, const vec::NamedCollation& collation);
  // Gives a call the collation of its arguments, where it compares them, and says what its result has.
  base::Status CollateCall(function::BoundCall* call, std::span<const Expr* const> arguments, CollationState* state,
                           int32_t position) const;
  base::Status CollateAggregate(function::BoundAggregate* call, std::span<const Expr* const> arguments, CollationState* state,
                                int32_t position) const;

  // ---- functions and collations of the host (bind_host.cc)
  // Whether the text that is being bound may name them.
  bool HostIsVisible() const {
    return context_.host != nullptr && view_depth_ == 0 && may_call_host_ && !context_.without_temporary;
  }
  bool IsHostScalar(std::string_view name) const { return HostIsVisible() && !context_.host->ScalarsOf(name).empty(); }
  bool IsAggregate(std::string_view name) const;
  // `found`: the call is one of the host's.
  base::StatusOr<const Expr*> BindHostCall(const ast::Call& call, std::string_view name, const ExprContext& context,
                                           bool* found);
  // The host's, or the built-in one.
  base::StatusOr<function::BoundAggregate> ResolveAggregate(std::string_view name, std::span<const vec::Type> types);
  bool IsHostTable(std::string_view name) const { return HostIsVisible() && !context_.host->TablesOf(name).empty(); }
  // `status` with a hint, when it is about a function that the host has and this text may not name.
  base::Status HintAtHost(base::Status status, std::string_view name) const;
  const Expr* HostCall(std::shared_ptr<const function::HostScalar> function, std::vector<const Expr*> arguments,
                       int32_t position);
  // Collations of the host have numbers from here on, which are the statement's.
  static constexpr vec::CollationId kFirstHostCollation = 128;
  static bool IsHosts(const CollationState& state) {
    return state.id >= kFirstHostCollation && state.strength != CollationStrength::kConflict;
  }
  base::StatusOr<std::optional<vec::CollationId>> FindHostCollation(const ast::QualifiedName& name);
  std::string_view CollationName(vec::CollationId id) const;
  const Expr* WithHostCollation(const Expr* expr, vec::CollationId id);
  // What texts are compared by: the sort keys of a host's collation, the expression itself otherwise. Errors: 42P21, when no
  // collation was derived.
  base::StatusOr<const Expr*> ToCompared(const Expr* expr);
  base::StatusOr<const Expr*> SortKeyOf(const Expr* expr, vec::CollationId id);
  base::StatusOr<const Expr*> CompareSortKeys(std::string_view op, const std::vector<const Expr*>& arguments,
                                              const CollationState& state, int32_t position);
  base::StatusOr<vec::Type> BindTypeText(std::string_view text);
  base::Status HostCollationInCatalog(std::string_view name, int32_t offset) const;
  base::Status RefuseHostCollation(const CollationState& state, std::string_view where, int32_t position) const;

  struct FromItem;
  base::StatusOr<FromItem> BindHostTable(const ast::FunctionTable& table, const ast::Call& call, const ExprContext& context);

  // ---- names (binder.cc)
  int32_t Position(int32_t offset) const { return fixed_position_ >= 0 ? fixed_position_ : offset; }
  base::Status At(base::Status status, int32_t offset) const { return base::WithPosition(std::move(status), Position(offset)); }
  base::Status Unsupported(std::string_view what, int32_t offset) const;
  base::Status Error(const base::SqlState& state, std::string_view message, int32_t offset) const;
  struct RelationName {
    std::string_view schema, name;
  };
  base::StatusOr<RelationName> SplitName(const ast::QualifiedName& name);
  base::StatusOr<std::shared_ptr<const catalog::Relation>> FindRelation(const ast::QualifiedName& name);
  base::StatusOr<std::shared_ptr<const catalog::Relation>> FindTable(const ast::QualifiedName& name);  // not a view
  void DependOn(const std::shared_ptr<const catalog::Relation>& relation);
  base::StatusOr<vec::Type> BindType(const ast::TypeName& type);
  base::StatusOr<const Expr*> BindColumn(const ast::Column& column, const ExprContext& context);
  base::StatusOr<const Expr*> FindBareColumn(const ast::Name& name, Scope* scope);
  void NoteReference(const ast::Column& column, const Expr* found, const Scope& scope);
  base::Status UnknownColumn(const ast::Column& column, const Scope* scope);
  const Expr* RowIdColumn(std::string_view name, const Scope& scope);

  // ---- what the host allows (bind_authorize.cc). Errors: 42501.
  base::Status Authorize(AccessKind kind, std::string_view schema, std::string_view object, std::string_view column,
                         int32_t offset);
  base::Status AuthorizeRelation(AccessKind kind, const catalog::Relation& relation, int32_t offset);
  // A column of `scope` that is read: itself, or NULL.
  base::StatusOr<const Expr*> AuthorizeRead(const Expr* found, const Scope& scope, int32_t offset);
  base::StatusOr<const Expr*> AuthorizeColumnOf(const ScopeRelation& relation, size_t column, int32_t offset);

  struct ProjectionItem;
  // ---- expressions (bind_expression.cc, bind_call.cc, bind_subquery.cc)
  using ExprOr = base::StatusOr<const Expr*>;
  ExprOr Bind(const ast::Expr& expr, const ExprContext& context);
  ExprOr BindCondition(const ast::Expr& expr, const ExprContext& context);  // boolean; integers are accepted
  base::Status BindConjuncts(const ast::Expr& expr, const ExprContext& context, std::vector<const Expr*>* conjuncts);
  void TakeOutOfBranches(const Expr* disjunction, std::vector<const Expr*>* conjuncts);
  ExprOr ToCondition(const Expr* expr, std::string_view clause, int32_t offset);
  ExprOr BindLiteral(const ast::Literal& literal);
  ExprOr BindParameter(const ast::Parameter& parameter);
  ExprOr BindBinary(const ast::Binary& binary, const ExprContext& context);
  ExprOr BindRowComparison(std::string_view op, const std::vector<const Expr*>& left, const std::vector<const Expr*>& right,
                           int32_t offset);
  ExprOr BindJunction(const ast::Junction& junction, const ExprContext& context);
  ExprOr BindIs(const ast::IsPredicate& is, const ExprContext& context);
  ExprOr BindBetween(const ast::Between& between, const ExprContext& context);
  ExprOr BindIn(const ast::In& in, const ExprContext& context);
  ExprOr BindLike(const ast::Like& like, const ExprContext& context);
  ExprOr BindCase(const ast::Case& expr, const ExprContext& outer);
  ExprOr BindCast(const ast::Cast& cast, const ExprContext& context);
  ExprOr BindCall(const ast::Call& call, const ExprContext& context);
  ExprOr BindSpecialCall(std::string_view name, const ast::Call& call, const ExprContext& context, bool* special);
  base::StatusOr<Command> BindPrepare(const ast::Prepare& prepare);
  base::Status CheckFunctionSchema(const ast::Call& call) const;
  // f(VARIADIC array) of a built-in function. Null: the array is written out, and `spread` is the call of its elements.
  ExprOr BindVariadicCall(const ast::Call& call, std::string_view name, const ExprContext& context, ast::Call* spread);
  base::StatusOr<std::vector<const Expr*>> BindArguments(const ast::Call& call, std::string_view name,
                                                         const ExprContext& context);
  // ---- functions of users (bind_function.cc, bind_function_body.cc, bind_create_function.cc)
  struct GivenArgument {
    std::string_view name;  // empty: by its place
    const Expr* value = nullptr;
  };
  struct ArgumentMatch {
    const catalog::Relation* function = nullptr;
    std::vector<int32_t> taken_by;                 // by parameter that may be given: the argument, or -1
    std::vector<std::optional<vec::Type>> wanted;  // by argument; nothing: any type
    int32_t variadic_from = -1;                    // the first argument that is an element of the last parameter
    int32_t defaults = 0;
  };
  struct FunctionCall {
    std::shared_ptr<const catalog::Relation> function;
    std::vector<const Expr*> arguments;  // by parameter that may be given
  };
  // While a body is bound: what its parameters mean.
  struct FunctionBodyScope {
    std::vector<const Expr*> arguments;
    std::vector<std::string_view> names;
    std::vector<int32_t> uses;
    bool macro = false;  // names of parameters go before names of columns
  };
  class BodyState;
  std::string SignatureOf(const catalog::Relation& function) const;
  bool MatchArguments(const catalog::Relation& function, const std::vector<GivenArgument>& arguments, bool spread,
                      ArgumentMatch* match) const;
  base::StatusOr<FunctionCall> ResolveUserCall(const ast::Call& call, const ExprContext& context, bool* found);
  base::StatusOr<std::shared_ptr<const catalog::Relation>> WithTypesOf(std::shared_ptr<const catalog::Relation> function,
                                                                       const ArgumentMatch& match,
                                                                       const std::vector<GivenArgument>& arguments,
                                                                       int32_t offset);
  base::StatusOr<FunctionCall> TakeArguments(FunctionCall call, const ArgumentMatch& match,
                                             std::vector<GivenArgument> arguments, int32_t position);
  base::StatusOr<std::shared_ptr<const catalog::Relation>> FindFunction(const ast::FunctionName& name, bool macro);
  // `expr` when it is an argument of the body that is being bound, which is used once more; else null.
  const Expr* ArgumentOf(const Expr* expr);
  ExprOr BodyParameter(const ast::Parameter& parameter);
  Scope ScopeOfParameters(const catalog::Relation& function, FunctionBodyScope* body);
  base::Status OpenFunction(const catalog::Relation& function, int32_t offset) const;
  base::StatusOr<const ast::Select*> ParseFunctionBody(const catalog::Relation& function);
  std::vector<table::Column> RowOf(const catalog::Relation& function);
  base::Status ReturnMismatch(const catalog::Relation& function, std::string_view why, int32_t offset) const;
  base::StatusOr<std::vector<const Expr*>> ConvertRow(const catalog::Relation& function, const BoundQuery& query,
                                                      const std::vector<table::Column>& row, int32_t position);
  LogicalNode* ComputeOnce(std::vector<const Expr*>* arguments);
  base::StatusOr<BoundQuery> BindBodyQuery(const FunctionCall& call, int32_t offset);
  ExprOr BindBodyExpression(const FunctionCall& call, const ExprContext& context, int32_t offset);
  ExprOr BindBodyValue(const FunctionCall& call, const ExprContext& context, int32_t offset);
  ExprOr ResultOf(const catalog::Relation& function, const Expr* value, int32_t position);
  base::StatusOr<vec::Type> RecordOf(const std::vector<table::Column>& row);
  ExprOr NullWhereAny(const std::vector<const Expr*>& arguments, const Expr* value, int32_t position);
  base::Status MakeOneColumn(const catalog::Relation& function, BoundQuery* query, int32_t offset);
  ExprOr BindUserCall(const ast::Call& call, const ExprContext& context, bool* found);
  ExprOr RowsAsArray(const FunctionCall& call, int32_t offset);
  base::StatusOr<Command> BindCreateFunction(const ast::CreateFunction& create);
  base::Status BindFunctionParameters(const ast::CreateFunction& create, CreateFunctionCommand* command);
  base::Status BindFunctionType(const ast::TypeName& type, table::Column* column);
  base::Status BindFunctionResult(const ast::CreateFunction& create, CreateFunctionCommand* command);
  base::Status CheckReplacedFunction(const catalog::Relation& before, const CreateFunctionCommand& after, int32_t offset) const;
  base::Status CheckFunctionBody(const ast::CreateFunction& create, const CreateFunctionCommand& command,
                                 catalog::ObjectId replaced);
  base::StatusOr<Command> BindAlterFunction(const ast::AlterFunction& alter);
  base::StatusOr<Command> BindDropFunction(const ast::Drop& drop);
  // ---- hypothetical-set aggregates (bind_hypothetical.cc)
  struct HypotheticalKey {
    const Expr* value = nullptr;   // that is asked about
    const Expr* sorted = nullptr;  // the rows'
    bool descending = false;
    bool nulls_first = false;
  };
  static bool IsHypothetical(std::string_view name);
  ExprOr BindHypothetical(const ast::Call& call, std::string_view name, const ExprContext& context);
  base::StatusOr<std::vector<HypotheticalKey>> BindHypotheticalKeys(const ast::Call& call, std::string_view name,
                                                                    const ExprContext& context);
  ExprOr StandsBefore(const std::vector<HypotheticalKey>& keys, size_t from, bool or_equal, int32_t position);
  ExprOr AddCount(const Expr* distinct, std::vector<const Expr*> filter, const ExprContext& context, int32_t position);
  ExprOr CountDistinctKeys(const std::vector<HypotheticalKey>& keys, const std::vector<const Expr*>& filter,
                           const ExprContext& context, int32_t position);
  base::Status AggregateByKeys(std::string_view* name, LogicalAggregate* aggregate);
  base::Status BindWithinGroup(const ast::Call& call, const ExprContext& context, LogicalAggregate* aggregate);
  ExprOr BindAggregate(const ast::Call& call, std::string_view name, const ExprContext& context);
  // ---- windows (bind_window.cc)
  ExprOr BindWindowCall(const ast::Call& call, std::string_view name, const ExprContext& context);
  base::Status BindNamedWindows(const ast::SelectCore& core, const ExprContext& context);
  base::StatusOr<WindowClause::Definition> BindWindow(const ast::Window& window, int32_t offset, const ExprContext& context);
  base::Status CheckFrame(const ast::Window& window, const std::vector<LogicalSortKey>& order, int32_t offset) const;
  base::Status BindFrame(const WindowClause::Definition& window, const ExprContext& context, int32_t offset,
                         LogicalWindowCall* call);
  base::Status BindFrameOffset(const ast::Expr& count, const LogicalSortKey* range_order, bool preceding,
                               const ExprContext& context, LogicalWindowCall* call, LogicalFrameOffset* out);
  base::Status BindWindowArguments(const ast::Call& call, std::string_view name, const ExprContext& context,
                                   LogicalWindowCall* bound, vec::Type* result, CollationState* collation);
  bool NamesWindow(const Expr* expr, const WindowClause& windows) const;
  // The operators one above the other, over `input`.
  LogicalNode* LinkWindows(LogicalNode* input, WindowClause* windows);
  base::Status BindQualify(const ast::Expr& qualify, const ExprContext& context, const std::vector<ProjectionItem>& items,
                           std::vector<const Expr*>* conjuncts);
  ExprOr BindSubquery(const ast::Subquery& subquery, const ExprContext& context);
  ExprOr BindInSubquery(const ast::Expr& operand, const ast::Select& select, exec::SubqueryKind kind,
                        exec::Comparison comparison, int32_t offset, const ExprContext& context);
  ExprOr BindQuantified(const ast::Quantified& quantified, const ExprContext& context);
  // ---- arrays (bind_array.cc)
  ExprOr BindArray(const ast::Array& array, const vec::Type* wanted, const ExprContext& context);
  ExprOr BindArraySubquery(const ast::Subquery& subquery, const ExprContext& context);
  // The rows of a query of one column as an array. `source`: what it was bound from; null: it is like no other.
  ExprOr GatherArray(BoundQuery query, const ast::Select* source, int32_t offset);
  ExprOr BindSubscript(const ast::Subscript& subscript, const ExprContext& context);
  ExprOr BindQuantifiedArray(const ast::Quantified& quantified, const ExprContext& context);
  // ---- structs and maps (bind_struct.cc)
  base::StatusOr<vec::Type> StructOf(vec::StructFields fields);
  base::StatusOr<vec::Type> MapOf(const vec::Type& key, const vec::Type& value);
  std::shared_ptr<const vec::StructFields> FieldsOf(const vec::Type& type);
  base::StatusOr<vec::Type> BindTypeWithParts(const ast::TypeName& type);
  ExprOr MakeRow(std::vector<const Expr*> elements, const std::vector<std::string_view>& names, int32_t position);
  ExprOr MakeRowAs(const std::vector<const Expr*>& elements, const vec::Type& type, function::CastContext context,
                   int32_t position);
  ExprOr BindRow(const ast::Row& row, const vec::Type* wanted, function::CastContext cast, const ExprContext& context);
  ExprOr BindAs(const ast::Expr& expr, const vec::Type* type, function::CastContext cast, const ExprContext& context);
  ExprOr WholeRowOf(const ast::Name& name, const ExprContext& context);
  ExprOr WholeRow(const ScopeRelation& relation, int32_t position);
  ExprOr FieldAt(const Expr* value, size_t place, const vec::StructFields& fields, int32_t position);
  base::StatusOr<int32_t> FindField(const vec::StructFields& fields, std::string_view name, const vec::Type& type,
                                    int32_t offset) const;
  ExprOr FieldOf(const Expr* value, const ast::Name& name);
  ExprOr BindField(const ast::Field& field, const ExprContext& context);
  base::Status ExpandFields(const ast::Field& field, const ExprContext& context, std::vector<ProjectionItem>* out);
  // `whole` with something else where `path` leads.
  ExprOr ChangePart(const Expr* whole, std::string_view name, std::span<const ast::SetStep> path, const ast::Expr& value,
                    const ExprContext& context);
  ExprOr ChangeElement(const Expr* whole, std::string_view name, std::span<const ast::SetStep> path, const ast::Expr& value,
                       const ExprContext& context);
  const Expr* FieldsNull(const Expr* value, bool negated, int32_t position);
  // As function::CommonType, of structs and maps that of their fields.
  base::StatusOr<vec::Type> CommonType(std::span<const vec::Type> types, std::string_view construct);
  base::Status UnifyStructs(const Expr** left, const Expr** right, int32_t position);
  base::Status CheckStructCast(const vec::Type& from, const vec::Type& to, function::CastContext context, int32_t position);
  ExprOr BindMap(const ast::Map& map, const vec::Type* wanted, function::CastContext cast, const ExprContext& context);
  ExprOr MapValue(const Expr* map, const Expr* key, bool as_array, int32_t position);
  ExprOr JsonRecord(const Expr* base, const Expr* json, bool set, int32_t position);
  base::StatusOr<const Expr*> BindRecordTable(const ast::FunctionTable& table, const ast::Call& call,
                                              const ExprContext& context);
  base::Status ExpandRows(BoundQuery* query, int32_t position);
  ExprOr BindStructCall(const ast::Call& call, std::string_view name, const ExprContext& context, bool* special);
  // ---- lambdas (bind_lambda.cc)
  const Expr* NewLambdaValue(const vec::Type& type, int32_t position);
  const Expr* MakeLambda(exec::LambdaKind kind, const vec::Type& type, std::vector<const Expr*> arguments, int32_t position);
  ExprOr BindLambdaCall(const ast::Call& call, std::string_view name, const ExprContext& context, bool* special);
  // ---- JSON (bind_json.cc)
  // An argument that JSON is made of, where a table's name means its row. *row: it is one, and is json(b) already.
  ExprOr BindJsonArgument(const ast::Expr& argument, bool jsonb, const ExprContext& context, bool* row);
  ExprOr BindRowAsJson(const std::vector<ScopeColumn>& columns, bool jsonb, int32_t position);
  ExprOr BindJsonCall(const ast::Call& call, std::string_view name, const ExprContext& context, bool* special);
  // Casts the arguments of an aggregate that makes JSON; *name becomes the one for rows where they are rows.
  base::StatusOr<std::vector<const Expr*>> BindJsonAggregateArguments(const ast::Call& call, std::string_view* name,
                                                                      const ExprContext& context);
  ExprOr NewSubquery(BoundSubquery subquery, const vec::Type& type, std::vector<const Expr*> arguments, int32_t offset);
  base::StatusOr<std::vector<const Expr*>> BindRowElements(const ast::Expr& expr, const ExprContext& context);
  // 42883 for json, which has neither order nor equality.
  base::Status CheckComparable(const vec::Type& type, std::string_view operation, int32_t offset) const;
  // Casts all to the common type. `state`: the collation of what is made of them; null: they are compared.
  base::Status Unify(std::vector<const Expr*>* exprs, std::string_view construct, int32_t offset, CollationState* state);
  base::StatusOr<std::pair<const Expr*, const Expr*>> UnifyPair(const Expr* left, const Expr* right, std::string_view construct,
                                                                int32_t offset, CollationState* state);
  const Expr* Fold(Expr* expr);
  const Expr* Not(const Expr* expr, int32_t offset);
  const Expr* NullConstant(const vec::Type& type, int32_t offset);
  ExprOr CoerceLiteral(const Expr* literal, const vec::Type& type, function::CastContext context);
  void DecideParameter(int32_t index, const vec::Type& type);

  // ---- queries (bind_select.cc, bind_from.cc, bind_with.cc)
  struct FromItem {
    LogicalNode* node = nullptr;
    std::vector<ScopeRelation> relations;
    std::vector<Scope::Visible> visible;
  };
  struct ProjectionItem {
    const Expr* expr = nullptr;
    std::string_view name;
    const ast::Expr* source = nullptr;
  };
  struct Grouping {
    std::vector<const Expr*> groups;
    std::vector<ColumnId> outputs;
    std::vector<LogicalAggregate> aggregates;
    std::vector<ColumnId> aggregate_outputs;
    std::vector<std::vector<size_t>> sets;  // of places in groups, ascending; GROUP BY without sets has none
    ColumnId set_column = -1;               // which of them a row belongs to
    std::vector<GroupingCall> calls;
    const Scope* scope = nullptr;
    bool has_sets() const { return set_column >= 0; }
  };
  using GroupingSets = std::vector<std::vector<size_t>>;
  base::StatusOr<BoundQuery> BindBody(const ast::SelectBody& body, Scope* outer, const ast::Select* clauses, bool keep_unknown);
  base::StatusOr<BoundQuery> BindCore(const ast::SelectCore& core, Scope* outer, const ast::Select* clauses, bool keep_unknown);
  base::StatusOr<BoundQuery> BindValues(const ast::Values& values, Scope* outer, bool keep_unknown);
  base::StatusOr<BoundQuery> BindSetOperation(const ast::SetOperation& operation, Scope* outer);
  base::Status MakeDistinctByKeys(BoundQuery* query);
  base::Status BindSetInput(BoundQuery* query, const std::vector<vec::Type>& types);
  base::StatusOr<BoundQuery> BindTail(BoundQuery query, const ast::Select& select,
                                      Scope* outer);  // ORDER BY over outputs, LIMIT
  base::Status BindLimit(BoundQuery* query, const ast::Select& select, Scope* outer);
  base::Status BindDistinctOn(const ast::SelectCore& core, const ExprContext& context, const std::vector<ProjectionItem>& items,
                              std::vector<const Expr*>* on);
  ExprOr BindRowCount(const ast::Expr& expr, std::string_view clause, Scope* outer);
  // ---- row locks (bind_locking.cc)
  base::Status CannotLock(const ast::LockingClause& clause, std::string_view why) const;
  const ast::Select& WithOuterLocking(const ast::Select& select, std::string_view alias);
  // Null when there is no table to lock rows of. The input is the caller's to set.
  base::StatusOr<LogicalNode*> BindLocking(ast::List<ast::LockingClause> clauses, const ast::SelectCore& core,
                                           const LogicalNode* tables, const Scope& scope, bool aggregates, bool windows);
  base::Status LockAndLimit(BoundQuery* query, LogicalNode* locks, const ast::Select& select, Scope* outer);
  base::Status BindItems(ast::List<ast::SelectItem> items, const ExprContext& context, std::vector<ProjectionItem>* out);
  base::Status ExpandStar(const ast::Star& star, const ExprContext& context, std::vector<ProjectionItem>* out);
  base::Status BindGroups(const ast::SelectCore& core, const ExprContext& context, const std::vector<ProjectionItem>& items,
                          Grouping* grouping);
  size_t AddGroup(const Expr* expr, Grouping* grouping);  // its place
  base::StatusOr<GroupingSets> BindGroupingSets(const ast::Expr& item, const ExprContext& context,
                                                const std::vector<ProjectionItem>& items, Grouping* grouping);
  base::Status TooManyGroupingSets(int32_t offset) const;
  ExprOr BindGroup(const ast::Expr& expr, const ExprContext& context, const std::vector<ProjectionItem>& items,
                   const Grouping& grouping);
  ExprOr BindGroupingCall(const ast::Call& call, const ExprContext& context);
  ExprOr GroupingValue(const GroupingCall& call, const Grouping& grouping);
  // Whether two expressions of one SELECT are the same; subqueries are when their texts are.
  bool SameExpression(const Expr& a, const Expr& b);
  const Expr* WithFirstSubqueries(const Expr* expr);
  ExprOr AfterGrouping(const Expr* expr, Grouping* grouping);
  ExprOr UngroupedColumn(const Expr* column, Grouping* grouping);
  base::StatusOr<std::vector<LogicalSortKey>> BindOrder(const ast::Select& select, const ExprContext& context,
                                                        const std::vector<ProjectionItem>& items);
  LogicalNode* Project(LogicalNode* input, const std::vector<ProjectionItem>& items, std::vector<OutputColumn>* out);
  std::string_view OutputName(const ast::SelectItem& item);

  base::StatusOr<FromItem> BindFrom(ast::List<ast::TableRef*> from, Scope* outer);
  base::StatusOr<FromItem> BindTableRef(const ast::TableRef& ref, Scope* outer, const FromItem* left);
  // ---- samples (bind_sample.cc)
  ExprOr BindSampleNumber(const ast::Expr& expr, bool seed, Scope* outer);
  base::StatusOr<FromItem> BindSample(const ast::NamedTable& table, FromItem item, Scope* outer);
  base::StatusOr<FromItem> BindNamedTable(const ast::NamedTable& table, Scope* outer);
  base::StatusOr<FromItem> BindRelation(std::shared_ptr<const catalog::Relation> relation, const ast::TableRef& ref);
  base::StatusOr<FromItem> BindView(const std::shared_ptr<const catalog::Relation>& relation, const ast::TableRef& ref);
  base::StatusOr<FromItem> BindDerived(const ast::DerivedTable& table, Scope* outer, const FromItem* left);
  // ---- files (bind_file.cc)
  static bool IsFileFunction(std::string_view name);
  base::StatusOr<FromItem> BindFileTable(const ast::FileTable& table);
  base::StatusOr<FromItem> BindFileFunction(const ast::FunctionTable& table, const ast::Call& call);
  base::StatusOr<FromItem> BindFiles(const ast::TableRef& ref, std::string_view alias, exec::FileQuestion question,
                                     std::vector<exec::FileShape::Column> columns, bool with_file_name, int32_t offset);
  base::StatusOr<vec::Value> FileOption(const ast::Expr& expr, std::string_view name);
  // pragma_table_info('t'): `listing` of its rows, with the arguments where $1 and $2 stand (bind_function_table.cc).
  base::StatusOr<FromItem> BindPragmaTable(const ast::FunctionTable& table, const ast::Call& call, std::string_view listing,
                                           const ExprContext& context);
  // ---- functions that give rows (bind_function_table.cc)
  base::StatusOr<FromItem> BindUserTable(const ast::FunctionTable& table, const ast::Call& call, const ExprContext& context,
                                         bool* found);
  base::StatusOr<FromItem> BindFunctionTable(const ast::FunctionTable& table, Scope* outer, const FromItem* left);
  base::StatusOr<FromItem> BindSeries(const ast::FunctionTable& table, const ast::Call& call, const ExprContext& context);
  base::StatusOr<function::BoundSetFunction> BindSetFunction(const ast::Call& call, const ExprContext& context,
                                                             std::vector<const Expr*>* arguments);
  ExprOr BindSetCall(const ast::Call& call, const ExprContext& context);
  // The calls that the list of a SELECT has, side by side, over its rows.
  LogicalNode* LinkSetCalls(LogicalNode* input, std::vector<SetCall> calls);
  bool NamesSetCall(const std::vector<const Expr*>& exprs, const std::vector<SetCall>& calls) const;
  base::StatusOr<FromItem> BindJoin(const ast::Join& join, Scope* outer, const FromItem* left);
  base::Status MakeAsof(const ast::Join& join, const FromItem& left, const FromItem& right, FromItem* item);
  base::Status BindUsing(const ast::Join& join, FromItem* left, FromItem* right, LogicalNode* node,
                         std::vector<Scope::Visible>* merged);
  FromItem Combine(FromItem left, FromItem right, LogicalNode* node, std::vector<Scope::Visible> merged);
  base::Status CheckAliases(const FromItem& left, const FromItem& right) const;
  base::StatusOr<FromItem> QueryAsItem(BoundQuery query, const ast::TableRef& ref, std::string_view alias);
  base::Status ApplyColumnAliases(const ast::TableRef& ref, ScopeRelation* relation) const;
  Scope ScopeOf(FromItem item, Scope* parent);
  base::Status BindWith(const ast::With& with, Scope* scope);
  base::StatusOr<CommonTableInfo*> FindCommonTable(std::string_view name, Scope* scope);
  base::StatusOr<CommonTableInfo*> BindCommonTable(const ast::CommonTable& table, Scope* scope, bool recursive);
  base::Status BindRecursive(const ast::CommonTable& table, const ast::SetOperation& operation, Scope* scope,
                             CommonTableInfo* info);
  base::Status NameColumns(const ast::CommonTable& table, BoundQuery* query) const;
  LogicalNode* WrapCommonTables(LogicalNode* root, const Scope& scope);

  // ---- changes
  struct Target {
    std::shared_ptr<const catalog::Relation> relation;
    table::Table* table = nullptr;  // null: a view with INSTEAD OF triggers
    std::string_view alias;
  };
  // `event`, of table::TriggerSchema: what is to be done to it.
  enum class CopyFormat : uint8_t { kText, kCsv, kJson };
  struct CopyOptions {
    exec::CsvOptions csv;
    std::vector<ast::Name> force_quote, force_not_null, force_null;
    bool all_not_null = false, all_null = false;
  };
  base::StatusOr<CopyFormat> BindCopyOptions(const ast::Copy& copy, CopyOptions* options);
  base::StatusOr<std::vector<uint8_t>> ForcedColumns(const std::vector<ast::Name>& names, bool all, std::string_view option,
                                                     const std::vector<std::string_view>& columns) const;
  base::StatusOr<const ast::Select*> CopiedQuery(const ast::Copy& copy);
  base::StatusOr<LogicalNode*> BindJsonLines(const ast::Copy& copy, const table::TableSchema& schema,
                                             const std::vector<int32_t>& targets, LogicalNode* lines,
                                             std::vector<ProjectionItem>* items);
  base::StatusOr<Target> FindTarget(const ast::QualifiedName& name, const ast::Name& alias, uint8_t event);
  base::StatusOr<FromItem> BindTargetRows(const Target& target, const ast::NamedTable& table, BoundUpdate* bound);
  base::StatusOr<std::vector<int32_t>> TargetColumns(const ast::Insert& insert, const catalog::Relation& relation);
  base::StatusOr<int32_t> TargetColumn(const ast::Name& name, const catalog::Relation& relation);
  base::Status IdentityGiven(const table::Column& column, int32_t offset) const;
  ExprOr DefaultOf(const table::TableSchema& schema, int32_t column);
  ExprOr BindStored(std::string_view text, Scope* scope, std::string_view what);  // SQL text kept in the catalog
  base::Status BindInsertSource(const ast::Insert& insert, const std::vector<int32_t>& targets, BoundInsert* bound,
                                Scope* scope);
  base::Status BindInsertRows(const ast::Insert& insert, const std::vector<int32_t>& targets, BoundInsert* bound, Scope* scope);
  base::Status BindOnConflict(const ast::Insert& insert, const Target& target, BoundInsert* bound);
  base::StatusOr<int32_t> ConflictIndex(const ast::OnConflict& conflict, const catalog::Relation& relation,
                                        const BoundInsert& bound, Scope* row);
  base::Status BindAssignments(ast::List<ast::SetItem> items, const Target& target, const ExprContext& context,
                               std::vector<exec::Assignment>* out);
  ExprOr BindAssigned(const ast::Expr& expr, const table::TableSchema& schema, int32_t column, const ExprContext& context,
                      ast::Overriding overriding = ast::Overriding::kNone);
  base::Status BindFieldAssignment(const ast::SetItem& item, const Target& target, int32_t column, const ExprContext& context,
                                   std::vector<exec::Assignment>* out);
  // They are the columns of a table's row; of a view's nothing.
  void SetOrigins(const std::vector<ColumnId>& row, const catalog::Relation& relation, const table::Table* table);
  std::vector<ColumnId> RowColumns(const table::TableSchema& schema, std::string_view alias, ScopeRelation* relation);
  base::Status BindRowRules(const Target& target, Scope* scope, std::vector<exec::GeneratedColumn>* generated,
                            std::vector<exec::CheckConstraint>* checks, std::vector<exec::IndexExpression>* index_expressions);
  base::Status BindIndexExpressions(const table::TableSchema& schema, Scope* scope,
                                    std::vector<exec::IndexExpression>* index_expressions);
  base::Status BindReturning(ast::List<ast::SelectItem> items, Scope* scope, BoundReturning* out);
  base::Status AssignCasts(const table::TableSchema& schema, int32_t column, const Expr** expr);

  base::Status CheckMergeClauses(const ast::Merge& merge) const;
  base::StatusOr<std::vector<const Expr*>> BindMergeValues(const ast::MergeWhen& when, const Target& target,
                                                           const ExprContext& context);

  // ---- triggers
  base::Status BindTriggerParts(const catalog::Relation& relation, const table::TriggerSchema& trigger, const TriggerText* text,
                                BoundTrigger* bound);
  base::StatusOr<BoundTrigger::Step> BindTriggerStep(const ast::Statement& statement, const Target& row,
                                                     const table::TriggerSchema& trigger, bool has_new);
  const CommonTableInfo* NewTransitionTable(const catalog::Relation& relation, const std::string& name, bool is_new,
                                            Scope* scope);
  ExprOr BindRaise(const ast::Call& call, const ExprContext& context);
  base::StatusOr<Command> BindCreateTrigger(const ast::CreateTrigger& create);
  base::Status CheckTriggerDefinition(const ast::CreateTrigger& create, const catalog::Relation& relation) const;
  base::StatusOr<Command> BindDropTrigger(const ast::Drop& drop);
  base::StatusOr<Command> BindAlterTrigger(const ast::AlterTrigger& alter);
  base::StatusOr<std::shared_ptr<const catalog::Relation>> FindTriggered(const ast::QualifiedName& name);

  // ---- commands
  base::StatusOr<Command> BindCreateTable(const ast::CreateTable& create);
  base::Status BindColumns(const ast::CreateTable& create, catalog::NewTable* table);
  base::Status BindLikeTable(const ast::LikeTable& like, catalog::NewTable* table);
  base::Status CopyIndexes(const ast::LikeTable& like, const table::TableSchema& from, int32_t first, bool comments,
                           table::TableSchema* schema);
  base::Status BindColumnDefinition(const ast::ColumnDefinition& definition, table::TableSchema* schema);
  base::Status BindColumnType(const ast::ColumnDefinition& definition, table::Column* column);
  base::Status BindDefault(const ast::Constraint& constraint, table::Column* column);
  base::Status BindColumnConstraint(const ast::Constraint& constraint, const ast::ColumnDefinition& definition,
                                    table::TableSchema* schema);
  base::Status BindTableConstraint(const ast::Constraint& constraint, table::TableSchema* schema);
  base::Status BindForeignKeys(ast::List<ast::ColumnDefinition*> columns, ast::List<ast::Constraint*> constraints,
                               table::TableSchema* schema);
  base::Status BindForeignKey(const ast::Constraint& constraint, std::vector<ast::Name> columns, table::TableSchema* schema);
  base::Status BindForeignKeyClauses(const ast::Constraint& constraint, const table::TableSchema& schema,
                                     table::ForeignKey* key);
  base::Status CheckForeignKeyTypes(const ast::Constraint& constraint, const table::TableSchema& schema,
                                    const table::TableSchema& referenced, const table::ForeignKey& key,
                                    const std::vector<int32_t>& positions);
  base::StatusOr<const table::TableSchema*> ReferencedTable(const ast::QualifiedName& name, const table::TableSchema& schema,
                                                            table::ForeignKey* key);
  base::StatusOr<int32_t> ForeignKeyColumn(const table::TableSchema& schema, const ast::Name& name);
  std::vector<AlterStep> RequireReferences(const table::TableSchema& schema, const table::ForeignKey& key,
                                           const std::vector<std::string>& names, const table::TableSchema& referenced) const;
  base::StatusOr<Command> BindSetConstraints(const ast::SetConstraints& set);
  base::Status NotDeferrable(const ast::QualifiedName& name) const;
  base::StatusOr<ReferencedKey> ReferencedKeyOf(const table::ForeignKey& key);
  ExprOr AsReferenced(const Expr* value, const vec::Type& type);
  base::Status SetPrimaryKey(const ast::Constraint& constraint, std::vector<table::IndexPart> parts,
                             table::TableSchema* schema);
  // Stored expressions must bind: defaults over nothing, checks and generated columns over the row.
  base::Status CheckStoredExpressions(const ast::CreateTable& create, const table::TableSchema& schema);
  // Expressions are bound over `row`; without it there may be columns only.
  base::StatusOr<std::vector<table::IndexPart>> BindIndexParts(ast::List<ast::IndexElement> elements,
                                                               const table::TableSchema& schema, Scope* row);
  // What an index keeps must be the same whenever it is asked: no subquery, no parameter, only immutable functions.
  ExprOr BindForIndex(const ast::Expr& expr, Scope* row, std::string_view clause);
  void OpenRow(const table::TableSchema& schema, Scope* row);
  base::StatusOr<Command> BindCreateTableAs(const ast::CreateTable& create, std::string schema_name);
  base::StatusOr<Command> BindCreateIndex(const ast::CreateIndex& create);
  base::StatusOr<Command> BindCreateVectorIndex(const ast::CreateIndex& create, CreateIndexCommand command);
  base::Status BindVectorIndexOptions(const ast::CreateIndex& create, table::VectorIndexOptions* options);
  base::StatusOr<Command> BindCreateView(const ast::CreateView& create);
  base::Status CheckReplacedView(const table::TableSchema& before, const table::TableSchema& after, int32_t offset);
  base::StatusOr<Command> BindDrop(const ast::Drop& drop);
  base::StatusOr<Command> BindReindex(std::span<const ast::QualifiedName> names);
  base::StatusOr<Command> BindAlter(const ast::AlterTable& alter);
  base::StatusOr<Command> BindCreateMaterializedView(const ast::CreateView& create, CreateViewCommand view);
  base::StatusOr<Command> BindRefresh(const ast::Refresh& refresh);
  base::Status CheckPopulated(const catalog::Relation& relation, int32_t offset) const;
  base::StatusOr<Command> BindComment(const ast::Comment& comment);
  // ---- sequences (bind_sequence.cc)
  struct SequenceChange {
    table::SequenceSchema sequence;
    std::optional<int64_t> restart;
    const ast::Option* owner = nullptr;
    std::string_view name;
  };
  static vec::TypeId SerialTypeOf(const ast::TypeName& type);  // kUnknown: it is none
  base::StatusOr<int64_t> SequenceNumber(const ast::Option& option) const;
  base::StatusOr<SequenceChange> BindSequenceOptions(ast::List<ast::Option> options, const table::SequenceSchema* before,
                                                     vec::TypeId column_type);
  base::Status BindSequenceOwner(const ast::Option& option, std::string_view schema, SequenceOwnerChange* owner);
  base::StatusOr<Command> BindCreateSequence(const ast::CreateSequence& create);
  base::StatusOr<Command> BindAlterSequence(const ast::AlterSequence& alter);
  base::StatusOr<std::optional<catalog::NewTable::ColumnSequence>> SequenceOfColumn(const ast::ColumnDefinition& definition,
                                                                                    const table::Column& column);
  base::StatusOr<std::shared_ptr<const catalog::Relation>> SequenceOfDefault(const ast::Expr& value);
  ExprOr NextValueOf(catalog::ObjectId sequence, int32_t position);
  ExprOr NamedRelation(const Expr* name);
  static bool IsRegclass(const ast::TypeName& type);
  ExprOr CastToRegclass(const Expr* operand, int32_t position);
  base::StatusOr<Command> BindTransaction(const ast::Transaction& transaction);
  base::StatusOr<Command> BindSet(const ast::Set& set);
  base::StatusOr<Command> BindPragma(const ast::Pragma& pragma);
  std::string CreationSchema(std::string_view schema) const;
  // ---- temporary objects (bind_temporary.cc)
  void StartSearchPath();
  // Where a new object goes. Errors: 42P16 when it cannot be temporary there, or permanent.
  base::StatusOr<std::string> CreationSchemaOf(const ast::QualifiedName& name, bool temporary);
  bool IsTemporarySchema(std::string_view schema) const;
  bool UsesTemporary() const;  // what has been bound so far
  // Null where there is none of this name.
  base::StatusOr<std::shared_ptr<const exec::ExternalTable>> FindExternal(const ast::NamedTable& table, bool unknown);
  base::StatusOr<FromItem> BindExternal(std::shared_ptr<const exec::ExternalTable> external, const ast::NamedTable& table);
  base::Status RefuseExternal(std::string_view what, int32_t offset) const;
  base::Status CheckPersistence(const table::TableSchema& schema, int32_t offset) const;
  // ---- types of users (bind_type.cc)
  base::StatusOr<vec::Type> BindUserType(const ast::TypeName& type, base::FileId* domain);
  base::StatusOr<vec::Type> BindTypeOrDomain(const ast::TypeName& type, base::FileId* domain);
  std::string NameOf(const vec::Type& type) const { return context_.catalog->NameOf(type); }
  // A value of the domain, checked.
  ExprOr CheckDomain(const Expr* value, base::FileId domain, int32_t position);
  ExprOr ToColumn(const Expr* value, const table::Column& column);
  std::string CollationOfDomain(base::FileId domain) const;
  std::string DefaultTextOf(const table::Column& column) const;
  base::StatusOr<std::shared_ptr<const catalog::Relation>> FindUserType(const ast::QualifiedName& name, bool domain);
  base::StatusOr<Command> BindCreateType(const ast::CreateType& create);
  base::Status CheckLabel(std::string_view label, int32_t offset) const;
  base::StatusOr<Command> BindCreateComposite(const ast::CreateType& create, CreateTypeCommand command);
  base::Status CheckStorable(const vec::Type& type, std::string_view name, int32_t offset) const;
  base::Status BindAttribute(const ast::ColumnDefinition& definition, table::TableSchema* composite);
  base::StatusOr<Command> BindAlterAttributes(const ast::AlterType& alter, std::shared_ptr<const catalog::Relation> type);
  base::StatusOr<Command> BindCreateDomain(const ast::CreateType& create, CreateTypeCommand command);
  base::Status BindDomainDefault(const ast::Expr& expr, std::string_view text, table::Column* value);
  base::StatusOr<Command> BindAlterType(const ast::AlterType& alter);
  base::StatusOr<Command> BindAlterDomain(const ast::AlterType& alter, std::shared_ptr<const catalog::Relation> domain);
  base::Status BindDomainConstraint(const ast::Constraint& constraint, table::TableSchema* domain);

  const CompileContext& context_;
  std::vector<std::string> own_path_;         // the statement's: the session's, behind the schema of temporary objects
  std::span<const std::string> search_path_;  // the statement's; inside a view, the view's
  std::string_view sql_;
  exec::Plan& plan_;
  base::Arena& arena_;
  function::CallContext call_context_;
  std::vector<ColumnInfo> columns_;
  std::vector<BoundSubquery> subqueries_;
  base::HashMap<std::string, int32_t> first_subqueries_;  // by text, the first with it that was compared
  std::vector<std::unique_ptr<CommonTableInfo>> common_tables_;
  std::vector<std::unique_ptr<LogicalNode>> nodes_;
  std::vector<vec::Type> parameter_types_;
  std::vector<bool> parameter_open_;
  bool collations_in_types_ = false;
  bool may_call_host_ = false;
  std::vector<std::shared_ptr<const function::HostScalar>> host_collations_;  // that the statement names
  base::HashMap<const Expr*, CollationState> collations_;      // where it is not what the kind of expression says
  base::HashMap<const Expr*, std::vector<const Expr*>> rows_;  // what is written as a row: its elements as they were
  // While the list of a SELECT is bound: what the items so far are called, for those behind them.
  struct ItemAliases {
    const Scope* scope = nullptr;
    std::vector<ScopeColumn> items;
  };
  ItemAliases* item_aliases_ = nullptr;
  int32_t lambda_values_ = 0;
  std::vector<const Expr*> execute_arguments_;
  std::vector<Expr*> open_parameters_;  // nodes to be typed when their parameter is
  std::vector<Dependency> dependencies_;
  std::vector<std::shared_ptr<const catalog::Relation>> locked_;
  ast::List<ast::LockingClause> locking_;  // of the SELECT whose FROM is being bound
  int32_t fixed_position_ = -1;            // inside a view: where the view is named
  int32_t view_depth_ = 0;
  bool uses_external_ = false;
  bool uses_replacement_ = false;
  std::vector<const catalog::Relation*> open_functions_;  // whose bodies are being bound, the outermost first
  FunctionBodyScope* body_ = nullptr;                     // of the last of them
  bool calls_mutable_ = false;                            // a function was called that is not declared IMMUTABLE
  std::string_view accessor_;                             // the view or trigger whose text is being bound
  bool unasked_ = false;                                  // what is bound is the table's own: its defaults and constraints
  ColumnId merge_action_ = -1;                            // in RETURNING of a MERGE
  Scope* enclosing_ = nullptr;                            // in a trigger: NEW, OLD and the tables of its statement's rows
  CommonTableInfo* action_keys_ = nullptr;                // while a foreign key's action is bound: what `keys` means
  const Expr* domain_value_ = nullptr;                    // while a domain's CHECK is bound: what VALUE means
  std::vector<NameReference>* references_ = nullptr;      // of the text at view_depth_ 1, when somebody wants them
  std::vector<TextEdit>* star_edits_ = nullptr;           // in CREATE VIEW: what each * stands for
};

// Splits nested ANDs into `out`.
void SplitConjuncts(const Expr* expr, std::vector<const Expr*>* out);

}  // namespace turdb::sql

#endif  // TURDB_SQL_BIND_BINDER_H_
