// Mixed load for a long time: how long point reads take beside a writer, and what becomes of the memory.
//
//   soak SECONDS [DIRECTORY]
//
// One thread writes rows as fast as it can, in transactions of ten; another reads rows by their key and looks at the clock
// before and after each. TurDB and LMDB take turns, over the same data and with the same (no) durability, so that what else
// happens on the machine happens to both. Then a million queries of several kinds. Bars (exit status 1 where one is not met):
//   - memory grows by less than 5% from the second fifth of the time to the last (the medians of each);
//   - memory grows by less than 10 MB over the million queries;
//   - p99 against p50 of TurDB's point reads is no worse than LMDB's: the median of the rounds.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "turdb.h"
#ifdef SOAK_LMDB
#include <lmdb.h>
#endif

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int64_t kRows = 200'000;
constexpr int kRowsPerTransaction = 10;
constexpr int64_t kQueries = 1'000'000;
constexpr double kMostGrowthOverTime = 0.05;
constexpr double kMostGrowthOverQueriesMb = 10;

volatile int64_t g_sink;

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "soak: %s\n", what.c_str());
  std::exit(2);
}

void Check(turdb_status status, turdb_error* error) {
  if (status < 0) Die(turdb_error_message(error));
}

double SecondsSince(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// Memory of the process that is its own, in MB. What LMDB maps is not.
double PrivateMb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("RssAnon:", 0) == 0) return static_cast<double>(std::atoll(line.c_str() + 8)) / 1024;
  }
  return 0;
}

struct Random {
  uint64_t state;
  uint64_t Next() {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
  }
  int64_t Row() { return static_cast<int64_t>(Next() % kRows) + 1; }
};

// Times in buckets of about 3%.
class Latencies {
 public:
  void Add(int64_t ns) {
    const auto value = static_cast<uint64_t>(std::max<int64_t>(ns, 1));
    const int octave = 63 - __builtin_clzll(value);
    const uint64_t part = octave < 5 ? 0 : (value >> (octave - 5)) & 31;
    ++counts_[static_cast<size_t>(octave) * 32 + part];
    ++count_;
  }
  int64_t count() const { return count_; }
  double AtUs(double share) const {
    const auto wanted = static_cast<int64_t>(share * static_cast<double>(count_));
    int64_t seen = 0;
    for (size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen > wanted) return static_cast<double>(uint64_t{1} << (i / 32)) * (1 + static_cast<double>(i % 32) / 32) / 1000;
    }
    return 0;
  }

 private:
  std::array<int64_t, 64 * 32> counts_{};
  int64_t count_ = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual const char* name() const = 0;
  virtual void Read(int64_t row) = 0;             // the reader's thread
  virtual void Write(Random& random) = 0;         // the writer's thread: one transaction
  virtual double engine_mb() const { return 0; }  // as it counts itself
};

class Turdb final : public Engine {
 public:
  explicit Turdb(const fs::path& path) {
    turdb_options* options = nullptr;
    Check(turdb_options_new(&options, &error_), error_);
    Check(turdb_options_set(options, "synchronous", "off", &error_), error_);
    Check(turdb_options_set(options, "memory_limit", "256MB", &error_), error_);
    Check(turdb_db_open(path.c_str(), options, &db_, &error_), error_);
    turdb_options_free(options);
    Check(turdb_conn_open(db_, &reader_, &error_), error_);
    Check(turdb_conn_open(db_, &writer_, &error_), error_);
    Exec(writer_,
         "create table t(id bigint primary key, a bigint not null, b double precision, c text);"
         "insert into t select i, i, i * 0.5, 'sixteen letters.' from generate_series(1, " +
             std::to_string(kRows) + ") g(i)");
    read_ = Prepare(reader_, "select a, b, c from t where id = ?");
    update_ = Prepare(writer_, "update t set a = a + 1 where id = ?");
    delete_ = Prepare(writer_, "delete from t where id = ?");
    insert_ = Prepare(writer_, "insert into t values (?, 0, 0.5, 'sixteen letters.')");
  }
  ~Turdb() override {
    for (turdb_stmt* stmt : {read_, update_, delete_, insert_}) turdb_stmt_free(stmt);
    turdb_conn_free(reader_);
    turdb_conn_free(writer_);
    Check(turdb_db_close(db_, &error_), error_);
    turdb_db_free(db_);
  }
  const char* name() const override { return "TurDB"; }
  void Read(int64_t row) override {
    turdb_stmt_bind_int64(read_, 1, row, nullptr);
    if (turdb_stmt_step(read_, nullptr) != TURDB_ROW) Die("a row is missing");
    int64_t size = 0;
    g_sink = g_sink + turdb_stmt_column_int64(read_, 0) + turdb_stmt_column_text(read_, 2, &size)[3];
    turdb_stmt_reset(read_, nullptr);
  }
  void Write(Random& random) override {
    Exec(writer_, "begin");
    for (int i = 0; i < kRowsPerTransaction; ++i) Run(update_, random.Row());
    if (random.Next() % 8 == 0) {
      const int64_t row = random.Row();
      Run(delete_, row);
      Run(insert_, row);
    }
    Exec(writer_, "commit");
  }
  double engine_mb() const override { return static_cast<double>(turdb_db_memory_used(db_)) / (1 << 20); }

  // One of a million.
  void Query(int64_t number, Random& random) {
    const int64_t row = random.Row();
    switch (number % 20) {
      case 0:
      case 1:
        Run(update_, row);
        return;
      case 2:
        Exec(writer_,
             "select count(*), max(a) from t where id between " + std::to_string(row) + " and " + std::to_string(row + 20));
        return;
      case 3:
        Exec(writer_, "update t set c = 'sixteen letters.' where id = " + std::to_string(row));
        return;
      default:
        Read(row);
    }
  }

 private:
  void Exec(turdb_conn* conn, const std::string& sql) {
    Check(turdb_conn_exec(conn, sql.c_str(), TURDB_NUL_TERMINATED, &error_), error_);
  }
  turdb_stmt* Prepare(turdb_conn* conn, const char* sql) {
    turdb_stmt* stmt = nullptr;
    Check(turdb_stmt_prepare(conn, sql, TURDB_NUL_TERMINATED, nullptr, &stmt, &error_), error_);
    return stmt;
  }
  void Run(turdb_stmt* stmt, int64_t row) {
    Check(turdb_stmt_bind_int64(stmt, 1, row, &error_), error_);
    Check(turdb_stmt_step(stmt, &error_), error_);
    Check(turdb_stmt_reset(stmt, &error_), error_);
  }

  turdb_error* error_ = nullptr;
  turdb_db* db_ = nullptr;
  turdb_conn *reader_ = nullptr, *writer_ = nullptr;
  turdb_stmt *read_ = nullptr, *update_ = nullptr, *delete_ = nullptr, *insert_ = nullptr;
};

#ifdef SOAK_LMDB
class Lmdb final : public Engine {
 public:
  explicit Lmdb(const fs::path& path) {
    fs::create_directories(path);
    Must(mdb_env_create(&env_));
    Must(mdb_env_set_mapsize(env_, size_t{1} << 30));
    Must(mdb_env_open(env_, path.c_str(), MDB_NOSYNC, 0644));
    MDB_txn* txn = nullptr;
    Must(mdb_txn_begin(env_, nullptr, 0, &txn));
    Must(mdb_dbi_open(txn, nullptr, MDB_INTEGERKEY, &dbi_));
    for (int64_t row = 1; row <= kRows; ++row) Put(txn, row, row);
    Must(mdb_txn_commit(txn));
  }
  ~Lmdb() override {
    mdb_txn_abort(reader_);
    mdb_env_close(env_);
  }
  const char* name() const override { return "LMDB"; }
  void Read(int64_t row) override {
    Must(reader_ == nullptr ? mdb_txn_begin(env_, nullptr, MDB_RDONLY, &reader_) : mdb_txn_renew(reader_));
    MDB_val key{sizeof(row), &row}, value;
    Must(mdb_get(reader_, dbi_, &key, &value));
    const auto* const found = static_cast<const Row*>(value.mv_data);
    g_sink = g_sink + found->a + found->c[3];
    mdb_txn_reset(reader_);
  }
  void Write(Random& random) override {
    MDB_txn* txn = nullptr;
    Must(mdb_txn_begin(env_, nullptr, 0, &txn));
    for (int i = 0; i < kRowsPerTransaction; ++i) {
      int64_t row = random.Row();
      MDB_val key{sizeof(row), &row}, value;
      Must(mdb_get(txn, dbi_, &key, &value));
      Put(txn, row, static_cast<const Row*>(value.mv_data)->a + 1);
    }
    if (random.Next() % 8 == 0) {
      int64_t row = random.Row();
      MDB_val key{sizeof(row), &row};
      Must(mdb_del(txn, dbi_, &key, nullptr));
      Put(txn, row, 0);
    }
    Must(mdb_txn_commit(txn));
  }

 private:
  struct Row {
    int64_t a;
    double b;
    char c[16];
  };
  static void Must(int code) {
    if (code != 0) Die(mdb_strerror(code));
  }
  void Put(MDB_txn* txn, int64_t id, int64_t a) const {
    Row row{a, 0.5, {}};
    std::memcpy(row.c, "sixteen letters.", 16);
    MDB_val key{sizeof(id), &id}, value{sizeof(row), &row};
    Must(mdb_put(txn, dbi_, &key, &value, 0));
  }

  MDB_env* env_ = nullptr;
  MDB_dbi dbi_ = 0;
  MDB_txn* reader_ = nullptr;
};
#endif

// p99 against p50 of the reads of one round.
double Round(Engine& engine, int number, double seconds) {
  std::atomic<bool> stop{false};
  std::atomic<int64_t> transactions{0};
  std::thread writer([&] {
    Random random{0x9e3779b97f4a7c15u + static_cast<uint64_t>(number)};
    while (!stop.load(std::memory_order_relaxed)) {
      engine.Write(random);
      transactions.fetch_add(1, std::memory_order_relaxed);
    }
  });
  const auto latencies = std::make_unique<Latencies>();
  std::thread reader([&] {
    Random random{0xd1342543de82ef95u + static_cast<uint64_t>(number)};
    while (!stop.load(std::memory_order_relaxed)) {
      const Clock::time_point begin = Clock::now();
      engine.Read(random.Row());
      latencies->Add(std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin).count());
    }
  });
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  stop.store(true);
  reader.join();
  writer.join();
  const double ratio = latencies->AtUs(0.99) / latencies->AtUs(0.50);
  std::printf("%4d %-6s %9ld reads: p50 %.2f us, p99 %.2f us (%.1f x), p99.9 %.1f us; %7ld transactions; %.1f MB", number,
              engine.name(), latencies->count(), latencies->AtUs(0.50), latencies->AtUs(0.99), ratio, latencies->AtUs(0.999),
              transactions.load(), PrivateMb());
  if (engine.engine_mb() > 0) std::printf(", counted by the engine %.1f MB", engine.engine_mb());
  std::printf("\n");
  std::fflush(stdout);
  return ratio;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

bool Bar(bool met, const std::string& text) {
  std::printf("%s: %s\n", met ? "met" : "NOT MET", text.c_str());
  return met;
}

std::string Fixed(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f", value);
  return text;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2 || std::atof(arguments[1]) <= 0) {
    std::fprintf(stderr, "usage: soak SECONDS [DIRECTORY]\n");
    return 2;
  }
  const double seconds = std::atof(arguments[1]);
  const fs::path root =
      (count > 2 ? fs::path(arguments[2]) : fs::temp_directory_path()) / ("turdb_soak_" + std::to_string(getpid()));
  fs::create_directories(root);
  bool met = true;
  {
    Turdb turdb(root / "turdb");
    std::vector<Engine*> engines = {&turdb};
#ifdef SOAK_LMDB
    Lmdb lmdb(root / "lmdb");
    engines.push_back(&lmdb);
#endif
    const int rounds = std::clamp(static_cast<int>(seconds / 4), 10, 60);
    const double slice = seconds / rounds / static_cast<double>(engines.size());
    std::vector<double> ratios[2];
    std::vector<double> early_mb, late_mb;
    for (int round = 1; round <= rounds; ++round) {
      for (size_t i = 0; i < engines.size(); ++i) ratios[i].push_back(Round(*engines[i], round, slice));
      if (round > rounds / 5 && round <= rounds * 2 / 5) early_mb.push_back(PrivateMb());
      if (round > rounds - rounds / 5) late_mb.push_back(PrivateMb());
    }
    const double grown = Median(late_mb) / Median(early_mb) - 1;
    met &= Bar(grown < kMostGrowthOverTime,
               "memory grew from " + Fixed(Median(early_mb)) + " MB by " + Fixed(grown * 100) + "% over time (bar: 5%)");
    if (engines.size() > 1) {
      const double ours = Median(ratios[0]), theirs = Median(ratios[1]);
      met &= Bar(ours <= theirs, "p99 is " + Fixed(ours) + " times p50, LMDB's " + Fixed(theirs) + " times");
    } else {
      std::printf("LMDB is not there (liblmdb-dev): its p99 is not compared\n");
    }
    Random random{17};
    for (int64_t i = 0; i < kQueries / 20; ++i) turdb.Query(i, random);
    const double before_mb = PrivateMb();
    const Clock::time_point begin = Clock::now();
    for (int64_t i = 0; i < kQueries; ++i) turdb.Query(i, random);
    const double grown_mb = PrivateMb() - before_mb;
    met &= Bar(grown_mb < kMostGrowthOverQueriesMb, "memory grew by " + Fixed(grown_mb) + " MB over a million queries in " +
                                                        Fixed(SecondsSince(begin)) + " s (bar: 10 MB)");
  }
  fs::remove_all(root);
  return met ? 0 : 1;
}
