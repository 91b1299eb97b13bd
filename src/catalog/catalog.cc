#include "catalog/catalog.h"

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/check.h"
#include "catalog/catalog_rep.h"
#include "catalog/object_codec.h"
#include "catalog/snapshot_rep.h"
#include "catalog/system_views.h"
#include "table/statistics.h"
#include "txn/transaction_manager.h"

namespace turdb::catalog {

using base::Status;
using base::StatusOr;

namespace {

// Ids of what every database has. On disk: do not change.
constexpr ObjectId kRootSchemaId = 2;
constexpr ObjectId kSystemSchemaId = 3;
constexpr ObjectId kInformationSchemaId = 4;
constexpr ObjectId kTemporarySchemaId = 5;                 // never stored
constexpr ObjectId kFirstSystemViewId = UINT32_MAX - 255;  // never stored
constexpr ObjectId kFirstFreeId = 16;

}  // namespace

void Catalog::AddSystemViews(Rep& rep, Snapshot::Rep& state) {
  state.AddSchema({kSystemSchemaId, std::string(kSystemSchema), true});
  state.AddSchema({kInformationSchemaId, std::string(kInformationSchema), true});
  ObjectId next_view = kFirstSystemViewId;
  for (const SystemView* const view : SystemViews()) {
    auto relation = std::make_shared<Relation>(nullptr);
    relation->kind = RelationKind::kSystemView;
    relation->id = next_view++;
    relation->version = rep.next_version++;
    relation->schema = SchemaOf(*view, relation->id);
    relation->system_view = view;
    state.AddRelation(relation);
  }
}

Catalog::Catalog(table::TableStore& store) : store_(store), rep_(std::make_unique<Rep>()) {}
Catalog::~Catalog() = default;

Status Catalog::Create(table::TableStore& store, txn::Transaction& transaction, const CatalogKind& kind) {
  TURDB_RETURN_IF_ERROR(store.PrepareCatalogTree());
  TURDB_ASSIGN_OR_RETURN(const std::unique_ptr<ObjectTable> objects, ObjectTable::Open(store));
  const ObjectRow root{ObjectKind::kSchema, kRootSchemaId, kind.default_schema, ""};
  TURDB_ASSIGN_OR_RETURN(const bool made, objects->Insert(transaction, root));
  if (!made) return absl::OkStatus();  // an earlier making was cut short after this
  TURDB_RETURN_IF_ERROR(store.NewObjectId((kind.temporary ? table::kFirstTemporaryId : kFirstFreeId) - 1).status());
  return store.WriteSchemaFacts(1, kRootSchemaId);
}

StatusOr<std::unique_ptr<Catalog>> Catalog::Open(table::TableStore& store, const CatalogKind& kind) {
  auto catalog = std::unique_ptr<Catalog>(new Catalog(store));
  Rep& rep = *catalog->rep_;
  TURDB_RETURN_IF_ERROR(store.FinishRecovery());
  TURDB_ASSIGN_OR_RETURN(rep.objects, ObjectTable::Open(store));
  const txn::Snapshot reading = store.transactions().AcquireSnapshot();
  auto state = std::make_shared<Snapshot::Rep>();
  state->epoch = rep.next_epoch++;
  state->statistics = std::make_shared<StatisticsRegistry>();
  rep.struct_types = kind.struct_types != nullptr ? kind.struct_types : std::make_shared<vec::StructTypes>();
  state->struct_types = rep.struct_types;
  if (!kind.temporary) AddSystemViews(rep, *state);
  std::map<uint64_t, std::string> schema_names;
  TURDB_RETURN_IF_ERROR(rep.objects->ForEach(txn::View{reading.read_ts()}, [&](const ObjectRow& row) -> Status {
    if (row.kind == ObjectKind::kSchema) {
      state->AddSchema({static_cast<ObjectId>(row.id), row.name, false, row.definition});
      schema_names[static_cast<uint64_t>(row.id)] = row.name;
      if (row.name == kind.default_schema) rep.default_schema = static_cast<ObjectId>(row.id);
    } else if (row.kind == ObjectKind::kRelation) {
      StatusOr<RelationDefinition> definition = DecodeRelation(row.definition, *rep.struct_types);
      if (!definition.ok()) {
        return base::WithFrame(definition.status(), absl::StrCat("reading the definition of object ", row.id));
      }
      // Schemas come before relations, in key order.
      definition->schema.schema_name = schema_names[definition->schema_id];
      auto relation = std::make_shared<Relation>(&store);
      relation->kind = static_cast<RelationKind>(definition->kind);
      relation->id = definition->schema.id;
      relation->version = rep.next_version++;
      relation->view_sql = std::move(definition->view_sql);
      relation->view_search_path = std::move(definition->view_search_path);
      relation->sequence = std::move(definition->sequence);
      relation->unpopulated = definition->unpopulated;
      relation->labels = std::move(definition->labels);
      relation->function = std::move(definition->function);
      relation->schema = std::make_shared<const table::TableSchema>(std::move(definition->schema));
      state->AddRelation(relation);
    } else if (row.kind == ObjectKind::kNumber) {
      if (row.id < 1 || row.id > static_cast<int64_t>(kDatabaseNumbers) || row.definition.size() != sizeof(int32_t)) {
        return base::CorruptionError(absl::StrCat("the catalog has a number that does not exist: ", row.id));
      }
      state->numbers[static_cast<size_t>(row.id - 1)] = base::LoadLE<int32_t>(row.definition.data());
    } else if (row.kind == ObjectKind::kStatistics) {
      // What cannot be read (written by a newer version, say) is as good as not there.
      StatusOr<table::TableStatistics> statistics = table::DecodeStatistics(row.definition);
      if (statistics.ok()) {
        state->statistics->Set(static_cast<ObjectId>(row.id),
                               std::make_shared<const table::TableStatistics>(*std::move(statistics)));
      }
    }
    return absl::OkStatus();
  }));
  if (!kind.temporary) {
    state->temporary_schema = state->schemas.contains(kTemporarySchema) ? "pg_temp" : kTemporarySchema;
    if (!state->schemas.contains(state->temporary_schema)) {
      Schema temporary{kTemporarySchemaId, state->temporary_schema};
      temporary.is_temporary = true;
      state->AddSchema(temporary);
    } else {
      state->temporary_schema.clear();  // both names are taken: there is no place for temporary objects
    }
  }
  if (rep.default_schema == 0) return base::CorruptionError("the catalog has no default schema");
  rep.history.push_back({0, std::shared_ptr<const Snapshot>(new Snapshot(std::move(state)))});
  rep.current_epoch.store(rep.history.back().snapshot->epoch(), std::memory_order_release);
  return catalog;
}

std::shared_ptr<const Snapshot> Catalog::Current() const {
  // The newest may belong to a commit that is being made.
  return At(store().transactions().visible_ts());
}

uint64_t Catalog::CurrentEpoch() const { return rep_->current_epoch.load(std::memory_order_acquire); }

std::shared_ptr<const Snapshot> Catalog::At(base::Timestamp read_ts) const {
  const std::lock_guard lock(rep_->mutex);
  for (auto it = rep_->history.rbegin(); it != rep_->history.rend(); ++it) {
    if (it->since <= read_ts) return it->snapshot;
  }
  return rep_->history.front().snapshot;
}

const std::shared_ptr<vec::StructTypes>& Catalog::struct_types() const { return rep_->struct_types; }

std::shared_ptr<const Snapshot> Catalog::Merge(const Snapshot& snapshot, const Snapshot& temporary) const {
  auto merged = std::make_shared<Snapshot::Rep>(*snapshot.rep_);
  merged->epoch = rep_->next_epoch++;
  for (const auto& [id, relation] : temporary.rep_->by_id) {
    merged->AddRelation(relation);
    merged->has_temporary = true;
  }
  return std::shared_ptr<const Snapshot>(new Snapshot(std::move(merged)));
}

void Catalog::ForgetBefore(base::Timestamp oldest_read_ts) {
  const std::lock_guard lock(rep_->mutex);
  while (rep_->history.size() > 1 && std::next(rep_->history.begin())->since <= oldest_read_ts) rep_->history.pop_front();
}

Status Catalog::SetStatistics(ObjectId table, std::shared_ptr<const table::TableStatistics> statistics,
                              txn::Transaction* transaction) {
  if (transaction != nullptr) {
    const ObjectRow row{ObjectKind::kStatistics, table, "", table::EncodeStatistics(*statistics)};
    TURDB_ASSIGN_OR_RETURN(const bool made, rep_->objects->Insert(*transaction, row));
    if (!made) TURDB_RETURN_IF_ERROR(rep_->objects->Update(*transaction, row));
  }
  Current()->rep_->statistics->Set(table, std::move(statistics));
  return absl::OkStatus();
}

Status Catalog::CheckStillCurrent(const Relation& relation) const {
  const std::lock_guard lock(rep_->mutex);
  const auto changing = rep_->changing.find(relation.id);
  if (changing != rep_->changing.end()) {
    if (changing->second == relation.version) return absl::OkStatus();  // the change is the caller's own
  } else {
    const std::shared_ptr<const Relation> newest = rep_->history.back().snapshot->RelationOf(relation.id);
    if (newest != nullptr && newest->version == relation.version) return absl::OkStatus();
  }
  return base::SerializationFailure(
      absl::StrCat("table ", relation.schema->qualified_name(), " was changed by a concurrent schema change"));
}

}  // namespace turdb::catalog
