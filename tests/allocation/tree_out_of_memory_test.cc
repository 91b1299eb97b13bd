// Changes of a tree whose allocations fail, once and from there on, also while they are taken back: what a statement did goes,
// what the transaction did before it stays, and it commits. The program interposes malloc, see out_of_memory_test.cc.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <string>

#include "tests/btree/database.h"

namespace {

thread_local int64_t g_until_failure = 0;  // 0: not armed
thread_local bool g_keep_failing = false;
thread_local bool g_failed = false;

bool Fails() {
  if (g_until_failure == 0 || --g_until_failure > 0) return false;
  g_failed = true;
  errno = ENOMEM;  // as malloc says it
  if (g_keep_failing) g_until_failure = 1;
  return true;
}

}  // namespace

extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

void* malloc(size_t size) { return Fails() ? nullptr : __libc_malloc(size); }
void* calloc(size_t count, size_t size) { return Fails() ? nullptr : __libc_calloc(count, size); }
void* realloc(void* memory, size_t size) { return Fails() ? nullptr : __libc_realloc(memory, size); }
void* memalign(size_t alignment, size_t size) { return Fails() ? nullptr : __libc_memalign(alignment, size); }
void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void** out, size_t alignment, size_t size) {
  *out = memalign(alignment, size);
  return *out == nullptr ? ENOMEM : 0;
}
}

namespace turdb::btree {
namespace {

class TreeOutOfMemory : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    path_ = std::filesystem::temp_directory_path() / ("turdb_tree_oom_" + std::to_string(getpid()));
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
    std::filesystem::current_path(path_);
  }
  void TearDown() override {
    std::filesystem::current_path("/");
    std::filesystem::remove_all(path_);
  }

  // Splits leaves and merges none; every kind of change.
  static Status Work(Database& database, txn::Transaction& transaction) {
    Tree& tree = *database.tree;
    for (int i = 0; i < 150; ++i) {
      const std::string key = Int64Key(2000 + i * 7919 % 1000), value(static_cast<size_t>(i * 13 % 1500), 'w');
      TURDB_RETURN_IF_ERROR(tree.Insert(transaction, base::AsBytes(key), base::AsBytes(value)).status());
    }
    for (int i = 0; i < 100; ++i) {
      const std::string key = Int64Key(i * 5);
      const auto change = [&](Bytes old, std::string* out) -> StatusOr<bool> {
        *out = std::string(base::AsText(old)) + std::string(static_cast<size_t>(i * 11 % 700), 'u');
        return true;
      };
      TURDB_RETURN_IF_ERROR(tree.Update(transaction, base::AsBytes(key), change).status());
    }
    for (int i = 0; i < 100; ++i) {
      const std::string key = Int64Key(i * 5 + 1);
      TURDB_RETURN_IF_ERROR(tree.Delete(transaction, base::AsBytes(key), [](Bytes) {}).status());
      if (i % 2 == 0) TURDB_RETURN_IF_ERROR(tree.Insert(transaction, base::AsBytes(key), base::AsBytes(key)).status());
    }
    const std::string large(100'000, 'l');
    return tree.WriteOverflow(transaction, base::AsBytes(large)).status();
  }

  std::filesystem::path path_;
};

TEST_P(TreeOutOfMemory, WhatAStatementDidIsTakenBack) {
  Database database(os::Environment::Native());
  ASSERT_TRUE(database.Open().ok());
  ASSERT_TRUE(database.manager->FillReserve().ok());
  ASSERT_TRUE(database.CreateTree(KeyKind::kInt64).ok());
  {
    txn::TransactionPtr transaction = database.Begin();
    for (int i = 0; i < 501; ++i) {
      const std::string key = Int64Key(i), value(static_cast<size_t>(i % 300), 'v');
      ASSERT_TRUE(database.tree->Insert(*transaction, base::AsBytes(key), base::AsBytes(value)).ok());
    }
    ASSERT_TRUE(database.manager->Commit(*transaction).ok());
  }
  int failures = 0, thrown = 0;
  const std::string marker = Int64Key(500);
  for (int64_t nth = 1; !HasFailure(); nth += 1 + nth / 40) {
    txn::TransactionPtr transaction = database.Begin();
    const std::string mark = "marked by " + std::to_string(nth);
    const auto set_mark = [&](Bytes, std::string* out) -> StatusOr<bool> {
      *out = mark;
      return true;
    };
    ASSERT_TRUE(database.tree->Update(*transaction, base::AsBytes(marker), set_mark).ok());
    const StatusOr<txn::Savepoint> savepoint = database.manager->BeginStatement(*transaction);
    ASSERT_TRUE(savepoint.ok());
    const Rows before = *database.Scan(transaction->view());
    g_failed = false;
    g_keep_failing = GetParam();
    g_until_failure = nth;
    Status status, undone;
    bool threw = false, undo_threw = false;
    try {
      status = Work(database, *transaction);
    } catch (const std::bad_alloc&) {
      threw = true;
    }
    try {
      undone = database.manager->RollbackTo(*transaction, *savepoint);
    } catch (const std::bad_alloc&) {
      undo_threw = true;
    }
    g_until_failure = 0;
    failures += g_failed ? 1 : 0;
    thrown += threw ? 1 : 0;
    EXPECT_FALSE(undo_threw) << "allocation " << nth;
    EXPECT_TRUE(undone.ok()) << "allocation " << nth << ": " << base::Describe(undone);
    if (!status.ok()) {
      EXPECT_EQ(base::GetSqlState(status), base::sqlstate::kOutOfMemory) << nth << ": " << base::Describe(status);
    }
    ASSERT_TRUE(database.manager->BeginStatement(*transaction).ok());
    const Rows after = *database.Scan(transaction->view());
    EXPECT_TRUE(after == before) << "allocation " << nth;
    const Status committed = database.manager->Commit(*transaction);
    ASSERT_TRUE(committed.ok()) << "allocation " << nth << ": " << base::Describe(committed);
    if (!g_failed) break;
  }
  EXPECT_GT(failures, 20);
  EXPECT_GT(thrown, 0);
  EXPECT_TRUE(database.storage->health().ok());
  storage::CheckReport report;
  EXPECT_TRUE(database.storage->CheckFile(kTestFile, &report).ok());
  EXPECT_TRUE(report.problems.empty()) << report.problems.front();
  EXPECT_TRUE(database.Close().ok());
}

INSTANTIATE_TEST_SUITE_P(Modes, TreeOutOfMemory, testing::Bool(),
                         [](const auto& mode) { return mode.param ? "AndAllAfterIt" : "Alone"; });

}  // namespace
}  // namespace turdb::btree
