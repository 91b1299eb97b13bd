// The checker must find what is wrong and let pass what is right, or a green run says nothing.
#include "txn/history_checker.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace turdb::history {
namespace {

Op Append(int64_t key, int64_t value) { return {OpKind::kAppend, key, value, {}}; }
Op Write(int64_t key, int64_t value) { return {OpKind::kWrite, key, value, {}}; }
Op Read(int64_t key, std::vector<int64_t> seen) { return {OpKind::kRead, key, 0, std::move(seen)}; }
RecordedTransaction Committed(std::vector<Op> ops, int64_t began = 0, int64_t ended = 0) {
  return {std::move(ops), Outcome::kCommitted, began, ended};
}
RecordedTransaction Aborted(std::vector<Op> ops) { return {std::move(ops), Outcome::kAborted, 0, 0}; }

std::string Kinds(const std::vector<RecordedTransaction>& history, Level level, bool real_time = false) {
  std::string kinds;
  for (const Anomaly& anomaly : Check(history, level, real_time)) kinds += (kinds.empty() ? "" : ", ") + anomaly.kind;
  return kinds;
}

TEST(HistoryCheckerTest, ASerialHistoryIsFine) {
  const std::vector<RecordedTransaction> history = {
      Committed({Append(1, 1), Append(2, 2)}, 1, 2), Committed({Read(1, {1}), Append(1, 3)}, 3, 4),
      Committed({Read(1, {1, 3}), Read(2, {2})}, 5, 6), Aborted({Read(1, {1}), Append(1, 9)})};
  EXPECT_EQ(Kinds(history, Level::kSerializable, true), "");
}

TEST(HistoryCheckerTest, DirtyWrite) {
  const std::vector<RecordedTransaction> history = {Committed({Append(1, 1), Append(2, 1)}),
                                                    Committed({Append(1, 2), Append(2, 2)}), Committed({Read(1, {1, 2})}),
                                                    Committed({Read(2, {2, 1})})};
  EXPECT_EQ(Kinds(history, Level::kReadCommitted), "G0");
}

TEST(HistoryCheckerTest, AbortedRead) {
  EXPECT_EQ(Kinds({Aborted({Append(1, 1)}), Committed({Read(1, {1})})}, Level::kReadCommitted), "G1a");
}

TEST(HistoryCheckerTest, IntermediateRead) {
  EXPECT_EQ(Kinds({Committed({Append(1, 1), Append(1, 2)}), Committed({Read(1, {1})}), Committed({Read(1, {1, 2})})},
                  Level::kReadCommitted),
            "G1b");
}

TEST(HistoryCheckerTest, CircularInformationFlow) {
  EXPECT_EQ(Kinds({Committed({Append(1, 1), Read(2, {2})}), Committed({Append(2, 2), Read(1, {1})})}, Level::kReadCommitted),
            "G1c");
}

TEST(HistoryCheckerTest, ReadSkew) {
  const std::vector<RecordedTransaction> history = {Committed({Read(1, {}), Read(2, {2})}),
                                                    Committed({Append(1, 1), Append(2, 2)}), Committed({Read(1, {1})})};
  EXPECT_EQ(Kinds(history, Level::kReadCommitted), "");
  EXPECT_EQ(Kinds(history, Level::kSnapshot), "G-single");
}

TEST(HistoryCheckerTest, LostUpdateOfARegister) {
  EXPECT_EQ(Kinds({Committed({Read(1, {}), Write(1, 1)}), Committed({Read(1, {1}), Write(1, 2)}),
                   Committed({Read(1, {1}), Write(1, 3)})},
                  Level::kSnapshot),
            "lost update");
}

TEST(HistoryCheckerTest, LostUpdateOfAList) {
  EXPECT_EQ(
      Kinds({Committed({Read(1, {}), Append(1, 1)}), Committed({Read(1, {}), Append(1, 2)}), Committed({Read(1, {1, 2})})},
            Level::kSnapshot),
      "G-single");
}

TEST(HistoryCheckerTest, WriteSkewIsWhatASnapshotAllows) {
  const std::vector<RecordedTransaction> history = {Committed({Read(1, {}), Read(2, {}), Append(1, 1)}),
                                                    Committed({Read(1, {}), Read(2, {}), Append(2, 2)}),
                                                    Committed({Read(1, {1}), Read(2, {2})})};
  EXPECT_EQ(Kinds(history, Level::kSnapshot), "");
  EXPECT_EQ(Kinds(history, Level::kSerializable), "G2");
}

TEST(HistoryCheckerTest, LongFork) {
  // Two writers, seen in different orders by two readers: no snapshot explains it.
  const std::vector<RecordedTransaction> history = {Committed({Append(1, 1)}), Committed({Append(2, 2)}),
                                                    Committed({Read(1, {1}), Read(2, {})}),
                                                    Committed({Read(1, {}), Read(2, {2})})};
  EXPECT_EQ(Kinds({history[0], history[1], history[2]}, Level::kSnapshot), "");
  std::vector<RecordedTransaction> all = history;
  all.push_back(Committed({Read(1, {1}), Read(2, {2})}));
  EXPECT_EQ(Kinds(all, Level::kSnapshot), "G-nonadjacent");
}

TEST(HistoryCheckerTest, OwnWritesMustBeSeen) {
  EXPECT_EQ(Kinds({Committed({Read(1, {}), Append(1, 1), Read(1, {})})}, Level::kReadCommitted), "internal");
  EXPECT_EQ(Kinds({Committed({Append(1, 1), Read(1, {1}), Append(1, 2), Read(1, {1, 2})})}, Level::kSnapshot), "");
}

TEST(HistoryCheckerTest, TwoValuesOfOneKey) {
  EXPECT_EQ(Kinds({Committed({Append(1, 1)}), Committed({Read(1, {}), Read(1, {1})})}, Level::kSnapshot), "internal, G-single");
}

TEST(HistoryCheckerTest, OrdersThatContradict) {
  EXPECT_EQ(
      Kinds({Committed({Append(1, 1)}), Committed({Append(1, 2)}), Committed({Read(1, {1, 2})}), Committed({Read(1, {2})})},
            Level::kReadCommitted),
      "incompatible order");
}

TEST(HistoryCheckerTest, ValuesFromNowhere) {
  EXPECT_EQ(Kinds({Committed({Read(1, {7})})}, Level::kReadCommitted), "phantom value");
}

TEST(HistoryCheckerTest, AWriteMustBeReadToBeOrdered) {
  EXPECT_EQ(Kinds({Committed({Write(1, 7)})}, Level::kReadCommitted), "unreadable write");
}

TEST(HistoryCheckerTest, UnknownOutcomesCountWhenTheyAreSeen) {
  RecordedTransaction unknown{{Read(1, {}), Append(1, 1), Append(2, 1)}, Outcome::kUnknown, 0, 0};
  EXPECT_EQ(Kinds({unknown, Committed({Read(1, {}), Read(2, {})})}, Level::kSnapshot), "");
  EXPECT_EQ(Kinds({unknown, Committed({Read(1, {1}), Read(2, {})}), Committed({Read(2, {1})})}, Level::kSnapshot), "G-single");
}

TEST(HistoryCheckerTest, StaleReads) {
  const std::vector<RecordedTransaction> history = {Committed({Append(1, 1)}, 1, 2), Committed({Read(1, {})}, 3, 4),
                                                    Committed({Read(1, {1})}, 5, 6)};
  EXPECT_EQ(Kinds(history, Level::kSnapshot, false), "");
  EXPECT_EQ(Kinds(history, Level::kSnapshot, true), "stale read");
}

}  // namespace
}  // namespace turdb::history
