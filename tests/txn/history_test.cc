// Random histories of many transactions, one step at a time, against a model that keeps every version of
// every row for ever. What is proved: what each view sees (kernel rules 3 and 5), first updater wins,
// savepoints, rollbacks of statements and transactions, through splits, merges, evictions, purges and
// garbage collection at any moment.
#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "txn/toy_store.h"

namespace turdb::txn {
namespace {

using Value = std::optional<std::string>;

struct Change {
  StatementNo statement;
  std::string key;
  Value value;
  bool plain_update;
};

struct ModelTransaction {
  TransactionPtr txn;
  std::vector<Change> changes;
  std::vector<std::pair<Savepoint, size_t>> savepoints;  // with how many changes there were
  std::vector<StatementNo> cursors;                      // statements whose view is kept
  std::map<std::string, LockStrength> locks;
};

class Model {
 public:
  struct Version {
    Timestamp ts;
    Value value;
  };

  Value Committed(const std::string& key, Timestamp read_ts) const {
    const auto at = rows_.find(key);
    if (at == rows_.end()) return std::nullopt;
    Value value;
    for (const Version& version : at->second) {
      if (version.ts <= read_ts) value = version.value;
    }
    return value;
  }
  Timestamp NewestTs(const std::string& key) const {
    const auto at = rows_.find(key);
    return at == rows_.end() ? 0 : at->second.back().ts;
  }
  Value Newest(const std::string& key) const { return Committed(key, UINT64_MAX); }
  Value Seen(const std::string& key, Timestamp read_ts, const std::vector<Change>& own, StatementNo before) const {
    for (auto change = own.rbegin(); change != own.rend(); ++change) {
      if (change->key == key && change->statement < before) return change->value;
    }
    return Committed(key, read_ts);
  }
  void Commit(const std::vector<Change>& changes, Timestamp ts) {
    std::map<std::string, Value> last;
    for (const Change& change : changes) last[change.key] = change.value;
    for (const auto& [key, value] : last) rows_[key].push_back({ts, value});
  }

 private:
  std::map<std::string, std::vector<Version>> rows_;
};

enum class Expect { kDone, kNothing, kWait, kConflict };

class History {
 public:
  History(uint32_t seed, size_t key_count, size_t value_bytes) : random_(seed), value_bytes_(value_bytes) {
    for (size_t i = 0; i < key_count; ++i) {
      std::string key(8, '\0');
      base::StoreBE(key.data(), i * 3);
      keys_.push_back(key);
    }
  }

  // Every few steps all chains go to the temporary file.
  void SpillOften() {
    db_.manager.SetSpill("versions.tmp", INT64_MAX);
    db_.store.set_split_above(200);
    long_transactions_ = true;
  }

  void Run(int steps) {
    for (int step = 0; step < steps && !::testing::Test::HasFailure(); ++step) {
      SCOPED_TRACE(absl::StrCat("step ", step));
      Step();
      if (step % 16 == 0) db_.store.CheckInvariants();
      most_spilled_ = std::max(most_spilled_, db_.manager.versions().memory().spill.used_bytes());
    }
    while (!alive_.empty()) End(alive_.size() - 1);
    snapshots_.clear();
    CheckScan(View{db_.manager.visible_ts()}, {}, 0);
    db_.ExpectQuiet();
    EXPECT_EQ(db_.manager.versions().memory().spill.used_bytes(), 0);
  }
  int64_t most_spilled() const { return most_spilled_; }

 private:
  uint32_t Pick(size_t n) { return static_cast<uint32_t>(random_() % n); }
  const std::string& AnyKey() { return keys_[Pick(keys_.size())]; }
  std::string AnyValue() {
    std::string value(Pick(4) == 0 ? Pick(value_bytes_ + 1) : value_bytes_, 'x');
    for (char& c : value) {
      if (Pick(4) == 0) c = static_cast<char>('a' + Pick(26));
    }
    return value;
  }

  void Step() {
    const uint32_t what = Pick(100);
    if (what < 8 && alive_.size() < 6) {
      alive_.emplace_back();
      alive_.back().txn = db_.Begin();
      alive_.back().txn->set_lock_timeout_ns(0);
    } else if (what < 14) {
      Structure();
    } else if (what < 18) {
      ASSERT_TRUE(db_.manager.CollectGarbage(1 + Pick(5)).ok());
      ASSERT_TRUE(db_.manager.SpillVersions(64).ok());
    } else if (what < 22) {
      SnapshotStep();
    } else if (!alive_.empty()) {
      TransactionStep(Pick(alive_.size()));
    }
  }

  void Structure() {
    const uint32_t page = Pick(64);
    switch (Pick(4)) {
      case 0:
        db_.store.Split(page);
        break;
      case 1:
        db_.store.MergeWithNext(page);
        break;
      case 2:
        db_.store.Evict(page);
        break;
      default:
        db_.store.PurgeGhosts({ToyStore::kFile, 1 + page % 20});
        break;
    }
  }

  void SnapshotStep() {
    if (snapshots_.size() < 4 && Pick(2) == 0) {
      snapshots_.push_back(db_.manager.AcquireSnapshot());
    } else if (!snapshots_.empty()) {
      const size_t i = Pick(snapshots_.size());
      CheckScan(View{snapshots_[i].read_ts()}, {}, 0);
      if (Pick(2) == 0) snapshots_.erase(snapshots_.begin() + i);
    }
  }

  void TransactionStep(size_t i) {
    ModelTransaction& t = alive_[i];
    const uint32_t what = Pick(100);
    if (what < 30) {
      Insert(t);
    } else if (what < 36) {
      InsertAscending(t);
    } else if (what < 52) {
      UpdateOne(t);
    } else if (what < 66) {
      DeleteOne(t);
    } else if (what < 70) {
      LockOne(t);
    } else if (what < 82) {
      Reads(t);
    } else if (what < 86) {
      t.savepoints.emplace_back(db_.manager.MakeSavepoint(*t.txn), t.changes.size());
    } else if (what < 91) {
      if (!t.savepoints.empty()) {
        const size_t to = Pick(t.savepoints.size());
        ASSERT_TRUE(db_.manager.RollbackTo(*t.txn, t.savepoints[to].first).ok());
        t.changes.resize(t.savepoints[to].second);
        t.savepoints.resize(to + 1);
        NextStatement(t);
      }
    } else if (what < 94) {
      t.cursors.push_back(t.txn->statement());  // a cursor stays open
      NextStatement(t);
    } else if (!long_transactions_ || Pick(12) == 0) {
      End(i);
    }
  }

  // Ends the statement unless a cursor still uses its view.
  void NextStatement(ModelTransaction& t) {
    const StatementNo statement = t.txn->statement();
    if (std::find(t.cursors.begin(), t.cursors.end(), statement) == t.cursors.end()) {
      db_.manager.EndStatement(*t.txn, statement);
    }
    ASSERT_TRUE(db_.manager.BeginStatement(*t.txn).ok());
  }

  const ModelTransaction* OtherWriter(const ModelTransaction& t, const std::string& key, bool* only_updates) {
    const ModelTransaction* other = nullptr;
    *only_updates = true;
    for (const ModelTransaction& candidate : alive_) {
      if (&candidate == &t) continue;
      for (const Change& change : candidate.changes) {
        if (change.key != key) continue;
        other = &candidate;
        *only_updates &= change.plain_update;
      }
    }
    return other;
  }
  bool OthersLock(const ModelTransaction& t, const std::string& key, LockStrength strength) {
    return std::any_of(alive_.begin(), alive_.end(), [&](const ModelTransaction& other) {
      const auto lock = other.locks.find(key);
      return &other != &t && lock != other.locks.end() && Conflicts(lock->second, strength);
    });
  }
  bool OwnChange(const ModelTransaction& t, const std::string& key) {
    return std::any_of(t.changes.begin(), t.changes.end(), [&](const Change& c) { return c.key == key; });
  }

  Expect ExpectInsert(const ModelTransaction& t, const std::string& key) {
    bool only_updates = true;
    if (OtherWriter(t, key, &only_updates) != nullptr) return only_updates ? Expect::kNothing : Expect::kWait;
    const bool own = OwnChange(t, key);
    const Value now = own ? model_.Seen(key, 0, t.changes, UINT32_MAX) : model_.Newest(key);
    if (now.has_value()) return Expect::kNothing;
    if (!own && model_.NewestTs(key) > t.txn->read_ts()) return Expect::kConflict;
    return Expect::kDone;
  }
  Expect ExpectChange(const ModelTransaction& t, const std::string& key, LockStrength strength) {
    if (!model_.Seen(key, t.txn->read_ts(), t.changes, UINT32_MAX).has_value()) return Expect::kNothing;
    bool only_updates = true;
    if (OtherWriter(t, key, &only_updates) != nullptr) {
      if (!only_updates || Conflicts(strength, LockStrength::kNoKeyUpdate)) return Expect::kWait;
    }
    if (OthersLock(t, key, strength)) return Expect::kWait;
    if (!OwnChange(t, key) && model_.NewestTs(key) > t.txn->read_ts()) return Expect::kConflict;
    return Expect::kDone;
  }

  // The outcome must be what the model expects. True when the change was made.
  bool Check(ModelTransaction& t, Expect expect, const base::StatusOr<bool>& result) {
    switch (expect) {
      case Expect::kDone:
        EXPECT_TRUE(result.ok() && *result) << result.status();
        return true;
      case Expect::kNothing:
        EXPECT_TRUE(result.ok() && !*result) << result.status();
        return false;
      case Expect::kWait:
        EXPECT_EQ(base::GetSqlState(result.status()), base::sqlstate::kLockNotAvailable) << result.status();
        break;
      case Expect::kConflict:
        EXPECT_EQ(base::GetSqlState(result.status()), base::sqlstate::kSerializationFailure) << result.status();
        break;
    }
    NextStatement(t);
    return false;
  }

  void Insert(ModelTransaction& t) {
    const std::string key = AnyKey();
    const std::string value = AnyValue();
    const Expect expect = ExpectInsert(t, key);
    if (Check(t, expect, db_.store.Insert(*t.txn, key, value))) {
      t.changes.push_back({t.txn->statement(), key, value, false});
    }
    if (Pick(2) == 0) NextStatement(t);
  }
  // What bulk loads look like: a stretch of keys in order, in one statement or in many.
  void InsertAscending(ModelTransaction& t) {
    const bool one_statement = Pick(2) == 0;
    const size_t start = Pick(keys_.size());
    for (size_t i = start; i < std::min(start + 12, keys_.size()); ++i) {
      const std::string value = AnyValue();
      const Expect expect = ExpectInsert(t, keys_[i]);
      if (Check(t, expect, db_.store.Insert(*t.txn, keys_[i], value))) {
        t.changes.push_back({t.txn->statement(), keys_[i], value, false});
      }
      if (!one_statement) NextStatement(t);
    }
  }
  void UpdateOne(ModelTransaction& t) {
    const std::string key = AnyKey();
    const std::string value = AnyValue();
    const Expect expect = ExpectChange(t, key, LockStrength::kNoKeyUpdate);
    if (Check(t, expect, db_.store.Update(*t.txn, key, value))) {
      t.changes.push_back({t.txn->statement(), key, value, true});
    }
    if (Pick(2) == 0) NextStatement(t);
  }
  void DeleteOne(ModelTransaction& t) {
    const size_t start = Pick(keys_.size());
    const size_t count = Pick(3) == 0 ? 8 : 1;
    for (size_t i = start; i < std::min(start + count, keys_.size()); ++i) {
      const Expect expect = ExpectChange(t, keys_[i], LockStrength::kUpdate);
      if (Check(t, expect, db_.store.Delete(*t.txn, keys_[i]))) {
        t.changes.push_back({t.txn->statement(), keys_[i], std::nullopt, false});
      }
    }
    if (Pick(2) == 0) NextStatement(t);
  }
  void LockOne(ModelTransaction& t) {
    const std::string key = AnyKey();
    const auto strength = static_cast<LockStrength>(1 + Pick(3));
    const Expect expect = ExpectChange(t, key, strength);
    if (Check(t, expect, db_.store.Lock(*t.txn, key, strength))) {
      const auto [at, fresh] = t.locks.emplace(key, strength);
      if (!fresh) at->second = std::max(at->second, strength);
    }
  }

  void Reads(ModelTransaction& t) {
    const std::string key = AnyKey();
    EXPECT_EQ(db_.store.Get(t.txn->view(), key), model_.Seen(key, t.txn->read_ts(), t.changes, t.txn->statement()));
    if (t.cursors.empty() && Pick(3) != 0) return;
    View view = t.txn->view();
    if (Pick(2) == 0) view = t.txn->view_with_own_changes();
    // Rows that an open cursor saw stay as they were for it (no Halloween problem).
    if (!t.cursors.empty() && Pick(4) != 0) view.statement = t.cursors[Pick(t.cursors.size())];
    CheckScan(view, t.changes, view.statement);
  }

  void CheckScan(const View& view, const std::vector<Change>& own, StatementNo before) {
    std::vector<std::pair<std::string, std::string>> expected;
    for (const std::string& key : keys_) {
      if (Value value = model_.Seen(key, view.read_ts, own, before); value.has_value()) expected.emplace_back(key, *value);
    }
    EXPECT_EQ(db_.store.Scan(view), expected);
  }

  void End(size_t i) {
    ModelTransaction& t = alive_[i];
    if (Pick(3) != 0) {
      const size_t commits = db_.log.count_of(storage::RecordKind::kCommit);
      ASSERT_TRUE(db_.manager.Commit(*t.txn).ok());
      const bool logged = db_.log.count_of(storage::RecordKind::kCommit) > commits;
      EXPECT_TRUE(logged || t.changes.empty());
      if (logged) model_.Commit(t.changes, db_.manager.visible_ts());
    } else {
      ASSERT_TRUE(db_.manager.Rollback(*t.txn).ok());
    }
    alive_.erase(alive_.begin() + static_cast<std::ptrdiff_t>(i));
  }

  std::mt19937 random_;
  size_t value_bytes_;
  ToyDatabase db_;
  Model model_;
  std::vector<std::string> keys_;
  std::vector<ModelTransaction> alive_;
  std::vector<Snapshot> snapshots_;
  bool long_transactions_ = false;
  int64_t most_spilled_ = 0;
};

TEST(HistoryTest, FewRowsMuchConflict) {
  for (uint32_t seed = 1; seed <= 30 && !HasFailure(); ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    History(seed, 12, 20).Run(1500);
  }
}

TEST(HistoryTest, ManyRowsManyPages) {
  for (uint32_t seed = 100; seed <= 115 && !HasFailure(); ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    History(seed, 150, 40).Run(3000);
  }
}

TEST(HistoryTest, ChainsThatComeAndGoToTheTemporaryFile) {
  for (uint32_t seed = 200; seed <= 210 && !HasFailure(); ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    History history(seed, 400, 40);
    history.SpillOften();
    history.Run(2500);
    EXPECT_GT(history.most_spilled(), 0);
  }
}

}  // namespace
}  // namespace turdb::txn
