#include <algorithm>
#include <atomic>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "catalog/catalog.h"
#include "catalog/snapshot_rep.h"

namespace turdb::catalog {

using base::MakeError;
using base::Status;
using base::StatusOr;
namespace sqlstate = base::sqlstate;

std::string FoldName(std::string_view name) {
  std::string folded(name);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

// ---- relations

struct Relation::Opened {
  std::mutex mutex;
  std::shared_ptr<table::Table> owner;  // guarded by mutex
  std::atomic<table::Table*> table{nullptr};
};

Relation::Relation(table::TableStore* store) : store_(store), opened_(std::make_shared<Opened>()) {}
Relation::~Relation() = default;

StatusOr<table::Table*> Relation::Open() const {
  if (table::Table* const table = opened_->table.load(std::memory_order_acquire); table != nullptr) return table;
  TURDB_CHECK(kind == RelationKind::kTable);
  const std::lock_guard lock(opened_->mutex);
  if (opened_->owner == nullptr) {
    StatusOr<std::shared_ptr<table::Table>> table = store_->Open(schema);
    if (!table.ok()) return base::WithFrame(table.status(), absl::StrCat("opening table ", schema->qualified_name()));
    opened_->owner = *std::move(table);
    opened_->table.store(opened_->owner.get(), std::memory_order_release);
  }
  return opened_->owner.get();
}

std::shared_ptr<table::Sequence> Relation::Counter() const {
  TURDB_CHECK(kind == RelationKind::kSequence);
  return store_->OpenSequence(sequence.file);
}

int64_t Relation::row_estimate() const {
  const table::Table* const table = opened_->table.load(std::memory_order_acquire);
  return table == nullptr ? -1 : table->row_estimate();
}

// ---- building

namespace {

// The primary key is index -1.
void ForEachIndexName(const table::TableSchema& schema, absl::FunctionRef<void(const std::string& name, int32_t index)> visit) {
  if (!schema.primary_key_name.empty()) visit(schema.primary_key_name, -1);
  for (size_t i = 0; i < schema.indexes.size(); ++i) visit(schema.indexes[i].name, static_cast<int32_t>(i));
}

}  // namespace

void Snapshot::Rep::AddSchema(const Schema& schema) { schemas[FoldName(schema.name)].push_back(schema); }

void Snapshot::Rep::RemoveSchema(std::string_view name) {
  const auto found = schemas.find(FoldName(name));
  if (found == schemas.end()) return;
  std::erase_if(found->second, [&](const Schema& schema) { return schema.name == name; });
  if (found->second.empty()) schemas.erase(found);
}

void Snapshot::Rep::AddRelation(const std::shared_ptr<const Relation>& relation) {
  RemoveRelation(relation->id);
  const std::string& schema = relation->schema_name();
  by_id[relation->id] = relation;
  const bool function = relation->kind == RelationKind::kFunction;
  (function ? functions : relations)[{schema, FoldName(relation->name())}].push_back(relation);
  if (function) return;
  for (const table::ForeignKey& key : relation->schema->foreign_keys) {
    std::vector<ObjectId>& tables = referencing[key.referenced_table];
    const auto at = std::lower_bound(tables.begin(), tables.end(), relation->id);
    if (at == tables.end() || *at != relation->id) tables.insert(at, relation->id);
  }
  ForEachIndexName(*relation->schema, [&](const std::string& name, int32_t index) {
    indexes[{schema, FoldName(name)}].push_back({name, IndexRef{relation, index}});
  });
}

void Snapshot::Rep::RemoveRelation(ObjectId id) {
  const auto found = by_id.find(id);
  if (found == by_id.end()) return;
  const std::shared_ptr<const Relation> relation = found->second;
  by_id.erase(found);
  if (relation->kind == RelationKind::kFunction) {
    const auto named = functions.find(std::pair(relation->schema_name(), FoldName(relation->name())));
    TURDB_CHECK(named != functions.end());
    std::erase_if(named->second, [&](const std::shared_ptr<const Relation>& other) { return other->id == id; });
    if (named->second.empty()) functions.erase(named);
    return;
  }
  for (const table::ForeignKey& key : relation->schema->foreign_keys) {
    const auto tables = referencing.find(key.referenced_table);
    if (tables == referencing.end()) continue;
    std::erase(tables->second, id);
    if (tables->second.empty()) referencing.erase(tables);
  }
  const auto named = relations.find(std::pair(relation->schema_name(), FoldName(relation->name())));
  TURDB_CHECK(named != relations.end());
  std::erase_if(named->second, [&](const std::shared_ptr<const Relation>& other) { return other->id == id; });
  if (named->second.empty()) relations.erase(named);
  ForEachIndexName(*relation->schema, [&](const std::string& name, int32_t) {
    const auto at = indexes.find(std::pair(relation->schema_name(), FoldName(name)));
    if (at == indexes.end()) return;
    std::erase_if(at->second, [&](const auto& entry) { return entry.second.relation->id == id; });
    if (at->second.empty()) indexes.erase(at);
  });
}

// ---- looking up

Snapshot::Snapshot(std::shared_ptr<const Rep> rep) : rep_(std::move(rep)) {}
Snapshot::~Snapshot() = default;
uint64_t Snapshot::epoch() const { return rep_->epoch; }

int32_t Snapshot::number(DatabaseNumber which) const { return rep_->numbers[static_cast<size_t>(which) - 1]; }

namespace {

// The element whose name is exactly `name`, else the only one there is.
template <typename T, typename NameOf>
const T* Choose(const std::vector<T>& candidates, std::string_view name, NameOf name_of) {
  for (const T& candidate : candidates) {
    if (name_of(candidate) == name) return &candidate;
  }
  return candidates.size() == 1 ? &candidates[0] : nullptr;
}

bool IsDefaultAlias(std::string_view folded) { return folded == "main" || folded == "public"; }

// Views that answer without a schema, as their models do.
bool IsUnqualifiedSystemName(std::string_view folded) {
  return folded == "sqlite_schema" || folded == "sqlite_master" || folded == "sqlite_temp_schema" ||
         folded == "sqlite_temp_master" || folded.starts_with("pg_");
}

}  // namespace

const Schema* Snapshot::FindSchema(std::string_view name) const {
  const std::string folded = FoldName(name);
  auto found = rep_->schemas.find(folded);
  if (found == rep_->schemas.end() && IsDefaultAlias(folded)) found = rep_->schemas.find(kDefaultSchema);
  if (found == rep_->schemas.end() && folded == "pg_catalog") found = rep_->schemas.find(kSystemSchema);
  if (found == rep_->schemas.end() && folded == "pg_temp") found = rep_->schemas.find(rep_->temporary_schema);
  if (found == rep_->schemas.end()) return nullptr;
  return Choose(found->second, name, [](const Schema& schema) -> const std::string& { return schema.name; });
}

std::shared_ptr<const Relation> Snapshot::FindRelation(std::string_view schema, std::string_view name,
                                                       std::span<const std::string> search_path) const {
  return Find(schema, name, search_path, false);
}

std::shared_ptr<const Relation> Snapshot::FindType(std::string_view schema, std::string_view name,
                                                   std::span<const std::string> search_path) const {
  return Find(schema, name, search_path, true);
}

std::shared_ptr<const Relation> Snapshot::Find(std::string_view schema, std::string_view name,
                                               std::span<const std::string> search_path, bool types) const {
  const std::string folded = FoldName(name);
  const auto find_in = [&](std::string_view schema_name) -> std::shared_ptr<const Relation> {
    const Schema* const where = FindSchema(schema_name);
    if (where == nullptr) return nullptr;
    const auto found = rep_->relations.find(std::pair(where->name, folded));
    if (found == rep_->relations.end()) return nullptr;
    const auto* const relation =
        Choose(found->second, name, [](const std::shared_ptr<const Relation>& r) -> const std::string& { return r->name(); });
    return relation == nullptr || (*relation)->is_type() != types ? nullptr : *relation;
  };
  if (!schema.empty()) return find_in(schema);
  for (const std::string& place : search_path) {
    if (auto relation = find_in(place)) return relation;
  }
  return !types && IsUnqualifiedSystemName(folded) ? find_in(kSystemSchema) : nullptr;
}

IndexRef Snapshot::FindIndex(std::string_view schema, std::string_view name, std::span<const std::string> search_path) const {
  const std::string folded = FoldName(name);
  const auto find_in = [&](std::string_view schema_name) -> IndexRef {
    const Schema* const where = FindSchema(schema_name);
    if (where == nullptr) return {};
    const auto found = rep_->indexes.find(std::pair(where->name, folded));
    if (found == rep_->indexes.end()) return {};
    const auto* const entry = Choose(found->second, name, [](const auto& e) -> const std::string& { return e.first; });
    return entry == nullptr ? IndexRef{} : entry->second;
  };
  if (!schema.empty()) return find_in(schema);
  for (const std::string& place : search_path) {
    if (IndexRef index = find_in(place); index.relation != nullptr) return index;
  }
  return {};
}

std::shared_ptr<const table::TableStatistics> Snapshot::StatisticsOf(ObjectId table) const {
  return rep_->statistics->Of(table);
}

std::shared_ptr<const Relation> Snapshot::RelationOf(ObjectId id) const {
  const auto found = rep_->by_id.find(id);
  return found == rep_->by_id.end() ? nullptr : found->second;
}

const Schema* Snapshot::temporary_schema() const {
  const auto found = rep_->schemas.find(rep_->temporary_schema);
  return found == rep_->schemas.end() ? nullptr : &found->second.front();
}

bool Snapshot::has_temporary() const { return rep_->has_temporary; }

// That of temporary objects is there once it holds something.
void Snapshot::ForEachSchema(absl::FunctionRef<void(const Schema&)> visit) const {
  for (const auto& [folded, schemas] : rep_->schemas) {
    for (const Schema& schema : schemas) {
      if (!schema.is_temporary || rep_->has_temporary) visit(schema);
    }
  }
}

void Snapshot::ForEachRelation(absl::FunctionRef<void(const std::shared_ptr<const Relation>&)> visit) const {
  for (const auto& [key, relations] : rep_->relations) {
    for (const std::shared_ptr<const Relation>& relation : relations) {
      if (!relation->is_type()) visit(relation);
    }
  }
}

void Snapshot::ForEachType(absl::FunctionRef<void(const std::shared_ptr<const Relation>&)> visit) const {
  for (const auto& [key, relations] : rep_->relations) {
    for (const std::shared_ptr<const Relation>& relation : relations) {
      if (relation->is_type()) visit(relation);
    }
  }
}

bool Snapshot::has_functions() const { return !rep_->functions.empty(); }

std::vector<std::shared_ptr<const Relation>> Snapshot::FunctionsOf(std::string_view schema, std::string_view name,
                                                                   std::span<const std::string> search_path) const {
  std::vector<std::shared_ptr<const Relation>> all;
  if (rep_->functions.empty()) return all;
  const std::string folded = FoldName(name);
  const auto add = [&](std::string_view schema_name) {
    const Schema* const where = FindSchema(schema_name);
    if (where == nullptr) return;
    const auto found = rep_->functions.find(std::pair(where->name, folded));
    if (found == rep_->functions.end()) return;
    const auto is_exact = [&](const std::shared_ptr<const Relation>& function) { return function->name() == name; };
    const bool exact = std::any_of(found->second.begin(), found->second.end(), is_exact);
    for (const std::shared_ptr<const Relation>& function : found->second) {
      if (!exact || is_exact(function)) all.push_back(function);
    }
  };
  if (!schema.empty()) {
    add(schema);
  } else {
    for (const std::string& place : search_path) add(place);
  }
  return all;
}

void Snapshot::ForEachFunction(absl::FunctionRef<void(const std::shared_ptr<const Relation>&)> visit) const {
  for (const auto& [key, functions] : rep_->functions) {
    for (const std::shared_ptr<const Relation>& function : functions) visit(function);
  }
}

vec::StructTypes& Snapshot::struct_types() const { return *rep_->struct_types; }

std::string Snapshot::NameOf(const vec::Type& type) const {
  if (type.id == vec::TypeId::kArray && type.struct_number() != 0) return NameOf(type.element_type()) + "[]";
  const std::shared_ptr<const Relation> user_type = type.user_type_id() == 0 ? nullptr : RelationOf(type.user_type_id());
  if (user_type != nullptr) return absl::StrCat(user_type->name(), type.id == vec::TypeId::kArray ? "[]" : "");
  const auto fields = FieldsOf(type);
  return fields == nullptr ? type.ToString() : vec::StructText(type, *fields, [this](const vec::Type& t) { return NameOf(t); });
}

std::shared_ptr<const vec::StructFields> Snapshot::FieldsOf(const vec::Type& type) const {
  const int32_t number = type.struct_number();
  if (number == 0) return nullptr;
  if (type.is_unnamed_struct()) return rep_->struct_types->Find(number);
  const std::shared_ptr<const Relation> relation = RelationOf(static_cast<ObjectId>(number));
  if (relation == nullptr) return nullptr;
  auto fields = std::make_shared<vec::StructFields>();
  for (const table::Column& column : relation->schema->columns) fields->push_back({column.name, column.type});
  return fields;
}

void Snapshot::ForEachTypeIn(const vec::Type& type, absl::FunctionRef<void(ObjectId)> visit) const {
  if (type.user_type_id() != 0) return visit(type.user_type_id());
  if (!type.is_unnamed_struct()) return;
  const auto fields = FieldsOf(type);
  for (const vec::StructField& field : *fields) ForEachTypeIn(field.type, visit);
}

bool Snapshot::Mentions(const vec::Type& type, ObjectId user_type) const {
  bool found = false;
  ForEachTypeIn(type, [&](ObjectId id) { found = found || id == user_type; });
  return found;
}

void Snapshot::ForEachReference(
    ObjectId table, absl::FunctionRef<void(const std::shared_ptr<const Relation>&, const table::ForeignKey&)> visit) const {
  const auto found = rep_->referencing.find(table);
  if (found == rep_->referencing.end()) return;
  for (const ObjectId id : found->second) {
    const std::shared_ptr<const Relation>& relation = rep_->by_id.at(id);
    for (const table::ForeignKey& key : relation->schema->foreign_keys) {
      if (key.referenced_table == table) visit(relation, key);
    }
  }
}

SequenceOwner Snapshot::OwnerOf(ObjectId sequence) const {
  SequenceOwner owner;
  ForEachRelation([&](const std::shared_ptr<const Relation>& relation) {
    const std::vector<table::Column>& columns = relation->schema->columns;
    for (size_t i = 0; i < columns.size(); ++i) {
      const std::vector<ObjectId>& owned = columns[i].owned_sequences;
      if (std::find(owned.begin(), owned.end(), sequence) != owned.end()) owner = {relation, static_cast<int32_t>(i)};
    }
  });
  return owner;
}

bool ParseRelationName(std::string_view text, std::string* schema, std::string* name) {
  const auto trim = [&] {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t' || text.front() == '\n')) text.remove_prefix(1);
  };
  std::vector<std::string> parts;
  for (;;) {
    trim();
    std::string part;
    if (!text.empty() && text.front() == '"') {
      text.remove_prefix(1);
      for (;; text.remove_prefix(1)) {
        if (text.empty()) return false;
        if (text.front() == '"') {
          text.remove_prefix(1);
          if (text.empty() || text.front() != '"') break;
        }
        part.push_back(text.front());
      }
    } else {
      while (!text.empty() && text.front() != '.' && text.front() != ' ' && text.front() != '"') {
        part.push_back(text.front());
        text.remove_prefix(1);
      }
      part = FoldName(part);
    }
    if (part.empty()) return false;
    parts.push_back(std::move(part));
    trim();
    if (text.empty()) break;
    if (text.front() != '.') return false;
    text.remove_prefix(1);
  }
  if (parts.size() > 2) return false;
  *name = std::move(parts.back());
  *schema = parts.size() == 2 ? std::move(parts[0]) : std::string();
  return true;
}

int32_t FindColumn(const table::TableSchema& schema, std::string_view name) {
  if (const int32_t exact = schema.FindColumn(name); exact >= 0) return exact;
  const std::string folded = FoldName(name);
  int32_t found = -1;
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    if (FoldName(schema.columns[i].name) != folded) continue;
    if (found >= 0) return -1;
    found = static_cast<int32_t>(i);
  }
  return found;
}

// ---- errors with hints

namespace {

// How many letters have to change (Levenshtein), up to `limit` + 1.
size_t Distance(std::string_view a, std::string_view b, size_t limit) {
  if (a.size() > b.size() + limit || b.size() > a.size() + limit) return limit + 1;
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + static_cast<size_t>(a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

// The closest of the names offered, when one is close.
class Suggestion {
 public:
  explicit Suggestion(std::string_view wanted) : wanted_(FoldName(wanted)) {}
  void Offer(const std::string& name) {
    const size_t distance = Distance(wanted_, FoldName(name), kLimit);
    if (distance < best_distance_) {
      best_distance_ = distance;
      best_ = name;
    }
  }
  Status Add(Status error) const {
    if (best_.empty() || best_distance_ * 3 > wanted_.size() + 1) return error;
    return base::WithHint(std::move(error), absl::StrCat("did you mean \"", best_, "\"?"));
  }

 private:
  static constexpr size_t kLimit = 3;
  std::string wanted_;
  std::string best_;
  size_t best_distance_ = kLimit + 1;
};

std::string Written(std::string_view schema, std::string_view name) {
  return schema.empty() ? std::string(name) : absl::StrCat(schema, ".", name);
}

}  // namespace

StatusOr<std::shared_ptr<const Relation>> Snapshot::GetRelation(std::string_view schema, std::string_view name,
                                                                std::span<const std::string> search_path) const {
  if (!schema.empty() && FindSchema(schema) == nullptr) {
    return MakeError(absl::StatusCode::kNotFound, sqlstate::kUndefinedSchema,
                     absl::StrCat("schema \"", schema, "\" does not exist"));
  }
  if (auto relation = FindRelation(schema, name, search_path)) return relation;
  Suggestion suggestion(name);
  ForEachRelation([&](const std::shared_ptr<const Relation>& relation) {
    if (relation->kind != RelationKind::kSystemView) suggestion.Offer(relation->name());
  });
  return suggestion.Add(MakeError(absl::StatusCode::kNotFound, sqlstate::kUndefinedTable,
                                  absl::StrCat("relation \"", Written(schema, name), "\" does not exist")));
}

StatusOr<IndexRef> Snapshot::GetIndex(std::string_view schema, std::string_view name,
                                      std::span<const std::string> search_path) const {
  if (!schema.empty() && FindSchema(schema) == nullptr) {
    return MakeError(absl::StatusCode::kNotFound, sqlstate::kUndefinedSchema,
                     absl::StrCat("schema \"", schema, "\" does not exist"));
  }
  if (IndexRef index = FindIndex(schema, name, search_path); index.relation != nullptr) return index;
  Suggestion suggestion(name);
  for (const auto& [key, entries] : rep_->indexes) {
    for (const auto& [index_name, ref] : entries) suggestion.Offer(index_name);
  }
  return suggestion.Add(MakeError(absl::StatusCode::kNotFound, sqlstate::kUndefinedObject,
                                  absl::StrCat("index \"", Written(schema, name), "\" does not exist")));
}

}  // namespace turdb::catalog
