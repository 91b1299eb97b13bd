#include "engine/system_view_source.h"

#include <array>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "catalog/system_views.h"
#include "catalog/table_sql.h"
#include "engine/connection.h"
#include "engine/metric_sources.h"
#include "engine/settings.h"
#include "function/aggregate.h"
#include "function/registry.h"
#include "storage/page.h"
#include "storage/storage.h"
#include "table/table.h"
#include "table/vector_index_facts.h"

namespace turdb::engine {
namespace {

using base::Status;

// What only the engine knows.
class EngineRows : public catalog::SystemRows {
 public:
  EngineRows(Connection& connection, const catalog::Snapshot& snapshot) : connection_(connection), snapshot_(snapshot) {}

  Status Visit(std::string_view view, catalog::RowSink sink) const override {
    if (view == "memory") return VisitMemory(sink);
    if (view == "metrics") return VisitMetrics(sink);
    if (view == "vector_indexes") return VisitVectorIndexes(sink);
    if (view == "available_functions") return VisitFunctions(sink);
    if (view != "settings") return absl::OkStatus();
    for (const SettingDescription& setting : AllSettings()) {
      const std::array<vec::Value, 4> row = {vec::Value::Text(setting.key),
                                             vec::Value::Text(setting.show(connection_.database().settings())),
                                             vec::Value::Text("text"), vec::Value::Text(setting.description)};
      TURDB_RETURN_IF_ERROR(sink(row));
    }
    return absl::OkStatus();
  }

 private:
  Status VisitMemory(catalog::RowSink sink) const {
    Database& database = connection_.database();
    const base::MemoryBudget& budget = database.budget();
    const std::array<std::tuple<std::string_view, int64_t, std::string_view>, 5> rows = {{
        {"limit", budget.limit_bytes(), "memory_limit: the most that the database allocates"},
        {"used", budget.used_bytes(), "what is allocated now"},
        {"peak", budget.peak_bytes(), "the most that was allocated since the database was opened"},
        {"page cache", database.settings().page_cache_bytes, "page_cache_bytes: frames of pages, part of used"},
        {"versions", database.transactions().version_bytes(), "old versions of rows, part of used"},
    }};
    for (const auto& [name, bytes, description] : rows) {
      const std::array<vec::Value, 3> row = {vec::Value::Text(name), vec::Value::Int64(bytes), vec::Value::Text(description)};
      TURDB_RETURN_IF_ERROR(sink(row));
    }
    return absl::OkStatus();
  }

  Status VisitMetrics(catalog::RowSink sink) const {
    MetricSources sources;
    TURDB_RETURN_IF_ERROR(connection_.database().ReadMetrics(&sources));
    for (const MetricDescription& metric : AllMetrics()) {
      const std::array<vec::Value, 4> row = {vec::Value::Text(metric.name),
                                             vec::Value::Text(metric.is_counter ? "counter" : "gauge"),
                                             vec::Value::Int64(metric.read(sources)), vec::Value::Text(metric.description)};
      TURDB_RETURN_IF_ERROR(sink(row));
    }
    return absl::OkStatus();
  }

  // Of built-in functions the names; those of the host with what was said of them when they were registered.
  Status VisitFunctions(catalog::RowSink sink) const {
    const auto built_in = [&](std::string_view name, std::string_view kind) {
      const vec::Value unsaid = vec::Value::Null(vec::TypeId::kText);
      const std::array<vec::Value, 5> row = {vec::Value::Text(name), vec::Value::Text(kind), unsaid, unsaid,
                                             vec::Value::Boolean(true)};
      return sink(row);
    };
    const std::vector<std::string_view> names = function::FunctionNames();
    for (const std::string_view name : std::set<std::string_view>(names.begin(), names.end())) {
      // Operators are functions, too, but nobody calls them by name.
      const auto first = static_cast<unsigned char>(name.empty() ? ' ' : name[0]);
      if (absl::ascii_isalpha(first) || first == '_') TURDB_RETURN_IF_ERROR(built_in(name, "scalar"));
    }
    for (const std::string_view name : function::AggregateNames()) TURDB_RETURN_IF_ERROR(built_in(name, "aggregate"));
    return connection_.functions().ForEach([&](std::string_view kind, const function::HostSignature& signature,
                                               std::span<const exec::ExternalTable::Column> columns) {
      std::string result = kind == "table" ? "" : signature.result.ToString();
      for (const exec::ExternalTable::Column& column : columns) {
        absl::StrAppend(&result, result.empty() ? "" : ", ", catalog::QuoteName(column.name), " ", column.type.ToString());
      }
      std::string parameters = signature.ToString();  // name(integer, text...)
      parameters = parameters.substr(signature.name.size() + 1, parameters.size() - signature.name.size() - 2);
      const std::array<vec::Value, 5> row = {
          vec::Value::Text(signature.name), vec::Value::Text(kind), vec::Value::Text(parameters),
          result.empty() ? vec::Value::Null(vec::TypeId::kText) : vec::Value::Text(result), vec::Value::Boolean(false)};
      return sink(row);
    });
  }

  // `nodes` counts those of removed rows that are still in the graph; the file's size is not known of temporary tables.
  Status VisitVectorIndexes(catalog::RowSink sink) const {
    Status status;
    snapshot_.ForEachRelation([&](const std::shared_ptr<const catalog::Relation>& relation) {
      if (!status.ok() || relation->kind != catalog::RelationKind::kTable) return;
      const std::vector<table::IndexSchema>& indexes = relation->schema->indexes;
      for (size_t i = 0; status.ok() && i < indexes.size(); ++i) {
        if (indexes[i].method == table::IndexMethod::kHnsw) status = VisitVectorIndex(*relation, i, sink);
      }
    });
    return status;
  }

  Status VisitVectorIndex(const catalog::Relation& relation, size_t number, catalog::RowSink sink) const {
    TURDB_ASSIGN_OR_RETURN(table::Table* const table, relation.Open());
    TURDB_ASSIGN_OR_RETURN(const table::VectorIndexFacts facts,
                           table::VectorIndexFactsOf(*table, static_cast<int32_t>(number)));
    vec::Value bytes = vec::Value::Null(vec::Type::Int64());
    if (!table::IsTemporary(relation.id)) {
      TURDB_ASSIGN_OR_RETURN(const storage::PageNo pages, connection_.database().storage().PageCount(facts.file));
      bytes = vec::Value::Int64(static_cast<int64_t>(pages) * static_cast<int64_t>(storage::kPageSize));
    }
    const auto count = [](uint64_t value) { return vec::Value::Int64(static_cast<int64_t>(value)); };
    const std::array<vec::Value, 11> row = {vec::Value::Text(relation.schema_name()),
                                            vec::Value::Text(relation.name()),
                                            vec::Value::Text(relation.schema->indexes[number].name),
                                            vec::Value::Text(facts.metric),
                                            count(facts.dimensions),
                                            count(facts.nodes),
                                            count(facts.links),
                                            count(facts.max_degree),
                                            count(facts.ef_construction),
                                            count(facts.ef_search),
                                            std::move(bytes)};
    return sink(row);
  }

  Connection& connection_;
  const catalog::Snapshot& snapshot_;
};

// Views are small: the rows are made at once when the scan starts.
class SystemViewScan : public exec::TableFunctionScan {
 public:
  SystemViewScan(Connection& connection, std::shared_ptr<const catalog::Snapshot> snapshot, const catalog::SystemView& view)
      : connection_(connection), snapshot_(std::move(snapshot)), view_(view) {}

  Status Start(exec::Runtime&, std::span<const vec::Value>) override {
    rows_.clear();
    next_ = 0;
    const EngineRows others(connection_, *snapshot_);
    const catalog::SystemViewContext context{*snapshot_, connection_.database().transactions(), &others};
    return view_.rows(view_, context, [&](std::span<const vec::Value> row) {
      std::vector<vec::Value> padded(row.begin(), row.end());
      padded.resize(view_.columns.size());
      rows_.push_back(std::move(padded));
      return absl::OkStatus();
    });
  }

  Status Next(exec::Runtime&, uint32_t max_rows, vec::Chunk* out) override {
    for (uint32_t i = 0; i < max_rows && next_ < rows_.size(); ++i) out->AppendRow(rows_[next_++]);
    return absl::OkStatus();
  }

 private:
  Connection& connection_;
  std::shared_ptr<const catalog::Snapshot> snapshot_;
  const catalog::SystemView& view_;
  std::vector<std::vector<vec::Value>> rows_;
  size_t next_ = 0;
};

class SystemViewSource : public exec::TableFunction {
 public:
  SystemViewSource(Connection& connection, std::shared_ptr<const catalog::Snapshot> snapshot, const catalog::SystemView& view)
      : connection_(connection), snapshot_(std::move(snapshot)), view_(view) {}

  std::string_view name() const override { return view_.name; }
  std::unique_ptr<exec::TableFunctionScan> NewScan() const override {
    return std::make_unique<SystemViewScan>(connection_, snapshot_, view_);
  }

 private:
  Connection& connection_;
  std::shared_ptr<const catalog::Snapshot> snapshot_;
  const catalog::SystemView& view_;
};

// What SELECT reads of a sequence: one row.
class SequenceScan : public exec::TableFunctionScan {
 public:
  explicit SequenceScan(const catalog::Relation& sequence) : sequence_(sequence) {}

  Status Start(exec::Runtime&, std::span<const vec::Value>) override {
    done_ = false;
    return absl::OkStatus();
  }

  Status Next(exec::Runtime&, uint32_t, vec::Chunk* out) override {
    if (done_) return absl::OkStatus();
    done_ = true;
    TURDB_ASSIGN_OR_RETURN(const table::Sequence::Position now, sequence_.Counter()->Read(sequence_.sequence));
    const std::array<vec::Value, 3> row = {vec::Value::Int64(now.value), vec::Value::Int64(0), vec::Value::Boolean(now.given)};
    out->AppendRow(row);
    return absl::OkStatus();
  }

 private:
  const catalog::Relation& sequence_;
  bool done_ = false;
};

class SequenceSource : public exec::TableFunction {
 public:
  explicit SequenceSource(std::shared_ptr<const catalog::Relation> sequence) : sequence_(std::move(sequence)) {}

  std::string_view name() const override { return sequence_->name(); }
  std::unique_ptr<exec::TableFunctionScan> NewScan() const override { return std::make_unique<SequenceScan>(*sequence_); }

 private:
  std::shared_ptr<const catalog::Relation> sequence_;
};

}  // namespace

std::shared_ptr<const exec::TableFunction> NewSystemViewSource(Connection& connection,
                                                               std::shared_ptr<const catalog::Snapshot> snapshot,
                                                               const catalog::Relation& view) {
  if (view.kind == catalog::RelationKind::kSequence) return std::make_shared<SequenceSource>(snapshot->RelationOf(view.id));
  return std::make_shared<SystemViewSource>(connection, std::move(snapshot), *view.system_view);
}

}  // namespace turdb::engine
