#include "catalog/table_sql.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace turdb::catalog {

using table::TableSchema;

std::string QuoteName(std::string_view name) {
  bool plain = !name.empty() && !(name[0] >= '0' && name[0] <= '9');
  for (const char c : name) plain &= (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  // Words of the grammar would not be read back as names.
  static constexpr std::string_view kReserved[] = {
      "all",     "and",     "any",    "array",      "as",         "asc",       "between",   "both",    "case",     "cast",
      "check",   "collate", "column", "constraint", "create",     "cross",     "default",   "desc",    "distinct", "do",
      "else",    "end",     "except", "exists",     "false",      "fetch",     "for",       "foreign", "from",     "full",
      "grant",   "group",   "having", "in",         "index",      "inner",     "intersect", "into",    "is",       "join",
      "lateral", "leading", "left",   "like",       "limit",      "natural",   "not",       "null",    "offset",   "on",
      "or",      "order",   "outer",  "primary",    "references", "returning", "right",     "select",  "set",      "some",
      "table",   "then",    "to",     "trailing",   "true",       "union",     "unique",    "update",  "user",     "using",
      "values",  "view",    "when",   "where",      "window",     "with"};
  for (const std::string_view word : kReserved) plain &= name != word;
  if (plain) return std::string(name);
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted.push_back('"');
    quoted.push_back(c);
  }
  quoted.push_back('"');
  return quoted;
}

std::string PartsSql(const TableSchema& schema, const std::vector<table::IndexPart>& parts) {
  return absl::StrJoin(parts, ", ", [&](std::string* out, const table::IndexPart& part) {
    if (part.column >= 0) {
      absl::StrAppend(out, QuoteName(schema.columns[static_cast<size_t>(part.column)].name));
    } else {
      absl::StrAppend(out, "(", part.expression_sql, ")");
    }
    const std::string_view given =
        part.column < 0 ? std::string_view() : schema.columns[static_cast<size_t>(part.column)].collation;
    if (part.collation != given) absl::StrAppend(out, " COLLATE ", QuoteName(part.collation));
    if (part.descending) absl::StrAppend(out, " DESC");
    if (part.nulls_first != part.descending) absl::StrAppend(out, part.nulls_first ? " NULLS FIRST" : " NULLS LAST");
  });
}

namespace {

std::string QualifiedName(const TableSchema& schema) {
  return schema.schema_name == kDefaultSchema ? QuoteName(schema.name)
                                              : absl::StrCat(QuoteName(schema.schema_name), ".", QuoteName(schema.name));
}

bool IsDefault(const table::SequenceSchema& sequence) {
  const int64_t most = sequence.type == vec::TypeId::kInt16   ? std::numeric_limits<int16_t>::max()
                       : sequence.type == vec::TypeId::kInt32 ? std::numeric_limits<int32_t>::max()
                                                              : std::numeric_limits<int64_t>::max();
  return sequence.start == 1 && sequence.increment == 1 && sequence.min_value == 1 && sequence.max_value == most &&
         sequence.cache == 1 && !sequence.cycle;
}

std::string OptionsSql(const table::SequenceSchema& sequence) {
  return absl::StrCat("INCREMENT BY ", sequence.increment, " MINVALUE ", sequence.min_value, " MAXVALUE ", sequence.max_value,
                      " START WITH ", sequence.start, " CACHE ", sequence.cache, sequence.cycle ? " CYCLE" : "");
}

// The key that counts by itself, without a sequence.
bool IsAutoincrement(const TableSchema& schema, const table::Column& column) {
  return schema.autoincrement && column.generation == table::Generation::kIdentityByDefault &&
         column.sequence == base::kNoFile && schema.key_column() >= 0 &&
         &schema.columns[static_cast<size_t>(schema.key_column())] == &column;
}

std::string ColumnSql(const Snapshot& snapshot, const TableSchema& schema, const table::Column& column) {
  std::string sql = QuoteName(column.name);
  const std::shared_ptr<const Relation> sequence =
      column.sequence == base::kNoFile ? nullptr : snapshot.RelationOf(column.sequence);
  const bool identity =
      column.generation == table::Generation::kIdentityByDefault || column.generation == table::Generation::kIdentityAlways;
  if (sequence != nullptr && !identity && IsImplicit(snapshot, *sequence)) {
    absl::StrAppend(&sql, column.type.id == vec::TypeId::kInt16   ? " smallserial"
                          : column.type.id == vec::TypeId::kInt32 ? " serial"
                                                                  : " bigserial");
    return column.not_null ? absl::StrCat(sql, " NOT NULL") : sql;
  }
  // ANY is what a column without a type has; the word is no name of a type.
  if (column.type.id != vec::TypeId::kAny) absl::StrAppend(&sql, " ", TypeNameOf(snapshot, column));
  if (!column.collation.empty()) absl::StrAppend(&sql, " COLLATE ", QuoteName(column.collation));
  if (IsAutoincrement(schema, column)) {
    return absl::StrCat(sql, " CONSTRAINT ", QuoteName(schema.primary_key_name), " PRIMARY KEY AUTOINCREMENT");
  }
  if (identity) {
    absl::StrAppend(&sql, " GENERATED ", column.generation == table::Generation::kIdentityAlways ? "ALWAYS" : "BY DEFAULT",
                    " AS IDENTITY");
    if (sequence != nullptr && !IsDefault(sequence->sequence)) {
      absl::StrAppend(&sql, " (", OptionsSql(sequence->sequence), ")");
    }
  } else if (column.generation == table::Generation::kStored) {
    absl::StrAppend(&sql, " GENERATED ALWAYS AS (", column.default_sql, ") STORED");
  } else if (const std::string value = DefaultSql(snapshot, column); !value.empty()) {
    absl::StrAppend(&sql, " DEFAULT ", value);
  }
  if (column.not_null) absl::StrAppend(&sql, " NOT NULL");
  return sql;
}

}  // namespace

std::string DefaultSql(const Snapshot& snapshot, const table::Column& column) {
  if (column.generation == table::Generation::kIdentityByDefault || column.generation == table::Generation::kIdentityAlways) {
    return "";
  }
  if (column.sequence == base::kNoFile) return column.default_sql;
  const std::shared_ptr<const Relation> sequence = snapshot.RelationOf(column.sequence);
  if (sequence == nullptr) return "";
  std::string name = QualifiedName(*sequence->schema);
  for (size_t at = name.find('\''); at != std::string::npos; at = name.find('\'', at + 2)) name.insert(at, 1, '\'');
  return absl::StrCat("nextval('", name, "'::regclass)");
}

bool IsImplicit(const Snapshot& snapshot, const Relation& sequence) {
  const SequenceOwner owner = snapshot.OwnerOf(sequence.id);
  if (owner.relation == nullptr) return false;
  const table::Column& column = owner.relation->schema->columns[static_cast<size_t>(owner.column)];
  if (column.sequence != sequence.id) return false;
  return column.generation != table::Generation::kNone ||
         (IsDefault(sequence.sequence) && vec::IsSignedInteger(column.type.id) && column.type.id == sequence.sequence.type);
}

std::string TypeNameOf(const Snapshot& snapshot, const table::Column& column) {
  const std::shared_ptr<const Relation> domain = column.domain == base::kNoFile ? nullptr : snapshot.RelationOf(column.domain);
  if (domain == nullptr) return TypeNameOf(snapshot, column.type);
  const bool array = column.type.id == vec::TypeId::kArray && domain->schema->columns[0].type.id != vec::TypeId::kArray;
  return absl::StrCat(QualifiedName(*domain->schema), array ? "[]" : "");
}

std::string TypeNameOf(const Snapshot& snapshot, const vec::Type& type) {
  if (type.id == vec::TypeId::kArray) return TypeNameOf(snapshot, type.element_type()) + "[]";
  const std::shared_ptr<const Relation> own = type.user_type_id() == 0 ? nullptr : snapshot.RelationOf(type.user_type_id());
  if (own != nullptr) return QualifiedName(*own->schema);
  const auto fields = snapshot.FieldsOf(type);
  if (fields == nullptr) return type.ToString();
  return vec::StructText(
      type, *fields, [&](const vec::Type& part) { return TypeNameOf(snapshot, part); }, true);
}

std::string TypeSql(const Snapshot& snapshot, const Relation& type) {
  const std::string name = QualifiedName(*type.schema);
  if (type.kind == RelationKind::kEnum) {
    const auto quote = [](std::string* out, const EnumLabel& label) {
      absl::StrAppend(out, "'", absl::StrReplaceAll(label.name, {{"'", "''"}}), "'");
    };
    return absl::StrCat("CREATE TYPE ", name, " AS ENUM (", absl::StrJoin(type.labels, ", ", quote), ")");
  }
  if (type.kind == RelationKind::kComposite) {
    const auto attribute = [&](std::string* out, const table::Column& column) {
      absl::StrAppend(out, QuoteName(column.name), " ", TypeNameOf(snapshot, column));
    };
    return absl::StrCat("CREATE TYPE ", name, " AS (", absl::StrJoin(type.schema->columns, ", ", attribute), ")");
  }
  const table::Column& value = type.schema->columns[0];
  std::string sql = absl::StrCat("CREATE DOMAIN ", name, " AS ", TypeNameOf(snapshot, value));
  if (!value.collation.empty()) absl::StrAppend(&sql, " COLLATE ", QuoteName(value.collation));
  if (!value.default_sql.empty()) absl::StrAppend(&sql, " DEFAULT ", value.default_sql);
  if (value.not_null) absl::StrAppend(&sql, " NOT NULL");
  for (const table::CheckConstraint& check : type.schema->checks) {
    absl::StrAppend(&sql, " CONSTRAINT ", QuoteName(check.name), " CHECK (", check.sql, ")");
  }
  return sql;
}

std::string_view ActionSql(table::ForeignKeyAction action) {
  switch (action) {
    case table::ForeignKeyAction::kNoAction:
      return "NO ACTION";
    case table::ForeignKeyAction::kRestrict:
      return "RESTRICT";
    case table::ForeignKeyAction::kCascade:
      return "CASCADE";
    case table::ForeignKeyAction::kSetNull:
      return "SET NULL";
    case table::ForeignKeyAction::kSetDefault:
      return "SET DEFAULT";
  }
  return "";
}

std::string SqlOf(const TableSchema& schema, const table::ForeignKey& key, const TableSchema& referenced) {
  const auto quote = [](std::string* out, const std::string& name) { absl::StrAppend(out, QuoteName(name)); };
  std::vector<std::string> names;
  for (const int32_t column : key.columns) names.push_back(schema.columns[static_cast<size_t>(column)].name);
  std::string line = absl::StrCat("CONSTRAINT ", QuoteName(key.name), " FOREIGN KEY (", absl::StrJoin(names, ", ", quote),
                                  ") REFERENCES ", QualifiedName(referenced));
  if (!key.referenced_columns.empty()) absl::StrAppend(&line, " (", absl::StrJoin(key.referenced_columns, ", ", quote), ")");
  if (key.match_full) absl::StrAppend(&line, " MATCH FULL");
  if (key.on_delete != table::ForeignKeyAction::kNoAction) absl::StrAppend(&line, " ON DELETE ", ActionSql(key.on_delete));
  if (!key.on_delete_columns.empty()) {
    names.clear();
    for (const int32_t column : key.on_delete_columns) names.push_back(schema.columns[static_cast<size_t>(column)].name);
    absl::StrAppend(&line, " (", absl::StrJoin(names, ", ", quote), ")");
  }
  if (key.on_update != table::ForeignKeyAction::kNoAction) absl::StrAppend(&line, " ON UPDATE ", ActionSql(key.on_update));
  if (key.deferrable) absl::StrAppend(&line, " DEFERRABLE", key.initially_deferred ? " INITIALLY DEFERRED" : "");
  return line;
}

std::string SqlOf(const Snapshot& snapshot, const Relation& relation) {
  const TableSchema& schema = *relation.schema;
  if (relation.kind == RelationKind::kSystemView) return "";
  if (relation.is_type()) return TypeSql(snapshot, relation);
  if (relation.kind == RelationKind::kFunction) return FunctionSql(snapshot, relation);
  const std::string_view temporary = table::IsTemporary(relation.id) ? "CREATE TEMPORARY " : "CREATE ";
  if (relation.kind == RelationKind::kSequence) {
    if (IsImplicit(snapshot, relation)) return "";
    return absl::StrCat(temporary, "SEQUENCE ", QualifiedName(schema), " AS ", vec::Type(relation.sequence.type).ToString(),
                        " ", OptionsSql(relation.sequence));
  }
  if (!relation.view_sql.empty()) {
    const auto name = [](std::string* out, const table::Column& column) { absl::StrAppend(out, QuoteName(column.name)); };
    return absl::StrCat(temporary, relation.is_materialized_view() ? "MATERIALIZED VIEW " : "VIEW ", QualifiedName(schema),
                        " (", absl::StrJoin(schema.columns, ", ", name), ") AS ", relation.view_sql);
  }
  std::vector<std::string> lines;
  for (const table::Column& column : schema.columns) lines.push_back(ColumnSql(snapshot, schema, column));
  const bool in_column =
      schema.key_column() >= 0 && IsAutoincrement(schema, schema.columns[static_cast<size_t>(schema.key_column())]);
  if (!schema.primary_key.empty() && !in_column) {
    lines.push_back(absl::StrCat("CONSTRAINT ", QuoteName(schema.primary_key_name), " PRIMARY KEY (",
                                 PartsSql(schema, schema.primary_key), ")"));
  }
  for (const table::IndexSchema& index : schema.indexes) {
    if (!index.is_constraint) continue;
    lines.push_back(absl::StrCat("CONSTRAINT ", QuoteName(index.name), " UNIQUE ",
                                 index.nulls_not_distinct ? "NULLS NOT DISTINCT " : "", "(", PartsSql(schema, index.parts),
                                 ")"));
  }
  for (const table::CheckConstraint& check : schema.checks) {
    lines.push_back(absl::StrCat("CONSTRAINT ", QuoteName(check.name), " CHECK (", check.sql, ")"));
  }
  for (const table::ForeignKey& key : schema.foreign_keys) {
    const std::shared_ptr<const Relation> referenced = snapshot.RelationOf(key.referenced_table);
    if (referenced == nullptr) continue;
    lines.push_back(SqlOf(schema, key, *referenced->schema));
  }
  return absl::StrCat(temporary, "TABLE ", QualifiedName(schema), " (", absl::StrJoin(lines, ", "), ")",
                      schema.on_commit == table::OnCommit::kDeleteRows ? " ON COMMIT DELETE ROWS"
                      : schema.on_commit == table::OnCommit::kDrop     ? " ON COMMIT DROP"
                                                                       : "");
}

std::string_view OperatorClassOf(vec::VectorElement element, table::VectorMetric metric) {
  static constexpr std::string_view kNames[2][3] = {{"vector_l2_ops", "vector_ip_ops", "vector_cosine_ops"},
                                                    {"halfvec_l2_ops", "halfvec_ip_ops", "halfvec_cosine_ops"}};
  return kNames[element == vec::VectorElement::kFloat16 ? 1 : 0][static_cast<size_t>(metric) - 1];
}

std::string SqlOf(const TableSchema& schema, const table::IndexSchema& index) {
  std::string method, parts = PartsSql(schema, index.parts), options;
  if (index.method == table::IndexMethod::kHnsw) {
    const table::VectorIndexOptions& vectors = index.vectors;
    method = " USING hnsw";
    absl::StrAppend(&parts, " ", OperatorClassOf(index.parts[0].type.vector_element(), vectors.metric));
    options = absl::StrCat(" WITH (m = ", vectors.links, ", m0 = ", vectors.max_degree,
                           ", ef_construction = ", vectors.ef_construction, ", ef_search = ", vectors.ef_search, ")");
  }
  return absl::StrCat("CREATE ", index.unique ? "UNIQUE " : "", "INDEX ", QuoteName(index.name), " ON ", QualifiedName(schema),
                      method, " (", parts, ")", options,
                      index.predicate_sql.empty() ? "" : absl::StrCat(" WHERE ", index.predicate_sql));
}

std::string_view TimeSql(table::TriggerTime time) {
  switch (time) {
    case table::TriggerTime::kBefore:
      return "BEFORE";
    case table::TriggerTime::kAfter:
      return "AFTER";
    case table::TriggerTime::kInsteadOf:
      return "INSTEAD OF";
  }
  return "";
}

std::string SqlOf(const TableSchema& schema, const table::TriggerSchema& trigger) {
  std::vector<std::string> events;
  if ((trigger.events & table::kOnInsert) != 0) events.emplace_back("INSERT");
  if ((trigger.events & table::kOnDelete) != 0) events.emplace_back("DELETE");
  if ((trigger.events & table::kOnUpdate) != 0) {
    const auto name = [&](std::string* out, int32_t column) {
      absl::StrAppend(out, QuoteName(schema.columns[static_cast<size_t>(column)].name));
    };
    events.push_back(trigger.columns.empty() ? "UPDATE"
                                             : absl::StrCat("UPDATE OF ", absl::StrJoin(trigger.columns, ", ", name)));
  }
  std::string sql = absl::StrCat("CREATE TRIGGER ", QuoteName(trigger.name), " ", TimeSql(trigger.time), " ",
                                 absl::StrJoin(events, " OR "), " ON ", QualifiedName(schema));
  if (!trigger.old_table.empty() || !trigger.new_table.empty()) absl::StrAppend(&sql, " REFERENCING");
  if (!trigger.old_table.empty()) absl::StrAppend(&sql, " OLD TABLE AS ", QuoteName(trigger.old_table));
  if (!trigger.new_table.empty()) absl::StrAppend(&sql, " NEW TABLE AS ", QuoteName(trigger.new_table));
  absl::StrAppend(&sql, trigger.for_each_row ? " FOR EACH ROW" : " FOR EACH STATEMENT");
  if (!trigger.condition_sql.empty()) absl::StrAppend(&sql, " WHEN (", trigger.condition_sql, ")");
  absl::StrAppend(&sql, " BEGIN ", trigger.body_sql, " END");
  return sql;
}

}  // namespace turdb::catalog
