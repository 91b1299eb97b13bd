// Power cuts at every operation of a scripted workload, with every kind of loss the fault file system draws; after
// each, recovery and undo must give exactly the state after some prefix of the transactions that holds all those
// whose commit returned.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "storage/toy_pages.h"

namespace turdb::storage {
namespace {

constexpr int kCounters = 16;
constexpr int kStride = 110;  // between a page's counters: each in sectors of its own

// What a database holds: files by path, their counter pages in order, and the counters that are not zero.
struct Contents {
  std::map<std::string, std::map<std::pair<PageNo, int>, uint64_t>> files;
  friend bool operator==(const Contents&, const Contents&) = default;
};

std::string Print(const Contents& contents) {
  std::string text;
  for (const auto& [path, slots] : contents.files) {
    text += path + ":";
    for (const auto& [where, value] : slots) {
      text += " " + std::to_string(where.first) + "." + std::to_string(where.second) + "=" + std::to_string(value);
    }
    text += "\n";
  }
  return text;
}

StatusOr<Contents> Read(Toy& toy) {
  Contents contents;
  for (const FileId file : toy->Files()) {
    TURDB_ASSIGN_OR_RETURN(const std::string path, toy->FilePath(file));
    auto& slots = contents.files[path];
    TURDB_ASSIGN_OR_RETURN(const PageNo count, toy->PageCount(file));
    for (PageNo page = 1; page < count; ++page) {
      TURDB_ASSIGN_OR_RETURN(const SharedGuard guard, toy->pool().FixShared({file, page}));
      if (guard.page()[4] == std::byte{0x30}) continue;  // free
      for (int slot = 0; slot < kCounters; ++slot) {
        if (const uint64_t value = LoadSlot(guard.page(), slot * kStride); value != 0) slots[{page, slot}] = value;
      }
    }
  }
  return contents;
}

// The script. After each transaction that could have committed, `states` gets the contents as of then; `acked` counts
// those whose commit returned.
class Script {
 public:
  explicit Script(std::shared_ptr<os::FileSystem> files, int threads = 1)
      : toy_(EnvironmentOver(std::move(files)), WithThreads(threads)) {
    states.push_back({});
  }

  Status Run() {
    TURDB_RETURN_IF_ERROR(toy_.Open());
    TURDB_RETURN_IF_ERROR(MakeFile(2, "root/a.tbd"));
    for (int round = 0; round < 3; ++round) {
      TURDB_RETURN_IF_ERROR(AddEverywhere(2, "root/a.tbd", round));
      TURDB_RETURN_IF_ERROR(LeaveUnfinished(2));
    }
    TURDB_RETURN_IF_ERROR(toy_->Checkpoint());
    TURDB_RETURN_IF_ERROR(MakeFile(3, "s/b.tbd"));
    TURDB_RETURN_IF_ERROR(AddEverywhere(3, "s/b.tbd", 3));
    TURDB_RETURN_IF_ERROR(RollBack(3));
    TURDB_RETURN_IF_ERROR(SwapNames());
    TURDB_RETURN_IF_ERROR(AddEverywhere(2, "s/b.tbd", 4));
    TURDB_RETURN_IF_ERROR(toy_->Checkpoint());
    TURDB_RETURN_IF_ERROR(ReplaceFile());
    TURDB_RETURN_IF_ERROR(AddEverywhere(4, "root/a.tbd", 5));
    TURDB_RETURN_IF_ERROR(UnmakeFile());
    TURDB_RETURN_IF_ERROR(toy_->Checkpoint());
    TURDB_RETURN_IF_ERROR(Churn());
    for (const auto& open : open_) TURDB_RETURN_IF_ERROR(toy_.Rollback(*open));
    return toy_.Close();
  }

  std::vector<Contents> states;
  size_t acked = 0;

 private:
  static constexpr int kPages = 3;
  static Options WithThreads(int threads) {
    Options options = SmallOptions();
    options.threads = threads;
    return options;
  }

  Status Add(TxnLog& txn, PageId id, int slot, uint64_t amount) { return toy_.Add(&txn, id, slot * kStride, amount); }
  Status Committed(TxnLog& txn, Contents contents) {
    states.push_back(std::move(contents));
    TURDB_RETURN_IF_ERROR(toy_.Commit(txn));
    acked = states.size() - 1;
    return absl::OkStatus();
  }
  Status MakeFile(FileId file, const std::string& path) {
    const auto txn = toy_.Begin();
    TURDB_RETURN_IF_ERROR(toy_->CreateFile(*txn, file, path, ToyHeader(file)));
    for (int i = 0; i < kPages; ++i) TURDB_RETURN_IF_ERROR(toy_.AddPage(file).status());
    Contents next = states.back();
    next.files[path];
    return Committed(*txn, next);
  }
  Status AddEverywhere(FileId file, const std::string& path, int slot) {
    const auto txn = toy_.Begin();
    Contents next = states.back();
    for (PageNo page = 1; page <= kPages; ++page) {
      TURDB_RETURN_IF_ERROR(Add(*txn, {file, page}, slot, 10 + page));
      TURDB_RETURN_IF_ERROR(Add(*txn, {file, page}, 0, 1));
      next.files[path][{page, slot}] += 10 + page;
      next.files[path][{page, 0}] += 1;
    }
    return Committed(*txn, next);
  }
  // Stays open to the end: its changes are redone and have to be undone.
  Status LeaveUnfinished(FileId file) {
    open_.push_back(toy_.Begin());
    for (PageNo page = 1; page <= kPages; ++page) TURDB_RETURN_IF_ERROR(Add(*open_.back(), {file, page}, 9, 1000));
    if (open_.size() == 2) {
      TURDB_RETURN_IF_ERROR(toy_.Rollback(*open_[0]));
      open_.erase(open_.begin());
    }
    return absl::OkStatus();
  }
  Status RollBack(FileId file) {
    const auto txn = toy_.Begin();
    TURDB_RETURN_IF_ERROR(Add(*txn, {file, 1}, 5, 77));
    TURDB_RETURN_IF_ERROR(Add(*txn, {file, 2}, 5, 78));
    return toy_.Rollback(*txn);
  }
  Status SwapNames() {
    const auto txn = toy_.Begin();
    TURDB_RETURN_IF_ERROR(toy_->RenameFile(*txn, 2, "root/c.tbd"));
    TURDB_RETURN_IF_ERROR(toy_->RenameFile(*txn, 3, "root/a.tbd"));
    TURDB_RETURN_IF_ERROR(toy_->RenameFile(*txn, 2, "s/b.tbd"));
    Contents next = states.back();
    std::swap(next.files["root/a.tbd"], next.files["s/b.tbd"]);
    return Committed(*txn, next);
  }
  // A new file takes the name of one that is dropped in the same transaction; pages of it are freed and used again.
  Status ReplaceFile() {
    const auto txn = toy_.Begin();
    TURDB_RETURN_IF_ERROR(toy_->DropFile(*txn, 3));
    TURDB_RETURN_IF_ERROR(toy_->CreateFile(*txn, 4, "root/a.tbd", ToyHeader(4)));
    for (int i = 0; i < kPages; ++i) TURDB_RETURN_IF_ERROR(toy_.AddPage(4).status());
    TURDB_RETURN_IF_ERROR(toy_.FreePage({4, 2}));
    TURDB_RETURN_IF_ERROR(toy_.AddPage(4).status());
    Contents next = states.back();
    next.files["root/a.tbd"].clear();
    TURDB_RETURN_IF_ERROR(Committed(*txn, next));
    return toy_->RemoveDroppedFile(3);
  }
  Status UnmakeFile() {
    const auto txn = toy_.Begin();
    TURDB_RETURN_IF_ERROR(toy_->CreateFile(*txn, 5, "s/gone.tbd", ToyHeader(5)));
    TURDB_RETURN_IF_ERROR(toy_.AddPage(5).status());
    TURDB_RETURN_IF_ERROR(Add(*txn, {5, 1}, 0, 3));
    TURDB_RETURN_IF_ERROR(toy_->RenameFile(*txn, 5, "s/gone2.tbd"));
    return toy_.Rollback(*txn);
  }
  // More pages than frames: dirty pages are evicted, read again and changed again, within one transaction.
  Status Churn() {
    constexpr int kManyPages = 40;
    const auto make = toy_.Begin();
    TURDB_RETURN_IF_ERROR(toy_->CreateFile(*make, 6, "s/many.tbd", ToyHeader(6)));
    for (int i = 0; i < kManyPages; ++i) TURDB_RETURN_IF_ERROR(toy_.AddPage(6).status());
    Contents next = states.back();
    next.files["s/many.tbd"];
    TURDB_RETURN_IF_ERROR(Committed(*make, next));
    TURDB_RETURN_IF_ERROR(toy_->Checkpoint());
    for (int round = 1; round <= 4; ++round) {
      const auto txn = toy_.Begin();
      for (int i = 0; i < kManyPages; ++i) {
        const PageNo page = 1 + static_cast<PageNo>(i * 7 * round % kManyPages);
        TURDB_RETURN_IF_ERROR(Add(*txn, {6, page}, round, page));
        TURDB_RETURN_IF_ERROR(Add(*txn, {6, 1}, 7, 1));
        next.files["s/many.tbd"][{page, round}] += page;
        next.files["s/many.tbd"][{1, 7}] += 1;
        toy_.Breathe();
      }
      TURDB_RETURN_IF_ERROR(Committed(*txn, next));
      TURDB_RETURN_IF_ERROR(LeaveUnfinished(6));
    }
    return absl::OkStatus();
  }

  Toy toy_;
  std::vector<std::unique_ptr<TxnLog>> open_;
};

// Names that the database has no use for, wherever.
std::vector<std::string> Leftovers(os::FileSystem& files, const Contents& contents) {
  std::vector<std::string> leftovers;
  for (const char* directory : {"db", "db/root", "db/s"}) {
    if (!files.Exists(directory).value()) continue;
    const StatusOr<std::vector<std::string>> names = files.List(directory);
    for (const std::string& name : *names) {
      const std::string path = (std::string(directory) + "/" + name).substr(3);
      static const std::set<std::string> kKnown = {"turdb.meta", "turdb.lock", "wal", "root", "s"};
      if (!kKnown.contains(path) && !contents.files.contains(path)) leftovers.push_back(path);
    }
  }
  return leftovers;
}

void ExpectRecovered(const std::shared_ptr<os::FaultFileSystem>& disk, const Script& script, const std::string& where) {
  SCOPED_TRACE(where);
  Toy toy(EnvironmentOver(disk), SmallOptions());
  ASSERT_OK(toy.Open());
  ASSERT_OK(toy.UndoUnfinished());
  StatusOr<Contents> contents = Read(toy);
  ASSERT_OK(contents.status());
  bool found = false;
  for (size_t k = script.acked; k < script.states.size(); ++k) found = found || *contents == script.states[k];
  ASSERT_TRUE(found) << "acked " << script.acked << " of " << script.states.size() - 1 << "\nhas\n"
                     << Print(*contents) << "wants\n"
                     << Print(script.states[script.acked]) << "or\n"
                     << Print(script.states.back());
  for (const FileId file : toy->Files()) {
    CheckReport report;
    ASSERT_OK(toy->CheckFile(file, &report));
    EXPECT_TRUE(report.ok()) << report.problems.front();
  }
  ASSERT_OK(toy.Close());
  EXPECT_EQ(Leftovers(*disk, *contents), std::vector<std::string>());
  ASSERT_OK(toy.Open());
  EXPECT_TRUE(toy->recovery().was_clean);
  EXPECT_TRUE(Read(toy).value() == *contents);
}

TEST(Crash, EveryOperationOfTheScriptMayBeTheLast) {
  uint64_t points = 0;
  for (uint64_t nth = 1;; ++nth) {
    auto disk = std::make_shared<os::FaultFileSystem>();
    disk->CutPowerAt(nth);
    Script script(disk);
    const Status status = script.Run();
    if (disk->failure_count() == 0) {
      ASSERT_OK(status);
      points = nth;
      break;
    }
    if (nth > 200 && nth % 5 != 0) continue;  // many pages, much of the same
    // Seed 0 loses all that may be lost, 1 nothing, the others draw.
    for (const uint64_t seed : {nth % 2, nth + 2}) {
      ExpectRecovered(disk->CrashedCopy(seed), script, "operation " + std::to_string(nth) + ", seed " + std::to_string(seed));
      if (testing::Test::HasFatalFailure()) return;
    }
  }
  EXPECT_GT(points, 150u);  // the script does what it is meant to
}

TEST(Crash, RecoveryMayBeCutShortAndRunAgain) {
  // Late enough in the script that there is something to redo, undo, rename and remove.
  for (const uint64_t nth : {70, 128, 140, 152, 190}) {
    auto disk = std::make_shared<os::FaultFileSystem>();
    disk->CutPowerAt(nth);
    Script script(disk);
    EXPECT_FALSE(script.Run().ok());
    for (int seed = 1; seed < 3; ++seed) {
      for (uint64_t second = 1;; ++second) {
        const std::shared_ptr<os::FaultFileSystem> crashed = disk->CrashedCopy(seed);
        crashed->CutPowerAt(second);
        {
          Toy toy(EnvironmentOver(crashed), SmallOptions());
          Status status = toy.Open();
          if (status.ok()) status = toy.UndoUnfinished();
          if (status.ok()) status = toy->Checkpoint();
          if (crashed->failure_count() == 0) {
            ASSERT_OK(status);
            break;
          }
        }
        ExpectRecovered(crashed->CrashedCopy(seed + second), script,
                        "operation " + std::to_string(nth) + ", seed " + std::to_string(seed) + ", then operation " +
                            std::to_string(second));
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace turdb::storage
