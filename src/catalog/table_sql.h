// Definitions written back as SQL, for listings and dumps.
#ifndef TURDB_CATALOG_TABLE_SQL_H_
#define TURDB_CATALOG_TABLE_SQL_H_

#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "table/schema.h"

namespace turdb::catalog {

// "vector_l2_ops": what an index over such vectors is declared with (CREATE INDEX ... USING hnsw).
std::string_view OperatorClassOf(vec::VectorElement element, table::VectorMetric metric);

// As an identifier: in double quotes where it would not be read back as itself.
std::string QuoteName(std::string_view name);
// "BEFORE", "AFTER", "INSTEAD OF".
std::string_view TimeSql(table::TriggerTime time);
// "SET NULL".
std::string_view ActionSql(table::ForeignKeyAction action);
// The default as SQL; empty without one, and for identity columns.
std::string DefaultSql(const Snapshot& snapshot, const table::Column& column);
// Whether the sequence comes and goes with the definition of its column: serial, identity.
bool IsImplicit(const Snapshot& snapshot, const Relation& sequence);
// CREATE TABLE, VIEW or SEQUENCE; empty for system views and for sequences that their columns' definitions make. The snapshot
// knows the tables that foreign keys refer to.
std::string SqlOf(const Snapshot& snapshot, const Relation& relation);
// "CONSTRAINT name FOREIGN KEY (a) REFERENCES t (b) ...".
std::string SqlOf(const table::TableSchema& schema, const table::ForeignKey& key, const table::TableSchema& referenced);
// CREATE INDEX, CREATE TRIGGER.
std::string SqlOf(const table::TableSchema& schema, const table::IndexSchema& index);
std::string SqlOf(const table::TableSchema& schema, const table::TriggerSchema& trigger);
// "a, b DESC".
std::string PartsSql(const table::TableSchema& schema, const std::vector<table::IndexPart>& parts);

// What a column was declared with: users' types and domains by their names, with their schemas.
std::string TypeNameOf(const Snapshot& snapshot, const table::Column& column);
std::string TypeNameOf(const Snapshot& snapshot, const vec::Type& type);
// "a integer, b text DEFAULT 'x'"; `identity`: "integer, text", which tells it from others of its name.
std::string ArgumentsSql(const Snapshot& snapshot, const Relation& function, bool identity);
// "SETOF text", "TABLE(a integer)".
std::string ResultSql(const Snapshot& snapshot, const Relation& function);
// CREATE FUNCTION or CREATE MACRO.
std::string FunctionSql(const Snapshot& snapshot, const Relation& function);
// CREATE TYPE or CREATE DOMAIN.
std::string TypeSql(const Snapshot& snapshot, const Relation& type);

}  // namespace turdb::catalog

#endif  // TURDB_CATALOG_TABLE_SQL_H_
