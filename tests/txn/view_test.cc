// Truth tables: who sees what, and who may change what (kernel rule 5).
#include "txn/view.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace turdb::txn {
namespace {

using base::AsBytes;
using base::AsText;

constexpr Timestamp kSnapshotTs = 100;

// Commit words of the actors in these tables.
struct Actors {
  CommitWord me, other, before, after, aborted, abandoned, reader;
  Actors() {
    me.bits = CommitState::InProgress(1).bits();
    other.bits = CommitState::InProgress(2).bits();
    before.bits = CommitState::Committed(kSnapshotTs).bits();  // at the snapshot itself: seen
    after.bits = CommitState::Committed(kSnapshotTs + 1).bits();
    aborted.bits = CommitState::Aborted().bits();
    abandoned.bits = CommitState::Abandoned().bits();
    reader.bits = CommitState::InProgress(3).bits();
  }
};

// A chain without payloads, newest first.
class ChainOf {
 public:
  ChainOf& Add(DeltaKind kind, CommitWord& word, StatementNo statement = 1, LockStrength strength = LockStrength::kUpdate) {
    deltas_.push_back(std::make_unique<Delta>(Delta{nullptr, &word, statement, 0, kind, strength}));
    if (deltas_.size() > 1) deltas_[deltas_.size() - 2]->older = deltas_.back().get();
    return *this;
  }
  ChainOf& Update(CommitWord& word, StatementNo statement = 1) {
    return Add(DeltaKind::kUpdate, word, statement, LockStrength::kNoKeyUpdate);
  }
  ChainOf& Insert(CommitWord& word, StatementNo statement = 1) { return Add(DeltaKind::kInsert, word, statement); }
  ChainOf& Ghost(CommitWord& word, StatementNo statement = 1) { return Add(DeltaKind::kGhost, word, statement); }
  ChainOf& Revive(CommitWord& word, StatementNo statement = 1) { return Add(DeltaKind::kRevive, word, statement); }
  ChainOf& Lock(CommitWord& word, LockStrength strength) { return Add(DeltaKind::kLock, word, 1, strength); }
  Chain chain() const { return deltas_.empty() ? Chain() : Chain(deltas_.front().get()); }

 private:
  std::vector<std::unique_ptr<Delta>> deltas_;
};

TEST(CommitStateTest, StatesExcludeEachOther) {
  const CommitState in_progress = CommitState::InProgress(7);
  EXPECT_TRUE(in_progress.in_progress() && !in_progress.committed() && !in_progress.aborted());
  EXPECT_EQ(in_progress.txn(), 7u);
  const CommitState waited(in_progress.bits() | CommitState::kWaiters);
  EXPECT_TRUE(waited.in_progress() && waited.has_waiters());
  EXPECT_EQ(waited.txn(), 7u);
  const CommitState committed = CommitState::Committed(42);
  EXPECT_TRUE(committed.committed() && !committed.in_progress() && !committed.aborted());
  EXPECT_TRUE(committed.CommittedBy(42) && !committed.CommittedBy(41));
  const CommitState last = CommitState::Committed(CommitState::kMaxTimestamp);
  EXPECT_TRUE(last.committed() && last.CommittedBy(CommitState::kMaxTimestamp));
  for (const CommitState state : {CommitState::Aborted(), CommitState::Abandoned()}) {
    EXPECT_TRUE(state.aborted() && !state.committed() && !state.in_progress());
    EXPECT_FALSE(state.CommittedBy(CommitState::kMaxTimestamp));
  }
  EXPECT_TRUE(CommitState::Abandoned().abandoned() && !CommitState::Aborted().abandoned());
  EXPECT_FALSE(in_progress.CommittedBy(CommitState::kMaxTimestamp));
}

TEST(ViewTest, SeesWhatWasCommittedAndOwnEarlierStatements) {
  Actors a;
  const View view{kSnapshotTs, &a.me, 5};
  const auto sees = [&view](CommitWord& word, StatementNo statement) {
    return view.Sees(Delta{nullptr, &word, statement, 0, DeltaKind::kUpdate, LockStrength::kUpdate});
  };
  EXPECT_TRUE(sees(a.before, 9));
  EXPECT_FALSE(sees(a.after, 1));
  EXPECT_FALSE(sees(a.other, 1));
  EXPECT_FALSE(sees(a.aborted, 1));
  EXPECT_FALSE(sees(a.abandoned, 1));
  EXPECT_TRUE(sees(a.me, 4));
  EXPECT_FALSE(sees(a.me, 5));  // no Halloween
  EXPECT_FALSE(sees(a.me, 6));
}

TEST(ViewTest, PresenceFollowsTheNewestChangeThatIsSeen) {
  Actors a;
  const View view{kSnapshotTs, &a.me, 5};
  struct Row {
    ChainOf chain;
    bool ghost, present;
  };
  std::vector<Row> rows;
  const auto add = [&rows](ChainOf&& chain, bool ghost, bool present) { rows.push_back({std::move(chain), ghost, present}); };
  add(ChainOf(), false, true);
  add(ChainOf(), true, false);  // garbage
  add(std::move(ChainOf().Insert(a.before)), false, true);
  add(std::move(ChainOf().Insert(a.after)), false, false);
  add(std::move(ChainOf().Insert(a.other)), false, false);
  add(std::move(ChainOf().Insert(a.me, 4)), false, true);
  add(std::move(ChainOf().Insert(a.me, 5)), false, false);
  add(std::move(ChainOf().Insert(a.abandoned)), false, false);
  add(std::move(ChainOf().Ghost(a.before)), true, false);
  add(std::move(ChainOf().Ghost(a.after)), true, true);
  add(std::move(ChainOf().Ghost(a.other)), true, true);
  add(std::move(ChainOf().Ghost(a.other).Insert(a.before)), true, true);
  add(std::move(ChainOf().Ghost(a.other).Insert(a.other)), true, false);
  add(std::move(ChainOf().Revive(a.other).Ghost(a.before)), false, false);
  add(std::move(ChainOf().Revive(a.after).Ghost(a.after)), false, true);
  add(std::move(ChainOf().Revive(a.before).Ghost(a.before)), false, true);
  add(std::move(ChainOf().Update(a.other).Insert(a.after)), false, false);
  add(std::move(ChainOf().Lock(a.other, LockStrength::kUpdate)), false, true);
  add(std::move(ChainOf().Lock(a.other, LockStrength::kShare).Ghost(a.after)), true, true);
  for (size_t i = 0; i < rows.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(IsPresent(rows[i].chain.chain(), view, rows[i].ghost), rows[i].present);
    Scratch scratch;
    base::Bytes value;
    EXPECT_EQ(Reconstruct(rows[i].chain.chain(), view, rows[i].ghost, AsBytes("v"), scratch, &value), rows[i].present);
    if (rows[i].present) {
      EXPECT_EQ(AsText(value), "v");
    }
  }
}

// One line of kernel rule 5: what each intent meets.
struct Line {
  const char* what;
  bool ghost;
  ChainOf chain;
  Verdict insert, update, remove, key_share, share;
};

TEST(JudgeTest, RuleFive) {
  constexpr Verdict kLive = Verdict::kLive, kAbsent = Verdict::kAbsent, kWait = Verdict::kWait, kConflict = Verdict::kConflict;
  Actors a;
  std::vector<Line> lines;
  const auto add = [&lines](const char* what, bool ghost, ChainOf& chain, Verdict insert, Verdict update, Verdict remove,
                            Verdict key_share, Verdict share) {
    lines.push_back({what, ghost, std::move(chain), insert, update, remove, key_share, share});
  };
  // clang-format off
  add("quiet row", false, ChainOf().Add(DeltaKind::kLock, a.aborted), kLive, kLive, kLive, kLive, kLive);
  add("garbage ghost", true, ChainOf().Lock(a.aborted, LockStrength::kShare), kAbsent, kAbsent, kAbsent, kAbsent, kAbsent);
  add("committed before", false, ChainOf().Update(a.before), kLive, kLive, kLive, kLive, kLive);
  add("inserted after: live and committed is a duplicate, but not my row", false, ChainOf().Insert(a.after), kLive, kAbsent, kAbsent, kAbsent, kAbsent);
  add("updated after", false, ChainOf().Update(a.after), kLive, kConflict, kConflict, kLive, kConflict);
  add("deleted before", true, ChainOf().Ghost(a.before), kAbsent, kAbsent, kAbsent, kAbsent, kAbsent);
  add("deleted after", true, ChainOf().Ghost(a.after), kConflict, kConflict, kConflict, kConflict, kConflict);
  add("deleted and revived after", false, ChainOf().Revive(a.after).Ghost(a.after), kLive, kConflict, kConflict, kConflict, kConflict);
  add("inserted by another", false, ChainOf().Insert(a.other), kWait, kAbsent, kAbsent, kAbsent, kAbsent);
  add("updated by another: stays a duplicate", false, ChainOf().Update(a.other), kLive, kWait, kWait, kLive, kWait);
  add("deleted by another", true, ChainOf().Ghost(a.other), kWait, kWait, kWait, kWait, kWait);
  add("deleted and revived by another", false, ChainOf().Revive(a.other).Ghost(a.other), kWait, kWait, kWait, kWait, kWait);
  add("revived by another, dead for me", false, ChainOf().Revive(a.other).Ghost(a.before), kWait, kAbsent, kAbsent, kAbsent, kAbsent);
  add("inserted and deleted by another", true, ChainOf().Ghost(a.other).Insert(a.other), kWait, kAbsent, kAbsent, kAbsent, kAbsent);
  add("my insert", false, ChainOf().Insert(a.me), kLive, kLive, kLive, kLive, kLive);
  add("my delete", true, ChainOf().Ghost(a.me), kAbsent, kAbsent, kAbsent, kAbsent, kAbsent);
  add("my delete of my insert", true, ChainOf().Ghost(a.me).Insert(a.me), kAbsent, kAbsent, kAbsent, kAbsent, kAbsent);
  add("my update", false, ChainOf().Update(a.me).Update(a.before), kLive, kLive, kLive, kLive, kLive);
  add("key share by another", false, ChainOf().Lock(a.other, LockStrength::kKeyShare), kLive, kLive, kWait, kLive, kLive);
  add("share by another", false, ChainOf().Lock(a.other, LockStrength::kShare), kLive, kWait, kWait, kLive, kLive);
  add("no key update by another", false, ChainOf().Lock(a.other, LockStrength::kNoKeyUpdate), kLive, kWait, kWait, kLive, kWait);
  add("update lock by another", false, ChainOf().Lock(a.other, LockStrength::kUpdate), kLive, kWait, kWait, kWait, kWait);
  add("a lock that ended", false, ChainOf().Lock(a.after, LockStrength::kUpdate), kLive, kLive, kLive, kLive, kLive);
  add("share by another and me", false, ChainOf().Lock(a.me, LockStrength::kShare).Lock(a.other, LockStrength::kShare), kLive, kWait, kWait, kLive, kLive);
  add("key share by another on my update", false, ChainOf().Lock(a.other, LockStrength::kKeyShare).Update(a.me), kLive, kLive, kWait, kLive, kLive);
  add("key share by another, updated after", false, ChainOf().Lock(a.other, LockStrength::kKeyShare).Update(a.after), kLive, kConflict, kWait, kLive, kConflict);
  add("what could not be undone", false, ChainOf().Update(a.abandoned), kConflict, kConflict, kConflict, kConflict, kConflict);
  add("an undone run", false, ChainOf().Insert(a.aborted), kLive, kAbsent, kAbsent, kAbsent, kAbsent);
  // clang-format on
  const View view{kSnapshotTs, &a.me, 1};
  for (const Line& line : lines) {
    SCOPED_TRACE(line.what);
    const auto judge = [&](Intent intent) { return Judge(line.chain.chain(), line.ghost, view, intent).verdict; };
    EXPECT_EQ(judge(Intent::kInsert), line.insert);
    EXPECT_EQ(judge(Intent::kUpdate), line.update);
    EXPECT_EQ(judge(Intent::kDelete), line.remove);
    EXPECT_EQ(judge(Intent::kLockKeyShare), line.key_share);
    EXPECT_EQ(judge(Intent::kLockShare), line.share);
    EXPECT_EQ(judge(Intent::kLockNoKeyUpdate), line.update);
  }
}

TEST(JudgeTest, NamesWhomToWaitForAndWhatWasInTheWay) {
  Actors a;
  const View view{kSnapshotTs, &a.me, 7};
  ChainOf held;
  held.Update(a.other);
  const Judgement wait = Judge(held.chain(), false, view, Intent::kUpdate);
  EXPECT_EQ(wait.blocker.word, &a.other);
  EXPECT_EQ(wait.blocker.txn, 2u);
  ChainOf newer;
  newer.Update(a.after);
  EXPECT_EQ(Judge(newer.chain(), false, view, Intent::kUpdate).conflict_ts, kSnapshotTs + 1);
  ChainOf own;
  own.Update(a.me, 6).Insert(a.me, 3);
  EXPECT_EQ(Judge(own.chain(), false, view, Intent::kUpdate).own_statement, 6u);
  ChainOf others;
  others.Update(a.before);
  EXPECT_EQ(Judge(others.chain(), false, view, Intent::kUpdate).own_statement, 0u);
}

TEST(LockStrengthTest, TheSameTableAsPostgres) {
  const bool expected[4][4] = {
      {false, false, false, true}, {false, false, true, true}, {false, true, true, true}, {true, true, true, true}};
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < 4; ++j) {
      EXPECT_EQ(Conflicts(static_cast<LockStrength>(i), static_cast<LockStrength>(j)), expected[i][j]) << i << " " << j;
    }
  }
}

}  // namespace
}  // namespace turdb::txn
