// Nearest-neighbour search in the pages of an index, beside hnswlib where its header is installed.
//   vector_search [--vectors N] [--dimension D] [--queries Q] [--rounds R] [--only NAME]
//
// Clustered vectors (tests/hnsw/clustered.h, seed 1); queries are of the same clusters and no members. One thread. What is
// timed is a search for candidates by codes and their ranking by exact distances from an array of f32, which stands for the
// fetching of rows: 32 candidates at least; and the same through prepared SQL (`ORDER BY v <-> $1 LIMIT 10`), with the ids and
// distances read. Each figure is the least of the rounds, in which the contestants take turns.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/memory_budget.h"
#include "base/status.h"
#include "compute/distance.h"
#include "hnsw/index.h"
#include "os/environment.h"
#include "storage/storage.h"
#include "tests/hnsw/clustered.h"
#include "turdb.h"
#include "txn/commit_log.h"
#include "txn/transaction_manager.h"

#if defined(BENCH_HNSWLIB)
#include <hnswlib/hnswlib.h>
#endif

namespace {

using turdb::base::Status;
using turdb::hnsw::Found;
using turdb::hnsw::Index;

constexpr size_t kNearest = 10;
constexpr turdb::base::FileId kFile = 10;

// Of this thread's time on a CPU: what else runs on the machine does not count.
double Seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// For what runs on several threads.
double WallSeconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void Must(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "vector_search: %s\n", turdb::base::Describe(status).c_str());
  std::exit(1);
}
template <typename T>
T Must(turdb::base::StatusOr<T> value) {
  Must(value.status());
  return *std::move(value);
}

struct Data {
  size_t dimension = 128;
  std::vector<float> vectors;
  std::vector<float> queries;
  std::vector<float> limits;  // of each query: the distance of its k-th nearest
  size_t count() const { return vectors.size() / dimension; }
  size_t query_count() const { return queries.size() / dimension; }
  const float* vector(size_t i) const { return vectors.data() + i * dimension; }
  const float* query(size_t i) const { return queries.data() + i * dimension; }
};

Data Make(size_t count, size_t dimension, size_t queries) {
  Data data;
  data.dimension = dimension;
  turdb::hnsw::ClusteredVectors generator(dimension, 1, /*clusters=*/100, /*directions=*/64);
  for (const auto& vector : generator.Take(count)) data.vectors.insert(data.vectors.end(), vector.begin(), vector.end());
  for (size_t i = 0; i < queries; ++i) {
    const std::vector<float> query = generator.Next();
    data.queries.insert(data.queries.end(), query.begin(), query.end());
  }
  std::vector<float> distances(count);
  for (size_t i = 0; i < queries; ++i) {
    turdb::compute::BestDistanceKernels().f32.l2_squared_many(data.query(i), data.vectors.data(), dimension, count, dimension,
                                                              distances.data());
    std::nth_element(distances.begin(), distances.begin() + kNearest - 1, distances.end());
    data.limits.push_back(distances[kNearest - 1]);
  }
  return data;
}

// Searches for every query; `search` gives ids. Returns the recall.
using SearchFn = std::function<void(size_t query, std::vector<int64_t>* ids)>;
struct Contestant {
  std::string name;
  SearchFn search;
  double best_us = 1e30;
  double recall = 0;
};

void Run(const Data& data, std::vector<Contestant>& contestants, int rounds) {
  std::vector<int64_t> ids;
  for (Contestant& c : contestants) {
    size_t hits = 0;
    for (size_t q = 0; q < data.query_count(); ++q) {
      ids.clear();
      c.search(q, &ids);
      size_t here = 0;
      for (const int64_t id : ids) {
        here += turdb::compute::BestDistanceKernels().f32.l2_squared(data.query(q), data.vector(static_cast<size_t>(id)),
                                                                     data.dimension) <= data.limits[q]
                    ? 1
                    : 0;
      }
      hits += std::min(here, kNearest);
    }
    c.recall = static_cast<double>(hits) / static_cast<double>(kNearest * data.query_count());
  }
  for (int round = 0; round < rounds; ++round) {
    for (Contestant& c : contestants) {
      const double start = Seconds();
      for (size_t q = 0; q < data.query_count(); ++q) {
        ids.clear();
        c.search(q, &ids);
      }
      c.best_us = std::min(c.best_us, (Seconds() - start) * 1e6 / static_cast<double>(data.query_count()));
    }
  }
  for (const Contestant& c : contestants)
    std::printf("%-22s recall@10 %.4f  %8.1f us a query\n", c.name.c_str(), c.recall, c.best_us);
}

// A database in memory with the vectors and an index, through turdb.h.
class SqlDatabase {
 public:
  explicit SqlDatabase(const Data& data) : data_(data) {
    turdb_options* options = nullptr;
    Must(turdb_options_new(&options, &error_));
    Must(turdb_options_set(options, "memory_limit", "8GB", &error_));
    Must(turdb_options_set(options, "page_cache_bytes", "3GB", &error_));
    Must(turdb_db_open(":memory:", options, &db_, &error_));
    turdb_options_free(options);
    Must(turdb_conn_open(db_, &conn_, &error_));
    const std::string dimension = std::to_string(data.dimension);
    Execute("create table items (id bigint primary key, v vector(" + dimension + "))");
    turdb_stmt* insert = Prepare("insert into items values ($1, $2)");
    Execute("begin");
    double start = Seconds();
    for (size_t i = 0; i < data.count(); ++i) {
      Must(turdb_stmt_bind_int64(insert, 1, static_cast<int64_t>(i), &error_));
      Must(turdb_stmt_bind_vector(insert, 2, data.vector(i), static_cast<int64_t>(data.dimension), TURDB_VECTOR_FLOAT32,
                                  &error_));
      if (turdb_stmt_step(insert, &error_) != TURDB_DONE) Must(TURDB_ERROR);
      Must(turdb_stmt_reset(insert, &error_));
    }
    Execute("commit");
    turdb_stmt_free(insert);
    std::printf("SQL: %.1f us an insert of a row", (Seconds() - start) * 1e6 / static_cast<double>(data.count()));
    start = WallSeconds();
    Execute("create index items_v on items using hnsw (v vector_l2_ops)");
    std::printf(", CREATE INDEX with all cores %.1f us a row by the clock on the wall\n",
                (WallSeconds() - start) * 1e6 / static_cast<double>(data.count()));
    Execute("set hnsw.exact_rows = 0");
    nearest_ = Prepare("select id, v <-> $1 from items order by v <-> $1 limit " + std::to_string(kNearest));
  }
  ~SqlDatabase() {
    turdb_stmt_free(nearest_);
    turdb_conn_free(conn_);
    turdb_db_free(db_);
  }
  SqlDatabase(const SqlDatabase&) = delete;
  SqlDatabase& operator=(const SqlDatabase&) = delete;

  void Nearest(size_t query, size_t ef, std::vector<int64_t>* ids) {
    if (ef != ef_) Execute("set hnsw.ef_search = " + std::to_string(ef));
    ef_ = ef;
    Must(turdb_stmt_bind_vector(nearest_, 1, data_.query(query), static_cast<int64_t>(data_.dimension), TURDB_VECTOR_FLOAT32,
                                &error_));
    while (turdb_stmt_step(nearest_, &error_) == TURDB_ROW) {
      ids->push_back(turdb_stmt_column_int64(nearest_, 0));
      distance_ += turdb_stmt_column_double(nearest_, 1);
    }
    Must(turdb_stmt_reset(nearest_, &error_));
  }
  void Execute(const std::string& sql) { Must(turdb_conn_exec(conn_, sql.c_str(), TURDB_NUL_TERMINATED, &error_)); }

 private:
  turdb_stmt* Prepare(const std::string& sql) {
    turdb_stmt* stmt = nullptr;
    Must(turdb_stmt_prepare(conn_, sql.c_str(), TURDB_NUL_TERMINATED, nullptr, &stmt, &error_));
    return stmt;
  }
  void Must(turdb_status status) {
    if (status == TURDB_OK) return;
    std::fprintf(stderr, "vector_search: %s\n", error_ == nullptr ? "an error" : turdb_error_message(error_));
    std::exit(1);
  }

  const Data& data_;
  turdb_error* error_ = nullptr;
  turdb_db* db_ = nullptr;
  turdb_conn* conn_ = nullptr;
  turdb_stmt* nearest_ = nullptr;
  size_t ef_ = 0;
  double distance_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  size_t count = 100000, dimension = 128, queries = 500;
  int rounds = 7;
  std::string only;  // contestants whose names contain it
  for (int i = 1; i + 1 < argc; i += 2) {
    const long value = std::atol(argv[i + 1]);
    if (std::strcmp(argv[i], "--vectors") == 0) count = static_cast<size_t>(value);
    if (std::strcmp(argv[i], "--dimension") == 0) dimension = static_cast<size_t>(value);
    if (std::strcmp(argv[i], "--queries") == 0) queries = static_cast<size_t>(value);
    if (std::strcmp(argv[i], "--only") == 0) only = argv[i + 1];
    if (std::strcmp(argv[i], "--rounds") == 0) rounds = static_cast<int>(value);
  }
  const Data data = Make(count, dimension, queries);

  turdb::storage::RedoTable redo;
  turdb::btree::Tree::RegisterRedo(&redo);
  Index::RegisterRedo(&redo);
  const turdb::os::Environment environment = turdb::os::Environment::InMemory();
  turdb::base::MemoryBudget budget(int64_t{8} << 30);
  turdb::storage::Options options;
  options.page_cache_bytes = int64_t{2} << 30;
  options.synchronous = turdb::storage::Synchronous::kOff;
  const auto storage = Must(turdb::storage::Storage::Open(environment, "db", options, budget, redo));
  const auto log = turdb::txn::NewStorageCommitLog(*storage);
  turdb::txn::TransactionManager manager(environment, *log, budget, storage->recovery().next_txn_id);
  turdb::txn::ConnectStorage(*storage, manager);
  std::unique_ptr<Index> index;
  manager.SetUndoResolver([&](turdb::base::FileId) { return static_cast<turdb::txn::UndoTarget*>(index.get()); });
  {
    turdb::txn::TransactionPtr transaction = manager.Begin();
    Must(manager.BeginStatement(*transaction).status());
    Must(transaction->PrepareWrite());
    turdb::hnsw::IndexOptions index_options;
    index_options.dimension = static_cast<uint32_t>(dimension);
    Must(Index::Create(*storage, transaction->log, kFile, 9, "root/t.v.hnsw", index_options));
    Must(manager.Commit(*transaction));
  }
  index = Must(Index::Open(*storage, manager, kFile));
  double start = Seconds();
  const turdb::base::Lsn log_before = storage->next_lsn();
  for (size_t i = 0; i < count;) {
    turdb::txn::TransactionPtr transaction = manager.Begin();
    Must(manager.BeginStatement(*transaction).status());
    for (size_t n = 0; n < 1000 && i < count; ++n, ++i) {
      std::byte key[8];
      turdb::btree::EncodeInt64Key(static_cast<int64_t>(i), key);
      Must(index->Insert(*transaction, turdb::base::Bytes(key), std::span(data.vector(i), dimension)).status());
    }
    Must(manager.Commit(*transaction));
  }
  std::printf("TurDB: %zu inserts, %.1f us each, %.0f bytes of log each, %.0f bytes of file a vector\n", count,
              (Seconds() - start) * 1e6 / static_cast<double>(count),
              static_cast<double>(storage->next_lsn() - log_before) / static_cast<double>(count),
              static_cast<double>(Must(storage->PageCount(kFile))) * 16384 / static_cast<double>(count));

  std::vector<Contestant> contestants;
  std::vector<Found> found;
  std::vector<std::pair<float, int64_t>> ranked;
  for (const size_t ef : {16, 24, 32, 48, 64, 96, 128, 192}) {
    contestants.push_back({"TurDB ef " + std::to_string(ef), [&, ef](size_t q, std::vector<int64_t>* ids) {
                             auto search = Must(index->StartSearch(std::span(data.query(q), dimension), ef));
                             found.clear();
                             Must(search->Next(std::min<size_t>(ef, 32), &found).status());
                             ranked.clear();
                             for (const Found& f : found) {
                               ranked.emplace_back(turdb::compute::BestDistanceKernels().f32.l2_squared(
                                                       data.query(q), data.vector(static_cast<size_t>(f.row_key)), dimension),
                                                   f.row_key);
                             }
                             std::sort(ranked.begin(), ranked.end());
                             for (size_t i = 0; i < std::min(ranked.size(), kNearest); ++i) ids->push_back(ranked[i].second);
                           }});
  }
  SqlDatabase database(data);
  for (const size_t ef : {16, 24, 32, 48, 64, 96, 128, 192}) {
    contestants.push_back({"TurDB, SQL, ef " + std::to_string(ef),
                           [&, ef](size_t q, std::vector<int64_t>* ids) { database.Nearest(q, ef, ids); }});
  }
#if defined(BENCH_HNSWLIB)
  hnswlib::L2Space space(dimension);
  hnswlib::HierarchicalNSW<float> peer(&space, count, 16, 128);
  start = Seconds();
  for (size_t i = 0; i < count; ++i) peer.addPoint(data.vector(i), i);
  std::printf("hnswlib: %zu inserts, %.1f us each\n", count, (Seconds() - start) * 1e6 / static_cast<double>(count));
  for (const size_t ef : {16, 24, 32, 48, 64, 96, 128, 192}) {
    contestants.push_back({"hnswlib ef " + std::to_string(ef), [&, ef](size_t q, std::vector<int64_t>* ids) {
                             peer.setEf(ef);
                             auto nearest = peer.searchKnn(data.query(q), kNearest);
                             while (!nearest.empty()) {
                               ids->push_back(static_cast<int64_t>(nearest.top().second));
                               nearest.pop();
                             }
                           }});
  }
#endif
  std::erase_if(contestants, [&](const Contestant& c) { return c.name.find(only) == std::string::npos; });
  Run(data, contestants, rounds);
  return 0;
}
