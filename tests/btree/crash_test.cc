// Power is cut at operations all over a scripted workload; what the disk may then hold is opened, and must be
// what was committed: the rows, the long values, no leaked page, a sound tree.
#include <algorithm>
#include <random>
#include <vector>

#include "btree/database.h"
#include "btree/overflow_page.h"

namespace turdb::btree {
namespace {

using base::AsBytes;
using base::AsText;
using base::Describe;

constexpr char kPlain = 'p', kLong = 'l';

storage::Options CrashOptions() {
  storage::Options options = Database::SmallOptions();
  options.page_cache_bytes = 40 * 16384;
  options.log_buffer_bytes = 128 << 10;
  options.synchronous = storage::Synchronous::kFull;
  return options;
}

std::string LongRow(const OverflowRef& ref) { return kLong + std::string(reinterpret_cast<const char*>(&ref), sizeof(ref)); }
OverflowRef RefOf(const std::string& row) {
  OverflowRef ref;
  std::memcpy(&ref, row.data() + 1, sizeof(ref));
  return ref;
}

// Runs until it is through or an operation fails. `states` gets what was committed; the last entry may or may
// not have been, when `in_doubt`.
class Workload {
 public:
  Workload(Database& database, KeyKind kind, uint64_t seed) : database_(database), kind_(kind), random_(seed) {}

  Status Run() {
    TURDB_RETURN_IF_ERROR(database_.Open());
    TURDB_RETURN_IF_ERROR(database_.CreateTree(kind_));
    tree_made = true;
    for (int round = 0; round < 24; ++round) {
      pending = committed;
      in_doubt = false;
      txn::TransactionPtr transaction = database_.Begin();
      Status status = Change(*transaction, round);
      if (status.ok() && round % 6 == 5) {
        status = database_.manager->Rollback(*transaction);
        if (status.ok()) continue;
      }
      if (status.ok()) {
        in_doubt = true;
        status = database_.manager->Commit(*transaction);
        if (status.ok()) {
          committed = pending;
          in_doubt = false;
        }
      }
      if (!status.ok()) {
        if (transaction->active()) database_.manager->Rollback(*transaction).IgnoreError();
        return status;
      }
      if (round % 4 == 3) {
        TURDB_RETURN_IF_ERROR(database_.manager->CollectGarbage(50).status());
      }
      if (round % 5 == 4) TURDB_RETURN_IF_ERROR(database_.Vacuum().status());
    }
    return absl::OkStatus();
  }

  bool tree_made = false;
  bool in_doubt = false;
  Rows committed, pending;                   // rows as the tree stores them; long values by `longs`
  std::map<std::string, std::string> longs;  // the row of a long value -> the value

 private:
  std::string Key() {
    const auto number = static_cast<int64_t>(random_() % 400);
    if (kind_ == KeyKind::kInt64) return Int64Key(number * number * 7);
    return "\x20key" + std::to_string(number) + std::string(number % 5 == 0 ? 900 : 5, 'k');
  }

  Status Change(txn::Transaction& transaction, int round) {
    const bool growing = round % 12 < 8;
    for (int i = 0; i < 16; ++i) {
      std::string key = Key();
      if (!growing && i % 4 != 0 && !pending.empty()) {
        key = std::next(pending.begin(), static_cast<ptrdiff_t>(random_() % pending.size()))->first;
      }
      std::string row = kPlain + std::string(random_() % 1500, static_cast<char>('a' + random_() % 26));
      const bool has = pending.contains(key);
      if (random_() % 8 == 0) {
        std::string value(20000 + random_() % 60000, ' ');
        for (char& c : value) c = static_cast<char>(random_());
        TURDB_ASSIGN_OR_RETURN(const OverflowRef ref, database_.tree->WriteOverflow(transaction, AsBytes(value)));
        row = LongRow(ref);
        longs[row] = value;
      }
      if (has && pending[key][0] == kLong) {
        TURDB_RETURN_IF_ERROR(database_.tree->FreeOverflowLater(transaction, RefOf(pending[key])));
      }
      if (!has) {
        TURDB_RETURN_IF_ERROR(database_.Insert(transaction, key, row));
        pending[key] = row;
      } else if (growing) {
        TURDB_RETURN_IF_ERROR(database_.Update(transaction, key, row).status());
        pending[key] = row;
      } else {
        if (row[0] == kLong) {
          TURDB_RETURN_IF_ERROR(database_.tree->FreeOverflowLater(transaction, RefOf(row)));
        }
        TURDB_RETURN_IF_ERROR(database_.Delete(transaction, key).status());
        pending.erase(key);
      }
    }
    return absl::OkStatus();
  }

  Database& database_;
  const KeyKind kind_;
  std::mt19937_64 random_;
};

void ExpectRecovered(const Workload& workload, std::shared_ptr<os::FaultFileSystem> disk) {
  Database recovered(WithFiles(std::move(disk)), CrashOptions());
  const Status status = recovered.Open();
  ASSERT_TRUE(status.ok()) << Describe(status);
  if (recovered.tree == nullptr) {
    ASSERT_FALSE(workload.tree_made);
    return;
  }
  const Rows rows = recovered.Committed();
  if (workload.in_doubt) {
    ASSERT_TRUE(rows == workload.committed || rows == workload.pending);
  } else {
    ASSERT_EQ(rows.size(), workload.committed.size());
    ASSERT_TRUE(rows == workload.committed);
  }
  uint64_t overflow_pages = 0;
  for (const auto& [key, row] : rows) {
    if (row[0] != kLong) continue;
    std::string value;
    const Status read = recovered.tree->ReadOverflow(RefOf(row), &value);
    ASSERT_TRUE(read.ok()) << Describe(read);
    ASSERT_TRUE(value == workload.longs.at(row));
    overflow_pages += (value.size() + kOverflowDataBytes - 1) / kOverflowDataBytes;
  }
  const CheckReport report = recovered.Check();
  ASSERT_TRUE(report.ok());
  ASSERT_EQ(report.overflow_pages, overflow_pages);
  // And it works.
  txn::TransactionPtr transaction = recovered.Begin();
  const std::string key = recovered.tree->kind() == KeyKind::kInt64 ? Int64Key(-5) : "new";
  ASSERT_TRUE(recovered.Insert(*transaction, key, "row").ok());
  ASSERT_TRUE(recovered.manager->Commit(*transaction).ok());
  transaction.reset();
  ASSERT_TRUE(recovered.Close().ok());
}

class CrashTest : public testing::TestWithParam<KeyKind> {};

TEST_P(CrashTest, WhatWasCommittedIsThereWhereverThePowerGoes) {
  const uint64_t seed = Seed(21);
  uint64_t operations = 0;
  {
    auto disk = std::make_shared<os::FaultFileSystem>();
    Database database(WithFiles(disk), CrashOptions());
    Workload workload(database, GetParam(), seed);
    const Status status = workload.Run();
    ASSERT_TRUE(status.ok()) << Describe(status);
    operations = disk->operation_count();
    ASSERT_EQ(database.Committed(), workload.committed);
    EXPECT_GT(database.Check().leaf_pages, 5u);
  }
  std::mt19937_64 random(seed);
  const uint64_t step = std::max<uint64_t>(1, operations / 20);
  for (uint64_t cut = 1 + random() % step; cut < operations; cut += 1 + random() % (2 * step)) {
    SCOPED_TRACE("power cut at operation " + std::to_string(cut) + " of " + std::to_string(operations));
    auto disk = std::make_shared<os::FaultFileSystem>();
    disk->CutPowerAt(cut);
    auto database = std::make_unique<Database>(WithFiles(disk), CrashOptions());
    database->purges_may_fail = true;
    Workload workload(*database, GetParam(), seed);
    workload.Run().IgnoreError();  // the last operations may be none that anybody waits for
    database.reset();
    for (uint64_t survivors = 0; survivors < 3; ++survivors) {
      ExpectRecovered(workload, disk->CrashedCopy(survivors));
      if (testing::Test::HasFailure()) return;
    }
  }
}

// Power fails again while recovery is at work.
TEST_P(CrashTest, RecoveryMayBeInterrupted) {
  const uint64_t seed = Seed(22);
  auto disk = std::make_shared<os::FaultFileSystem>();
  auto database = std::make_unique<Database>(WithFiles(disk), CrashOptions());
  Workload workload(*database, GetParam(), seed);
  ASSERT_TRUE(workload.Run().ok());
  const std::shared_ptr<os::FaultFileSystem> crashed = disk->CrashedCopy(1);
  database.reset();
  for (uint64_t cut = 1; cut < 200; cut += 7) {
    SCOPED_TRACE("recovery cut at operation " + std::to_string(cut));
    std::shared_ptr<os::FaultFileSystem> again = crashed->CrashedCopy(1);
    again->CutPowerAt(cut);
    {
      Database interrupted(WithFiles(again), CrashOptions());
      if (interrupted.Open().ok()) break;
    }
    ExpectRecovered(workload, again->CrashedCopy(cut % 3));
    if (testing::Test::HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, CrashTest, testing::Values(KeyKind::kBytes, KeyKind::kInt64), [](const auto& info) {
  return info.param == KeyKind::kBytes ? std::string("bytes") : std::string("int64");
});

}  // namespace
}  // namespace turdb::btree
