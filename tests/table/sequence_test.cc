// Counters of sequences: blocks, bounds, cycles, and what a crash or an end of the process leaves of them.
#include "table/sequence.h"

#include "os/fault_file_system.h"
#include "tests/table/database.h"

namespace turdb::table {
namespace {

using base::StatusOr;

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

class SequenceTest : public testing::Test {
 protected:
  void SetUp() override { Make({}); }

  void Make(SequenceSchema schema, std::optional<Sequence::Position> first = std::nullopt) {
    schema_ = schema;
    schema_.file = database_->next_id++;
    schema_.path = "root/s" + std::to_string(schema_.file) + ".tbd";
    const txn::TransactionPtr transaction = database_->Begin();
    Database::Expect(database_->store->CreateSequenceFile(*transaction, schema_, first));
    Database::Expect(database_->manager->Commit(*transaction));
  }
  // One that counts from `start` by `increment` between the bounds.
  void Make(int64_t start, int64_t increment, int64_t min_value, int64_t max_value, bool cycle) {
    SequenceSchema schema;
    schema.start = start;
    schema.increment = increment;
    schema.min_value = min_value;
    schema.max_value = max_value;
    schema.cycle = cycle;
    Make(schema);
  }
  StatusOr<int64_t> Next() {
    base::Lsn logged = base::kNoLsn;
    StatusOr<int64_t> next = database_->store->OpenSequence(schema_.file)->Next(schema_, "s", &logged);
    EXPECT_TRUE(!next.ok() || logged > base::kNoLsn);
    return next;
  }
  os::Environment Over(std::shared_ptr<os::FileSystem> files) {
    os::Environment environment = os::Environment::InMemory();
    environment.files = std::move(files);
    return environment;
  }

  std::shared_ptr<os::FaultFileSystem> disk_ = std::make_shared<os::FaultFileSystem>();
  std::unique_ptr<Database> database_ = std::make_unique<Database>(Over(disk_));
  SequenceSchema schema_;
};

TEST_F(SequenceTest, CountsOnAcrossAProperEnd) {
  for (int64_t i = 1; i <= 100; ++i) ASSERT_EQ(*Next(), i);
  Database::Expect(database_->store->SettleNumbers());
  database_->Reopen();
  EXPECT_EQ(*Next(), 101);
  const auto position = database_->store->OpenSequence(schema_.file)->Read(schema_);
  EXPECT_EQ(position->value, 101);
  EXPECT_TRUE(position->given);
}

TEST_F(SequenceTest, SkipsTheRestOfABlockAfterACrash) {
  for (int64_t i = 1; i <= 5; ++i) ASSERT_EQ(*Next(), i);
  Database::Expect(database_->storage->FlushLog());
  const auto copy = std::shared_ptr<os::FaultFileSystem>(disk_->CrashedCopy(1));
  database_ = std::make_unique<Database>(Over(copy));
  const StatusOr<int64_t> next = Next();
  ASSERT_TRUE(next.ok());
  EXPECT_GT(*next, 5);
  EXPECT_LE(*next, 33);
}

TEST_F(SequenceTest, EndsAtItsBound) {
  Make(1, 40, 1, 100, false);
  EXPECT_EQ(*Next(), 1);
  EXPECT_EQ(*Next(), 41);
  EXPECT_EQ(*Next(), 81);
  const base::Status up = Next().status();
  EXPECT_EQ(base::GetSqlState(up).view(), "2200H");
  EXPECT_NE(up.message().find("maximum value of sequence \"s\" (100)"), std::string::npos) << up.message();
  Make(-1, -1, -2, -1, false);
  EXPECT_EQ(*Next(), -1);
  EXPECT_EQ(*Next(), -2);
  EXPECT_NE(Next().status().message().find("minimum value"), std::string::npos);
}

TEST_F(SequenceTest, CyclesWhereItMay) {
  Make(2, 1, 1, 3, true);
  for (const int64_t expected : {2, 3, 1, 2, 3, 1}) EXPECT_EQ(*Next(), expected);
  Make(kMost - 1, 1, 1, kMost, true);
  EXPECT_EQ(*Next(), kMost - 1);
  EXPECT_EQ(*Next(), kMost);
  EXPECT_EQ(*Next(), 1);
}

TEST_F(SequenceTest, IsSet) {
  base::Lsn logged = base::kNoLsn;
  const auto sequence = database_->store->OpenSequence(schema_.file);
  Database::Expect(sequence->Set({500, true}, &logged));
  EXPECT_EQ(*Next(), 501);
  Database::Expect(sequence->Set({600, false}, &logged));
  EXPECT_EQ(*Next(), 600);
  // A larger step takes a block of its own.
  schema_.increment = 10;
  EXPECT_EQ(*Next(), 610);
  EXPECT_EQ(*Next(), 620);
}

TEST_F(SequenceTest, BeginsWhereAnotherWas) {
  Make({}, Sequence::Position{77, true});
  EXPECT_EQ(*Next(), 78);
  Make({}, Sequence::Position{77, false});
  EXPECT_EQ(*Next(), 77);
}

TEST_F(SequenceTest, ItsFileIsRenamedAndDropped) {
  ASSERT_EQ(*Next(), 1);
  txn::TransactionPtr transaction = database_->Begin();
  Database::Expect(database_->store->RenameFile(*transaction, schema_.file, "root/renamed.tbd"));
  Database::Expect(database_->manager->Commit(*transaction));
  EXPECT_EQ(*database_->storage->FilePath(schema_.file), "root/renamed.tbd");
  transaction = database_->Begin();
  Database::Expect(database_->store->DropFile(*transaction, schema_.file));
  Database::Expect(database_->manager->Commit(*transaction));
  transaction.reset();
  Database::Expect(database_->manager->Drain());
  EXPECT_FALSE(database_->storage->FileExists(schema_.file));
}

TEST(TableStoreNumbers, ObjectsAndSchemaFacts) {
  Database database;
  const StatusOr<base::FileId> first = database.store->NewObjectId(100), second = database.store->NewObjectId(0);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_GE(*first, 100u);
  EXPECT_EQ(*second, *first + 1);
  Database::Expect(database.store->WriteSchemaFacts(3, 17));
  database.Reopen();
  EXPECT_GT(*database.store->NewObjectId(0), *second);
}

}  // namespace
}  // namespace turdb::table
