// The format, inserts, searches and their recall, what a transaction takes back, and crashes.
#include "hnsw/index.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>
#include <random>
#include <set>
#include <thread>

#include "compute/distance.h"
#include "hnsw/clustered.h"
#include "hnsw/database.h"

namespace turdb::hnsw {
namespace {

using base::Describe;
using Vectors = std::vector<std::vector<float>>;

#define ASSERT_OK(expression)                       \
  do {                                              \
    const ::absl::Status status_ = (expression);    \
    ASSERT_TRUE(status_.ok()) << Describe(status_); \
  } while (false)

// ---- The format ------------------------------------------------------------------------------------------------------
TEST(Format, RecordsAreAsManyAPageAsRuled) {
  EXPECT_EQ(Layout::Of(128, 32).slots, 56);
  EXPECT_EQ(Layout::Of(768, 32).slots, 17);
  EXPECT_EQ(Layout::Of(1536, 32).slots, 9);
  EXPECT_EQ(Layout::Of(3072, 32).slots, 5);
  EXPECT_EQ(Layout::Of(kMaxDimension, 32).slots, 1);
}

TEST(Format, RecordsLieInsideTheirPageAndApart) {
  for (uint32_t dimension = 1; dimension <= kMaxDimension; dimension += 1 + dimension / 7) {
    for (const uint16_t degree : {uint16_t{2}, uint16_t{32}, uint16_t{47}}) {
      const Layout layout = Layout::Of(dimension, degree);
      EXPECT_GE(layout.slots, 1);
      EXPECT_GE(layout.first_at, storage::kPageHeaderBytes);
      EXPECT_LE(layout.links_at + 4u * degree, layout.record_bytes);
      EXPECT_LE(layout.RecordAt(layout.slots), storage::kPageSize);
      EXPECT_LE(layout.slots, 1u << layout.shift);
      const Place place = layout.PlaceOf(77, layout.slots - 1u);
      EXPECT_EQ(layout.PageOf(place), 77u);
      EXPECT_EQ(layout.SlotOf(place), layout.slots - 1u);
    }
  }
}

TEST(Format, RecordsSayWhatWasPutIntoThemAndTellOfDamage) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    const Layout layout = Layout::Of(static_cast<uint32_t>(1 + random() % 300), static_cast<uint16_t>(2 + random() % 60));
    std::vector<uint8_t> code(layout.dimension);
    for (uint8_t& byte : code) byte = static_cast<uint8_t>(random());
    const compute::Sq8Terms terms{1.5f, -2.0f, static_cast<float>(random() % 100), 3.0f};
    const auto row_key = static_cast<int64_t>(random());
    std::vector<std::byte> record(layout.record_bytes);
    EncodeRecord(layout, terms, row_key, code, record.data());
    EXPECT_EQ(FaultOfRecord(layout, record.data()), nullptr);
    EXPECT_EQ(RowKeyOf(record.data()), row_key);
    EXPECT_EQ(DegreeOf(record.data()), 0);
    EXPECT_EQ(FlagsOf(record.data()), kUsed);
    EXPECT_EQ(TermsOf(record.data()).scaled_sum, terms.scaled_sum);
    EXPECT_TRUE(std::equal(code.begin(), code.end(), CodeOf(record.data())));
    // Flags and links may change; anything else is noticed.
    record[kFlagsAt] = std::byte{kUsed | kTombstone};
    EXPECT_EQ(FaultOfRecord(layout, record.data()), nullptr);
    const size_t at = random() % (kCodeAt + layout.dimension);
    if (at == kFlagsAt || at == kDegreeAt) continue;
    record[at] ^= std::byte{0x10};
    EXPECT_NE(FaultOfRecord(layout, record.data()), nullptr) << at;
  }
}

TEST(Format, OperationsStayWithinTheRecords) {
  std::vector<std::byte> page(storage::kPageSize);
  const auto apply = [&](PageOp op, std::vector<uint8_t> payload) {
    return ApplyPageOp(static_cast<uint8_t>(op), {10, 3}, page.data(), std::as_bytes(std::span(payload))).ok();
  };
  EXPECT_TRUE(apply(PageOp::kWrite, {16, 0, 1, 2}));
  EXPECT_TRUE(apply(PageOp::kWrite, {6, 0, 1, 2}));
  EXPECT_FALSE(apply(PageOp::kWrite, {6, 0, 1, 2, 3}));  // into the LSN
  EXPECT_FALSE(apply(PageOp::kWrite, {4, 0, 1}));        // the kind
  EXPECT_FALSE(apply(PageOp::kWrite, {255, 63, 1, 2}));  // over the end
  EXPECT_FALSE(apply(PageOp::kWrite, {1}));
  EXPECT_TRUE(apply(PageOp::kLink, {40, 0, 1, 44, 0, 1, 2, 3, 4}));
  EXPECT_EQ(page[47], std::byte{4});
  EXPECT_FALSE(apply(PageOp::kLink, {6, 0, 1, 44, 0, 1, 2, 3, 4}));
  EXPECT_FALSE(apply(PageOp::kLink, {40, 0, 1, 253, 63, 1, 2, 3, 4}));
  EXPECT_FALSE(apply(PageOp::kLink, {40, 0, 1}));
}

// ---- The beam --------------------------------------------------------------------------------------------------------
// Tombstones lead on beside the window, and do not push others out of it, until there are three times as many as it is wide.
TEST(Beam, TombstonesTakeNoPlaces) {
  Beam beam;
  beam.Begin(2, /*keep_rest=*/true);
  for (Place place = 1; place <= 4; ++place) beam.Add({static_cast<float>(place), place, 0, /*tombstone=*/true, false});
  beam.Add({5, 5, 0, false, false});
  beam.Add({6, 6, 0, false, false});
  beam.Add({7, 7, 0, false, false});  // beyond two others
  EXPECT_EQ(beam.candidates().size(), 6u);
  for (Place place = 1; place <= 6; ++place) {
    const Candidate* const next = beam.NextToExpand();
    ASSERT_NE(next, nullptr);
    EXPECT_EQ(next->place, place);
  }
  EXPECT_EQ(beam.NextToExpand(), nullptr);
  for (Place place = 1; place <= 6; ++place) EXPECT_EQ(beam.Take()->place, place);
  EXPECT_EQ(beam.Take(), nullptr);
  beam.Advance();
  EXPECT_EQ(beam.Take()->place, 7u);
  beam.Begin(2, /*keep_rest=*/false);
  for (Place place = 1; place <= 20; ++place) beam.Add({static_cast<float>(place), place, 0, /*tombstone=*/true, false});
  EXPECT_EQ(beam.candidates().size(), 8u);
}

TEST(Beam, GivesCandidatesInOrderAndGoesOnBehindThem) {
  std::mt19937_64 random(9);
  for (int round = 0; round < 100; ++round) {
    Beam beam;
    const size_t width = 1 + random() % 20;
    beam.Begin(width, /*keep_rest=*/true);
    std::vector<float> all;
    for (Place place = 1; place <= 100; ++place) {
      all.push_back(static_cast<float>(random() % 50));
      beam.Add({all.back(), place, place, false, false});
    }
    std::sort(all.begin(), all.end());
    std::set<Place> given;
    for (size_t i = 0; i < all.size();) {
      beam.Advance();
      size_t expanded = 0;
      while (beam.NextToExpand() != nullptr) ++expanded;
      EXPECT_LE(expanded, width);
      const size_t wanted = 1 + random() % width;
      for (size_t n = 0; n < wanted && i < all.size(); ++n) {
        const Candidate* candidate = beam.Take();
        if (candidate == nullptr) break;
        EXPECT_EQ(candidate->distance, all[i++]);
        EXPECT_TRUE(given.insert(candidate->place).second);
      }
    }
    EXPECT_EQ(given.size(), all.size());
  }
}

TEST(Visited, HoldsWhatItsSearchPutIn) {
  std::mt19937_64 random(3);
  Visited visited;
  for (int round = 0; round < 50; ++round) {
    visited.Begin(random() % 100);
    std::set<Place> model;
    for (int i = 0; i < 500; ++i) {
      const auto place = static_cast<Place>(1 + random() % 700);
      EXPECT_EQ(visited.Insert(place), model.insert(place).second);
    }
  }
}

// ---- Searches --------------------------------------------------------------------------------------------------------
IndexOptions Options(uint32_t dimension, Metric metric = Metric::kL2) {
  IndexOptions options;
  options.dimension = dimension;
  options.metric = metric;
  return options;
}

Status InsertAll(Database& database, const Vectors& vectors, int64_t first_key = 0) {
  for (size_t begin = 0; begin < vectors.size(); begin += 500) {
    txn::TransactionPtr transaction = database.Begin();
    for (size_t i = begin; i < std::min(begin + 500, vectors.size()); ++i) {
      TURDB_ASSIGN_OR_RETURN(
          const InsertResult done,
          database.index->Insert(*transaction, Key(first_key + static_cast<int64_t>(i)).bytes(), vectors[i]));
      EXPECT_EQ(done, InsertResult::kInserted);
    }
    TURDB_RETURN_IF_ERROR(database.manager->Commit(*transaction));
  }
  return absl::OkStatus();
}

// The mean share of the exact k nearest that are found when `fetch` candidates are ranked again by the exact distance.
double Recall(Database& database, const Vectors& vectors, const Vectors& queries, compute::Metric metric, size_t k, size_t ef,
              size_t fetch, const std::set<size_t>& gone = {}) {
  size_t found = 0;
  for (const std::vector<float>& query : queries) {
    std::vector<std::pair<double, size_t>> exact;
    for (size_t i = 0; i < vectors.size(); ++i) {
      if (!gone.contains(i)) exact.emplace_back(compute::Distance(metric, query.data(), vectors[i].data(), query.size()), i);
    }
    std::sort(exact.begin(), exact.end());
    const double limit = exact[k - 1].first;
    StatusOr<std::unique_ptr<Search>> search = database.index->StartSearch(query, ef);
    EXPECT_TRUE(search.ok());
    std::vector<Found> candidates;
    EXPECT_TRUE((*search)->Next(fetch, &candidates).ok());
    size_t hits = 0;
    for (const Found& candidate : candidates) {
      const auto i = static_cast<size_t>(candidate.row_key);
      EXPECT_FALSE(gone.contains(i));
      hits += compute::Distance(metric, query.data(), vectors[i].data(), query.size()) <= limit ? 1 : 0;
    }
    found += std::min(hits, k);
  }
  return static_cast<double>(found) / static_cast<double>(queries.size() * k);
}

class IndexTest : public testing::TestWithParam<Metric> {};

TEST_P(IndexTest, FindsTheNearestOfClusteredVectors) {
  const compute::Metric metric = GetParam() == Metric::kCosine ? compute::Metric::kCosine : compute::Metric::kL2Squared;
  Database database;
  ASSERT_OK(database.Open());
  ASSERT_OK(database.CreateIndex(Options(48, GetParam())));
  ClusteredVectors generator(48, 17);
  const Vectors vectors = generator.Take(4000);
  ASSERT_OK(InsertAll(database, vectors));
  Vectors queries;
  for (int i = 0; i < 50; ++i) queries.push_back(generator.Next());
  EXPECT_GE(Recall(database, vectors, queries, metric, 10, 64, 32), 0.95);
  EXPECT_GE(Recall(database, vectors, queries, metric, 10, 200, 40), 0.985);
  const IndexCheckReport report = database.Check();
  EXPECT_EQ(report.nodes, vectors.size());
  EXPECT_EQ(report.keys, vectors.size());
  EXPECT_GT(report.upper_nodes, 20u);
  EXPECT_LT(report.unreachable, vectors.size() / 500);
  // And after it was closed and opened: nothing is built again.
  ASSERT_OK(database.Close());
  ASSERT_OK(database.Open());
  EXPECT_GE(Recall(database, vectors, queries, metric, 10, 64, 32), 0.95);
}

INSTANTIATE_TEST_SUITE_P(Metrics, IndexTest, testing::Values(Metric::kL2, Metric::kCosine), [](const auto& info) {
  return info.param == Metric::kL2 ? std::string("l2") : std::string("cosine");
});

TEST(Index, GivesEveryNodeOnceWhenAskedOnAndOn) {
  Database database;
  ASSERT_OK(database.Open());
  ASSERT_OK(database.CreateIndex(Options(16)));
  ClusteredVectors generator(16, 4, 5);
  const Vectors vectors = generator.Take(600);
  ASSERT_OK(InsertAll(database, vectors));
  const uint64_t reachable = vectors.size() - database.Check().unreachable;
  StatusOr<std::unique_ptr<Search>> search = database.index->StartSearch(generator.Next(), 20);
  ASSERT_OK(search.status());
  std::set<int64_t> keys;
  for (;;) {
    std::vector<Found> found;
    const StatusOr<bool> more = (*search)->Next(7, &found);
    ASSERT_OK(more.status());
    if (!*more) break;
    for (const Found& candidate : found) EXPECT_TRUE(keys.insert(candidate.row_key).second);
  }
  EXPECT_GE(keys.size(), reachable - 5);
}

TEST(Index, ManyEqualVectorsAreNoIsland) {
  Database database;
  ASSERT_OK(database.Open());
  ASSERT_OK(database.CreateIndex(Options(8)));
  ClusteredVectors generator(8, 4, 5);
  Vectors vectors(500, std::vector<float>(8, 1.0f));
  const Vectors others = generator.Take(500);
  vectors.insert(vectors.end(), others.begin(), others.end());
  std::shuffle(vectors.begin(), vectors.end(), std::mt19937_64(1));
  ASSERT_OK(InsertAll(database, vectors));
  Vectors queries;
  for (int i = 0; i < 20; ++i) queries.push_back(generator.Next());
  EXPECT_GE(Recall(database, vectors, queries, compute::Metric::kL2Squared, 10, 64, 32), 0.9);
}

// Clusters far from one another, each smaller than the neighbours that an insert looks at, and their rows moved from one to
// another again and again: nothing links them but the upper layer, which therefore has a node near every node.
TEST_P(IndexTest, ClustersFarApartAreAllFoundHoweverTheirRowsMove) {
  constexpr int kClusters = 30, kMembers = 40;
  size_t missed = 0, asked = 0;
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    Database database;
    ASSERT_OK(database.Open());
    IndexOptions options = Options(8, GetParam());
    options.links = 8;
    options.max_degree = 16;
    options.ef_construction = 64;
    ASSERT_OK(database.CreateIndex(options));
    std::mt19937_64 random(seed);
    std::vector<std::vector<float>> centres(kClusters);
    for (auto& centre : centres) {
      for (int i = 0; i < 8; ++i) centre.push_back(static_cast<float>(random() % 2001) - 1000);
    }
    const auto member = [&](size_t cluster) {
      std::vector<float> vector = centres[cluster];
      for (float& x : vector) x += static_cast<float>(random() % 1000) / 500;
      return vector;
    };
    std::vector<size_t> cluster_of;
    Vectors vectors;
    for (int i = 0; i < kClusters * kMembers; ++i) {
      cluster_of.push_back(random() % kClusters);
      vectors.push_back(member(cluster_of.back()));
    }
    ASSERT_OK(InsertAll(database, vectors));
    for (int round = 0; round < 10; ++round) {
      txn::TransactionPtr transaction = database.Begin();
      for (int i = 0; round > 0 && i < 300; ++i) {
        const size_t row = random() % vectors.size();
        cluster_of[row] = random() % kClusters;
        vectors[row] = member(cluster_of[row]);
        EXPECT_TRUE(*database.index->Remove(*transaction, Key(static_cast<int64_t>(row)).bytes()));
        EXPECT_EQ(*database.index->Insert(*transaction, Key(static_cast<int64_t>(row)).bytes(), vectors[row]),
                  InsertResult::kInserted);
      }
      ASSERT_OK(database.manager->Commit(*transaction));
      transaction.reset();
      ASSERT_OK(database.manager->Drain());
      for (size_t cluster = 0; cluster < kClusters; ++cluster) {
        const StatusOr<std::unique_ptr<Search>> search = database.index->StartSearch(member(cluster), 40);
        ASSERT_OK(search.status());
        std::vector<Found> found;
        ASSERT_OK((*search)->Next(10, &found).status());
        ++asked;
        missed += std::none_of(found.begin(), found.end(),
                               [&](const Found& f) { return cluster_of[static_cast<size_t>(f.row_key)] == cluster; });
      }
    }
    database.Check();
  }
  EXPECT_LE(missed, 1U) << "of " << asked;
}

TEST(Index, AnEmptyOneFindsNothingAndASingleNodeIsFound) {
  Database database;
  ASSERT_OK(database.Open());
  ASSERT_OK(database.CreateIndex(Options(3)));
  const std::vector<float> vector = {1, 2, 3};
  std::vector<Found> found;
  EXPECT_FALSE(*(*database.index->StartSearch(vector))->Next(10, &found));
  ASSERT_OK(InsertAll(database, {vector}, -7));
  StatusOr<std::unique_ptr<Search>> search = database.index->StartSearch(vector);
  EXPECT_TRUE(*(*search)->Next(10, &found));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].row_key, -7);
  EXPECT_LT(found[0].distance, 1e-3);
  EXPECT_FALSE(*(*search)->Next(10, &found));
}

TEST(Index, RefusesWhatItCannotCompare) {
  Database database;
  ASSERT_OK(database.Open());
  EXPECT_FALSE(database.CreateIndex(Options(0)).ok());
  EXPECT_FALSE(database.CreateIndex(Options(kMaxDimension + 1)).ok());
  EXPECT_FALSE(database.CreateIndex(Options(3, Metric::kL1)).ok());
  ASSERT_OK(database.CreateIndex(Options(3, Metric::kCosine)));
  txn::TransactionPtr transaction = database.Begin();
  const float infinity = std::numeric_limits<float>::infinity();
  for (const std::vector<float>& bad :
       Vectors{{1, 2}, {1, 2, 3, 4}, {}, {1, infinity, 0}, {0, 0, 0}, {1, -infinity / infinity, 0}}) {
    EXPECT_EQ(*database.index->Insert(*transaction, Key(1).bytes(), bad), InsertResult::kNotIndexed);
    EXPECT_FALSE(database.index->CanIndex(bad));
    EXPECT_FALSE(database.index->StartSearch(bad).ok());
  }
  EXPECT_EQ(database.Check().nodes, 0u);
}

TEST(Index, AKeyHasOneNode) {
  Database database;
  ASSERT_OK(database.Open());
  ASSERT_OK(database.CreateIndex(Options(2)));
  txn::TransactionPtr transaction = database.Begin();
  EXPECT_EQ(*database.index->Insert(*transaction, Key(1).bytes(), std::vector<float>{1, 2}), InsertResult::kInserted);
  EXPECT_EQ(*database.index->Insert(*transaction, Key(1).bytes(), std::vector<float>{1, 2}), InsertResult::kDuplicate);
  ASSERT_OK(database.manager->Commit(*transaction));
  EXPECT_EQ(database.Check().keys, 1u);
}

TEST(Index, WhatIsRolledBackIsNotFound) {
  Database database;
  ASSERT_OK(database.Open());
  ASSERT_OK(database.CreateIndex(Options(24)));
  ClusteredVectors generator(24, 5, 20);
  const Vectors vectors = generator.Take(1000);
  ASSERT_OK(InsertAll(database, vectors));
  {
    txn::TransactionPtr transaction = database.Begin();
    for (int64_t i = 0; i < 300; ++i) {
      EXPECT_EQ(*database.index->Insert(*transaction, Key(5000 + i).bytes(), vectors[static_cast<size_t>(i)]),
                InsertResult::kInserted);
    }
    ASSERT_OK(database.manager->Rollback(*transaction));
  }
  Vectors queries;
  for (int i = 0; i < 30; ++i) queries.push_back(generator.Next());
  EXPECT_GE(Recall(database, vectors, queries, compute::Metric::kL2Squared, 10, 64, 32), 0.95);
  const IndexCheckReport report = database.Check();
  EXPECT_EQ(report.tombstones, 300u);
  EXPECT_EQ(report.keys, 1000u);
}

TEST(Index, RemovedNodesLeadOnUntilNobodySeesTheirRowsAndAreNotFoundAfterwards) {
  Database database;
  ASSERT_OK(database.Open());
  ASSERT_OK(database.CreateIndex(Options(24)));
  ClusteredVectors generator(24, 6, 20);
  const Vectors vectors = generator.Take(2000);
  ASSERT_OK(InsertAll(database, vectors));
  std::set<size_t> gone;
  std::optional<txn::Snapshot> old = database.manager->AcquireSnapshot();
  {
    txn::TransactionPtr transaction = database.Begin();
    for (size_t i = 0; i < vectors.size(); i += 2) {
      EXPECT_TRUE(*database.index->Remove(*transaction, Key(static_cast<int64_t>(i)).bytes()));
      gone.insert(i);
    }
    EXPECT_FALSE(*database.index->Remove(*transaction, Key(0).bytes()));
    ASSERT_OK(database.manager->Commit(*transaction));
  }
  EXPECT_EQ(database.Check().tombstones, 0u);  // the old snapshot sees the rows
  old.reset();
  for (;;) {
    const StatusOr<size_t> collected = database.manager->CollectGarbage(1000);
    ASSERT_OK(collected.status());
    if (*collected == 0) break;
  }
  const IndexCheckReport report = database.Check();
  EXPECT_EQ(report.tombstones, gone.size());
  EXPECT_EQ(report.keys, vectors.size() - gone.size());
  Vectors queries;
  for (int i = 0; i < 30; ++i) queries.push_back(generator.Next());
  EXPECT_GE(Recall(database, vectors, queries, compute::Metric::kL2Squared, 10, 64, 32, gone), 0.95);
}

// What a change of a row's vector is: its node goes, another comes, under the same key.
TEST(Index, AnotherVectorUnderTheSameKeyIsAnotherNode) {
  Database database;
  ASSERT_OK(database.Open());
  ASSERT_OK(database.CreateIndex(Options(24)));
  ClusteredVectors generator(24, 7, 20);
  Vectors vectors = generator.Take(600);
  ASSERT_OK(InsertAll(database, vectors));
  const Vectors moved = generator.Take(100);
  for (const bool commit : {false, true}) {
    txn::TransactionPtr transaction = database.Begin();
    for (size_t i = 0; i < moved.size(); ++i) {
      const auto key = static_cast<int64_t>(3 * i);
      EXPECT_TRUE(*database.index->Remove(*transaction, Key(key).bytes()));
      EXPECT_EQ(*database.index->Insert(*transaction, Key(key).bytes(), moved[i]), InsertResult::kInserted);
    }
    ASSERT_OK(commit ? database.manager->Commit(*transaction) : database.manager->Rollback(*transaction));
    transaction.reset();
    ASSERT_OK(database.manager->Drain());
    EXPECT_EQ(database.Check().keys, vectors.size());
  }
  EXPECT_EQ(database.Check().tombstones, 2 * moved.size());  // those that were rolled back, and those that were replaced
  for (size_t i = 0; i < moved.size(); ++i) vectors[3 * i] = moved[i];
  size_t found_count = 0;
  for (size_t i = 0; i < moved.size(); ++i) {
    std::vector<Found> found;
    const StatusOr<std::unique_ptr<Search>> search = database.index->StartSearch(moved[i], 64);
    ASSERT_OK(search.status());
    ASSERT_OK((*search)->Next(10, &found).status());
    found_count += std::any_of(found.begin(), found.end(),
                               [&](const Found& f) { return f.row_key == static_cast<int64_t>(3 * i) && f.distance < 0.1f; })
                       ? 1
                       : 0;
  }
  EXPECT_GE(found_count, moved.size() - 2);
}

TEST(Index, SearchesRunBesideInserts) {
  Database database;
  ASSERT_OK(database.Open());
  ASSERT_OK(database.CreateIndex(Options(24)));
  ClusteredVectors generator(24, 11, 20);
  const Vectors vectors = generator.Take(1500);
  std::atomic<size_t> committed{0};
  std::atomic<size_t> searches{0};
  std::atomic<size_t> missed{0};
  std::vector<std::thread> readers;
  for (uint64_t seed = 1; seed <= 2; ++seed) {
    readers.emplace_back([&, seed] {
      std::mt19937_64 random(seed);
      for (size_t until = 0; until < vectors.size();) {
        until = committed.load();
        if (until == 0) {
          std::this_thread::yield();
          continue;
        }
        const size_t i = random() % until;
        std::vector<Found> found;
        const StatusOr<std::unique_ptr<Search>> search = database.index->StartSearch(vectors[i], 32);
        EXPECT_TRUE(search.ok());
        EXPECT_TRUE((*search)->Next(32, &found).ok());
        ++searches;
        missed += std::none_of(found.begin(), found.end(), [&](const Found& f) { return f.row_key == static_cast<int64_t>(i); })
                      ? 1
                      : 0;
      }
    });
  }
  for (size_t begin = 0; begin < vectors.size(); begin += 50) {
    ASSERT_OK(InsertAll(
        database,
        Vectors(vectors.begin() + static_cast<ptrdiff_t>(begin), vectors.begin() + static_cast<ptrdiff_t>(begin) + 50),
        static_cast<int64_t>(begin)));
    committed = begin + 50;
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_GT(searches.load(), 0u);
  EXPECT_LE(missed.load(), searches.load() / 20);
  database.Check();
}

// Inserts search and link beside one another; only records are written in turns.
TEST(Index, InsertsRunBesideOneAnother) {
  Database database;
  ASSERT_OK(database.Open());
  ASSERT_OK(database.CreateIndex(Options(24)));
  ClusteredVectors generator(24, 12, 20);
  const Vectors vectors = generator.Take(3000);
  std::vector<std::thread> writers;
  for (size_t writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&, writer] {
      for (size_t i = writer; i < vectors.size();) {
        txn::TransactionPtr transaction = database.Begin();
        for (int n = 0; n < 50 && i < vectors.size(); ++n, i += 4) {
          EXPECT_EQ(*database.index->Insert(*transaction, Key(static_cast<int64_t>(i)).bytes(), vectors[i]),
                    InsertResult::kInserted);
        }
        EXPECT_TRUE(database.manager->Commit(*transaction).ok());
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  const IndexCheckReport report = database.Check();
  EXPECT_EQ(report.nodes, vectors.size());
  EXPECT_EQ(report.keys, vectors.size());
  EXPECT_LT(report.unreachable, vectors.size() / 500);
  Vectors queries;
  for (int i = 0; i < 30; ++i) queries.push_back(generator.Next());
  EXPECT_GE(Recall(database, vectors, queries, compute::Metric::kL2Squared, 10, 64, 32), 0.95);
}

TEST(Index, IsBuiltBySeveralThreads) {
  Database database;
  ASSERT_OK(database.Open());
  ASSERT_OK(database.CreateIndex(Options(24)));
  ClusteredVectors generator(24, 13, 20);
  const Vectors vectors = generator.Take(4000);
  {
    Index::Builder builder(*database.index, 4);
    for (size_t i = 0; i < vectors.size(); ++i) {
      EXPECT_EQ(*builder.Add(Key(static_cast<int64_t>(i)).bytes(), vectors[i]), InsertResult::kInserted);
    }
    ASSERT_OK(builder.Finish());
  }
  const IndexCheckReport report = database.Check();
  EXPECT_EQ(report.nodes, vectors.size());
  EXPECT_EQ(report.keys, vectors.size());
  EXPECT_LT(report.unreachable, vectors.size() / 500);
  Vectors queries;
  for (int i = 0; i < 30; ++i) queries.push_back(generator.Next());
  EXPECT_GE(Recall(database, vectors, queries, compute::Metric::kL2Squared, 10, 64, 32), 0.95);
  // One that is given up leaves nobody behind.
  Index::Builder given_up(*database.index, 4);
  for (size_t i = 0; i < 1500; ++i) {
    EXPECT_TRUE(given_up.Add(Key(static_cast<int64_t>(10000 + i)).bytes(), vectors[i]).ok());
  }
}

// A page whose check sum is right may say anything: numbers that are none, links to nowhere. Searches and inserts give answers
// or errors.
TEST(Index, SurvivesRecordsThatSomebodyWrote) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Database database;
    ASSERT_OK(database.Open());
    IndexOptions options = Options(8);
    options.links = 4;
    options.max_degree = 8;
    options.ef_construction = 32;
    ASSERT_OK(database.CreateIndex(options));
    ClusteredVectors generator(8, seed, 5);
    ASSERT_OK(InsertAll(database, generator.Take(400)));
    std::mt19937_64 random(seed);
    const Layout& layout = database.index->layout();
    const storage::PageNo pages = *database.storage->PageCount(kTestFile);
    for (storage::PageNo page = 1; page < pages; ++page) {
      StatusOr<storage::ExclusiveGuard> guard = database.storage->pool().FixExclusive({kTestFile, page});
      ASSERT_OK(guard.status());
      const auto kind = static_cast<storage::PageKind>(guard->page()[offsetof(storage::PageHeader, kind)]);
      if (!storage::NeedsNoImage(kind)) continue;
      for (size_t slot = 0; slot < layout.slots; ++slot) {
        std::byte* const record = guard->page() + layout.RecordAt(slot);
        const float bad[] = {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), -1e38F};
        if (random() % 3 == 0) std::memcpy(record + 4 * (random() % 4), &bad[random() % 3], 4);
        if (seed % 2 == 0 && random() % 50 == 0) record[kDegreeAt] = static_cast<std::byte>(random());
        if (seed % 2 == 0 && random() % 50 == 0) record[kFlagsAt] = static_cast<std::byte>(random());
        if (seed % 2 == 0 && random() % 50 == 0) base::StoreLE(record + layout.links_at, static_cast<uint32_t>(random()));
      }
    }
    for (int64_t key = 1000; key < 1200; ++key) {
      std::vector<Found> found;
      const StatusOr<std::unique_ptr<Search>> search = database.index->StartSearch(generator.Next(), 32);
      ASSERT_OK(search.status());
      (*search)->Next(20, &found).IgnoreError();
      txn::TransactionPtr transaction = database.Begin();
      database.index->Insert(*transaction, Key(key).bytes(), generator.Next()).IgnoreError();
      ASSERT_OK(database.manager->Commit(*transaction));
    }
  }
}

// Threads that link equal vectors at the same time do not see one another's.
TEST(Index, EqualVectorsAreFoundWhenSeveralThreadsLinkThem) {
  Database database;
  ASSERT_OK(database.Open());
  ASSERT_OK(database.CreateIndex(Options(8)));
  ClusteredVectors generator(8, 4, 5);
  const Vectors others = generator.Take(1200);
  size_t equal = 0;
  {
    Index::Builder builder(*database.index, 4);
    for (size_t i = 0; i < 4000; ++i) {
      const bool is_equal = i >= others.size() || i % 2 == 0;
      equal += is_equal ? 1 : 0;
      ASSERT_OK(
          builder.Add(Key(static_cast<int64_t>(i)).bytes(), is_equal ? std::vector<float>(8, 50.0f) : others[i]).status());
    }
    ASSERT_OK(builder.Finish());
  }
  EXPECT_LT(database.Check().unreachable, 20u);
  StatusOr<std::unique_ptr<Search>> search = database.index->StartSearch(std::vector<float>(8, 50.0f), 64);
  ASSERT_OK(search.status());
  std::vector<Found> found;
  ASSERT_OK((*search)->Next(equal, &found).status());
  const auto near =
      static_cast<size_t>(std::count_if(found.begin(), found.end(), [](const Found& f) { return f.distance < 1; }));
  EXPECT_GE(near + 20, equal);
}

TEST(Index, AnInsertLogsLittle) {
  Database database;
  ASSERT_OK(database.Open());
  ASSERT_OK(database.CreateIndex(Options(128)));
  ClusteredVectors generator(128, 8);
  ASSERT_OK(InsertAll(database, generator.Take(2000)));
  ASSERT_OK(database.storage->Checkpoint());
  const base::Lsn before = database.storage->next_lsn();
  ASSERT_OK(InsertAll(database, generator.Take(500), 10000));
  EXPECT_LE((database.storage->next_lsn() - before) / 500, 2048u);
}

// ---- Crashes -----------------------------------------------------------------------------------------------------------
storage::Options CrashOptions() {
  storage::Options options = Database::SmallOptions();
  options.page_cache_bytes = 40 * 16384;
  options.log_buffer_bytes = 128 << 10;
  options.wal_limit_bytes = 1 << 20;
  options.synchronous = storage::Synchronous::kFull;
  return options;
}

// Runs until it is through or an operation fails.
class Workload {
 public:
  explicit Workload(Database& database) : database_(database), vectors_(ClusteredVectors(40, 3, 10).Take(900)) {}

  Status Run() {
    TURDB_RETURN_IF_ERROR(database_.Open());
    TURDB_RETURN_IF_ERROR(database_.CreateIndex(Options(40)));
    made = true;
    for (int round = 0; round < 30; ++round) {
      pending = committed;
      txn::TransactionPtr transaction = database_.Begin();
      Status status = Change(*transaction, round);
      if (status.ok() && round % 7 == 6) {
        status = database_.manager->Rollback(*transaction);
        if (status.ok()) continue;
      }
      if (status.ok()) {
        in_doubt = true;
        status = database_.manager->Commit(*transaction);
        if (status.ok()) {
          committed = pending;
          in_doubt = false;
        }
      }
      if (!status.ok()) {
        if (transaction->active()) database_.manager->Rollback(*transaction).IgnoreError();
        return status;
      }
      if (round % 5 == 4) TURDB_RETURN_IF_ERROR(database_.manager->CollectGarbage(50).status());
      if (round % 8 == 7) TURDB_RETURN_IF_ERROR(database_.storage->Checkpoint());
    }
    return absl::OkStatus();
  }
  const std::vector<float>& VectorOf(int64_t key) const { return vectors_[static_cast<size_t>(key)]; }

  bool made = false;
  bool in_doubt = false;
  std::set<int64_t> committed, pending;

 private:
  Status Change(txn::Transaction& transaction, int round) {
    for (int i = 0; i < 25; ++i) {
      const int64_t key = round * 30 + i;
      TURDB_RETURN_IF_ERROR(database_.index->Insert(transaction, Key(key).bytes(), VectorOf(key)).status());
      pending.insert(key);
      if (i % 6 == 5) {
        const int64_t other = *pending.begin();
        TURDB_RETURN_IF_ERROR(database_.index->Remove(transaction, Key(other).bytes()).status());
        pending.erase(other);
      }
    }
    return absl::OkStatus();
  }

  Database& database_;
  const Vectors vectors_;
};

void ExpectRecovered(const Workload& workload, std::shared_ptr<os::FaultFileSystem> disk) {
  Database recovered(WithFiles(std::move(disk)), CrashOptions());
  ASSERT_OK(recovered.Open());
  if (recovered.index == nullptr) {
    ASSERT_FALSE(workload.made);
    return;
  }
  const IndexCheckReport report = recovered.Check();  // checksums of all codes, too
  ASSERT_TRUE(report.ok());
  if (workload.in_doubt) {
    ASSERT_TRUE(report.keys == workload.committed.size() || report.keys == workload.pending.size());
  } else {
    ASSERT_EQ(report.keys, workload.committed.size());
  }
  // Rows that were committed are found. One that the last, unfinished commit removed may be gone.
  size_t missed = 0;
  for (const int64_t key : workload.committed) {
    if (workload.in_doubt && !workload.pending.contains(key)) continue;
    std::vector<Found> found;
    const StatusOr<std::unique_ptr<Search>> search = recovered.index->StartSearch(workload.VectorOf(key), 64);
    ASSERT_OK(search.status());
    ASSERT_OK((*search)->Next(64, &found).status());
    missed += std::none_of(found.begin(), found.end(), [&](const Found& f) { return f.row_key == key; }) ? 1 : 0;
  }
  ASSERT_LE(missed, workload.committed.size() / 50);
  // And it works.
  ASSERT_OK(InsertAll(recovered, {workload.VectorOf(1)}, 100000));
  ASSERT_OK(recovered.Close());
}

TEST(IndexCrash, WhatWasCommittedIsThereWhereverThePowerGoes) {
  uint64_t operations = 0;
  {
    auto disk = std::make_shared<os::FaultFileSystem>();
    Database database(WithFiles(disk), CrashOptions());
    Workload workload(database);
    ASSERT_OK(workload.Run());
    operations = disk->operation_count();
    EXPECT_EQ(database.Check().keys, workload.committed.size());
  }
  std::mt19937_64 random(12);
  const uint64_t step = std::max<uint64_t>(1, operations / 12);
  for (uint64_t cut = 1 + random() % step; cut < operations; cut += 1 + random() % (2 * step)) {
    SCOPED_TRACE("power cut at operation " + std::to_string(cut) + " of " + std::to_string(operations));
    auto disk = std::make_shared<os::FaultFileSystem>();
    disk->CutPowerAt(cut);
    auto database = std::make_unique<Database>(WithFiles(disk), CrashOptions());
    Workload workload(*database);
    workload.Run().IgnoreError();
    database.reset();
    for (uint64_t survivors = 0; survivors < 3; ++survivors) {
      ExpectRecovered(workload, disk->CrashedCopy(survivors));
      if (testing::Test::HasFailure()) return;
    }
  }
}

// No images are logged of these pages: what is torn is made whole by the writes behind the redo point, and damage without
// such a write is told.
TEST(IndexCrash, ATornPageIsHealedByTheLogAndADamagedOneIsNot) {
  auto disk = std::make_shared<os::FaultFileSystem>();
  auto database = std::make_unique<Database>(WithFiles(disk), CrashOptions());
  ASSERT_OK(database->Open());
  ASSERT_OK(database->CreateIndex(Options(40)));
  const Vectors vectors = ClusteredVectors(40, 3, 10).Take(20);
  ASSERT_OK(InsertAll(*database, vectors));
  ASSERT_OK(database->storage->Checkpoint());
  const Layout layout = database->index->layout();
  base::PageNo page = 0;
  for (base::PageNo no = 1; page == 0; ++no) {
    const auto guard = database->storage->pool().FixShared({kTestFile, no});
    ASSERT_OK(guard.status());
    if (guard->page()[4] == std::byte{0x10}) page = no;
  }
  {
    txn::TransactionPtr transaction = database->Begin();
    EXPECT_TRUE(*database->index->Remove(*transaction, Key(3).bytes()));
    ASSERT_OK(database->manager->Commit(*transaction));
    ASSERT_OK(database->manager->Drain());  // the tombstone
    ASSERT_OK(database->storage->FlushLog());
  }
  database.reset();
  const std::string path = "db/root/t.v.hnsw";
  const uint64_t flags_at = uint64_t{page} * 16384 + layout.RecordAt(3) + kFlagsAt;
  {
    const std::shared_ptr<os::FaultFileSystem> torn = disk->CrashedCopy(0);
    ASSERT_OK(torn->FlipBits(path, flags_at, 0x02));  // as if that sector had been written, and the checksum not
    Database healed(WithFiles(torn), CrashOptions());
    ASSERT_OK(healed.Open());
    EXPECT_EQ(healed.Check().tombstones, 1u);
    ASSERT_OK(healed.Close());
    ASSERT_OK(healed.Open());
    ASSERT_TRUE(torn->FlipBits(path, flags_at + 20, 0x02).ok());
  }
  {
    const std::shared_ptr<os::FaultFileSystem> whole = disk->CrashedCopy(0);
    Database clean(WithFiles(whole), CrashOptions());
    ASSERT_OK(clean.Open());
    ASSERT_OK(clean.Close());
    ASSERT_OK(whole->FlipBits(path, flags_at, 0x02));  // nothing in the log says so now
    ASSERT_OK(clean.Open());
    IndexCheckReport report;
    const Status status = clean.index->Check(&report);
    EXPECT_TRUE(!status.ok() || !report.ok());
  }
}

}  // namespace
}  // namespace turdb::hnsw
