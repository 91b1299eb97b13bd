// TurDB beside its peers, in one run: the bars of the foundation as ratios.
//
// Every measurement alternates between the engines, over the same data, with the same durability; the
// figure is the median of the rounds. Engines: TurDB through turdb.h; SQLite in WAL mode, with locking mode
// normal and exclusive; LMDB (where it has the operation). Keys are drawn uniformly at random; every column of a row
// that is read is fetched through the engine's own getters.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "turdb.h"
#ifdef BENCH_SQLITE
#include <sqlite3.h>
#endif
#ifdef BENCH_LMDB
#include <lmdb.h>
#endif

namespace {

namespace fs = std::filesystem;

int64_t g_rows = 1'000'000;
int g_rounds = 5;
std::string g_only;
fs::path g_directory;

double NowSeconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "turdb_bench: %s\n", what.c_str());
  std::exit(1);
}

// xorshift: the same keys for every engine.
struct Random {
  uint64_t state;
  explicit Random(uint64_t seed) : state(seed * 0x9e3779b97f4a7c15u + 1) {}
  uint64_t Next() {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
  }
  int64_t Below(int64_t n) { return static_cast<int64_t>(Next() % static_cast<uint64_t>(n)); }
};

// 16 bytes that are not in insertion order.
void TextKey(int64_t i, char* out) {
  std::snprintf(out, 17, "%016llx", static_cast<unsigned long long>(static_cast<uint64_t>(i) * 0x9e3779b97f4a7c15u));
}

enum class Keys { kInteger, kText };
enum class Durability { kOff, kNormal, kFull };
const char* DurabilityName(Durability d) {
  return d == Durability::kOff ? "off" : d == Durability::kNormal ? "normal" : "full";
}

volatile int64_t g_sink;

// One engine with a table t(id primary key, a bigint, b double, c text) and the statements that are measured.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual const char* name() const = 0;
  virtual void Begin() = 0;
  virtual void Commit() = 0;
  virtual void Insert(int64_t i) = 0;  // row number i
  virtual void Select(int64_t i) = 0;  // all columns of row i
  virtual void Update(int64_t i, int64_t v) = 0;
  virtual int64_t ScanRows() { return 0; }  // steps through all rows, reading all columns
  virtual void ScanSum() {}                 // one aggregate over all four columns
  virtual void Prepare() {}
};

void Check(turdb_status status, turdb_error* error, const char* what) {
  if (status >= 0) return;
  Die(std::string(what) + ": " + turdb_error_message(error));
}

class TurdbEngine : public Engine {
 public:
  TurdbEngine(const fs::path& path, Keys keys, Durability durability) : keys_(keys) {
    turdb_error* error = nullptr;
    turdb_options* options = nullptr;
    Check(turdb_options_new(&options, &error), error, "options");
    Check(turdb_options_set(options, "synchronous", DurabilityName(durability), &error), error, "options");
    Check(turdb_options_set(options, "memory_limit", "2GB", &error), error, "options");
    Check(turdb_db_open(path.c_str(), options, &db_, &error), error, "open");
    turdb_options_free(options);
    Connect();
  }
  TurdbEngine(TurdbEngine& other) : keys_(other.keys_), db_(other.db_), owner_(false) { Connect(); }
  ~TurdbEngine() override {
    for (turdb_stmt* stmt : {insert_, select_, update_, scan_, sum_, begin_, commit_}) turdb_stmt_free(stmt);
    turdb_conn_free(conn_);
    if (owner_) {
      turdb_db_close(db_, nullptr);
      turdb_db_free(db_);
    }
  }
  const char* name() const override { return "TurDB"; }
  void Begin() override { Run(begin_); }
  void Commit() override { Run(commit_); }
  void Insert(int64_t i) override {
    BindKey(insert_, 1, i);
    turdb_stmt_bind_int64(insert_, 2, i * 7, nullptr);
    turdb_stmt_bind_double(insert_, 3, static_cast<double>(i) * 0.5, nullptr);
    turdb_stmt_bind_text(insert_, 4, "sixteen letters.", 16, nullptr);
    Run(insert_);
  }
  void Select(int64_t i) override {
    turdb_error* error = nullptr;
    BindKey(select_, 1, i);
    const turdb_status status = turdb_stmt_step(select_, &error);
    if (status != TURDB_ROW) {
      Check(status, error, "select");
      Die("select: no row");
    }
    ReadRow(select_);
    turdb_stmt_reset(select_, nullptr);
  }
  void Update(int64_t i, int64_t v) override {
    turdb_stmt_bind_int64(update_, 1, v, nullptr);
    BindKey(update_, 2, i);
    Run(update_);
  }
  int64_t ScanRows() override {
    turdb_error* error = nullptr;
    int64_t rows = 0;
    turdb_status status;
    while ((status = turdb_stmt_step(scan_, &error)) == TURDB_ROW) {
      ReadRow(scan_);
      ++rows;
    }
    Check(status, error, "scan");
    return rows;
  }
  void ScanSum() override {
    turdb_error* error = nullptr;
    Check(turdb_stmt_step(sum_, &error), error, "sum");
    g_sink = g_sink + turdb_stmt_column_int64(sum_, 0);
    turdb_stmt_reset(sum_, nullptr);
  }
  void Prepare() override {
    turdb_error* error = nullptr;
    turdb_stmt* stmt = nullptr;
    Check(turdb_stmt_prepare(conn_, kSelect, TURDB_NUL_TERMINATED, nullptr, &stmt, &error), error, "prepare");
    turdb_stmt_free(stmt);
  }

 private:
  static constexpr const char* kSelect = "select id, a, b, c from t where id = ?";
  void Connect() {
    turdb_error* error = nullptr;
    Check(turdb_conn_open(db_, &conn_, &error), error, "connect");
    // As many as the peers have for a statement.
    Check(turdb_conn_exec(conn_, "set threads = 1", -1, &error), error, "threads");
    const std::string create = std::string("create table if not exists t(id ") + (keys_ == Keys::kInteger ? "bigint" : "text") +
                               " primary key, a bigint not null, b double precision not null, c text not null)";
    if (owner_) Check(turdb_conn_exec(conn_, create.c_str(), -1, &error), error, "create");
    PrepareInto(&insert_, "insert into t values (?, ?, ?, ?)");
    PrepareInto(&select_, kSelect);
    PrepareInto(&update_, "update t set a = ? where id = ?");
    PrepareInto(&scan_, "select id, a, b, c from t");
    PrepareInto(&sum_, keys_ == Keys::kInteger ? "select sum(id), sum(a), sum(b), sum(length(c)) from t"
                                               : "select sum(length(id)), sum(a), sum(b), sum(length(c)) from t");
    PrepareInto(&begin_, "begin");
    PrepareInto(&commit_, "commit");
  }
  void PrepareInto(turdb_stmt** stmt, const char* sql) {
    turdb_error* error = nullptr;
    Check(turdb_stmt_prepare(conn_, sql, TURDB_NUL_TERMINATED, nullptr, stmt, &error), error, sql);
  }
  void BindKey(turdb_stmt* stmt, int64_t index, int64_t i) {
    if (keys_ == Keys::kInteger) {
      turdb_stmt_bind_int64(stmt, index, i, nullptr);
    } else {
      char key[17];
      TextKey(i, key);
      turdb_stmt_bind_text(stmt, index, key, 16, nullptr);
    }
  }
  static void Run(turdb_stmt* stmt) {
    turdb_error* error = nullptr;
    Check(turdb_stmt_step(stmt, &error), error, turdb_stmt_sql(stmt));
    turdb_stmt_reset(stmt, nullptr);
  }
  void ReadRow(turdb_stmt* stmt) {
    int64_t size = 0;
    if (keys_ == Keys::kInteger) {
      g_sink = g_sink + turdb_stmt_column_int64(stmt, 0);
    } else {
      turdb_stmt_column_text(stmt, 0, &size);
    }
    g_sink = g_sink + turdb_stmt_column_int64(stmt, 1) + static_cast<int64_t>(turdb_stmt_column_double(stmt, 2));
    turdb_stmt_column_text(stmt, 3, &size);
    g_sink = g_sink + size;
  }
  Keys keys_;
  turdb_db* db_ = nullptr;
  bool owner_ = true;
  turdb_conn* conn_ = nullptr;
  turdb_stmt *insert_ = nullptr, *select_ = nullptr, *update_ = nullptr, *scan_ = nullptr, *sum_ = nullptr, *begin_ = nullptr,
             *commit_ = nullptr;
};

#ifdef BENCH_SQLITE
class SqliteEngine : public Engine {
 public:
  SqliteEngine(const fs::path& path, Keys keys, Durability durability, bool exclusive) : keys_(keys), exclusive_(exclusive) {
    if (sqlite3_open(path.c_str(), &db_) != SQLITE_OK) Die("sqlite3_open");
    sqlite3_busy_timeout(db_, 60000);
    Exec("pragma journal_mode=wal");
    Exec(std::string("pragma synchronous=") + DurabilityName(durability));
    Exec("pragma cache_size=-1000000");
    if (exclusive) Exec("pragma locking_mode=exclusive");
    Exec(std::string("create table if not exists t(id ") +
         (keys == Keys::kInteger ? "integer primary key" : "text primary key") +
         ", a integer not null, b real not null, c text not null)" + (keys == Keys::kText ? " without rowid" : ""));
    insert_ = PrepareOne("insert into t values (?, ?, ?, ?)");
    select_ = PrepareOne(kSelect);
    update_ = PrepareOne("update t set a = ? where id = ?");
    scan_ = PrepareOne("select id, a, b, c from t");
    sum_ = PrepareOne(keys == Keys::kInteger ? "select sum(id), sum(a), sum(b), sum(length(c)) from t"
                                             : "select sum(length(id)), sum(a), sum(b), sum(length(c)) from t");
    begin_ = PrepareOne("begin");
    commit_ = PrepareOne("commit");
  }
  ~SqliteEngine() override {
    for (sqlite3_stmt* stmt : {insert_, select_, update_, scan_, sum_, begin_, commit_}) sqlite3_finalize(stmt);
    sqlite3_close(db_);
  }
  const char* name() const override { return exclusive_ ? "SQLite excl" : "SQLite"; }
  void Begin() override { Run(begin_); }
  void Commit() override { Run(commit_); }
  void Insert(int64_t i) override {
    BindKey(insert_, 1, i);
    sqlite3_bind_int64(insert_, 2, i * 7);
    sqlite3_bind_double(insert_, 3, static_cast<double>(i) * 0.5);
    sqlite3_bind_text(insert_, 4, "sixteen letters.", 16, SQLITE_STATIC);
    Run(insert_);
  }
  void Select(int64_t i) override {
    BindKey(select_, 1, i);
    if (sqlite3_step(select_) != SQLITE_ROW) Die("sqlite select: no row");
    ReadRow(select_);
    sqlite3_reset(select_);
  }
  void Update(int64_t i, int64_t v) override {
    sqlite3_bind_int64(update_, 1, v);
    BindKey(update_, 2, i);
    Run(update_);
  }
  int64_t ScanRows() override {
    int64_t rows = 0;
    while (sqlite3_step(scan_) == SQLITE_ROW) {
      ReadRow(scan_);
      ++rows;
    }
    sqlite3_reset(scan_);
    return rows;
  }
  void ScanSum() override {
    if (sqlite3_step(sum_) != SQLITE_ROW) Die("sqlite sum");
    g_sink = g_sink + sqlite3_column_int64(sum_, 0);
    sqlite3_reset(sum_);
  }
  void Prepare() override { sqlite3_finalize(PrepareOne(kSelect)); }

 private:
  static constexpr const char* kSelect = "select id, a, b, c from t where id = ?";
  void Exec(const std::string& sql) {
    if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) Die(sql + ": " + sqlite3_errmsg(db_));
  }
  sqlite3_stmt* PrepareOne(const char* sql) {
    sqlite3_stmt* stmt = nullptr;
    if (sqlite3_prepare_v2(db_, sql, -1, &stmt, nullptr) != SQLITE_OK) Die(std::string(sql) + ": " + sqlite3_errmsg(db_));
    return stmt;
  }
  void BindKey(sqlite3_stmt* stmt, int index, int64_t i) {
    if (keys_ == Keys::kInteger) {
      sqlite3_bind_int64(stmt, index, i);
    } else {
      char key[17];
      TextKey(i, key);
      sqlite3_bind_text(stmt, index, key, 16, SQLITE_TRANSIENT);
    }
  }
  void Run(sqlite3_stmt* stmt) {
    if (sqlite3_step(stmt) != SQLITE_DONE) Die(std::string(sqlite3_sql(stmt)) + ": " + sqlite3_errmsg(db_));
    sqlite3_reset(stmt);
  }
  void ReadRow(sqlite3_stmt* stmt) {
    if (keys_ == Keys::kInteger) {
      g_sink = g_sink + sqlite3_column_int64(stmt, 0);
    } else {
      sqlite3_column_text(stmt, 0);
      g_sink = g_sink + sqlite3_column_bytes(stmt, 0);
    }
    g_sink = g_sink + sqlite3_column_int64(stmt, 1) + static_cast<int64_t>(sqlite3_column_double(stmt, 2));
    sqlite3_column_text(stmt, 3);
    g_sink = g_sink + sqlite3_column_bytes(stmt, 3);
  }
  Keys keys_;
  bool exclusive_;
  sqlite3* db_ = nullptr;
  sqlite3_stmt *insert_ = nullptr, *select_ = nullptr, *update_ = nullptr, *scan_ = nullptr, *sum_ = nullptr, *begin_ = nullptr,
               *commit_ = nullptr;
};
#endif

#ifdef BENCH_LMDB
class LmdbEngine : public Engine {
 public:
  LmdbEngine(const fs::path& path, Keys keys, Durability durability) : keys_(keys) {
    fs::create_directories(path);
    if (mdb_env_create(&env_) != 0) Die("mdb_env_create");
    mdb_env_set_mapsize(env_, size_t{4} << 30);
    const unsigned flags = durability == Durability::kFull ? 0u : static_cast<unsigned>(MDB_NOSYNC);
    if (mdb_env_open(env_, path.c_str(), flags, 0644) != 0) Die("mdb_env_open");
    Begin();
    if (mdb_dbi_open(txn_, nullptr, keys == Keys::kInteger ? MDB_INTEGERKEY : 0, &dbi_) != 0) Die("mdb_dbi_open");
    Commit();
  }
  ~LmdbEngine() override { mdb_env_close(env_); }
  const char* name() const override { return "LMDB"; }
  void Begin() override {
    if (mdb_txn_begin(env_, nullptr, 0, &txn_) != 0) Die("mdb_txn_begin");
  }
  void Commit() override {
    if (mdb_txn_commit(txn_) != 0) Die("mdb_txn_commit");
    txn_ = nullptr;
  }
  void Insert(int64_t i) override { Put(i, i * 7); }
  void Update(int64_t i, int64_t v) override { Put(i, v); }
  void Select(int64_t i) override {
    const bool own = txn_ == nullptr;
    if (own && mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn_) != 0) Die("mdb_txn_begin");
    char text[17];
    MDB_val key = Key(&i, text), value;
    if (mdb_get(txn_, dbi_, &key, &value) != 0) Die("mdb_get: no row");
    const auto* row = static_cast<const Row*>(value.mv_data);
    g_sink = g_sink + row->a + static_cast<int64_t>(row->b) + row->c[3];
    if (own) {
      mdb_txn_abort(txn_);
      txn_ = nullptr;
    }
  }

 private:
  struct Row {
    int64_t a;
    double b;
    char c[16];
  };
  MDB_val Key(int64_t* i, char* text) const {
    if (keys_ == Keys::kInteger) return MDB_val{sizeof(*i), i};
    TextKey(*i, text);
    return MDB_val{16, text};
  }
  void Put(int64_t i, int64_t a) {
    const bool own = txn_ == nullptr;
    if (own) Begin();
    char text[17];
    Row row{a, static_cast<double>(i) * 0.5, {}};
    std::memcpy(row.c, "sixteen letters.", 16);
    MDB_val key = Key(&i, text), value{sizeof(row), &row};
    if (mdb_put(txn_, dbi_, &key, &value, 0) != 0) Die("mdb_put");
    if (own) Commit();
  }
  Keys keys_;
  MDB_env* env_ = nullptr;
  MDB_txn* txn_ = nullptr;
  MDB_dbi dbi_ = 0;
};
#endif

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// name -> median figure; prints one line with the ratios to the first.
void Print(const char* what, const char* unit, const std::vector<std::pair<std::string, double>>& figures, const char* bar) {
  std::printf("%-44s", what);
  for (const auto& [name, value] : figures) std::printf("  %s %.1f %s", name.c_str(), value, unit);
  for (size_t i = 1; i < figures.size(); ++i) {
    std::printf("  | %.2fx %s", figures[0].second / figures[i].second, figures[i].first.c_str());
  }
  if (*bar != '\0') std::printf("  [bar %s]", bar);
  std::printf("\n");
  std::fflush(stdout);
}

bool Wanted(const std::string& what) { return g_only.empty() || what.find(g_only) != std::string::npos; }

using Engines = std::vector<std::unique_ptr<Engine>>;

fs::path Fresh(const std::string& name) {
  const fs::path path = g_directory / name;
  fs::remove_all(path);
  for (const char* suffix : {"-wal", "-shm", "-journal"}) fs::remove(path.string() + suffix);
  return path;
}

Engines OpenAll(const std::string& name, Keys keys, Durability durability) {
  Engines engines;
  engines.push_back(std::make_unique<TurdbEngine>(Fresh(name + ".turdb"), keys, durability));
#ifdef BENCH_SQLITE
  engines.push_back(std::make_unique<SqliteEngine>(Fresh(name + ".sqlite"), keys, durability, false));
  engines.push_back(std::make_unique<SqliteEngine>(Fresh(name + ".excl.sqlite"), keys, durability, true));
#endif
#ifdef BENCH_LMDB
  engines.push_back(std::make_unique<LmdbEngine>(Fresh(name + ".lmdb"), keys, durability));
#endif
  return engines;
}

// Runs `work` on every engine in turn, g_rounds times; prints nanoseconds per operation.
void Measure(const char* what, Engines& engines, int64_t operations, const char* bar,
             const std::function<void(Engine&, int)>& work) {
  if (!Wanted(what)) return;
  std::vector<std::vector<double>> times(engines.size());
  for (int round = 0; round < g_rounds; ++round) {
    for (size_t e = 0; e < engines.size(); ++e) {
      const double start = NowSeconds();
      work(*engines[e], round);
      times[e].push_back((NowSeconds() - start) * 1e9 / static_cast<double>(operations));
    }
  }
  std::vector<std::pair<std::string, double>> figures;
  for (size_t e = 0; e < engines.size(); ++e) figures.emplace_back(engines[e]->name(), Median(times[e]));
  Print(what, "ns", figures, bar);
}

void Drop(Engines& engines, const char* name) {
  std::erase_if(engines, [&](const auto& engine) { return std::strcmp(engine->name(), name) == 0; });
}

void PointWork(Keys keys) {
  const std::string suffix = keys == Keys::kInteger ? ", integer keys" : ", 16-byte text keys";
  const auto title = [&](const char* what) { return std::string(what) + suffix; };
  // Inserts: a fresh database a round, ascending keys (text: scattered), one transaction.
  if (Wanted(title("insert, one transaction"))) {
    std::vector<std::vector<double>> times;
    std::vector<std::string> names;
    for (int round = 0; round < g_rounds; ++round) {
      Engines engines = OpenAll("insert", keys, Durability::kOff);
      times.resize(engines.size());
      names.clear();
      for (size_t e = 0; e < engines.size(); ++e) {
        names.emplace_back(engines[e]->name());
        const double start = NowSeconds();
        engines[e]->Begin();
        for (int64_t i = 1; i <= g_rows; ++i) engines[e]->Insert(i);
        engines[e]->Commit();
        times[e].push_back((NowSeconds() - start) * 1e9 / static_cast<double>(g_rows));
      }
    }
    std::vector<std::pair<std::string, double>> figures;
    for (size_t e = 0; e < names.size(); ++e) figures.emplace_back(names[e], Median(times[e]));
    Print(title("insert, one transaction").c_str(), "ns", figures, "0.6x SQLite");
  }
  const char* const read_titles[] = {"select by primary key, in a transaction",     "select by primary key, autocommit",
                                     "random update, in a transaction, not synced", "random update, autocommit, not synced",
                                     "scan of 4 columns, one aggregate, per row",   "scan of 4 columns, every row stepped",
                                     "prepare + finalize of a point select"};
  if (std::none_of(std::begin(read_titles), std::end(read_titles), [&](const char* t) { return Wanted(title(t)); })) return;
  Engines engines = OpenAll("point", keys, Durability::kOff);
  for (auto& engine : engines) {
    engine->Begin();
    for (int64_t i = 1; i <= g_rows; ++i) engine->Insert(i);
    engine->Commit();
  }
  const int64_t n = std::min<int64_t>(g_rows, 300'000);
  Measure(title("select by primary key, in a transaction").c_str(), engines, n, "0.5x SQLite", [&](Engine& engine, int round) {
    Random random(static_cast<uint64_t>(round) + 1);
    engine.Begin();
    for (int64_t i = 0; i < n; ++i) engine.Select(random.Below(g_rows) + 1);
    engine.Commit();
  });
  Measure(title("select by primary key, autocommit").c_str(), engines, n, "0.25x SQLite", [&](Engine& engine, int round) {
    Random random(static_cast<uint64_t>(round) + 100);
    for (int64_t i = 0; i < n; ++i) engine.Select(random.Below(g_rows) + 1);
  });
  Measure(title("random update, in a transaction, not synced").c_str(), engines, n, "0.5x SQLite",
          [&](Engine& engine, int round) {
            Random random(static_cast<uint64_t>(round) + 200);
            engine.Begin();
            for (int64_t i = 0; i < n; ++i) engine.Update(random.Below(g_rows) + 1, i);
            engine.Commit();
          });
  const int64_t m = n / 10;
  Measure(title("random update, autocommit, not synced").c_str(), engines, m, "0.5x SQLite", [&](Engine& engine, int round) {
    Random random(static_cast<uint64_t>(round) + 300);
    for (int64_t i = 0; i < m; ++i) engine.Update(random.Below(g_rows) + 1, i);
  });
  Drop(engines, "LMDB");
  Measure(title("scan of 4 columns, one aggregate, per row").c_str(), engines, g_rows, "15 ns",
          [&](Engine& engine, int) { engine.ScanSum(); });
  Measure(title("scan of 4 columns, every row stepped").c_str(), engines, g_rows, "", [&](Engine& engine, int) {
    if (engine.ScanRows() != g_rows) Die("scan: wrong number of rows");
  });
  Measure(title("prepare + finalize of a point select").c_str(), engines, 20'000, "", [&](Engine& engine, int) {
    for (int i = 0; i < 20'000; ++i) engine.Prepare();
  });
}

void DurableCommits() {
  if (!Wanted("durable commit")) return;
  constexpr double kSeconds = 0.5;
  const auto run = [&](const std::vector<Engine*>& clients, int64_t* next) {
    std::vector<int64_t> done(clients.size(), 0);
    std::vector<std::thread> threads;
    const double start = NowSeconds();
    for (size_t c = 0; c < clients.size(); ++c) {
      threads.emplace_back([&, c] {
        int64_t i = (*next) + static_cast<int64_t>(c) * 1'000'000'000;
        while (NowSeconds() - start < kSeconds) {
          clients[c]->Insert(++i);
          ++done[c];
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    const double seconds = NowSeconds() - start;
    *next += 1'000'000;
    int64_t sum = 0;
    for (int64_t d : done) sum += d;
    return static_cast<double>(sum) / seconds;
  };
  std::vector<double> turdb1, turdb8;
  std::vector<std::vector<double>> sqlite(4);
  auto turdb = std::make_unique<TurdbEngine>(Fresh("commit.turdb"), Keys::kInteger, Durability::kFull);
  std::vector<std::unique_ptr<TurdbEngine>> more;
  std::vector<Engine*> all{turdb.get()};
  for (int i = 1; i < 8; ++i) {
    more.push_back(std::make_unique<TurdbEngine>(*turdb));
    all.push_back(more.back().get());
  }
  int64_t next_turdb = 1;
#ifdef BENCH_SQLITE
  int64_t next_sqlite = 1;
  const fs::path path = Fresh("commit.sqlite");
  std::vector<std::unique_ptr<SqliteEngine>> connections;
  for (int i = 0; i < 8; ++i) {
    connections.push_back(std::make_unique<SqliteEngine>(path, Keys::kInteger, Durability::kFull, false));
  }
  SqliteEngine exclusive(Fresh("commit.excl.sqlite"), Keys::kInteger, Durability::kFull, true);
  int64_t next_exclusive = 1;
#endif
  for (int round = 0; round < g_rounds; ++round) {
    turdb1.push_back(run({turdb.get()}, &next_turdb));
    turdb8.push_back(run(all, &next_turdb));
#ifdef BENCH_SQLITE
    int slot = 0;
    for (size_t count : {1u, 2u, 8u}) {
      std::vector<Engine*> clients;
      for (size_t i = 0; i < count; ++i) clients.push_back(connections[i].get());
      sqlite[static_cast<size_t>(slot++)].push_back(run(clients, &next_sqlite));
    }
    sqlite[3].push_back(run({&exclusive}, &next_exclusive));
#endif
  }
  std::printf("%-44s  TurDB 1 client %.0f/s, 8 threads %.0f/s", "durable commits (full), inserts", Median(turdb1),
              Median(turdb8));
#ifdef BENCH_SQLITE
  double best = 0;
  const char* names[] = {"1 connection", "2", "8", "1 exclusive"};
  for (size_t i = 0; i < 4; ++i) {
    std::printf("  SQLite %s %.0f/s", names[i], Median(sqlite[i]));
    best = std::max(best, Median(sqlite[i]));
  }
  std::printf("  | 8 threads %.1fx SQLite's best, 1 client %.1fx  [bar 4x]", Median(turdb8) / best, Median(turdb1) / best);
#endif
  std::printf("\n");
}

void NormalCommits() {
  constexpr const char* kTitle = "commits (normal), inserts, 1 client";
  if (!Wanted(kTitle)) return;
  constexpr int64_t kCommits = 20'000;
  Engines engines = OpenAll("normal", Keys::kInteger, Durability::kNormal);
  Drop(engines, "LMDB");  // it knows no such level
  Measure(kTitle, engines, kCommits, "0.2x SQLite", [](Engine& engine, int round) {
    for (int64_t i = 1; i <= kCommits; ++i) engine.Insert(round * kCommits + i);
  });
}

uint64_t BytesIn(const fs::path& directory) {
  uint64_t bytes = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory)) bytes += entry.file_size();
  return bytes;
}

// Opens what a process left that died with so much of log to be replayed.
void Recovery() {
  if (!Wanted("recovery")) return;
  constexpr uint64_t kLogBytes = uint64_t{64} << 20;
  std::vector<double> times;
  uint64_t bytes = 0;
  for (int round = 0; round < g_rounds; ++round) {
    const fs::path path = Fresh("recovery.turdb");
    std::fflush(stdout);
    const pid_t child = fork();
    if (child < 0) Die("fork");
    if (child == 0) {
      auto engine = std::make_unique<TurdbEngine>(path, Keys::kInteger, Durability::kNormal);
      constexpr int64_t kRows = 100'000;
      engine->Begin();
      for (int64_t i = 1; i <= kRows; ++i) engine->Insert(i);
      engine->Commit();
      Random random(7);
      for (int64_t i = 0; i % 1000 != 0 || BytesIn(path / "wal") < kLogBytes; ++i) engine->Update(random.Below(kRows) + 1, i);
      _exit(0);
    }
    int outcome = 0;
    if (waitpid(child, &outcome, 0) != child || outcome != 0) Die("the process that was to leave a log failed");
    bytes = BytesIn(path / "wal");
    const double start = NowSeconds();
    TurdbEngine engine(path, Keys::kInteger, Durability::kNormal);
    engine.Select(1);
    times.push_back((NowSeconds() - start) * 1e3);
  }
  char title[80];
  std::snprintf(title, sizeof(title), "recovery, %llu MiB of log", static_cast<unsigned long long>(bytes >> 20));
  Print(title, "ms", {{"TurDB", Median(times)}}, "1000 ms");
}

void OpenClose() {
  if (!Wanted("open")) return;
  for (Durability durability : {Durability::kOff, Durability::kFull}) {
    std::vector<double> turdb, sqlite;
    for (int round = 0; round < g_rounds * 4; ++round) {
      const fs::path path = Fresh("open.turdb");
      double start = NowSeconds();
      for (int again = 0; again < 2; ++again) {
        turdb_error* error = nullptr;
        turdb_options* options = nullptr;
        turdb_db* db = nullptr;
        turdb_conn* conn = nullptr;
        Check(turdb_options_new(&options, &error), error, "options");
        Check(turdb_options_set(options, "synchronous", DurabilityName(durability), &error), error, "options");
        Check(turdb_db_open(path.c_str(), options, &db, &error), error, "open");
        turdb_options_free(options);
        Check(turdb_conn_open(db, &conn, &error), error, "connect");
        if (again == 0) {
          Check(turdb_conn_exec(conn, "create table t(id bigint primary key, a text); insert into t values (1, 'one')", -1,
                                &error),
                error, "create");
        } else {
          Check(turdb_conn_exec(conn, "select * from t", -1, &error), error, "select");
        }
        turdb_conn_free(conn);
        Check(turdb_db_close(db, &error), error, "close");
        turdb_db_free(db);
      }
      turdb.push_back((NowSeconds() - start) * 1e6);
#ifdef BENCH_SQLITE
      const fs::path other = Fresh("open.sqlite");
      start = NowSeconds();
      for (int again = 0; again < 2; ++again) {
        sqlite3* db = nullptr;
        if (sqlite3_open(other.c_str(), &db) != SQLITE_OK) Die("sqlite3_open");
        const std::string sql = std::string("pragma journal_mode=wal; pragma synchronous=") + DurabilityName(durability) + ";" +
                                (again == 0 ? "create table t(id integer primary key, a text); insert into t values (1, 'one')"
                                            : "select * from t");
        if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) Die(sqlite3_errmsg(db));
        sqlite3_close(db);
      }
      sqlite.push_back((NowSeconds() - start) * 1e6);
#endif
    }
    std::vector<std::pair<std::string, double>> figures{{"TurDB", Median(turdb)}};
    if (!sqlite.empty()) figures.emplace_back("SQLite", Median(sqlite));
    Print((std::string("open, create, insert, close, reopen; ") + DurabilityName(durability)).c_str(), "us", figures,
          "2x SQLite");
  }
}

void Usage() {
  std::printf(
      "usage: ./dev bench [--rows N] [--rounds N] [--only TEXT] [--directory DIR]\n"
      "  --rows N        rows of the table (default 1000000)\n"
      "  --rounds N      rounds of each measurement; the median is printed (default 5)\n"
      "  --only TEXT     only measurements whose title contains TEXT\n"
      "  --directory DIR where the databases are made (default: the system's temporary directory)\n");
}

}  // namespace

int main(int argc, char** argv) {
  g_directory = fs::temp_directory_path();
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--help" || i + 1 >= argc) {
      Usage();
      return argument == "--help" ? 0 : 2;
    }
    const char* value = argv[++i];
    if (argument == "--rows") {
      g_rows = std::strtoll(value, nullptr, 10);
    } else if (argument == "--rounds") {
      g_rounds = static_cast<int>(std::strtol(value, nullptr, 10));
    } else if (argument == "--only") {
      g_only = value;
    } else if (argument == "--directory") {
      g_directory = value;
    } else {
      Usage();
      return 2;
    }
  }
  if (g_rows < 100 || g_rounds < 1) {
    Usage();
    return 2;
  }
  std::string path = (g_directory / "turdb_bench_XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) Die("cannot make a directory in " + g_directory.string());
  g_directory = path;
#ifdef BENCH_SQLITE
  std::printf("SQLite %s, WAL; ", sqlite3_libversion());
#endif
  std::printf("TurDB %s; %lld rows; medians of %d rounds; ratio = TurDB's time / the peer's\n", turdb_version(),
              static_cast<long long>(g_rows), g_rounds);
  PointWork(Keys::kInteger);
  PointWork(Keys::kText);
  DurableCommits();
  NormalCommits();
  Recovery();
  OpenClose();
  fs::remove_all(g_directory);
  return 0;
}
