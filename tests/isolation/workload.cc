#include "tests/isolation/workload.h"

#include <atomic>
#include <mutex>
#include <random>
#include <string_view>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/engine/sql_session.h"

namespace turdb::isolation {
namespace {

using base::Status;
using history::Op;
using history::OpKind;
using history::Outcome;
using history::RecordedTransaction;

// Keys k are rows with id k; where they lie apart, in several pages, is due to `pad`. `part` is k % 3, and indexed.
constexpr int kParts = 3;
constexpr std::string_view kTable = "create table lists(id int primary key, part int not null, items text not null, pad text)";
constexpr std::string_view kIndex = "create index lists_by_part on lists(part, items)";

std::vector<int64_t> ParseItems(std::string_view items) {
  std::vector<int64_t> list;
  for (const std::string_view item : absl::StrSplit(items, ',', absl::SkipEmpty())) {
    int64_t value = 0;
    if (absl::SimpleAtoi(item, &value)) list.push_back(value);
  }
  return list;
}

class Client {
 public:
  Client(const WorkloadOptions& options, std::shared_ptr<engine::Connection> connection, uint32_t seed,
         std::atomic<int64_t>& clock)
      : options_(options), session_(std::move(connection)), random_(seed), clock_(clock) {}

  // An error that is not one of those that a transaction must expect.
  Status RunOne(RecordedTransaction* record) {
    record->began = clock_.fetch_add(1);
    const std::string_view level = options_.level == history::Level::kSerializable ? "serializable" : "repeatable read";
    TURDB_RETURN_IF_ERROR(session_.Exec(absl::StrCat("begin isolation level ", level)));
    Status status;
    const uint32_t count = 1 + random_() % 4;
    for (uint32_t i = 0; i < count && status.ok(); ++i) status = RunOp(record);
    if (status.ok() && random_() % 16 != 0) {
      status = session_.Exec("commit");
      record->ended = clock_.fetch_add(1);
      if (status.ok()) record->outcome = Outcome::kCommitted;
      return IsRetryable(status) ? absl::OkStatus() : status;
    }
    record->ended = clock_.fetch_add(1);
    TURDB_RETURN_IF_ERROR(session_.Exec("rollback"));
    return IsRetryable(status) ? absl::OkStatus() : status;
  }

 private:
  static bool IsRetryable(const Status& status) {
    if (status.ok()) return true;
    for (const std::string_view expected : {"40001", "40P01", "55P03", "23505"}) {
      if (base::GetSqlState(status).view() == expected) return true;
    }
    return false;
  }

  Status RunOp(RecordedTransaction* record) {
    const int64_t key = static_cast<int64_t>(random_() % static_cast<uint32_t>(options_.keys));
    if (options_.registers) return random_() % 2 == 0 ? Read(record, key, key) : Write(record, key);
    switch (random_() % 6) {
      case 0:
        return Read(record, key, key);
      case 1:
        return Read(record, key, key + 2);
      case 2:
        return ReadPart(record, key % kParts);
      default:
        return Append(record, key);
    }
  }

  // The rows of `rows` ("id|items" and more), and that there are none of the other keys.
  void RecordReads(RecordedTransaction* record, const std::vector<std::string>& rows, const std::vector<int64_t>& keys) {
    for (const int64_t key : keys) {
      Op op{OpKind::kRead, key, 0, {}};
      for (const std::string& row : rows) {
        const std::vector<std::string_view> columns = absl::StrSplit(row, '|');
        if (columns[0] == absl::StrCat(key)) op.seen = ParseItems(columns[1]);
      }
      record->ops.push_back(std::move(op));
    }
  }

  Status Read(RecordedTransaction* record, int64_t first, int64_t last) {
    TURDB_ASSIGN_OR_RETURN(
        const std::vector<std::string> rows,
        session_.Query(first == last ? absl::StrCat("select id, items from lists where id = ", first)
                                     : absl::StrCat("select id, items from lists where id between ", first, " and ", last)));
    std::vector<int64_t> keys;
    for (int64_t key = first; key <= last && key < options_.keys; ++key) keys.push_back(key);
    RecordReads(record, rows, keys);
    return absl::OkStatus();
  }

  Status ReadPart(RecordedTransaction* record, int64_t part) {
    // The index alone, or the rows as well.
    const std::string_view columns = random_() % 2 == 0 ? "id, items" : "id, items, pad";
    TURDB_ASSIGN_OR_RETURN(const std::vector<std::string> rows,
                           session_.Query(absl::StrCat("select ", columns, " from lists where part = ", part)));
    std::vector<int64_t> keys;
    for (int64_t key = part; key < options_.keys; key += kParts) keys.push_back(key);
    RecordReads(record, rows, keys);
    return absl::OkStatus();
  }

  Status Append(RecordedTransaction* record, int64_t key) {
    const int64_t value = clock_.fetch_add(1) + 1;
    // Who learns whether there is a row must have it in the record; the value that is appended to is not shown.
    TURDB_ASSIGN_OR_RETURN(
        const std::vector<std::string> rows,
        session_.Query(absl::StrCat("update lists set items = items || ',' || ", value, " where id = ", key, " returning id")));
    if (rows.empty()) {
      TURDB_RETURN_IF_ERROR(session_.Exec(
          absl::StrCat("insert into lists values (", key, ", ", key % kParts, ", '", value, "', repeat('x', 1500))")));
    }
    record->ops.push_back(Op{OpKind::kAppend, key, value, {}});
    return absl::OkStatus();
  }

  Status Write(RecordedTransaction* record, int64_t key) {
    TURDB_RETURN_IF_ERROR(Read(record, key, key));
    const int64_t value = clock_.fetch_add(1) + 1;
    const bool exists = !record->ops.back().seen.empty();
    TURDB_RETURN_IF_ERROR(session_.Exec(
        exists ? absl::StrCat("update lists set items = '", value, "' where id = ", key)
               : absl::StrCat("insert into lists values (", key, ", ", key % kParts, ", '", value, "', repeat('x', 1500))")));
    record->ops.push_back(Op{OpKind::kWrite, key, value, {}});
    return absl::OkStatus();
  }

  const WorkloadOptions& options_;
  engine::SqlSession session_;
  std::mt19937 random_;
  std::atomic<int64_t>& clock_;
};

}  // namespace

WorkloadResult RunWorkload(const WorkloadOptions& options) {
  WorkloadResult result;
  engine::Settings settings;
  settings.threads = 1;
  settings.memory_limit_bytes = options.memory_limit_bytes;
  auto database = engine::Database::Open(":memory:", settings);
  Status opened = database.status();
  if (opened.ok()) opened = engine::SqlSession(*(*database)->Connect()).Exec(kTable);
  if (opened.ok() && options.indexed) opened = engine::SqlSession(*(*database)->Connect()).Exec(kIndex);
  if (!opened.ok()) {
    result.unexpected = base::Describe(opened);
    return result;
  }
  std::atomic<int64_t> clock{0};
  std::mutex mu;
  std::vector<std::thread> threads;
  for (int t = 0; t < options.threads; ++t) {
    threads.emplace_back([&, t] {
      Client client(options, *(*database)->Connect(), options.seed * 1000 + static_cast<uint32_t>(t), clock);
      std::vector<RecordedTransaction> own;
      std::string unexpected;
      for (int i = 0; i < options.transactions && unexpected.empty(); ++i) {
        const Status status = client.RunOne(&own.emplace_back());
        if (!status.ok()) unexpected = base::Describe(status);
      }
      const std::lock_guard lock(mu);
      for (RecordedTransaction& record : own) {
        result.committed += record.outcome == Outcome::kCommitted ? 1 : 0;
        result.history.push_back(std::move(record));
      }
      if (!unexpected.empty()) result.unexpected = std::move(unexpected);
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto problems = (*database)->Check([&](std::string_view problem) { result.unexpected = std::string(problem); });
  if (!problems.ok()) result.unexpected = base::Describe(problems.status());
  if (const Status closed = (*database)->Close(); !closed.ok()) result.unexpected = base::Describe(closed);
  return result;
}

}  // namespace turdb::isolation
