// Nearest-neighbour search in the pages of an index, beside hnswlib and faiss where they are installed.
//   vector_search [--vectors N] [--dimension D] [--queries Q] [--rounds R] [--only NAME] [--threads N] [--room 0]
//                 [--filters 1]
//
// --threads: of CREATE INDEX and of the peers' builds (default 2). --room 0 leaves out the index without SQL, whose vectors are
// inserted one by one. --filters 1 adds exact search beside the bandwidth of memory, and search behind a condition that a
// fraction of the rows meets, beside the distances of those rows alone.
//
// Clustered vectors (tests/hnsw/clustered.h, seed 1); queries are of the same clusters and no members. One thread. What is
// timed is a search for candidates by codes and their ranking by exact distances from an array of f32, which stands for the
// fetching of rows: 32 candidates at least; and the same through prepared SQL (`ORDER BY v <-> $1 LIMIT 10`), with the ids and
// distances read. Each figure is the least of the rounds, in which the contestants take turns.
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
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
#if defined(BENCH_FAISS)
#include <faiss/IndexHNSW.h>
#include <omp.h>
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

// Calls `body(i)` for each of `count`, on `threads` threads.
void InParallel(size_t count, size_t threads, const std::function<void(size_t)>& body) {
  std::atomic<size_t> next{0};
  std::vector<std::thread> crew;
  for (size_t t = 0; t < threads; ++t) {
    crew.emplace_back([&] {
      for (size_t i = next++; i < count; i = next++) body(i);
    });
  }
  for (std::thread& thread : crew) thread.join();
}

Data Make(size_t count, size_t dimension, size_t queries, size_t threads) {
  Data data;
  data.dimension = dimension;
  turdb::hnsw::ClusteredVectors generator(dimension, 1, /*clusters=*/100, /*directions=*/64);
  for (const auto& vector : generator.Take(count)) data.vectors.insert(data.vectors.end(), vector.begin(), vector.end());
  for (size_t i = 0; i < queries; ++i) {
    const std::vector<float> query = generator.Next();
    data.queries.insert(data.queries.end(), query.begin(), query.end());
  }
  data.limits.resize(queries);
  InParallel(queries, threads, [&](size_t i) {
    std::vector<float> distances(count);
    turdb::compute::BestDistanceKernels().f32.l2_squared_many(data.query(i), data.vectors.data(), dimension, count, dimension,
                                                              distances.data());
    std::nth_element(distances.begin(), distances.begin() + kNearest - 1, distances.end());
    data.limits[i] = distances[kNearest - 1];
  });
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
  SqlDatabase(const Data& data, size_t threads) : data_(data) {
    turdb_options* options = nullptr;
    Must(turdb_options_new(&options, &error_));
    Must(turdb_options_set(options, "memory_limit", "8GB", &error_));
    Must(turdb_options_set(options, "page_cache_bytes", "3GB", &error_));
    Must(turdb_options_set(options, "threads", std::to_string(threads).c_str(), &error_));
    Must(turdb_db_open(":memory:", options, &db_, &error_));
    turdb_options_free(options);
    Must(turdb_conn_open(db_, &conn_, &error_));
    const std::string dimension = std::to_string(data.dimension);
    // Of `part`, a random number below 10,000: what conditions select by.
    Execute("create table items (id bigint primary key, part int not null, v vector(" + dimension + "))");
    turdb_stmt* insert = Prepare("insert into items values ($1, $3, $2)");
    Execute("begin");
    double start = Seconds();
    for (size_t i = 0; i < data.count(); ++i) {
      Must(turdb_stmt_bind_int64(insert, 1, static_cast<int64_t>(i), &error_));
      Must(turdb_stmt_bind_vector(insert, 2, data.vector(i), static_cast<int64_t>(data.dimension), TURDB_VECTOR_FLOAT32,
                                  &error_));
      Must(turdb_stmt_bind_int64(insert, 3, PartOf(i), &error_));
      if (turdb_stmt_step(insert, &error_) != TURDB_DONE) Must(TURDB_ERROR);
      Must(turdb_stmt_reset(insert, &error_));
    }
    Execute("commit");
    turdb_stmt_free(insert);
    std::printf("SQL: %.1f us an insert of a row", (Seconds() - start) * 1e6 / static_cast<double>(data.count()));
    start = WallSeconds();
    Execute("create index items_v on items using hnsw (v vector_l2_ops)");
    std::printf(", CREATE INDEX with %zu threads %.1f us a row by the clock on the wall\n", threads,
                (WallSeconds() - start) * 1e6 / static_cast<double>(data.count()));
    Execute("create index items_part on items (part)");
    Execute("set hnsw.exact_rows = 0");
    nearest_ = Prepare("select id, v <-> $1 from items order by v <-> $1 limit " + std::to_string(kNearest));
  }
  ~SqlDatabase() {
    turdb_stmt_free(nearest_);
    turdb_stmt_free(filtered_);
    turdb_stmt_free(filtered_by_look_);
    turdb_stmt_free(exact_);
    turdb_conn_free(conn_);
    turdb_db_free(db_);
  }
  SqlDatabase(const SqlDatabase&) = delete;
  SqlDatabase& operator=(const SqlDatabase&) = delete;

  void Nearest(size_t query, size_t ef, std::vector<int64_t>* ids) {
    if (ef != ef_) Execute("set hnsw.ef_search = " + std::to_string(ef));
    ef_ = ef;
    Read(nearest_, query, ids);
  }
  // Rows whose part is below `parts` of 10,000, as an index knows or, without one, a look at each of them.
  void NearestBelow(size_t query, bool indexed, int64_t parts, std::vector<int64_t>* ids) {
    turdb_stmt*& stmt = indexed ? filtered_ : filtered_by_look_;
    if (stmt == nullptr) {
      stmt = Prepare(std::string("select id, v <-> $1 from items where part ") + (indexed ? "" : "+ 0 ") +
                     "< $2 order by v <-> $1 limit " + std::to_string(kNearest));
    }
    Must(turdb_stmt_bind_int64(stmt, 2, parts, &error_));
    Read(stmt, query, ids);
  }
  // Every distance.
  void Exact(size_t query, std::vector<int64_t>* ids) {
    if (exact_ == nullptr) {
      exact_ = Prepare("select id, v <-> $1 from items order by (v <-> $1) + 0 limit " + std::to_string(kNearest));
    }
    Read(exact_, query, ids);
  }
  static int64_t PartOf(size_t row) { return static_cast<int64_t>((row * 0x9e3779b97f4a7c15) >> 33) % 10000; }
  void Execute(const std::string& sql) { Must(turdb_conn_exec(conn_, sql.c_str(), TURDB_NUL_TERMINATED, &error_)); }

 private:
  void Read(turdb_stmt* stmt, size_t query, std::vector<int64_t>* ids) {
    Must(turdb_stmt_bind_vector(stmt, 1, data_.query(query), static_cast<int64_t>(data_.dimension), TURDB_VECTOR_FLOAT32,
                                &error_));
    while (turdb_stmt_step(stmt, &error_) == TURDB_ROW) {
      ids->push_back(turdb_stmt_column_int64(stmt, 0));
      distance_ += turdb_stmt_column_double(stmt, 1);
    }
    Must(turdb_stmt_reset(stmt, &error_));
  }
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
  turdb_stmt* filtered_ = nullptr;
  turdb_stmt* filtered_by_look_ = nullptr;
  turdb_stmt* exact_ = nullptr;
  size_t ef_ = 0;
  double distance_ = 0;
};

// The index alone, in storage of its own.
class Room {
 public:
  Room(const Data& data, bool fill) : data_(data), environment_(turdb::os::Environment::InMemory()), budget_(int64_t{8} << 30) {
    if (!fill) return;
    turdb::btree::Tree::RegisterRedo(&redo_);
    Index::RegisterRedo(&redo_);
    turdb::storage::Options options;
    options.page_cache_bytes = int64_t{2} << 30;
    options.synchronous = turdb::storage::Synchronous::kOff;
    storage_ = Must(turdb::storage::Storage::Open(environment_, "db", options, budget_, redo_));
    log_ = turdb::txn::NewStorageCommitLog(*storage_);
    manager_.emplace(environment_, *log_, budget_, storage_->recovery().next_txn_id);
    turdb::txn::ConnectStorage(*storage_, *manager_);
    manager_->SetUndoResolver([&](turdb::base::FileId) { return static_cast<turdb::txn::UndoTarget*>(index_.get()); });
    {
      turdb::txn::TransactionPtr transaction = manager_->Begin();
      Must(manager_->BeginStatement(*transaction).status());
      Must(transaction->PrepareWrite());
      turdb::hnsw::IndexOptions index_options;
      index_options.dimension = static_cast<uint32_t>(data.dimension);
      Must(Index::Create(*storage_, transaction->log, kFile, 9, "root/t.v.hnsw", index_options));
      Must(manager_->Commit(*transaction));
    }
    index_ = Must(Index::Open(*storage_, *manager_, kFile));
    const double start = Seconds();
    const turdb::base::Lsn log_before = storage_->next_lsn();
    for (size_t i = 0; i < data.count();) {
      turdb::txn::TransactionPtr transaction = manager_->Begin();
      Must(manager_->BeginStatement(*transaction).status());
      for (size_t n = 0; n < 1000 && i < data.count(); ++n, ++i) {
        std::byte key[8];
        turdb::btree::EncodeInt64Key(static_cast<int64_t>(i), key);
        Must(index_->Insert(*transaction, turdb::base::Bytes(key), std::span(data.vector(i), data.dimension)).status());
      }
      Must(manager_->Commit(*transaction));
    }
    const auto count = static_cast<double>(data.count());
    std::printf("TurDB: %.0f inserts, %.1f us each, %.0f bytes of log each, %.0f bytes of file a vector\n", count,
                (Seconds() - start) * 1e6 / count, static_cast<double>(storage_->next_lsn() - log_before) / count,
                static_cast<double>(Must(storage_->PageCount(kFile))) * 16384 / count);
  }

  void Nearest(size_t query, size_t ef, std::vector<int64_t>* ids) {
    auto search = Must(index_->StartSearch(std::span(data_.query(query), data_.dimension), ef));
    found_.clear();
    Must(search->Next(std::min<size_t>(ef, 32), &found_).status());
    ranked_.clear();
    for (const Found& f : found_) {
      ranked_.emplace_back(turdb::compute::BestDistanceKernels().f32.l2_squared(
                               data_.query(query), data_.vector(static_cast<size_t>(f.row_key)), data_.dimension),
                           f.row_key);
    }
    std::sort(ranked_.begin(), ranked_.end());
    for (size_t i = 0; i < std::min(ranked_.size(), kNearest); ++i) ids->push_back(ranked_[i].second);
  }

 private:
  const Data& data_;
  turdb::storage::RedoTable redo_;
  turdb::os::Environment environment_;
  turdb::base::MemoryBudget budget_;
  std::unique_ptr<turdb::storage::Storage> storage_;
  std::unique_ptr<turdb::txn::CommitLog> log_;
  std::optional<turdb::txn::TransactionManager> manager_;
  std::unique_ptr<Index> index_;
  std::vector<Found> found_;
  std::vector<std::pair<float, int64_t>> ranked_;
};

// The least of the rounds, in microseconds a call of `body(query)`.
double BestMicroseconds(size_t queries, int rounds, const std::function<void(size_t)>& body) {
  double best = 1e30;
  for (int round = 0; round < rounds; ++round) {
    const double start = Seconds();
    for (size_t q = 0; q < queries; ++q) body(q);
    best = std::min(best, (Seconds() - start) * 1e6 / static_cast<double>(queries));
  }
  return best;
}

// What the ids of a filtered search are to equal, without SQL: the distances of the rows that match and no others.
void NearestOf(const Data& data, const std::vector<size_t>& rows, size_t query,
               std::vector<std::pair<float, int64_t>>* nearest) {
  nearest->clear();
  for (const size_t row : rows) {
    const float distance =
        turdb::compute::BestDistanceKernels().f32.l2_squared(data.query(query), data.vector(row), data.dimension);
    if (nearest->size() == kNearest && distance >= nearest->front().first) continue;
    if (nearest->size() == kNearest) {
      std::pop_heap(nearest->begin(), nearest->end());
      nearest->pop_back();
    }
    nearest->emplace_back(distance, static_cast<int64_t>(row));
    std::push_heap(nearest->begin(), nearest->end());
  }
}

void RunFilters(const Data& data, SqlDatabase& database, int rounds) {
  const size_t queries = std::min<size_t>(data.query_count(), 20);
  std::vector<int64_t> ids;
  // Bandwidth: every byte of the vectors, summed.
  double best = 1e30;
  uint64_t sum = 0;
  for (int round = 0; round < std::max(rounds, 3); ++round) {
    const double start = Seconds();
    uint64_t word = 0;
    for (size_t at = 0; at + 2 <= data.vectors.size(); at += 2) {
      std::memcpy(&word, data.vectors.data() + at, sizeof word);
      sum += word;
    }
    best = std::min(best, Seconds() - start);
  }
  const auto bytes = static_cast<double>(data.vectors.size() * sizeof(float));
  const double exact = BestMicroseconds(std::min<size_t>(queries, 5), std::min(rounds, 3), [&](size_t q) {
    ids.clear();
    database.Exact(q, &ids);
  });
  std::printf("exact search by SQL %.0f us, reading the vectors once %.0f us (%.1f GB/s, checksum %llu): %.2fx\n", exact,
              best * 1e6, bytes / best * 1e-9, static_cast<unsigned long long>(sum % 1000), exact / (best * 1e6));

  database.Execute("set hnsw.ef_search = 64");
  const double unfiltered = BestMicroseconds(queries, rounds, [&](size_t q) {
    ids.clear();
    database.Nearest(q, 64, &ids);
  });
  std::printf("without a condition, ef 64: %.1f us\n", unfiltered);
  std::vector<std::pair<float, int64_t>> nearest;
  for (const int64_t parts : {1, 10, 100, 300, 1000, 2500, 5000, 7500, 10000}) {
    std::vector<size_t> rows;
    for (size_t i = 0; i < data.count(); ++i) {
      if (SqlDatabase::PartOf(i) < parts) rows.push_back(i);
    }
    const double brute = BestMicroseconds(queries, rounds, [&](size_t q) { NearestOf(data, rows, q, &nearest); });
    std::printf("%7zu rows match (%6.2f%%), distances of those alone %9.1f us\n", rows.size(), static_cast<double>(parts) / 100,
                brute);
    for (const bool indexed : {true, false}) {
      size_t hits = 0, expected = 0, returned = 0;
      for (size_t q = 0; q < queries; ++q) {
        ids.clear();
        database.NearestBelow(q, indexed, parts, &ids);
        NearestOf(data, rows, q, &nearest);
        expected += nearest.size();
        returned += ids.size();
        for (const auto& [distance, id] : nearest) hits += std::find(ids.begin(), ids.end(), id) != ids.end() ? 1 : 0;
      }
      const double filtered = BestMicroseconds(queries, rounds, [&](size_t q) {
        ids.clear();
        database.NearestBelow(q, indexed, parts, &ids);
      });
      std::printf(
          "        %-16s %9.1f us, %6.2fx of those, %6.2fx of search without a condition; recall %.3f, %zu of %zu rows\n",
          indexed ? "with an index" : "without one", filtered, filtered / brute, filtered / unfiltered,
          static_cast<double>(hits) / static_cast<double>(std::max<size_t>(expected, 1)), returned, expected);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  size_t count = 100000, dimension = 128, queries = 500, threads = 2;
  int rounds = 7;
  bool with_room = true, with_filters = false;
  std::string only;  // contestants whose names contain it; peers' indexes are built for "hnswlib", "faiss" and all
  for (int i = 1; i + 1 < argc; i += 2) {
    const long value = std::atol(argv[i + 1]);
    if (std::strcmp(argv[i], "--vectors") == 0) count = static_cast<size_t>(value);
    if (std::strcmp(argv[i], "--dimension") == 0) dimension = static_cast<size_t>(value);
    if (std::strcmp(argv[i], "--queries") == 0) queries = static_cast<size_t>(value);
    if (std::strcmp(argv[i], "--threads") == 0) threads = static_cast<size_t>(std::max(value, 1L));
    if (std::strcmp(argv[i], "--room") == 0) with_room = value != 0;
    if (std::strcmp(argv[i], "--filters") == 0) with_filters = value != 0;
    if (std::strcmp(argv[i], "--only") == 0) only = argv[i + 1];
    if (std::strcmp(argv[i], "--rounds") == 0) rounds = static_cast<int>(value);
  }
  const Data data = Make(count, dimension, queries, threads);
  const std::vector<size_t> efs = {16, 24, 32, 48, 64, 96, 128, 192};
  std::vector<Contestant> contestants;
  Room room(data, with_room);
  if (with_room) {
    for (const size_t ef : efs) {
      contestants.push_back(
          {"TurDB ef " + std::to_string(ef), [&, ef](size_t q, std::vector<int64_t>* ids) { room.Nearest(q, ef, ids); }});
    }
  }
  SqlDatabase database(data, threads);
  for (const size_t ef : efs) {
    contestants.push_back({"TurDB, SQL, ef " + std::to_string(ef),
                           [&, ef](size_t q, std::vector<int64_t>* ids) { database.Nearest(q, ef, ids); }});
  }
  const auto is_wanted = [&](std::string_view name) { return name.find(only) != std::string_view::npos; };
#if defined(BENCH_HNSWLIB)
  hnswlib::L2Space space(dimension);
  hnswlib::HierarchicalNSW<float> peer(&space, count, 16, 128);
  if (is_wanted("hnswlib")) {
    const double start = WallSeconds();
    InParallel(count, threads, [&](size_t i) { peer.addPoint(data.vector(i), i); });
    std::printf("hnswlib: %zu inserts with %zu threads, %.1f us each by the clock on the wall\n", count, threads,
                (WallSeconds() - start) * 1e6 / static_cast<double>(count));
  }
  for (const size_t ef : efs) {
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
#if defined(BENCH_FAISS)
  faiss::IndexHNSWSQ quantised(static_cast<int>(dimension), faiss::ScalarQuantizer::QT_8bit, 16);
  quantised.hnsw.efConstruction = 128;
  if (is_wanted("faiss")) {
    omp_set_num_threads(static_cast<int>(threads));
    const double start = WallSeconds();
    quantised.train(static_cast<faiss::Index::idx_t>(std::min<size_t>(count, 100000)), data.vectors.data());
    quantised.add(static_cast<faiss::Index::idx_t>(count), data.vectors.data());
    omp_set_num_threads(1);
    std::printf("faiss HNSW-SQ8: %zu inserts with %zu threads, %.1f us each by the clock on the wall\n", count, threads,
                (WallSeconds() - start) * 1e6 / static_cast<double>(count));
  }
  for (const size_t ef : efs) {
    contestants.push_back({"faiss HNSW-SQ8 ef " + std::to_string(ef), [&, ef](size_t q, std::vector<int64_t>* ids) {
                             quantised.hnsw.efSearch = static_cast<int>(ef);
                             float distances[kNearest];
                             faiss::Index::idx_t labels[kNearest];
                             quantised.search(1, data.query(q), kNearest, distances, labels);
                             ids->assign(labels, labels + kNearest);
                           }});
  }
#endif
  std::erase_if(contestants, [&](const Contestant& c) { return !is_wanted(c.name); });
  Run(data, contestants, rounds);
  if (with_filters) RunFilters(data, database, rounds);
  return 0;
}
