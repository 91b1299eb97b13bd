#include "engine/statement.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/parameter.h"
#include "engine/system_view_source.h"
#include "vec/utf8.h"

namespace turdb::engine {
namespace {

using base::Status;
using base::StatusOr;

auto SystemViewsOf(Connection& connection) {
  return [&connection](const std::shared_ptr<const catalog::Snapshot>& snapshot, const catalog::Relation& view) {
    return NewSystemViewSource(connection, snapshot, view);
  };
}

}  // namespace

// ---- compiling

StatusOr<std::unique_ptr<Statement>> Statement::Prepare(std::shared_ptr<Connection> connection, std::string_view sql,
                                                        int64_t* tail_bytes,
                                                        std::shared_ptr<const exec::ExternalTable> own_table) {
  TURDB_RETURN_IF_ERROR(vec::CheckUtf8(sql));
  const std::shared_ptr<const catalog::Snapshot> catalog = connection->VisibleCatalog();
  sql::CompileContext context = CompileContextOf(*connection, catalog, own_table);
  // What the engine runs inside a statement of the caller's was asked about with it.
  const bool internal = connection->step_depth_ > 0;
  if (!internal) SetAuthorizer(*connection, &context);
  const bool uses_cache = !internal && own_table == nullptr && connection->UsesStatementCache();
  const CompilationEpochs epochs = connection->EpochsNow(*catalog);
  const sql::CompiledStatement* const kept = uses_cache ? connection->statement_cache_.Find(sql, epochs) : nullptr;
  sql::CompiledStatement compiled;
  if (kept != nullptr) {
    compiled = *kept;
    connection->counters_->Add(SessionCounters::kStatementCacheHits);
  } else {
    connection->counters_->Add(SessionCounters::kStatementsCompiled);
    TURDB_ASSIGN_OR_RETURN(compiled, sql::Compile(context, sql));
    if (!compiled.unknown.empty() && LearnAbout(*connection, compiled.unknown)) {
      TURDB_ASSIGN_OR_RETURN(compiled, sql::Compile(context, sql));
    }
    if (uses_cache) {
      connection->counters_->Add(SessionCounters::kStatementCacheMisses);
      // A plan keeps what it reads, so none that reads tables of the session is kept: those may go at any time.
      if (compiled.plan != nullptr && !compiled.uses_external) connection->statement_cache_.Put(sql, epochs, compiled);
    }
  }
  if (tail_bytes != nullptr) *tail_bytes = static_cast<int64_t>(compiled.end_offset);
  if (compiled.empty) return std::unique_ptr<Statement>();
  std::string own_text(sql.substr(0, compiled.end_offset));
  std::unique_ptr<Statement> statement(new Statement(std::move(connection), std::move(own_text), std::move(compiled)));
  statement->own_table_ = std::move(own_table);
  statement->is_internal_ = internal;
  if (kept != nullptr) statement->compilations_ = 0;
  statement->authorizer_epoch_ = statement->connection_->authorizer_epoch_;
  statement->NoteCompiled(*catalog);
  statement->NameTypes(*catalog);
  return statement;
}

sql::CompileContext Statement::CompileContextOf(Connection& connection, std::shared_ptr<const catalog::Snapshot> catalog,
                                                std::shared_ptr<const exec::ExternalTable> own_table) {
  sql::CompileContext context;
  context.catalog = std::move(catalog);
  context.search_path = connection.search_path_;
  context.without_temporary = connection.without_temporary_;
  context.hidden = connection.hidden_;
  context.fills_view = connection.fills_view_;
  context.text = &connection.text_;
  context.budget = &connection.database_->budget();
  context.without_triggers = connection.without_triggers_;
  context.system_view_source = SystemViewsOf(connection);
  if (!connection.functions_.empty()) context.host = &connection.functions_;
  context.named_statements = &connection.named_statements_;
  context.limits = connection.limits_.statement;
  context.check_function_bodies = connection.check_function_bodies_;
  context.pivot_values = [&connection](std::string_view query) { return connection.TextsOf(query); };
  context.look_at_files = [&connection](const exec::FileQuestion& question) {
    return exec::LookAtFiles(*connection.database_->host_files(), question);
  };
  if (connection.HasExternalTables() || own_table != nullptr) {
    context.external_table = [&connection, own_table = std::move(own_table)](
                                 std::string_view name, bool unknown) -> StatusOr<Connection::ExternalTablePtr> {
      if (own_table != nullptr && own_table->name() == name && !unknown) return own_table;
      return connection.FindExternalTable(name, unknown);
    };
  }
  return context;
}

// The host says no, or nothing.
void Statement::SetAuthorizer(Connection& connection, sql::CompileContext* context) {
  if (!connection.hooks_.authorize) return;
  context->authorize = [&connection](const sql::AccessRequest& request) -> StatusOr<sql::AccessAnswer> {
    const auto authorize = connection.hooks_.authorize;
    return authorize ? authorize(request) : sql::AccessAnswer::kAllow;
  };
}

void Statement::NameTypes(const catalog::Snapshot& catalog) {
  for (size_t i = 0; i < column_types_.size(); ++i) {
    if (column_types_[i].enum_id() != 0 || column_types_[i].struct_number() != 0)
      declared_types_[i] = catalog.NameOf(column_types_[i]);
  }
}

void Statement::NoteCompiled(const catalog::Snapshot& catalog) {
  catalog_epoch_ = catalog.epoch();
  temporary_epoch_ = connection_->TemporaryEpoch();
  sources_epoch_ = connection_->sources_epoch_;
  functions_epoch_ = connection_->functions_.epoch();
  const auto temporary = [](const auto& each) { return table::IsTemporary(each.id); };
  uses_temporary_ = std::any_of(compiled_.dependencies.begin(), compiled_.dependencies.end(), temporary);
  const auto& written = compiled_.written;
  writes_permanent_ = compiled_.changes_data &&
                      (written.empty() || !std::all_of(written.begin(), written.end(),
                                                       [](const auto& relation) { return table::IsTemporary(relation->id); }));
}

Statement::Statement(std::shared_ptr<Connection> connection, std::string sql, sql::CompiledStatement compiled)
    : connection_(std::move(connection)), sql_(std::move(sql)), compiled_(std::move(compiled)) {
  bound_.resize(compiled_.parameter_names.size());
  bound_directly_.resize(bound_.size(), 0);
  context_.deferred = &connection_->deferred_checks_;
  SetColumns();
  next_ = connection_->statements_;
  if (next_ != nullptr) next_->previous_ = this;
  connection_->statements_ = this;
}

Statement::~Statement() {
  if (!connection_->database_->of_this_process()) {
    (void)execution_.release();
    return;
  }
  Reset();
  if (connection_->closed_.load(std::memory_order_acquire)) return;  // the list went with the session
  if (previous_ != nullptr) {
    previous_->next_ = next_;
  } else {
    connection_->statements_ = next_;
  }
  if (next_ != nullptr) next_->previous_ = previous_;
}

bool Statement::is_read_only() const {
  if (compiled_.plan != nullptr) return !compiled_.changes_data;
  return std::holds_alternative<sql::TransactionCommand>(compiled_.command) ||
         std::holds_alternative<sql::SetCommand>(compiled_.command) ||
         std::holds_alternative<sql::SetConstraintsCommand>(compiled_.command) ||
         std::holds_alternative<sql::ShowCommand>(compiled_.command);
}

void Statement::SetColumns() {
  column_names_ = std::move(compiled_.column_names);
  column_types_ = std::move(compiled_.column_types);
  declared_types_.clear();
  declared_types_.reserve(column_types_.size());
  for (const vec::Type& type : column_types_) declared_types_.push_back(type.ToString());
  widths_.clear();
  cells_.clear();
  views_.clear();
}

Status Statement::Compile(std::span<const vec::Type> bound_types) {
  const std::shared_ptr<const catalog::Snapshot> catalog = connection_->VisibleCatalog(snapshot_);
  sql::CompileContext context = CompileContextOf(*connection_, catalog, own_table_);
  context.bound_types = bound_types;
  if (!is_internal_) SetAuthorizer(*connection_, &context);
  KeepBound();
  ++compilations_;
  connection_->counters_->Add(SessionCounters::kStatementsCompiled);
  authorizer_epoch_ = connection_->authorizer_epoch_;
  TURDB_ASSIGN_OR_RETURN(compiled_, sql::Compile(context, sql_));
  if (!compiled_.unknown.empty() && LearnAbout(*connection_, compiled_.unknown)) {
    TURDB_ASSIGN_OR_RETURN(compiled_, sql::Compile(context, sql_));
  }
  variant_.assign(bound_types.begin(), bound_types.end());
  NoteCompiled(*catalog);
  locked_in_ = validated_in_ = 0;
  execution_.reset();
  point_.reset();
  if (compiled_.plan != nullptr) point_ = exec::PointExecution::Create(compiled_.plan);
  point_checked_ = true;
  bound_.resize(compiled_.parameter_names.size());
  bound_directly_.resize(bound_.size(), 0);
  SetColumns();
  NameTypes(*catalog);
  return absl::OkStatus();
}

Status Statement::Revalidate() {
  if (sources_epoch_ != connection_->sources_epoch_) return Compile({});
  if (compiled_.uses_replacement && !std::exchange(is_found_anew_, false)) return Compile({});
  if (authorizer_epoch_ != connection_->authorizer_epoch_) return Compile({});  // another authorizer may say otherwise
  if (functions_epoch_ != connection_->functions_.epoch()) return Compile({});
  if (compiled_.plan == nullptr) {
    // A command refers to relations by what they were when it was compiled.
    const bool about_schema = !std::holds_alternative<sql::TransactionCommand>(compiled_.command) &&
                              !std::holds_alternative<sql::SetCommand>(compiled_.command) &&
                              !std::holds_alternative<sql::ShowCommand>(compiled_.command);
    if (about_schema && connection_->VisibleCatalog(snapshot_)->epoch() != catalog_epoch_) return Compile({});
    return absl::OkStatus();
  }
  const bool explicit_transaction = connection_->explicit_transaction_;
  if (!explicit_transaction) {
    const uint64_t epoch = connection_->temporary_ == nullptr ? connection_->database_->catalog().CurrentEpoch()
                                                              : connection_->VisibleCatalog(snapshot_)->epoch();
    if (epoch == catalog_epoch_) return absl::OkStatus();
  } else if (validated_in_ == connection_->transaction_number_ && !connection_->HasSchemaChanges()) {
    return absl::OkStatus();  // a transaction without schema changes sees one schema
  }
  const std::shared_ptr<const catalog::Snapshot> catalog = connection_->VisibleCatalog(snapshot_);
  if (explicit_transaction) validated_in_ = connection_->transaction_number_;
  if (catalog->epoch() == catalog_epoch_) return absl::OkStatus();
  // A temporary object may have come before one that a name meant, or gone.
  const bool current =
      connection_->TemporaryEpoch() == temporary_epoch_ &&
      std::all_of(compiled_.dependencies.begin(), compiled_.dependencies.end(), [&](const auto& dependency) {
        const std::shared_ptr<const catalog::Relation> relation = catalog->RelationOf(dependency.id);
        // A plan holds the snapshot that a system view tells of.
        return relation != nullptr && relation->version == dependency.version && relation->system_view == nullptr;
      });
  if (current && !compiled_.dependencies.empty()) {
    catalog_epoch_ = catalog->epoch();
    return absl::OkStatus();
  }
  return Compile({});
}

StatusOr<std::unique_ptr<Statement>> Statement::Clone() {
  KeepBound();
  std::unique_ptr<Statement> clone;
  if (compiled_.plan == nullptr) {
    int64_t tail = 0;
    TURDB_ASSIGN_OR_RETURN(clone, Prepare(connection_, sql_, &tail));
  } else {
    sql::CompiledStatement compiled = compiled_;
    compiled.column_names = column_names_;
    compiled.column_types = column_types_;
    clone.reset(new Statement(connection_, sql_, std::move(compiled)));
    clone->catalog_epoch_ = catalog_epoch_;
    clone->temporary_epoch_ = temporary_epoch_;
    clone->sources_epoch_ = sources_epoch_;
    clone->functions_epoch_ = functions_epoch_;
    clone->is_found_anew_ = std::exchange(is_found_anew_, false);
    clone->own_table_ = own_table_;
    clone->uses_temporary_ = uses_temporary_;
    clone->writes_permanent_ = writes_permanent_;
    clone->variant_ = variant_;
    clone->authorizer_epoch_ = authorizer_epoch_;
    clone->is_internal_ = is_internal_;
    clone->declared_types_ = declared_types_;
  }
  if (clone->bound_.size() == bound_.size()) clone->bound_ = bound_;
  return clone;
}

vec::Type Statement::parameter_type(size_t index) const {
  if (compiled_.plan == nullptr || compiled_.parameter_open[index]) return vec::TypeId::kUnknown;
  return compiled_.plan->parameter_types[index];
}

std::vector<std::string> Statement::LabelsOf(uint32_t type) const {
  std::vector<std::string> labels;
  const auto relation = connection_->VisibleCatalog()->RelationOf(type);
  if (relation == nullptr) return labels;
  for (const catalog::EnumLabel& label : relation->labels) labels.push_back(label.name);
  return labels;
}

// ---- parameters

void Statement::Bind(size_t index, vec::Value value) {
  KeepBound();
  bound_[index] = std::move(value);
}

// The common case: the plan wants what is bound, and every other parameter is as it was.

void Statement::BindInt64(size_t index, int64_t value) {
  if (parameters_ready_) {
    const vec::TypeId wanted = parameters_[index].type().id;
    if (wanted == vec::TypeId::kInt64) {
      parameters_[index].SetFixed(wanted, value);
      bound_directly_[index] = 1;
      return;
    }
    // What binds nothing but int64, as most languages do, meets columns of every width.
    if (variant_.empty() && ConvertInt64(value, wanted, &parameters_[index])) {
      bound_[index].SetFixed(vec::TypeId::kInt64, value);
      bound_directly_[index] = 0;
      return;
    }
  }
  KeepBound();
  bound_[index].SetFixed(vec::TypeId::kInt64, value);
}

void Statement::BindText(size_t index, std::string_view text) {
  // Into the memory of the text bound before.
  if (parameters_ready_ && vec::IsText(parameters_[index].type().id) && parameters_[index].type().length == 0) {
    parameters_[index].SetBytes(parameters_[index].type(), text);
    bound_directly_[index] = 1;
    return;
  }
  KeepBound();
  bound_[index].SetBytes(vec::TypeId::kText, text);
}

void Statement::BindDouble(size_t index, double value) {
  if (parameters_ready_ && parameters_[index].type().id == vec::TypeId::kDouble) {
    parameters_[index].SetFixed(vec::TypeId::kDouble, value);
    bound_directly_[index] = 1;
    return;
  }
  KeepBound();
  bound_[index].SetFixed(vec::TypeId::kDouble, value);
}

void Statement::ClearBindings() {
  for (vec::Value& value : bound_) value = vec::Value();
  std::fill(bound_directly_.begin(), bound_directly_.end(), uint8_t{0});
  parameters_ready_ = false;
}

// All are converted again: those that went straight to the parameters are what was bound.
void Statement::KeepBound() {
  if (parameters_ready_) {
    for (size_t i = 0; i < bound_.size(); ++i) {
      if (bound_directly_[i] != 0) bound_[i] = parameters_[i];
      bound_directly_[i] = 0;
    }
  }
  parameters_ready_ = false;
}

Status Statement::CheckValueSizes() const {
  const int64_t limit = connection_->limits_.value_bytes;
  for (size_t i = 0; i < bound_.size(); ++i) {
    const vec::Value& value = parameters_ready_ && bound_directly_[i] != 0 ? parameters_[i] : bound_[i];
    if (value.is_null() || value.type().physical() != vec::PhysicalType::kString) continue;
    if (static_cast<int64_t>(value.bytes().size()) <= limit) continue;
    return base::LimitError(
        absl::StrCat("the value of parameter ", i + 1, " has ", value.bytes().size(), " bytes; the limit is ", limit));
  }
  return absl::OkStatus();
}

Status Statement::ConvertParameters() {
  if (connection_->limits_.value_bytes != base::kMaxStringBytes) TURDB_RETURN_IF_ERROR(CheckValueSizes());
  if (parameters_ready_ || compiled_.plan == nullptr) return absl::OkStatus();
  // A plan made for values of other types would judge these by them.
  for (size_t i = 0; i < variant_.size(); ++i) {
    if (variant_[i].id == vec::TypeId::kUnknown || bound_[i].is_null() || bound_[i].type() == variant_[i]) continue;
    TURDB_RETURN_IF_ERROR(Compile({}));
    break;
  }
  size_t wrong = 0;
  for (;;) {
    const std::vector<vec::Type>& types = compiled_.plan->parameter_types;
    parameters_.resize(types.size());
    std::vector<vec::Type> variant;  // empty unless it is needed: a statement that runs again allocates nothing
    for (size_t i = 0; i < types.size(); ++i) {
      const bool open = compiled_.parameter_open[i] && !bound_[i].is_null() && !vec::IsText(bound_[i].type().id);
      if (!open) {
        TURDB_ASSIGN_OR_RETURN(const bool converted,
                               ConvertParameter(bound_[i], types[i], connection_->text_, &parameters_[i]));
        if (converted) continue;
      }
      if (variant.empty()) variant = variant_;
      variant.resize(types.size(), vec::TypeId::kUnknown);
      variant[i] = bound_[i].type();
      wrong = i;
    }
    if (variant.empty()) {
      parameters_ready_ = true;
      return absl::OkStatus();
    }
    if (variant == variant_) break;
    TURDB_RETURN_IF_ERROR(Compile(variant));
  }
  return base::MakeError(absl::StatusCode::kInvalidArgument, base::sqlstate::kDatatypeMismatch,
                         absl::StrCat("the value bound to parameter ", wrong + 1, " has no type that the statement can use"));
}

}  // namespace turdb::engine
