#include "catalog/catalog.h"

#include <gtest/gtest.h>

#include "catalog/object_codec.h"
#include "catalog/system_views.h"
#include "catalog/table_sql.h"
#include "table/database.h"

namespace turdb::catalog {
namespace {

using base::Describe;
using base::StatusOr;
using table::Database;
using table::MakeColumn;
using table::MakeIndex;
using table::OnColumn;
using table::TableSchema;
using vec::Type;
using vec::Value;

const std::vector<std::string> kPath = {"root"};

NewTable New(TableSchema definition, bool if_not_exists) {
  NewTable table;
  table.definition = std::move(definition);
  table.if_not_exists = if_not_exists;
  return table;
}

TableSchema Users(std::string name = "users", std::string schema = "") {
  TableSchema users;
  users.schema_name = std::move(schema);
  users.name = std::move(name);
  users.columns = {MakeColumn("id", Type::Int64()), MakeColumn("email", Type::Varchar(40), true),
                   MakeColumn("age", Type::Int32())};
  users.columns[2].default_sql = "18";
  users.primary_key = {OnColumn(0)};
  users.indexes = {MakeIndex("", {OnColumn(1)}, true)};
  users.indexes[0].is_constraint = true;
  users.checks = {{"", "age > 0", ""}};
  return users;
}

class CatalogTest : public testing::Test {
 protected:
  CatalogTest() { Open(); }

  void Open() {
    if (database_.storage->recovery().created) {
      const txn::TransactionPtr transaction = database_.Begin();
      Database::Expect(Catalog::Create(*database_.store, *transaction));
      Database::Expect(database_.manager->Commit(*transaction));
    }
    StatusOr<std::unique_ptr<Catalog>> opened = Catalog::Open(*database_.store);
    ASSERT_TRUE(opened.ok()) << Describe(opened.status());
    catalog_ = *std::move(opened);
  }

  // A transaction with its schema changes.
  struct Session {
    explicit Session(CatalogTest& test) : transaction(test.database_.Begin()), changes(*test.catalog_, *transaction) {}
    txn::TransactionPtr transaction;
    SchemaChanges changes;
  };
  void Commit(Session& session) {
    Database::Expect(database_.manager->Commit(*session.transaction, session.changes.empty() ? nullptr : &session.changes));
    session.changes.Committed();
  }
  void Rollback(Session& session) {
    Database::Expect(database_.manager->Rollback(*session.transaction));
    session.changes.Rollback();
  }
  void MustCreate(TableSchema definition) {
    Session session(*this);
    const StatusOr<bool> made = session.changes.CreateTable(New(std::move(definition), false));
    ASSERT_TRUE(made.ok() && *made) << Describe(made.status());
    Commit(session);
  }
  std::shared_ptr<const Relation> Find(std::string_view name, std::string_view schema = "") {
    return catalog_->Current()->FindRelation(schema, name, kPath);
  }
  std::string StateOf(const base::Status& status) { return std::string(base::GetSqlState(status).view()); }

  Database database_;
  std::unique_ptr<Catalog> catalog_;
};

TEST_F(CatalogTest, NamesWhatHasNoNameAndFillsInFiles) {
  MustCreate(Users());
  const auto users = Find("users");
  ASSERT_NE(users, nullptr);
  const TableSchema& schema = *users->schema;
  EXPECT_EQ(schema.path, "root/users.tbd");
  EXPECT_EQ(schema.primary_key_name, "users_pkey");
  EXPECT_EQ(schema.indexes[0].name, "users_email_key");
  EXPECT_EQ(schema.indexes[0].path, "root/users.users_email_key.idx");
  EXPECT_EQ(schema.indexes[0].parts[0].type, Type::Varchar(40));
  EXPECT_EQ(schema.checks[0].name, "users_check");
  EXPECT_TRUE(schema.columns[0].not_null);
  const StatusOr<table::Table*> table = users->Open();
  ASSERT_TRUE(table.ok()) << Describe(table.status());
  EXPECT_EQ((*table)->schema().id, users->id);
}

TEST_F(CatalogTest, OwnChangesAreSeenByNobodyElse) {
  Session session(*this);
  ASSERT_TRUE(session.changes.CreateTable(New(Users(), false)).ok());
  EXPECT_NE(session.changes.Visible(session.transaction->read_ts())->FindRelation("", "users", kPath), nullptr);
  EXPECT_EQ(Find("users"), nullptr);
  const uint64_t before = catalog_->Current()->epoch();
  Commit(session);
  EXPECT_NE(Find("users"), nullptr);
  EXPECT_NE(catalog_->Current()->epoch(), before);
}

// A reader's snapshot goes on seeing the schema of its time.
TEST_F(CatalogTest, SnapshotsKeepTheirSchema) {
  MustCreate(Users());
  const txn::TransactionPtr reader = database_.Begin();
  {
    Session session(*this);
    ASSERT_TRUE(*session.changes.DropTable("", "users", false, false));
    Commit(session);
  }
  EXPECT_EQ(Find("users"), nullptr);
  const auto old = catalog_->At(reader->read_ts());
  const auto users = old->FindRelation("", "users", kPath);
  ASSERT_NE(users, nullptr);
  EXPECT_TRUE(users->Open().ok());
  EXPECT_EQ(StateOf(catalog_->CheckStillCurrent(*users)), "40001");
  Database::Expect(database_.manager->Commit(*reader));
  catalog_->ForgetBefore(database_.manager->visible_ts());
  EXPECT_EQ(catalog_->At(0)->FindRelation("", "users", kPath), nullptr);
}

TEST_F(CatalogTest, RollbackAndSavepointsTakeChangesBack) {
  Session session(*this);
  ASSERT_TRUE(session.changes.CreateTable(New(Users("a"), false)).ok());
  const txn::Savepoint savepoint = database_.manager->MakeSavepoint(*session.transaction);
  const size_t mark = session.changes.Mark();
  ASSERT_TRUE(session.changes.CreateTable(New(Users("b"), false)).ok());
  ASSERT_TRUE(*session.changes.DropTable("", "a", false, false));
  Database::Expect(database_.manager->RollbackTo(*session.transaction, savepoint));
  session.changes.RollbackTo(mark);
  const auto now = session.changes.Visible(0);
  EXPECT_NE(now->FindRelation("", "a", kPath), nullptr);
  EXPECT_EQ(now->FindRelation("", "b", kPath), nullptr);
  // The name is free again.
  ASSERT_TRUE(session.changes.CreateTable(New(Users("b"), false)).ok());
  Rollback(session);
  EXPECT_EQ(Find("a"), nullptr);
  MustCreate(Users("a"));
  EXPECT_NE(Find("a"), nullptr);
}

TEST_F(CatalogTest, SurvivesReopening) {
  {
    Session session(*this);
    ASSERT_TRUE(*session.changes.CreateSchema("sales", false));
    TableSchema orders = Users("Orders", "sales");
    orders.columns[2].type = Type::Decimal(12, 2);
    orders.columns[1].comment = "where mail goes";
    orders.foreign_keys.push_back({.name = "",
                                   .columns = {0},
                                   .referenced_table = 0,
                                   .referenced_columns = {"id"},
                                   .on_delete = table::ForeignKeyAction::kSetNull,
                                   .on_update = table::ForeignKeyAction::kCascade,
                                   .on_delete_columns = {0},
                                   .deferrable = true,
                                   .initially_deferred = true,
                                   .match_full = true,
                                   .comment = "who bought it"});
    ASSERT_TRUE(session.changes.CreateTable(New(orders, false)).ok());
    TableSchema view;
    view.name = "v";
    view.columns = {MakeColumn("n", Type::Int32())};
    ASSERT_TRUE(*session.changes.CreateView(view, "SELECT 1 AS n", {"root"}, false, false));
    Commit(session);
  }
  const auto before = Find("Orders", "sales");
  ASSERT_NE(before, nullptr);
  catalog_.reset();
  database_.Reopen();
  Open();
  const auto after = Find("Orders", "sales");
  ASSERT_NE(after, nullptr);
  const auto bytes = [](const Relation& relation) {
    RelationDefinition definition;
    definition.kind = static_cast<uint8_t>(relation.kind);
    definition.schema_id = 7;
    definition.schema = *relation.schema;
    definition.view_sql = relation.view_sql;
    definition.view_search_path = relation.view_search_path;
    return EncodeRelation(definition, vec::StructTypes());
  };
  EXPECT_EQ(bytes(*before), bytes(*after));
  EXPECT_EQ(after->schema->foreign_keys[0].referenced_table, after->id);
  EXPECT_TRUE(after->schema->foreign_keys[0].match_full);
  EXPECT_EQ(after->schema->foreign_keys[0].on_delete_columns, std::vector<int32_t>{0});
  EXPECT_TRUE(after->Open().ok());
  const auto view = Find("v");
  ASSERT_NE(view, nullptr);
  EXPECT_EQ(view->kind, RelationKind::kView);
  EXPECT_EQ(view->view_sql, "SELECT 1 AS n");
}

// Ids come from one counter and are never given again.
TEST_F(CatalogTest, IdsAreNeverReused) {
  MustCreate(Users("a"));
  const ObjectId first = Find("a")->id;
  {
    Session session(*this);
    ASSERT_TRUE(*session.changes.DropTable("", "a", false, false));
    Commit(session);
  }
  catalog_.reset();
  database_.Reopen();
  Open();
  MustCreate(Users("a"));
  EXPECT_GT(Find("a")->id, first);
}

TEST_F(CatalogTest, LookupsFoldAndFollowThePath) {
  MustCreate(Users("Mixed"));
  MustCreate(Users("two"));
  MustCreate(Users("TWO"));
  const auto snapshot = catalog_->Current();
  EXPECT_NE(snapshot->FindRelation("", "mixed", kPath), nullptr);  // the only one that differs in case
  EXPECT_EQ(snapshot->FindRelation("", "two", kPath)->name(), "two");
  EXPECT_EQ(snapshot->FindRelation("", "Two", kPath), nullptr);  // two of them
  EXPECT_NE(snapshot->FindRelation("main", "two", {}), nullptr);
  EXPECT_NE(snapshot->FindRelation("public", "two", {}), nullptr);
  EXPECT_NE(snapshot->FindRelation("turdb_catalog", "tables", {}), nullptr);
  EXPECT_EQ(snapshot->FindRelation("", "tables", kPath), nullptr);
  EXPECT_NE(snapshot->FindRelation("", "sqlite_master", kPath), nullptr);
  EXPECT_NE(snapshot->FindIndex("", "mixed_email_key", kPath).relation, nullptr);
  EXPECT_EQ(FindColumn(*Find("two")->schema, "EMAIL"), 1);
  EXPECT_EQ(FindColumn(*Find("two")->schema, "nothing"), -1);
}

TEST_F(CatalogTest, ErrorsSayWhatAndHint) {
  MustCreate(Users());
  const auto snapshot = catalog_->Current();
  base::Status status = snapshot->GetRelation("", "usres", kPath).status();
  EXPECT_EQ(StateOf(status), "42P01");
  EXPECT_EQ(base::GetHint(status), "did you mean \"users\"?");
  EXPECT_EQ(StateOf(snapshot->GetRelation("nowhere", "users", {}).status()), "3F000");
  EXPECT_EQ(StateOf(snapshot->GetIndex("", "nothing_like_it", kPath).status()), "42704");
  Session session(*this);
  EXPECT_EQ(StateOf(session.changes.CreateTable(New(Users(), false)).status()), "42P07");
  EXPECT_FALSE(*session.changes.CreateTable(New(Users(), true)));
  EXPECT_EQ(StateOf(session.changes.CreateTable(New(Users("x", "turdb_catalog"), false)).status()), "42501");
  EXPECT_EQ(StateOf(session.changes.CreateTable(New(Users("x", "nowhere"), false)).status()), "3F000");
  EXPECT_EQ(StateOf(session.changes.CreateSchema("root", false).status()), "42P06");
  EXPECT_EQ(StateOf(session.changes.DropTable("", "nothing", false, false).status()), "42P01");
  EXPECT_FALSE(*session.changes.DropTable("", "nothing", true, false));
  TableSchema twice = Users("twice");
  twice.columns[2].name = "email";
  EXPECT_EQ(StateOf(session.changes.CreateTable(New(twice, false)).status()), "42701");
  Rollback(session);
}

TEST_F(CatalogTest, IndexesAreBuiltAndDropped) {
  MustCreate(Users());
  {
    Session session(*this);
    table::Table* const table = *Find("users")->Open();
    table::WriteScratch scratch(*table);
    for (int i = 0; i < 50; ++i) {
      const table::Row row = {Value::Int64(i), Value::Text(std::to_string(i)), Value::Int32(i % 5)};
      ASSERT_TRUE(
          table->InsertRow(*session.transaction, table::Cells(row).cells(), table::OnDuplicate::kRaise, nullptr, scratch).ok());
    }
    Commit(session);
  }
  {
    Session session(*this);
    ASSERT_TRUE(*session.changes.CreateIndex(*Find("users"), MakeIndex("", {OnColumn(2)}), false, nullptr));
    EXPECT_EQ(StateOf(session.changes
                          .CreateIndex(*session.changes.Visible(0)->FindRelation("", "users", kPath),
                                       MakeIndex("users_age_idx", {OnColumn(2)}), false, nullptr)
                          .status()),
              "42P07");
    Commit(session);
  }
  const IndexRef index = catalog_->Current()->FindIndex("", "users_age_idx", kPath);
  ASSERT_NE(index.relation, nullptr);
  EXPECT_EQ(index.index, 1);
  {
    const txn::TransactionPtr transaction = database_.Begin();
    std::vector<std::string> errors;
    Database::Expect((*index.relation->Open())->Check(transaction->view(), nullptr, true, &errors));
    EXPECT_TRUE(errors.empty()) << errors[0];
  }
  Session session(*this);
  EXPECT_EQ(StateOf(session.changes.DropIndex("", "users_email_key", false).status()), "2BP01");
  ASSERT_TRUE(*session.changes.DropIndex("", "users_age_idx", false));
  Commit(session);
  EXPECT_EQ(catalog_->Current()->FindIndex("", "users_age_idx", kPath).relation, nullptr);
  EXPECT_EQ(Find("users")->schema->indexes.size(), 1u);
}

// While a schema change is on its way to everybody, writers with the old schema are turned away.
TEST_F(CatalogTest, WritersWithAnOldSchemaAreStopped) {
  MustCreate(Users());
  const auto old = Find("users");
  Session session(*this);
  ASSERT_TRUE(*session.changes.CreateIndex(*old, MakeIndex("", {OnColumn(2)}), false, nullptr));
  const auto mine = session.changes.Visible(0)->FindRelation("", "users", kPath);
  EXPECT_TRUE(catalog_->CheckStillCurrent(*mine).ok());
  EXPECT_EQ(StateOf(catalog_->CheckStillCurrent(*old)), "40001");
  Database::Expect(database_.manager->Commit(*session.transaction, &session.changes));
  session.changes.Committed();
  EXPECT_EQ(StateOf(catalog_->CheckStillCurrent(*old)), "40001");
  EXPECT_TRUE(catalog_->CheckStillCurrent(*Find("users")).ok());
}

TEST_F(CatalogTest, ForeignKeysKeepTheirTables) {
  MustCreate(Users("parent"));
  TableSchema child = Users("child");
  table::ForeignKey key;
  key.columns = {2};
  key.referenced_table = Find("parent")->id;
  key.referenced_columns = {"id"};
  child.foreign_keys.push_back(key);
  MustCreate(child);
  EXPECT_EQ(Find("child")->schema->foreign_keys[0].name, "child_age_fkey");
  Session session(*this);
  EXPECT_EQ(StateOf(session.changes.DropTable("", "parent", false, false).status()), "2BP01");
  Database::Expect(session.changes.RenameColumn(*Find("parent"), 0, "key"));
  const auto child_now = session.changes.Visible(0)->FindRelation("", "child", kPath);
  EXPECT_EQ(child_now->schema->foreign_keys[0].referenced_columns[0], "key");
  int references = 0;
  session.changes.Visible(0)->ForEachReference(Find("parent")->id, [&](const auto& relation, const table::ForeignKey& key) {
    ++references;
    EXPECT_EQ(relation->name(), "child");
    EXPECT_EQ(key.name, "child_age_fkey");
  });
  EXPECT_EQ(references, 1);
  ASSERT_TRUE(*session.changes.DropTable("", "parent", false, true));
  Commit(session);
  EXPECT_TRUE(Find("child")->schema->foreign_keys.empty());
}

TEST_F(CatalogTest, RenamesMoveFilesAndNames) {
  TableSchema plain = Users("old");
  plain.checks.clear();
  MustCreate(plain);
  {
    Session session(*this);
    Database::Expect(session.changes.RenameTable(*Find("old"), "new name"));
    Database::Expect(session.changes.RenameColumn(*session.changes.Visible(0)->FindRelation("", "new name", kPath), 1, "mail"));
    Commit(session);
  }
  EXPECT_EQ(Find("old"), nullptr);
  const auto renamed = Find("new name");
  ASSERT_NE(renamed, nullptr);
  EXPECT_EQ(renamed->schema->columns[1].name, "mail");
  EXPECT_EQ(*database_.storage->FilePath(renamed->id), "root/new%20name.tbd");
  EXPECT_TRUE(renamed->Open().ok());
  MustCreate(Users("old"));
}

TEST_F(CatalogTest, SchemasAreDroppedWithWhatIsInThem) {
  Session session(*this);
  ASSERT_TRUE(*session.changes.CreateSchema("s", false));
  ASSERT_TRUE(session.changes.CreateTable(New(Users("t", "s"), false)).ok());
  EXPECT_EQ(StateOf(session.changes.DropSchema("s", false, false).status()), "2BP01");
  ASSERT_TRUE(*session.changes.DropSchema("s", false, true));
  EXPECT_EQ(StateOf(session.changes.DropSchema("s", false, true).status()), "3F000");
  EXPECT_FALSE(*session.changes.DropSchema("s", true, true));
  EXPECT_EQ(StateOf(session.changes.DropSchema("root", false, true).status()), "2BP01");
  ASSERT_TRUE(*session.changes.CreateSchema("s", false));
  Commit(session);
  EXPECT_NE(catalog_->Current()->FindSchema("S"), nullptr);
}

// Two transactions cannot take one name: the second waits, and fails.
TEST_F(CatalogTest, NamesAreTakenOnce) {
  Session first(*this), second(*this);
  second.transaction->set_lock_timeout_ns(0);
  ASSERT_TRUE(first.changes.CreateTable(New(Users("t"), false)).ok());
  EXPECT_EQ(StateOf(second.changes.CreateTable(New(Users("t"), false)).status()), "55P03");
  Rollback(second);
  Commit(first);
}

// Rows written under old versions are read by AddColumn's and DropColumn's layouts.
TEST_F(CatalogTest, AlteredTablesReadOldRows) {
  TableSchema plain = Users("t");
  plain.indexes.clear();
  MustCreate(plain);
  const auto insert = [&](const table::Row& row) {
    Session session(*this);
    table::Table* const table = *Find("t")->Open();
    table::WriteScratch scratch(*table);
    ASSERT_TRUE(
        table->InsertRow(*session.transaction, table::Cells(row).cells(), table::OnDuplicate::kRaise, nullptr, scratch).ok());
    Commit(session);
  };
  insert({Value::Int64(1), Value::Text("a"), Value::Int32(10)});
  {
    Session session(*this);
    TableSchema changed = *Find("t")->schema;
    Database::Expect(AddColumn(changed, MakeColumn("city", Type::Text()), Value::Text("Rome")));
    Database::Expect(DropColumn(changed, 1));
    Database::Expect(session.changes.ReplaceTable(*Find("t"), std::move(changed)));
    Commit(session);
  }
  insert({Value::Int64(2), Value::Int32(20), Value::Text("Oslo")});
  catalog_.reset();
  database_.Reopen();
  Open();
  table::Table* const table = *Find("t")->Open();
  const table::Projection projection = table->MakeProjection(std::vector<int32_t>{0, 1, 2});
  table::TableScan scan(*table, projection);
  vec::Chunk chunk(projection.types(), 8);
  const txn::TransactionPtr transaction = database_.Begin();
  ASSERT_TRUE(*scan.Next(transaction->view(), 8, &chunk));
  ASSERT_EQ(chunk.size(), 2u);
  EXPECT_EQ(chunk.column(2).GetValue(0).bytes(), "Rome");
  EXPECT_EQ(chunk.column(1).GetValue(0).Get<int32_t>(), 10);
  EXPECT_EQ(chunk.column(2).GetValue(1).bytes(), "Oslo");
}

TEST_F(CatalogTest, SystemViewsListWhatThereIs) {
  MustCreate(Users());
  const auto snapshot = catalog_->Current();
  const SystemViewContext context{*snapshot, *database_.manager};
  const auto rows = [&](std::string_view schema, std::string_view name) {
    std::vector<std::string> lines;
    const auto relation = snapshot->FindRelation(schema, name, {});
    Database::Expect(relation->system_view->rows(*relation->system_view, context, [&](std::span<const Value> row) {
      EXPECT_EQ(row.size(), relation->schema->columns.size());
      std::string line;
      for (size_t i = 0; i < row.size(); ++i) {
        EXPECT_TRUE(row[i].is_null() || row[i].type() == relation->schema->columns[i].type);
        line += row[i].ToString() + "|";
      }
      lines.push_back(line);
      return base::Status();
    }));
    return lines;
  };
  // Every view gives rows of its own columns.
  snapshot->ForEachRelation([&](const std::shared_ptr<const Relation>& relation) {
    if (relation->kind == RelationKind::kSystemView) rows(relation->schema_name(), relation->name());
  });
  const auto indexes = rows("turdb_catalog", "indexes");
  ASSERT_EQ(indexes.size(), 2u);
  EXPECT_TRUE(indexes[1].starts_with("root|users|users_email_key|"));
  EXPECT_EQ(rows("turdb_catalog", "sqlite_schema").size(), 2u);
  EXPECT_EQ(rows("information_schema", "table_constraints").size(), 3u);
  EXPECT_EQ(SqlOf(*snapshot, *Find("users")),
            "CREATE TABLE users (id bigint NOT NULL, email character varying(40) NOT NULL, age integer DEFAULT 18, "
            "CONSTRAINT users_pkey PRIMARY KEY (id), CONSTRAINT users_email_key UNIQUE (email), CONSTRAINT users_check "
            "CHECK (age > 0))");
}

// Functions have names of their own, one a name and types of parameters; a macro has its name for itself.
TEST_F(CatalogTest, FunctionsAreToldApartByTheirParameters) {
  const auto function = [](std::vector<Type> parameters, bool macro = false) {
    TableSchema definition;
    definition.name = "f";
    FunctionSchema function;
    for (const Type& type : parameters) {
      definition.columns.push_back(MakeColumn("p" + std::to_string(definition.columns.size()), type));
      function.modes.push_back(ParameterMode::kIn);
    }
    if (!macro) {
      definition.columns.push_back(MakeColumn("", Type::Text()));
      function.modes.push_back(ParameterMode::kResult);
    }
    function.body = macro ? FunctionBody::kExpression : FunctionBody::kReturn;
    function.strict = true;
    return std::pair(definition, function);
  };
  const auto create = [&](SchemaChanges& changes, const std::pair<TableSchema, FunctionSchema>& made, std::string body,
                          bool or_replace = false) {
    return changes.CreateFunction(made.first, made.second, std::move(body), {"root"}, or_replace);
  };
  const auto of_int = function({Type::Int32()}), of_text = function({Type::Text()}), none = function({});
  MustCreate(Users("f"));  // no name that a function would want
  {
    Session session(*this);
    Database::Expect(create(session.changes, of_int, "'int'"));
    Database::Expect(create(session.changes, of_text, "'text'"));
    Database::Expect(create(session.changes, none, "'none'"));
    EXPECT_EQ(StateOf(create(session.changes, of_int, "'again'")), "42723");
    EXPECT_TRUE(catalog_->Current()->FunctionsOf("", "f", kPath).empty());
    EXPECT_EQ(session.changes.Visible(session.transaction->read_ts())->FunctionsOf("", "f", kPath).size(), 3u);
    Commit(session);
  }
  const auto body_of = [&](const Type& type) -> std::string {
    for (const auto& each : catalog_->Current()->FunctionsOf("", "f", kPath)) {
      if (each->schema->columns[0].type == type && each->function.modes[0] == ParameterMode::kIn) return each->view_sql;
    }
    return "";
  };
  EXPECT_EQ(body_of(Type::Int32()), "'int'");
  EXPECT_EQ(Find("f")->kind, RelationKind::kTable);
  {
    Session session(*this);
    const auto before = session.changes.Visible(session.transaction->read_ts());
    Database::Expect(create(session.changes, of_int, "'new'", true));
    Commit(session);
  }
  EXPECT_EQ(body_of(Type::Int32()), "'new'");
  {
    Session session(*this);
    Database::Expect(create(session.changes, function({Type::Text(), Type::Text()}, true), "p0 || p1"));
    EXPECT_EQ(StateOf(create(session.changes, function({}, true), "1")), "42723");
    Rollback(session);
  }
  EXPECT_EQ(catalog_->Current()->FunctionsOf("", "f", kPath).size(), 3u);

  // What was written is read again.
  catalog_.reset();
  database_.Reopen();
  Open();
  EXPECT_EQ(body_of(Type::Int32()), "'new'");
  EXPECT_EQ(body_of(Type::Text()), "'text'");
  const auto all = catalog_->Current()->FunctionsOf("", "f", kPath);
  ASSERT_EQ(all.size(), 3u);
  for (const auto& each : all) {
    EXPECT_TRUE(each->function.strict);
    EXPECT_EQ(each->view_search_path, kPath);
  }
  EXPECT_TRUE(FunctionSql(*catalog_->Current(), *all[0]).starts_with("CREATE FUNCTION f("));
  {
    Session session(*this);
    for (const auto& each : all) Database::Expect(session.changes.DropFunction(*each));
    EXPECT_FALSE(session.changes.Visible(session.transaction->read_ts())->has_functions());
    Database::Expect(create(session.changes, none, "'once more'"));
    Commit(session);
  }
  EXPECT_EQ(catalog_->Current()->FunctionsOf("", "f", kPath).size(), 1u);
}

// A definition that is cut off or has an unknown field is refused, never misread.
TEST_F(CatalogTest, DamagedDefinitionsAreRefused) {
  MustCreate(Users());
  RelationDefinition definition;
  definition.schema_id = 2;
  definition.schema = *Find("users")->schema;
  const std::string whole = EncodeRelation(definition, vec::StructTypes());
  vec::StructTypes types;
  ASSERT_TRUE(DecodeRelation(whole, types).ok());
  EXPECT_EQ(StateOf(DecodeRelation(whole.substr(0, whole.size() - 1), types).status()), "XX001");
  EXPECT_EQ(StateOf(DecodeRelation(whole + std::string("\x7e\x01", 2), types).status()), "XX001");
}

}  // namespace
}  // namespace turdb::catalog
