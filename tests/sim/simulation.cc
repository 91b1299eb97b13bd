#include "tests/sim/simulation.h"

#include <cstdio>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/engine/sql_session.h"
#include "tests/sim/model.h"
#include "tests/sim/world.h"

namespace turdb::sim {
namespace {

using base::Status;
using base::StatusOr;
using engine::Database;
using engine::SqlSession;

constexpr int64_t kKeys = 48;
constexpr int64_t kTables = 6;  // x0 to x5, which come and go
constexpr int64_t kTableRows = 3;
constexpr int kEpochs = 8;
constexpr int kClients = 5;
constexpr int kOperations = 40;  // a client and epoch
constexpr const char* kDirectory = "db";

enum class Fault : uint8_t {
  kNone,
  kPowerCut,
  kTornWrite,
  kWriteError,
  kSyncError,
  kReadError,
  kDiskFull,
  kSlow,
  kBitRot,  // the last epoch of its seed
};
constexpr const char* kFaultNames[] = {"none",       "power cut", "torn write", "write error", "sync error",
                                       "read error", "disk full", "slow I/O",   "bit rot"};
constexpr const char* kCrashInOpen = "crash in opening";
constexpr const char* kDoings[] = {"table made", "table dropped", "table renamed",      "column renamed",  "column added",
                                   "index made", "index renamed", "index dropped",      "index made anew", "vacuum",
                                   "backup",     "savepoint",     "serializable commit"};

// What belongs to a value, in C++ and in SQL: so a row that is half one value and half another shows.
std::string PadSql(const std::string& value) {
  return absl::StrCat("repeat(chr(cast(97 + (", value, ") % 26 as int)), cast(case when (", value,
                      ") % 61 = 0 then 3000 when (", value, ") % 997 = 0 then 20000 else (", value, ") % 90 end as int))");
}

class Simulation {
 public:
  Simulation(uint64_t seed, const Options& options)
      : world_(seed), random_(world_.random()), model_(kKeys), tables_(kTables), options_(options) {}

  Report Run() {
    disk_ = std::make_shared<os::FaultFileSystem>();
    for (int epoch = 0; epoch < kEpochs && report_.violations.empty() && !rotten_; ++epoch) RunEpoch(epoch);
    report_.switches = world_.switches();
    return std::move(report_);
  }

 private:
  class Client;

  void RunEpoch(int epoch) {
    if (epoch > 0 && random_.OneIn(4)) CrashInOpening();
    StatusOr<std::shared_ptr<Database>> opened = Open();
    if (!opened.ok()) return Violation(absl::StrCat("opening: ", base::Describe(opened.status())));
    const std::shared_ptr<Database> database = *opened;
    if (epoch == 0) {
      const Status made = SqlSession(*database->Connect())
                              .Exec(
                                  "create table t(id int primary key, v bigint not null, pad text not null);"
                                  "create index t_v on t(v);"
                                  "create index t_n on t using hnsw ((array[v % 7, v % 11, id % 13]::vector(3)))"
                                  " with (m = 4, m0 = 8, ef_construction = 16)");
      if (!made.ok()) return Violation(base::Describe(made));
    } else {
      LookAround(*database);
    }
    if (!report_.violations.empty()) return;
    const auto fault = static_cast<Fault>(random_.Below(epoch + 1 == kEpochs ? 9 : 8));
    Log(absl::StrCat("epoch ", epoch, ": ", kFaultNames[static_cast<size_t>(fault)]));
    const uint64_t before = disk_->failure_count();
    Prepare(fault);
    std::vector<std::unique_ptr<os::Thread>> threads;
    for (int c = 0; c < kClients; ++c) {
      threads.push_back(world_.scheduler().Start(absl::StrCat("client ", c), [this, &database, c] { RunClient(database, c); }));
    }
    threads.clear();  // joined
    world_.set_slowness_ns(0);
    const Status closed = database->Close();
    const bool struck = disk_->failure_count() != before || fault == Fault::kSlow || fault == Fault::kBitRot;
    if (struck || fault == Fault::kNone) ++report_.faults[kFaultNames[static_cast<size_t>(fault)]];
    if (!closed.ok() && !struck) Violation(absl::StrCat("closing: ", base::Describe(closed)));
    if (disk_->failure_count() != before || random_.OneIn(3)) {
      disk_ = disk_->CrashedCopy(random_.Below(8));
      ++report_.crashes;
    }
    disk_->ClearFaults();
  }

  // The power goes while the database is opened, perhaps more than once.
  void CrashInOpening() {
    do {
      const uint64_t before = disk_->failure_count();
      disk_->CutPowerAt(1 + random_.Below(80));
      StatusOr<std::shared_ptr<Database>> opened = Open();
      if (opened.ok()) (void)(*opened)->Close();
      if (disk_->failure_count() != before) {
        ++report_.faults[kCrashInOpen];
        ++report_.crashes;
      }
      disk_ = disk_->CrashedCopy(random_.Below(8));
    } while (random_.OneIn(3));
  }

  StatusOr<std::shared_ptr<Database>> Open(const std::string& directory = kDirectory) {
    engine::Settings settings;
    settings.memory_limit_bytes = 4 << 20;
    settings.page_cache_bytes = 1 << 20;
    settings.wal_limit_bytes = 1 << 20;
    settings.threads = random_.OneIn(2) ? 1 : 4;  // 1: nothing goes on in the background
    settings.busy_timeout_ms = 200;
    return Database::OpenIn(world_.EnvironmentOver(disk_, options_.lying_disk), directory, settings);
  }

  void Prepare(Fault fault) {
    const uint64_t nth = 1 + random_.Below(1 + random_.Below(400));
    os::Fault what;
    what.nth = nth;
    switch (fault) {
      case Fault::kNone:
        return;
      case Fault::kPowerCut:
        return disk_->CutPowerAt(nth);
      case Fault::kTornWrite:
        what.operation = os::FileOperation::kWrite;
        what.tear = true;
        what.tear_seed = random_.Next();
        what.from_there_on = true;
        break;
      case Fault::kWriteError:
        what.operation = os::FileOperation::kWrite;
        what.from_there_on = random_.OneIn(2);
        break;
      case Fault::kSyncError:
        what.operation = os::FileOperation::kSync;
        what.nth = 1 + random_.Below(40);
        break;
      case Fault::kReadError:
        what.operation = os::FileOperation::kRead;
        what.nth = 1 + random_.Below(20);
        break;
      case Fault::kDiskFull:
        what.operation = random_.OneIn(2) ? os::FileOperation::kExtend : os::FileOperation::kWrite;
        what.nth = 1 + random_.Below(what.operation == os::FileOperation::kExtend ? 4 : 100);
        what.error_number = ENOSPC;
        what.from_there_on = true;
        break;
      case Fault::kSlow:
        return world_.set_slowness_ns(20'000'000);
      case Fault::kBitRot:
        rotten_ = true;
        for (uint64_t bits = random_.OneIn(2) ? 1 : 1 + random_.Below(8); bits > 0; --bits) RotABit();
        return;
    }
    disk_->Inject(what);
  }

  void RotABit() {
    std::vector<std::string> files;
    Collect(kDirectory, &files);
    const std::string& path = files[random_.Below(files.size())];
    const auto file = disk_->Open(path, os::OpenMode::kReadOnly);
    if (!file.ok()) return;
    const StatusOr<uint64_t> size = (*file)->Size();
    if (!size.ok() || *size == 0) return;
    const uint64_t offset = random_.Below(*size);
    Log(absl::StrCat("a bit of ", path, " at ", offset));
    disk_->FlipBits(path, offset, static_cast<uint8_t>(1u << random_.Below(8))).IgnoreError();
  }
  void Collect(const std::string& directory, std::vector<std::string>* files) {
    const auto names = disk_->List(directory);
    if (!names.ok()) return;
    for (const std::string& name : *names) {
      const std::string path = os::JoinPath(directory, name);
      if (disk_->List(path).ok()) {
        Collect(path, files);
      } else {
        files->push_back(path);
      }
    }
  }

  // After opening: all that had committed is there, and of what had not returned all or nothing.
  void LookAround(Database& database) {
    std::string problems;
    const StatusOr<int64_t> count =
        database.Check([&](std::string_view problem) { absl::StrAppend(&problems, problem, "; "); });
    if (!count.ok() || *count != 0) {
      return Violation(absl::StrCat("check: ", count.ok() ? problems : base::Describe(count.status())));
    }
    std::vector<Value> values, tables;
    if (!ReadAll(database, "after opening", &values, &tables)) return;
    CompareAll(model_, model_.Now(), model_.Now(), values, "after opening key");
    CompareAll(tables_, tables_.Now(), tables_.Now(), tables, "after opening table");
    model_.Restart(values);
    tables_.Restart(tables);
  }

  // All rows, and all tables that come and go.
  bool ReadAll(Database& database, const std::string& when, std::vector<Value>* values, std::vector<Value>* tables) {
    SqlSession session(*database.Connect());
    const auto rows = session.Query(absl::StrCat("select id, v, pad = ", PadSql("v"), " from t order by id"));
    if (!rows.ok()) Violation(absl::StrCat("reading ", when, ": ", base::Describe(rows.status())));
    values->assign(static_cast<size_t>(kKeys), kNoRow);
    if (!rows.ok() || !ReadRows(*rows, values)) return false;
    const auto shapes = session.Query(kShapesSql);
    if (!shapes.ok()) Violation(absl::StrCat("reading the catalog ", when, ": ", base::Describe(shapes.status())));
    if (!shapes.ok() || !ReadShapes(*shapes, tables)) return false;
    for (int64_t table = 0; table < kTables; ++table) {
      const Value shape = (*tables)[static_cast<size_t>(table)];
      if (shape == kNoRow) continue;
      const auto count = session.Query(absl::StrCat("select count(*), count(c", shape, ") from x", table));
      if (count.ok() && count->at(0) == absl::StrCat(kTableRows, "|", kTableRows)) continue;
      Violation(absl::StrCat("table x", table, " ", when, ": ", count.ok() ? count->at(0) : base::Describe(count.status())));
      return false;
    }
    return true;
  }

  void CompareAll(Model& model, int64_t first, int64_t last, const std::vector<Value>& values, const std::string& what) {
    Model::Snapshot snapshot;
    snapshot.Take(first, last);
    for (int64_t key = 0; key < model.key_count(); ++key) {
      if (model.Observe(snapshot, key, values[static_cast<size_t>(key)])) continue;
      Violation(absl::StrCat(what, " ", key, " shows ", values[static_cast<size_t>(key)], "; ", model.Describe(snapshot, key)));
    }
  }

  // A table's shape is told by the name of its second column.
  static constexpr const char* kShapesSql =
      "select table_name, column_name from turdb_catalog.columns where table_name like 'x_' and column_name like 'c%'";
  bool ReadShapes(const std::vector<std::string>& rows, std::vector<Value>* tables) {
    tables->assign(static_cast<size_t>(kTables), kNoRow);
    for (const std::string& row : rows) {
      const std::vector<std::string> parts = absl::StrSplit(row, '|');
      int64_t table = 0;
      Value shape = kNoRow;
      if (parts.size() != 2 || !absl::SimpleAtoi(parts[0].substr(1), &table) || !absl::SimpleAtoi(parts[1].substr(1), &shape) ||
          table < 0 || table >= kTables || (*tables)[static_cast<size_t>(table)] != kNoRow) {
        Violation(absl::StrCat("a table that nobody made: ", row));
        return false;
      }
      (*tables)[static_cast<size_t>(table)] = shape;
    }
    return true;
  }

  bool ReadRows(const std::vector<std::string>& rows, std::vector<Value>* values) {
    for (const std::string& row : rows) {
      const std::vector<std::string> parts = absl::StrSplit(row, '|');
      int64_t key = 0;
      Value value = kNoRow;
      if (parts.size() != 3 || !absl::SimpleAtoi(parts[0], &key) || !absl::SimpleAtoi(parts[1], &value) || parts[2] != "t" ||
          key < 0 || key >= kKeys || (*values)[static_cast<size_t>(key)] != kNoRow) {
        Violation(absl::StrCat("a row that nobody wrote: ", row));
        return false;
      }
      (*values)[static_cast<size_t>(key)] = value;
    }
    return true;
  }

  void RunClient(const std::shared_ptr<Database>& database, int number);

  void Violation(std::string text) {
    Log(absl::StrCat("VIOLATION: ", text));
    if (report_.violations.size() < 5) report_.violations.push_back(std::move(text));
  }
  void Log(const std::string& text) const {
    if (options_.verbose) std::printf("%s\n", text.c_str());
  }

  World world_;
  Random& random_;
  Model model_;
  Model tables_;  // whose keys are tables, and whose values their shapes
  Report report_;
  const Options options_;
  int backups_ = 0;
  bool rotten_ = false;
  std::shared_ptr<os::FaultFileSystem> disk_;
  Value last_value_ = 0;
};

class Simulation::Client {
 public:
  Client(Simulation& simulation, std::shared_ptr<engine::Connection> connection, int number)
      : sim_(simulation),
        random_(simulation.random_),
        model_(simulation.model_),
        tables_(simulation.tables_),
        session_(std::move(connection)),
        number_(number) {}

  void Operate() {
    ++sim_.report_.operations;
    const uint64_t what = random_.Below(100);
    if (!open_ && what < 30) return Begin();
    if (!open_ && what < 31) return Vacuum();
    if (!open_ && what < 32) return Backup();
    if (open_ && what < 15) return Commit();
    if (open_ && what < 20) return Rollback();
    if (open_ && what < 28) return Savepoints();
    if (open_ && what < 38) return UpdateRange();
    if (what < 55) return Read();
    if (what < 60) return ReadAll();
    if (open_ && what < 65) return Lock();
    if (what < 70) return ChangeSchema();
    Change(random_.Below(3));
  }
  void End() {
    if (open_) Commit();
  }

 private:
  enum Kind { kInsert, kUpdate, kDelete };

  Value NewValue() { return ++sim_.last_value_; }
  int64_t AnyKey() { return static_cast<int64_t>(random_.Below(random_.OneIn(2) ? kKeys : kKeys / 8)); }

  StatusOr<std::vector<std::string>> Query(const std::string& sql, bool takes_snapshot = true) {
    const int64_t first = model_.Now(), first_table = tables_.Now();
    auto rows = session_.Query(sql);
    const int64_t last = model_.Now(), last_table = tables_.Now();
    sim_.Log(absl::StrCat(number_, open_ ? "+ " : ": ", sql.substr(0, 160), " -> ",
                          rows.ok() ? absl::StrCat(rows->size(), " rows") : base::Describe(rows.status())));
    if (!open_) {
      snapshot_ = shapes_ = Model::Snapshot();
      snapshot_.Take(first, last);
      shapes_.Take(first_table, last_table);
    } else if (!taken_ && takes_snapshot) {
      if (!tried_) {  // a statement that failed may have taken it, or not
        first_ = first;
        first_table_ = first_table;
      }
      snapshot_.Take(first_, last);
      shapes_.Take(first_table_, last_table);
      tried_ = true;
      taken_ = rows.ok();
    }
    if (!rows.ok()) CheckError(rows.status(), sql);
    return rows;
  }

  void CheckError(const Status& status, const std::string& sql) {
    const base::SqlState state = base::GetSqlState(status);
    if (state.view() == "55006") return;  // another VACUUM is running
    if (state == base::sqlstate::kSerializationFailure || state == base::sqlstate::kDeadlock ||
        state == base::sqlstate::kLockNotAvailable) {
      ++sim_.report_.conflicts;
      return;
    }
    if (state == base::sqlstate::kUniqueViolation) return;  // judged by who asked
    // What comes and goes may be there already, or not.
    for (const base::SqlState& expected :
         {base::sqlstate::kUndefinedTable, base::sqlstate::kDuplicateTable, base::sqlstate::kUndefinedColumn,
          base::sqlstate::kDuplicateColumn, base::sqlstate::kUndefinedObject, base::sqlstate::kDuplicateObject}) {
      if (changing_schema_ && state == expected) return;
    }
    if (sim_.disk_->failure_count() != 0 || sim_.rotten_) return;
    sim_.Violation(absl::StrCat(sql.substr(0, 200), ": ", base::Describe(status)));
  }

  // What the transaction itself has made of the key, if anything.
  std::optional<Value> Own(int64_t key) const {
    const auto found = own_.find(key);
    return found == own_.end() ? std::nullopt : std::optional(found->second);
  }

  void Observe(int64_t key, Value value, const std::string& what) {
    const std::optional<Value> own = Own(key);
    if (open_ && !own.has_value()) read_.insert(key);
    const bool right = own.has_value() ? *own == value : model_.Observe(snapshot_, key, value);
    if (right) return;
    sim_.Violation(absl::StrCat("client ", number_, " ", what, ": key ", key, " shows ", value, "; ",
                                own.has_value() ? absl::StrCat("its own is ", *own) : model_.Describe(snapshot_, key)));
  }
  void Changed(int64_t key, Value value) {
    if (!Own(key).has_value() && !model_.MayChange(snapshot_, key)) {
      sim_.Violation(absl::StrCat("client ", number_, " changed key ", key, ", which had changed since its snapshot; ",
                                  model_.Describe(snapshot_, key)));
    }
    own_[key] = value;
  }

  void Begin() {
    serializable_ = random_.OneIn(4);
    if (!Query(serializable_ ? "begin isolation level serializable" : "begin").ok()) return;
    open_ = true;
    taken_ = tried_ = false;
    snapshot_ = shapes_ = Model::Snapshot();
    own_.clear();
    own_tables_.clear();
    read_.clear();
    savepoints_.clear();
  }

  void Commit() {
    std::shared_ptr<sim::Commit> commit, shapes;
    if (!own_.empty()) commit = model_.BeginCommit(own_);
    if (!own_tables_.empty()) shapes = tables_.BeginCommit(own_tables_);
    const auto rows = Query("commit");
    open_ = false;
    if (commit != nullptr) {
      Settle(model_, commit, rows.status());
      if (rows.ok() && serializable_) CheckReads(*commit);
    }
    if (shapes != nullptr) Settle(tables_, shapes, rows.status());
    if (rows.ok() && serializable_) Did("serializable commit");
    own_.clear();
    own_tables_.clear();
  }
  void Did(const char* what) { ++sim_.report_.did[what]; }
  // A serializable transaction that writes has read what nobody had changed when it committed.
  void CheckReads(const sim::Commit& commit) {
    for (const int64_t key : read_) {
      if (!model_.ChangedBefore(snapshot_, key, commit.begin)) continue;
      sim_.Violation(absl::StrCat("serializable client ", number_, " committed at ", commit.begin, " although key ", key,
                                  " had changed; ", model_.Describe(snapshot_, key)));
    }
  }
  // An error of another kind leaves it open whether the commit happened.
  void Settle(Model& model, const std::shared_ptr<sim::Commit>& commit, const Status& status) {
    const base::SqlState state = base::GetSqlState(status);
    if (status.ok()) {
      model.Committed(*commit);
      ++sim_.report_.commits;
    } else if (state == base::sqlstate::kSerializationFailure || state == base::sqlstate::kDeadlock ||
               state == base::sqlstate::kLockNotAvailable || state == base::sqlstate::kUniqueViolation ||
               (changing_schema_ && state.view().substr(0, 2) == "42")) {
      if (!model.Refused(commit)) sim_.Violation("somebody saw what was not committed");
    }
  }

  void Rollback() {
    Query("rollback").IgnoreError();
    open_ = false;
    own_.clear();
    own_tables_.clear();
  }

  void Savepoints() {
    if (savepoints_.empty() || random_.OneIn(2)) {
      if (!Query(absl::StrCat("savepoint s", savepoints_.size()), false).ok()) return;
      savepoints_.emplace_back(own_, own_tables_);
      return;
    }
    const size_t to = random_.Below(savepoints_.size());
    const bool back = random_.OneIn(2);
    if (!Query(absl::StrCat(back ? "rollback to s" : "release s", to), false).ok()) return;
    if (back) {
      std::tie(own_, own_tables_) = savepoints_[to];
      Did("savepoint");
    }
    savepoints_.resize(back ? to + 1 : to);
  }

  void Read() {
    const int64_t low = AnyKey();
    const int64_t high = random_.OneIn(2) ? low : std::min<int64_t>(kKeys - 1, low + static_cast<int64_t>(random_.Below(12)));
    const std::string where = low == high ? absl::StrCat("id = ", low) : absl::StrCat("id between ", low, " and ", high);
    const auto rows = Query(absl::StrCat("select id, v, pad = ", PadSql("v"), " from t where ", where));
    if (rows.ok()) Compare(*rows, low, high, "reads");
  }
  void ReadAll() {
    const auto rows = Query(absl::StrCat("select id, v, pad = ", PadSql("v"), " from t where v > 0 order by v"));
    if (rows.ok()) Compare(*rows, 0, kKeys - 1, "reads by index");
  }
  void Compare(const std::vector<std::string>& rows, int64_t low, int64_t high, const std::string& what) {
    std::vector<Value> values(static_cast<size_t>(kKeys), kNoRow);
    if (!sim_.ReadRows(rows, &values)) return;
    for (int64_t key = low; key <= high; ++key) Observe(key, values[static_cast<size_t>(key)], what);
  }

  void Lock() {
    const int64_t key = AnyKey();
    const char* const how[] = {"for update", "for share", "for update nowait", "for key share skip locked"};
    const uint64_t which = random_.Below(4);
    const auto rows = Query(absl::StrCat("select id, v, pad = ", PadSql("v"), " from t where id = ", key, " ", how[which]));
    if (!rows.ok() || (rows->empty() && which == 3)) return;
    Compare(*rows, key, key, "locks");
  }

  void UpdateRange() {
    const int64_t low = AnyKey();
    const int64_t high = std::min<int64_t>(kKeys - 1, low + static_cast<int64_t>(random_.Below(8)));
    // Far enough up that no value is made twice.
    sim_.last_value_ += 1'000'000;
    const Value step = sim_.last_value_ - sim_.last_value_ % 1'000'000;
    const std::string value = absl::StrCat("v + ", step);
    const auto rows = Query(absl::StrCat("update t set v = ", value, ", pad = ", PadSql(value), " where id between ", low,
                                         " and ", high, " returning id, v, pad = ", PadSql("v")));
    if (!rows.ok()) return;
    std::vector<Value> values(static_cast<size_t>(kKeys), kNoRow);
    if (!sim_.ReadRows(*rows, &values)) return;
    for (int64_t key = low; key <= high; ++key) {
      const Value now = values[static_cast<size_t>(key)];
      Observe(key, now == kNoRow ? kNoRow : now - step, "updates");
      if (now != kNoRow) Changed(key, now);
    }
  }

  void Change(uint64_t kind) {
    const int64_t key = AnyKey();
    const Value value = kind == kDelete ? kNoRow : NewValue();
    std::string sql;
    if (kind == kInsert) {
      sql = absl::StrCat("insert into t values (", key, ", ", value, ", ", PadSql(absl::StrCat(value)), ") returning id");
    } else if (kind == kUpdate) {
      sql = absl::StrCat("update t set v = ", value, ", pad = ", PadSql(absl::StrCat(value)), " where id = ", key,
                         " returning id");
    } else {
      sql = absl::StrCat("delete from t where id = ", key, " returning id");
    }
    std::shared_ptr<sim::Commit> commit;
    if (!open_) commit = model_.BeginCommit({{key, value}});
    const auto rows = Query(sql);
    if (!rows.ok()) {
      if (commit != nullptr) Settle(model_, commit, rows.status());
      if (base::GetSqlState(rows.status()) == base::sqlstate::kUniqueViolation && !Own(key).has_value() &&
          !model_.AnyRow(key)) {
        sim_.Violation(absl::StrCat("a duplicate of key ", key, ", which never was"));
      }
      return;
    }
    if (rows->empty()) {
      if (commit != nullptr && !model_.Refused(commit)) sim_.Violation("somebody saw what was not done");
      const std::optional<Value> own = Own(key);
      if (own.has_value() ? *own != kNoRow : !model_.MayBeAbsent(snapshot_, key)) {
        sim_.Violation(absl::StrCat("client ", number_, " did not find key ", key, "; ", model_.Describe(snapshot_, key)));
      }
      return;
    }
    const std::optional<Value> own = Own(key);
    const bool existed = kind != kInsert;
    const bool may = own.has_value() ? (*own != kNoRow) == existed
                     : existed       ? model_.MayExist(snapshot_, key)
                                     : model_.MayBeAbsent(snapshot_, key);
    if (!may) {
      sim_.Violation(absl::StrCat("client ", number_, ": ", sql.substr(0, 40), " went through; ",
                                  own.has_value() ? absl::StrCat("its own is ", *own) : model_.Describe(snapshot_, key)));
    }
    if (commit != nullptr) {
      Settle(model_, commit, absl::OkStatus());
    } else {
      Changed(key, value);
    }
  }

  void ChangeSchema() {
    changing_schema_ = true;
    DrawSchemaChange();
    changing_schema_ = false;
  }

  // What of a table's shape the transaction has changed, or sees; nothing when asking failed.
  std::optional<Value> Shape(int64_t table) {
    const auto rows = Query(Simulation::kShapesSql);
    std::vector<Value> shapes;
    if (!rows.ok() || !sim_.ReadShapes(*rows, &shapes)) return std::nullopt;
    for (int64_t each = 0; each < kTables; ++each) {
      const Value shape = shapes[static_cast<size_t>(each)];
      const auto own = own_tables_.find(each);
      const bool right = own != own_tables_.end() ? own->second == shape : tables_.Observe(shapes_, each, shape);
      if (right) continue;
      sim_.Violation(
          absl::StrCat("client ", number_, " sees table x", each, " as ", shape, "; ",
                       own != own_tables_.end() ? absl::StrCat("its own is ", own->second) : tables_.Describe(shapes_, each)));
    }
    return shapes[static_cast<size_t>(table)];
  }
  void ChangedTable(int64_t table, Value shape) {
    if (!own_tables_.contains(table) && !tables_.MayChange(shapes_, table)) {
      sim_.Violation(absl::StrCat("client ", number_, " changed table x", table, ", which had changed since its snapshot; ",
                                  tables_.Describe(shapes_, table)));
    }
    own_tables_[table] = shape;
  }
  // One statement that gives tables new shapes.
  bool Reshape(const std::string& sql, const std::map<int64_t, Value>& shapes) {
    std::shared_ptr<sim::Commit> commit;
    if (!open_) commit = tables_.BeginCommit(shapes);
    const auto rows = Query(sql);
    if (commit != nullptr) {
      Settle(tables_, commit, rows.status());
    } else if (rows.ok()) {
      for (const auto& [table, shape] : shapes) ChangedTable(table, shape);
    }
    return rows.ok();
  }

  void DrawSchemaChange() {
    const int64_t table = static_cast<int64_t>(random_.Below(kTables));
    const std::string name = absl::StrCat("x", table);
    switch (random_.Below(9)) {
      case 0:
      case 1: {
        const Value shape = NewValue();
        if (Reshape(absl::StrCat("create table ", name, " as select i as id, ", shape, " as c", shape,
                                 " from generate_series(1, ", kTableRows, ") g(i)"),
                    {{table, shape}})) {
          Did("table made");
        }
        return;
      }
      case 2:
        if (Reshape(absl::StrCat("drop table ", name), {{table, kNoRow}})) Did("table dropped");
        return;
      case 3: {
        const int64_t to = static_cast<int64_t>(random_.Below(kTables));
        if (!open_ || to == table) return;
        const std::optional<Value> shape = Shape(table);
        if (!shape.has_value() || *shape == kNoRow) return;
        if (Reshape(absl::StrCat("alter table ", name, " rename to x", to), {{table, kNoRow}, {to, *shape}})) {
          Did("table renamed");
        }
        return;
      }
      case 4: {
        if (!open_) return;
        const std::optional<Value> shape = Shape(table);
        if (!shape.has_value() || *shape == kNoRow) return;
        const Value renamed = NewValue();
        if (Reshape(absl::StrCat("alter table ", name, " rename column c", *shape, " to c", renamed), {{table, renamed}})) {
          Did("column renamed");
        }
        return;
      }
      case 5:
        // Of the table that everybody writes, too.
        if (Query(absl::StrCat("alter table ", random_.OneIn(2) ? "t" : name, " add column e", random_.Below(1'000'000'000),
                               " text default 'e'"))
                .ok()) {
          Did("column added");
        }
        return;
      case 6:
        if (Query(absl::StrCat("create index i", random_.Below(3), " on ",
                               random_.OneIn(4)   ? "t using hnsw ((array[v % 5, id % 9]::vector(2)))"
                               : random_.OneIn(3) ? "t(v, id)"
                                                  : name + "(id)"))
                .ok()) {
          Did("index made");
        }
        return;
      case 7:
        if (Query(absl::StrCat("alter index i", random_.Below(3), " rename to i", random_.Below(3))).ok()) Did("index renamed");
        return;
      default:
        if (random_.OneIn(3)) {
          if (Query("reindex table t").ok()) Did("index made anew");
          return;
        }
        if (Query(absl::StrCat("drop index i", random_.Below(3))).ok()) Did("index dropped");
        return;
    }
  }

  void Vacuum() {
    if (Query("vacuum").ok()) Did("vacuum");
  }

  // A copy that is made while the others write is the database as it was at some moment meanwhile.
  void Backup() {
    const std::string path = absl::StrCat("backup", sim_.backups_++);
    const int64_t first = model_.Now(), first_table = tables_.Now();
    const auto made = Query(absl::StrCat("vacuum into '", path, "'"));
    const int64_t last = model_.Now(), last_table = tables_.Now();
    if (!made.ok() || sim_.rotten_ || sim_.disk_->failure_count() != 0) return;
    StatusOr<std::shared_ptr<Database>> copy = sim_.Open(path);
    std::vector<Value> values, tables;
    std::string problems;
    const auto checked = !copy.ok()
                             ? StatusOr<int64_t>(copy.status())
                             : (*copy)->Check([&](std::string_view problem) { absl::StrAppend(&problems, problem, "; "); });
    if (sim_.disk_->failure_count() != 0) return;  // the fault came while it was looked at
    if (!checked.ok() || *checked != 0) {
      return sim_.Violation(absl::StrCat("backup: ", checked.ok() ? problems : base::Describe(checked.status())));
    }
    const size_t before = sim_.report_.violations.size();
    const bool read = sim_.ReadAll(**copy, "in a backup", &values, &tables);
    if (sim_.disk_->failure_count() != 0) {
      sim_.report_.violations.resize(before);
      return;
    }
    if (!read) return;
    sim_.CompareAll(model_, first, last, values, "in a backup key");
    sim_.CompareAll(tables_, first_table, last_table, tables, "in a backup table");
    (void)(*copy)->Close();
    Did("backup");
  }

  Simulation& sim_;
  Random& random_;
  Model& model_;
  Model& tables_;
  SqlSession session_;
  const int number_;
  bool open_ = false;
  bool taken_ = false;  // the snapshot
  bool tried_ = false;
  int64_t first_ = 0, first_table_ = 0;
  Model::Snapshot snapshot_, shapes_;
  bool serializable_ = false;
  bool changing_schema_ = false;
  std::map<int64_t, Value> own_, own_tables_;
  std::set<int64_t> read_;
  std::vector<std::pair<std::map<int64_t, Value>, std::map<int64_t, Value>>> savepoints_;
};

void Simulation::RunClient(const std::shared_ptr<Database>& database, int number) {
  auto connection = database->Connect();
  if (!connection.ok()) return;
  Client client(*this, *connection, number);
  for (int i = 0; i < kOperations && report_.violations.empty(); ++i) {
    client.Operate();
    if (random_.OneIn(3)) world_.scheduler().Yield();
  }
  client.End();
}

}  // namespace

std::vector<std::string> FaultKinds() {
  std::vector<std::string> kinds(std::begin(kFaultNames), std::end(kFaultNames));
  kinds.emplace_back(kCrashInOpen);
  return kinds;
}
std::vector<std::string> Doings() { return {std::begin(kDoings), std::end(kDoings)}; }

Report Simulate(uint64_t seed, const Options& options) { return Simulation(seed, options).Run(); }

}  // namespace turdb::sim
