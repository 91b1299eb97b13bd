// Named schema objects: what exists, what it is called, and who may see it.
//
// Objects live as rows of one table, kept in the tree of turdb.meta (FORMAT.md), so that DDL is logged,
// versioned, rolled back and recovered like any other change. In memory there are immutable Snapshots: one a
// commit that changed a schema, plus one a transaction with changes of its own, seen by nobody else. The
// binder gets a shared_ptr<const Snapshot> and may keep it as long as it likes.
#ifndef TURDB_CATALOG_CATALOG_H_
#define TURDB_CATALOG_CATALOG_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/ids.h"
#include "base/status.h"
#include "table/schema.h"
#include "table/table_store.h"
#include "txn/commit_observer.h"
#include "vec/struct_types.h"

namespace turdb::table {
struct TableStatistics;
}  // namespace turdb::table

namespace turdb::catalog {

inline constexpr std::string_view kDefaultSchema = "root";  // also answers to "main" and "public"
inline constexpr std::string_view kSystemSchema = "turdb_catalog";
inline constexpr std::string_view kInformationSchema = "information_schema";
// Of temporary objects; also answers to "pg_temp", which is its name in databases that have a schema "temp" of their own.
inline constexpr std::string_view kTemporarySchema = "temp";

using ObjectId = base::FileId;

class Catalog;
class Snapshot;

// On disk: do not change.
enum class RelationKind : uint8_t {
  kTable = 1,
  kView = 2,
  kSystemView = 3,  // never stored: rows computed from a Snapshot (system_views.h)
  kSequence = 4,
  kEnum = 5,       // a type of its own; shares names with relations, as in PostgreSQL
  kDomain = 6,     // likewise: columns[0] says what it stands for, its default and whether NULL is one of its values; `checks`
  kComposite = 7,  // likewise: columns are its attributes
  kFunction = 8,   // has names of its own, one a name and types of parameters; found by FunctionsOf only
};

// What a column of a function's definition is. On disk: do not change.
enum class ParameterMode : uint8_t {
  kIn = 1,
  kOut = 2,
  kInOut = 3,
  kVariadic = 4,  // the last: an array of what else is given
  kTable = 5,     // of the rows that it returns
  kResult = 6,    // what it returns, at most one, without a name
};
// What its body is. On disk: do not change.
enum class FunctionBody : uint8_t {
  kStatements = 1,  // in quotes, each but the last with a semicolon
  kReturn = 2,      // RETURN expression
  kAtomic = 3,      // BEGIN ATOMIC ... END: the statements between
  kExpression = 4,  // of a macro
  kQuery = 5,       // of a macro that gives rows
};
// On disk: do not change.
enum class Volatility : uint8_t { kVolatile = 0, kStable = 1, kImmutable = 2 };

// What CREATE FUNCTION and CREATE MACRO add to the columns, which are parameters, and the text.
struct FunctionSchema {
  std::vector<ParameterMode> modes;  // one a column
  FunctionBody body = FunctionBody::kStatements;
  Volatility volatility = Volatility::kVolatile;
  bool strict = false;       // NULL, or no rows, where an argument is NULL
  bool returns_set = false;  // rows, any number of them

  bool is_macro() const { return body == FunctionBody::kExpression || body == FunctionBody::kQuery; }
};

// Numbers that an application keeps with its database, by SQLite's PRAGMAs. On disk: do not change.
enum class DatabaseNumber : uint8_t { kUserVersion = 1, kApplicationId = 2 };
inline constexpr size_t kDatabaseNumbers = 2;

// A value of an enumerated type (vec/enum.h).
struct EnumLabel {
  std::string order;
  std::string name;
};

// A table, a view, a sequence or a system view. Immutable, shared by the snapshots that have it unchanged: two
// snapshots that give the same pointer for an id agree about it.
class Relation {
 public:
  RelationKind kind = RelationKind::kTable;
  ObjectId id = 0;
  uint64_t version = 0;  // grows with every change of the object; what a plan keeps to see whether it is still good
  // Names and columns, for every kind; the rest of it for tables only.
  std::shared_ptr<const table::TableSchema> schema;
  std::string view_sql;                       // kView, and a materialised view, which is a kTable: the text of the query
  std::vector<std::string> view_search_path;  // where names in it are looked up; empty: as its reader does
  bool unpopulated = false;                   // a materialised view that has not been filled
  table::SequenceSchema sequence;             // kSequence
  std::vector<EnumLabel> labels;              // kEnum, in their order
  FunctionSchema function;                    // kFunction; its body is view_sql, columns are parameters, outputs and the result
  const struct SystemView* system_view = nullptr;

  bool is_type() const {
    return kind == RelationKind::kEnum || kind == RelationKind::kDomain || kind == RelationKind::kComposite;
  }
  bool is_materialized_view() const { return kind == RelationKind::kTable && !view_sql.empty(); }
  const std::string& name() const { return schema->name; }
  const std::string& schema_name() const { return schema->schema_name; }

  // The open table; opens its file at the first call. REQUIRES: kTable. Lives as long as this relation.
  base::StatusOr<table::Table*> Open() const;
  // The counter that all who draw from the sequence share. REQUIRES: kSequence.
  std::shared_ptr<table::Sequence> Counter() const;
  // A guess for the planner that never reads a row; negative when nothing is known.
  int64_t row_estimate() const;

  explicit Relation(table::TableStore* store);
  ~Relation();

 private:
  table::TableStore* store_;  // null for what has no file
  struct Opened;
  mutable std::shared_ptr<Opened> opened_;
  friend class Catalog;
};

struct Schema {
  ObjectId id = 0;
  std::string name;
  bool is_system = false;
  std::string comment = {};
  // What is in it belongs to one session and is in another catalog, that of the session (Catalog::Merge).
  bool is_temporary = false;
};

// Where an index is: its table and its position among that table's indexes, -1 for the primary key.
struct IndexRef {
  std::shared_ptr<const Relation> relation;
  int32_t index = -1;
};

// The column whose sequence it is: owned, so that it goes with the column. No relation: nobody's.
struct SequenceOwner {
  std::shared_ptr<const Relation> relation;
  int32_t column = -1;
};

// Immutable, thread-safe.
class Snapshot {
 public:
  ~Snapshot();
  // Differs whenever anything in the catalog differs; grows with every change committed or own.
  uint64_t epoch() const;

  // Lookups take names as the parser gives them (unquoted ones folded to lower case): first an exact match,
  // then the one match that differs in case only. Null: no such thing, or several differ in case only.
  // `schema` empty: the schemas of `search_path` in order; sqlite_schema, sqlite_master and pg_* are found anyway.
  const Schema* FindSchema(std::string_view name) const;
  std::shared_ptr<const Relation> FindRelation(std::string_view schema, std::string_view name,
                                               std::span<const std::string> search_path) const;
  IndexRef FindIndex(std::string_view schema, std::string_view name, std::span<const std::string> search_path) const;
  std::shared_ptr<const Relation> RelationOf(ObjectId id) const;
  // Types that users made. FindRelation and ForEachRelation pass by them, RelationOf does not.
  std::shared_ptr<const Relation> FindType(std::string_view schema, std::string_view name,
                                           std::span<const std::string> search_path) const;
  void ForEachType(absl::FunctionRef<void(const std::shared_ptr<const Relation>&)> visit) const;
  // Functions and macros that users made, of one name: those of an earlier schema in the path come first. Other lookups pass
  // by them, but for RelationOf.
  std::vector<std::shared_ptr<const Relation>> FunctionsOf(std::string_view schema, std::string_view name,
                                                           std::span<const std::string> search_path) const;
  bool has_functions() const;
  void ForEachFunction(absl::FunctionRef<void(const std::shared_ptr<const Relation>&)> visit) const;
  // The newest that is known about a table's rows (table/statistics.h), whenever the snapshot was taken. Null: nothing.
  std::shared_ptr<const table::TableStatistics> StatisticsOf(ObjectId table) const;

  // The same with errors for users: 3F000 no such schema, 42P01 no such relation, 42704 no such index, with a
  // hint when a name is close.
  base::StatusOr<std::shared_ptr<const Relation>> GetRelation(std::string_view schema, std::string_view name,
                                                              std::span<const std::string> search_path) const;
  base::StatusOr<IndexRef> GetIndex(std::string_view schema, std::string_view name,
                                    std::span<const std::string> search_path) const;

  // What SQL calls a type: those of users by their names.
  std::string NameOf(const vec::Type& type) const;
  // Of a struct or an array of them, be it a user's composite type, the rows of a table or one without a name; of a map its key
  // and its value. Null: a record of whatever fields.
  std::shared_ptr<const vec::StructFields> FieldsOf(const vec::Type& type) const;
  // The ids of the users' types that `type` is made of.
  void ForEachTypeIn(const vec::Type& type, absl::FunctionRef<void(ObjectId)> visit) const;
  // Whether a value of `type` has one of the user's type in it.
  bool Mentions(const vec::Type& type, ObjectId user_type) const;
  // Structs without a name, those of the database's temporary objects among them.
  vec::StructTypes& struct_types() const;

  // Zero until somebody sets it.
  int32_t number(DatabaseNumber which) const;

  // In order of schema and name.
  void ForEachSchema(absl::FunctionRef<void(const Schema&)> visit) const;
  void ForEachRelation(absl::FunctionRef<void(const std::shared_ptr<const Relation>&)> visit) const;
  // The schema of temporary objects; null in the catalog that such objects are kept in.
  const Schema* temporary_schema() const;
  // Whether there are any.
  bool has_temporary() const;
  SequenceOwner OwnerOf(ObjectId sequence) const;
  // Foreign keys that refer to the table, its own among them: in order of their tables' ids.
  void ForEachReference(ObjectId table,
                        absl::FunctionRef<void(const std::shared_ptr<const Relation>&, const table::ForeignKey&)> visit) const;

 private:
  friend class Catalog;
  friend class SchemaChanges;
  struct Rep;
  std::shared_ptr<const Relation> Find(std::string_view schema, std::string_view name, std::span<const std::string> search_path,
                                       bool types) const;
  explicit Snapshot(std::shared_ptr<const Rep> rep);
  std::shared_ptr<const Rep> rep_;
};

// Splits what users write as text for a relation, "name" or "schema.name" with quotes as in SQL, names folded. False: it is
// no such name.
bool ParseRelationName(std::string_view text, std::string* schema, std::string* name);

// What a function shares with no other: its name, and the types of its parameters. A macro shares its name with none.
std::string FunctionKeyOf(const table::TableSchema& definition, const FunctionSchema& function);

// A column of a table or view by name: exact, then the one that differs in case only. -1: none or several.
int32_t FindColumn(const table::TableSchema& schema, std::string_view name);

// What sets the catalog of a session's temporary objects apart.
struct CatalogKind {
  std::string default_schema{kDefaultSchema};
  std::shared_ptr<vec::StructTypes> struct_types = nullptr;  // shared with another catalog; null: its own
  bool temporary = false;  // ids begin at table::kFirstTemporaryId, and there are no system views
};

// The catalog of one database. Thread-safe.
class Catalog {
 public:
  // Makes turdb.meta of a new database: the catalog's tree and the default schema.
  static base::Status Create(table::TableStore& store, txn::Transaction& transaction, const CatalogKind& kind = {});
  // Reads what is committed. REQUIRES: recovery is done.
  static base::StatusOr<std::unique_ptr<Catalog>> Open(table::TableStore& store, const CatalogKind& kind = {});
  ~Catalog();

  // The newest committed schema.
  std::shared_ptr<const Snapshot> Current() const;
  // Changes with the epoch of Current(), for one load: what a statement that runs again compares first. It changes when a
  // commit is made, a little before Current() shows it.
  uint64_t CurrentEpoch() const;
  // What was current at a read timestamp: what a transaction without DDL of its own binds against.
  std::shared_ptr<const Snapshot> At(base::Timestamp read_ts) const;
  // `snapshot`, of this catalog, with the relations of `temporary`, of the catalog of a session's temporary objects. With an
  // epoch of its own.
  std::shared_ptr<const Snapshot> Merge(const Snapshot& snapshot, const Snapshot& temporary) const;
  // Snapshots that only readers older than this needed may go.
  void ForgetBefore(base::Timestamp oldest_read_ts);

  // Call after locking a table for writing: 40001 when a schema change that this reader does not see has been
  // committed since, because its rows would miss an index or a column.
  base::Status CheckStillCurrent(const Relation& relation) const;

  // Statistics for all who plan from now on. `transaction`, when not null, keeps them for those who open the database later.
  base::Status SetStatistics(ObjectId table, std::shared_ptr<const table::TableStatistics> statistics,
                             txn::Transaction* transaction);

  table::TableStore& store() const { return store_; }
  const std::shared_ptr<vec::StructTypes>& struct_types() const;

 private:
  friend class SchemaChanges;
  explicit Catalog(table::TableStore& store);
  table::TableStore& store_;
  struct Rep;
  static void AddSystemViews(Rep& rep, Snapshot::Rep& state);
  std::unique_ptr<Rep> rep_;
};

// What a statement asks for; names empty where the catalog is to choose ("users_pkey", "users_email_key",
// "users_email_check", "users_email_idx", as PostgreSQL does).
struct NewTable {
  // schema_name, name, columns, primary_key, indexes (of UNIQUE constraints), checks, foreign_keys, autoincrement.
  // Ids, paths, stored places and versions are filled in by the catalog.
  table::TableSchema definition;
  bool if_not_exists = false;
  // Sequences that are made with it for its columns: serial and identity ones.
  struct ColumnSequence {
    int32_t column = -1;
    std::string name;  // empty: "table_column_seq"
    table::SequenceSchema sequence;
  };
  std::vector<ColumnSequence> sequences;
  // Of a materialised view: its query, where names in it are looked up, and whether it stays empty for now.
  std::string view_sql = {};
  std::vector<std::string> view_search_path = {};
  bool unpopulated = false;
};

struct NewSequence {
  std::string schema_name;
  std::string name;
  table::SequenceSchema sequence;  // file and path are filled in by the catalog
  bool if_not_exists = false;
};

// The schema changes of one transaction, and the catalog as it sees it. Belongs to the transaction's thread.
// Locks what it changes against other schema changes and, for tables, against writers.
class SchemaChanges : public txn::CommitObserver {
 public:
  SchemaChanges(Catalog& catalog, txn::Transaction& transaction);
  SchemaChanges(const SchemaChanges&) = delete;
  ~SchemaChanges() override;

  // The catalog with this transaction's changes: what its statements bind against. `read_ts` of its snapshot.
  std::shared_ptr<const Snapshot> Visible(base::Timestamp read_ts) const;
  bool empty() const;

  // Each: false when IF [NOT] EXISTS made it do nothing. Errors: 42P06, 42P07, 42710 (exists), 3F000, 42P01,
  // 42704 (does not), 2BP01 (others depend on it), 42P16 and 42701 (definition), 42939-like names as 42602.
  base::StatusOr<bool> CreateSchema(std::string_view name, bool if_not_exists);
  base::StatusOr<bool> DropSchema(std::string_view name, bool if_exists, bool cascade);
  base::StatusOr<bool> CreateTable(NewTable table);
  // `also`: tables that the same statement drops, whose foreign keys are in nobody's way.
  base::StatusOr<bool> DropTable(std::string_view schema, std::string_view name, bool if_exists, bool cascade,
                                 std::span<const ObjectId> also = {});
  // `index`: name (may be empty), parts (column or expression_sql and type), unique, predicate_sql, ... The
  // evaluator serves expressions and predicates while the index is filled.
  base::StatusOr<bool> CreateIndex(const Relation& relation, table::IndexSchema index, bool if_not_exists,
                                   table::IndexEvaluator* evaluator);
  // 2BP01 when a foreign key needs it; `cascade` drops that.
  base::StatusOr<bool> DropIndex(std::string_view schema, std::string_view name, bool if_exists, bool cascade = false);
  base::StatusOr<bool> CreateView(table::TableSchema columns, std::string sql, std::vector<std::string> search_path,
                                  bool or_replace, bool if_not_exists);
  base::StatusOr<bool> DropView(std::string_view schema, std::string_view name, bool if_exists);
  // Of a view or a materialised view.
  base::Status SetViewText(const Relation& view, std::string sql);
  base::StatusOr<bool> DropMaterializedView(std::string_view schema, std::string_view name, bool if_exists, bool cascade);
  base::Status SetPopulated(const Relation& view, bool populated);
  base::Status SetSchemaComment(std::string_view schema, std::string_view comment);
  base::Status SetNumber(DatabaseNumber which, int32_t value);
  // ---- sequences. Each may be made, changed and dropped beside those who draw from it.
  base::StatusOr<bool> CreateSequence(NewSequence sequence);
  // For a column of a table, whose default it becomes and with which it goes. An empty name: "table_column_seq".
  base::Status AddColumnSequence(const Relation& relation, int32_t column, std::string name, table::SequenceSchema sequence);
  // `restart`: with another counter that begins there. Drawing in between goes on with the old one.
  base::Status ReplaceSequence(const Relation& relation, table::SequenceSchema changed,
                               std::optional<table::Sequence::Position> restart);
  // The sequence goes with the column from now on, or, without one, with nobody. Errors: 55000 when its schema is another.
  base::Status OwnSequence(const Relation& sequence, const Relation* table, int32_t column);
  // 2BP01 when a default draws from it; `cascade` drops that.
  base::StatusOr<bool> DropSequence(std::string_view schema, std::string_view name, bool if_exists, bool cascade);

  // ---- types
  // `definition`: schema_name, name; of a domain, see RelationKind::kDomain.
  base::StatusOr<bool> CreateType(RelationKind kind, table::TableSchema definition, std::vector<EnumLabel> labels);
  base::Status ReplaceLabels(const Relation& type, std::vector<EnumLabel> labels);
  base::Status ReplaceDomain(const Relation& domain, table::TableSchema changed);  // or the comment of any type
  // REQUIRES: nothing has it.
  base::Status DropType(const Relation& type);

  // ---- functions
  // 42723 when there is one of its name and types of parameters, unless `or_replace` puts it in its place.
  base::Status CreateFunction(table::TableSchema definition, FunctionSchema function, std::string body,
                              std::vector<std::string> search_path, bool or_replace);
  // REQUIRES: nothing calls it that is kept.
  base::Status DropFunction(const Relation& function);

  base::Status RenameTable(const Relation& relation, std::string_view new_name);  // or a view, a sequence, a type
  base::Status MoveToSchema(const Relation& relation, std::string_view new_schema);
  // Texts that name the column are for the caller to change.
  base::Status RenameColumn(const Relation& relation, int32_t column, std::string_view new_name);
  base::Status RenameIndex(const Relation& relation, std::string_view name, std::string_view new_name);  // or the primary key
  base::Status DropIndexOf(const Relation& relation, std::string_view name, bool cascade);  // also one that a constraint made
  base::Status DropForeignKey(const Relation& relation, std::string_view name);
  // Foreign keys of other tables that refer to `from` refer to `to` afterwards, which has columns of these names.
  base::Status MoveReferences(ObjectId from, ObjectId to);

  // ALTER TABLE in general: `changed` is the relation's new definition (same id; stored places and row_version
  // already set, see AddColumn and DropColumn below). The caller has checked what SQL says about it. Tables that a new
  // foreign key refers to get a new version, so that no plan deletes from them without knowing of it. Sequences that its
  // columns own no more are dropped; `cascade`: and defaults of other tables that draw from them.
  base::Status ReplaceTable(const Relation& relation, table::TableSchema changed, bool cascade = false);

  // Savepoints: a mark is the state to come back to.
  size_t Mark() const;
  void RollbackTo(size_t mark);
  // The end of the transaction: its Commit gets this as the observer, unless empty(), and others have the new schema from the
  // commit's own timestamp on. Then one of the two, after which nothing may be called but Visible.
  void BeforeCommit() override;
  void CommitsAt(base::Timestamp commit_ts) override;
  void Committed();
  void Rollback();

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

// Definition changes for ReplaceTable: the next row version, with rows of older ones still readable.
base::Status AddColumn(table::TableSchema& schema, table::Column column, const vec::Value& missing);
base::Status DropColumn(table::TableSchema& schema, int32_t column);

}  // namespace turdb::catalog

#endif  // TURDB_CATALOG_CATALOG_H_
