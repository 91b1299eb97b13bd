// What a table is made of: columns, keys, indexes, constraints, and how its rows have been laid out over
// time. Plain values: the catalog builds and stores them, everyone else reads them through
// shared_ptr<const TableSchema>.
//
// A column has two numbers. Its position in `TableSchema::columns` is what SQL, plans and this room's
// calls mean by "column"; dropping a column moves those after it. Its *stored number* says which entry of
// `TableSchema::stored` keeps its values in rows; it is never reused, so that a row written under an older
// schema version stays readable (row_codec.h).
#ifndef TURDB_TABLE_SCHEMA_H_
#define TURDB_TABLE_SCHEMA_H_

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "vec/type.h"
#include "vec/value.h"

namespace turdb::table {

// Pseudo columns that scans and point reads can be asked for beside a table's own.
inline constexpr int32_t kRowKeyColumn = -1;  // blob: the row's key in the primary tree, its identity everywhere above
inline constexpr int32_t kRowIdColumn = -2;   // bigint: the same of a table keyed by an integer (rowid, or its primary key)

// Ids of temporary objects, which live in a database of their session's own; so that an id alone tells where.
inline constexpr base::FileId kFirstTemporaryId = base::FileId{1} << 31;
inline constexpr base::FileId kLastTemporaryId = 0xfffffeff;  // those above are system views
constexpr bool IsTemporary(base::FileId id) { return id >= kFirstTemporaryId && id <= kLastTemporaryId; }

// On disk: do not change a number of the enums of this file.
enum class Generation : uint8_t {
  kNone = 0,
  // GENERATED ... AS IDENTITY, by the numbers of `sequence`; without one, by a counter of the table: AUTOINCREMENT, and
  // serial and identity columns of databases made before there were sequences.
  kIdentityByDefault = 1,
  kIdentityAlways = 2,
  kStored = 3,  // GENERATED ALWAYS AS (default_sql) STORED
};

struct Column {
  std::string name;
  vec::Type type;
  bool not_null = false;
  Generation generation = Generation::kNone;
  std::string default_sql;  // the default, or the generating expression; empty: none
  std::string collation;    // its name (vec/collation.h), whose order `type` has; empty: the default, which is binary
  std::string comment;
  base::FileId domain = base::kNoFile;        // id of the domain that it was declared with; `type` is what that stands for
  base::FileId sequence = base::kNoFile;      // id of the sequence whose numbers are the default
  std::vector<base::FileId> owned_sequences;  // go when the column goes
  int32_t stored = -1;                        // into TableSchema::stored; -1: kept in the key only (an integer primary key)
};

// A place in rows, of a column that is there or was dropped.
struct StoredColumn {
  static constexpr uint16_t kForEver = std::numeric_limits<uint16_t>::max();
  vec::Type type;
  uint16_t first_version = 1;  // rows of versions [first_version, last_version] keep it
  uint16_t last_version = kForEver;
  vec::Value missing;  // what rows older than first_version show: the default at ADD COLUMN
};

enum class KeyForm : uint8_t {
  kRowId = 0,    // no primary key: a hidden int64 numbers the rows
  kInteger = 1,  // one smallint, integer or bigint column, ascending; the key is the column's int64
  kEncoded = 2,  // the key codec's bytes of the primary key columns; rows store every column
};

struct IndexPart {
  int32_t column = -1;         // position in TableSchema::columns; -1: an expression
  std::string expression_sql;  // when column is -1
  vec::Type type;              // of the column or the expression
  bool descending = false;
  bool nulls_first = false;
  std::string collation;  // likewise
};

enum class IndexMethod : uint8_t { kBTree = 0, kHnsw = 1 };

// What a vector index finds the nearest by. Numbers as in src/hnsw/FORMAT.md.
enum class VectorMetric : uint8_t { kL2 = 1, kInnerProduct = 2, kCosine = 3 };

// Of an index of the method kHnsw (WITH (m = ..., ...)).
struct VectorIndexOptions {
  VectorMetric metric = VectorMetric::kL2;
  uint16_t links = 16;       // m: of a new vector, to others
  uint16_t max_degree = 32;  // m0: of any vector
  uint16_t ef_construction = 128;
  uint16_t ef_search = 64;
};

struct IndexSchema {
  base::FileId id = base::kNoFile;
  std::string name;
  std::string path;  // relative to the database directory: "root/users.by_email.idx"
  IndexMethod method = IndexMethod::kBTree;
  std::vector<IndexPart> parts;
  std::vector<int32_t> included;  // covering columns, kept for ones that INCLUDE will bring
  bool unique = false;
  bool nulls_not_distinct = false;
  bool is_constraint = false;  // made by UNIQUE, not by CREATE INDEX
  std::string predicate_sql;   // partial index; empty: every row
  VectorIndexOptions vectors;  // of kHnsw
  std::string comment;
};

struct CheckConstraint {
  std::string name;
  std::string sql;  // the condition; the row is refused when it is false
  std::string comment;
};

enum class ForeignKeyAction : uint8_t { kNoAction = 0, kRestrict = 1, kCascade = 2, kSetNull = 3, kSetDefault = 4 };

struct ForeignKey {
  std::string name;
  std::vector<int32_t> columns;
  base::FileId referenced_table = base::kNoFile;
  std::vector<std::string> referenced_columns;
  ForeignKeyAction on_delete = ForeignKeyAction::kNoAction;
  ForeignKeyAction on_update = ForeignKeyAction::kNoAction;
  std::vector<int32_t> on_delete_columns;  // what SET NULL and SET DEFAULT set; empty: all
  bool deferrable = false;
  bool initially_deferred = false;
  bool match_full = false;  // all columns are NULL, or none
  std::string comment;
};

enum class TriggerTime : uint8_t { kBefore = 1, kAfter = 2, kInsteadOf = 3 };

// Bits of TriggerSchema::events.
inline constexpr uint8_t kOnInsert = 1;
inline constexpr uint8_t kOnUpdate = 2;
inline constexpr uint8_t kOnDelete = 4;

// SQL that runs beside a change of the table or view it belongs to.
struct TriggerSchema {
  std::string name;  // unique in its table
  TriggerTime time = TriggerTime::kBefore;
  uint8_t events = 0;
  std::vector<int32_t> columns;  // UPDATE OF; empty: any
  bool for_each_row = true;
  bool disabled = false;
  std::string old_table;  // REFERENCING OLD TABLE, NEW TABLE; empty: none
  std::string new_table;
  std::string condition_sql;             // WHEN; empty: always
  std::string body_sql;                  // statements, each with a semicolon
  std::vector<std::string> search_path;  // where names in it are looked up
  std::string comment;
};

// What becomes of a temporary table at a commit.
enum class OnCommit : uint8_t { kPreserveRows = 0, kDeleteRows = 1, kDrop = 2 };

struct TableSchema {
  base::FileId id = base::kNoFile;
  std::string schema_name;
  std::string name;
  std::string path;  // "root/users.tbd"
  std::vector<Column> columns;

  KeyForm key_form = KeyForm::kRowId;
  std::string primary_key_name;  // "users_pkey"; empty without a primary key
  std::string primary_key_comment;
  std::vector<IndexPart> primary_key;  // empty for kRowId
  bool autoincrement = false;          // never reuses a key: AUTOINCREMENT, serial or identity on the key column

  std::vector<IndexSchema> indexes;
  std::vector<CheckConstraint> checks;
  std::vector<ForeignKey> foreign_keys;
  std::vector<TriggerSchema> triggers;  // of views, too
  std::string comment;
  OnCommit on_commit = OnCommit::kPreserveRows;  // of temporary tables

  uint16_t row_version = 1;          // what new rows are written as
  std::vector<StoredColumn> stored;  // every place rows have or had

  std::string qualified_name() const { return schema_name + "." + name; }
  // Position of the column with exactly this name, or -1.
  int32_t FindColumn(std::string_view column_name) const;
  // The key over exactly these columns, in any order, that a foreign key may refer to: -1 the primary key, else a unique
  // index of whole columns and all rows, by position; -2: none.
  int32_t FindUniqueKey(std::vector<int32_t> key_columns) const;
  // The column that is the int64 row key (kInteger), or -1.
  int32_t key_column() const { return key_form == KeyForm::kInteger ? primary_key[0].column : -1; }
};

// Fills in what follows from columns and primary_key: key_form, not_null of key columns, the places in rows
// (version 1). REQUIRES: a new table, `stored` empty, primary_key set. Errors: no or too many columns, two of
// one name, a primary key column twice.
base::Status FinishNewTable(TableSchema& schema);

// Makes a part one of the column's type, in the collation that it names, or else in the column's.
void TakeTypeOf(const Column& column, IndexPart* part);

// The relative path of a table's or an index's file: names that are no safe file names are percent-encoded.
std::string TablePath(std::string_view schema_name, std::string_view table_name);
std::string IndexPath(std::string_view schema_name, std::string_view table_name, std::string_view index_name,
                      IndexMethod method = IndexMethod::kBTree);
// One path component: letters, digits, '_' and '-' stay, every other byte becomes %XX; so do upper-case
// letters (case-insensitive file systems) and a first '-'.
std::string EncodePathName(std::string_view name);

}  // namespace turdb::table

#endif  // TURDB_TABLE_SCHEMA_H_
