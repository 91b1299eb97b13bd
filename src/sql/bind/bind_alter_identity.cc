// ALTER TABLE ... ALTER COLUMN ... ADD, SET and DROP IDENTITY.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sql/bind/alter_binder.h"

namespace turdb::sql {

using ast::AlterAction;
using base::Status;
using table::Generation;
using table::TableSchema;
namespace sqlstate = base::sqlstate;

namespace {

bool IsIdentity(const table::Column& column) {
  return column.generation == Generation::kIdentityByDefault || column.generation == Generation::kIdentityAlways;
}

}  // namespace

Status AlterBinder::AddSequence(const std::string& column, catalog::NewTable::ColumnSequence sequence) {
  AlterStep& step = Add(Kind::kAddSequence);
  step.name = column;
  step.new_name = std::move(sequence.name);
  step.sequence = std::move(sequence.sequence);
  return absl::OkStatus();
}

Status AlterBinder::AlterIdentity(const ast::AlterItem& item) {
  const table::Column& column = Column();
  const std::string name = column.name;
  const auto refuse = [&](const base::SqlState& state, std::string_view what) {
    return b_.Error(state, absl::StrCat("column \"", name, "\" of relation \"", schema_.name, "\" ", what), item.offset);
  };
  if (item.action == AlterAction::kAddIdentity) {
    if (IsIdentity(column)) return refuse(base::SqlState{"55000"}, "is already an identity column");
    if (column.generation == Generation::kStored || !column.default_sql.empty() || column.sequence != base::kNoFile) {
      return refuse(base::SqlState{"55000"}, "already has a default value");
    }
    if (!column.not_null) return refuse(base::SqlState{"55000"}, "must be declared NOT NULL before identity can be added");
    ast::ColumnDefinition definition;
    definition.name = item.name;
    ast::Constraint* constraint = item.constraint;
    definition.constraints = ast::List<ast::Constraint*>(&constraint, 1);
    TableSchema with = schema_;
    TURDB_RETURN_IF_ERROR(b_.BindColumnConstraint(*constraint, definition, &with));
    const table::Column& identity = with.columns[static_cast<size_t>(column_)];
    TURDB_ASSIGN_OR_RETURN(auto sequence, b_.SequenceOfColumn(definition, identity));
    TURDB_RETURN_IF_ERROR(AddSequence(name, *std::move(sequence)));
    SetGeneration(name, identity.generation);
    return absl::OkStatus();
  }
  if (!IsIdentity(column)) {
    if (item.action == AlterAction::kDropIdentity && item.if_exists) return absl::OkStatus();
    return refuse(base::SqlState{"55000"}, "is not an identity column");
  }
  if (item.action == AlterAction::kDropIdentity) {
    Edit([name](TableSchema& schema) {
      table::Column& changed = schema.columns[static_cast<size_t>(schema.FindColumn(name))];
      std::erase(changed.owned_sequences, changed.sequence);  // dropped with that
      changed.sequence = base::kNoFile;
      changed.generation = Generation::kNone;
      return absl::OkStatus();
    });
    return absl::OkStatus();
  }
  std::vector<ast::Option> options;
  for (const ast::Option& option : item.options) {
    if (option.name.text == "generated") {
      SetGeneration(name, option.value == "always" ? Generation::kIdentityAlways : Generation::kIdentityByDefault);
    } else {
      options.push_back(option);
    }
  }
  if (options.empty()) return absl::OkStatus();
  const auto sequence = b_.context_.catalog->RelationOf(column.sequence);
  if (column.sequence == base::kNoFile || sequence == nullptr) {
    return b_.Unsupported("changing the numbers of a column that counts without a sequence", item.offset);
  }
  TURDB_ASSIGN_OR_RETURN(Binder::SequenceChange change,
                         b_.BindSequenceOptions(options, &sequence->sequence, vec::TypeId::kUnknown));
  if (change.owner != nullptr || !change.name.empty()) {
    return b_.Error(sqlstate::kSyntaxError, "an identity column keeps its sequence", item.offset);
  }
  AlterStep& step = Add(Kind::kAlterSequence);
  step.other = sequence->id;
  step.sequence = std::move(change.sequence);
  step.restart = change.restart;
  return absl::OkStatus();
}

void AlterBinder::SetGeneration(const std::string& column, Generation generation) {
  Edit([column, generation](TableSchema& schema) {
    schema.columns[static_cast<size_t>(schema.FindColumn(column))].generation = generation;
    return absl::OkStatus();
  });
}

}  // namespace turdb::sql
