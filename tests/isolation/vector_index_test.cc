// A vector index beside sessions that insert, update, delete and roll back: what a search finds is what its snapshot holds.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/engine/sql_session.h"

namespace turdb::isolation {
namespace {

using engine::SqlSession;

constexpr int kRows = 1500;
constexpr int kClusters = 12;

// A vector of a cluster, as a literal; some are the same.
std::string Vector(std::mt19937_64& random) {
  const auto cluster = random() % kClusters;
  std::string text = "[";
  for (int i = 0; i < 8; ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ",", static_cast<double>((cluster * 37 + static_cast<uint64_t>(i) * 11) % 50), ".",
                    random() % 10);
  }
  return text + "]";
}

void Do(SqlSession& session, std::string_view sql) {
  const base::Status status = session.Exec(sql);
  EXPECT_TRUE(status.ok()) << sql << ": " << base::Describe(status);
}

// What a conflict with others may end a statement with.
bool MayFail(const base::Status& status) {
  const std::string state(base::GetSqlState(status).view());
  return status.ok() || state == "40001" || state == "40P01" || state == "23505";
}

std::shared_ptr<engine::Database> OpenWithRows(const std::string& path, std::string_view key_type, std::string_view operators) {
  engine::Settings settings;
  settings.synchronous = storage::Synchronous::kOff;
  auto opened = engine::Database::Open(path, settings);
  EXPECT_TRUE(opened.ok()) << base::Describe(opened.status());
  SqlSession session(*(*opened)->Connect());
  Do(session, absl::StrCat("create table t (id ", key_type, " primary key, v vector(8), tag int)"));
  Do(session, absl::StrCat("create index t_v on t using hnsw (v ", operators, ") with (m = 8, ef_construction = 64)"));
  Do(session, "create index t_tag on t (tag)");
  std::mt19937_64 random(7);
  Do(session, "begin");
  for (int i = 0; i < kRows; ++i) {
    Do(session, absl::StrCat("insert into t values ('", i, "', '", Vector(random), "', ", i % 100, ")"));
  }
  Do(session, "commit");
  return *opened;
}

struct Agreement {
  std::atomic<int> queries{0};
  std::atomic<int64_t> wanted{0};
  std::atomic<int64_t> found{0};
};

// One query in two ways under one snapshot: as many rows, and nearly all the same distances.
void Compare(SqlSession& session, std::mt19937_64& random, std::string_view distance, Agreement& agreement) {
  // By the index over tags, or not.
  const std::string_view tag = random() % 2 == 0 ? "tag" : "tag + 0";
  const std::string condition = random() % 3 == 0 ? absl::StrCat(" where ", tag, " < ", 1 + random() % 40) : "";
  const std::string measured = absl::StrCat("v ", distance, " '", Vector(random), "'");
  const std::string query =
      absl::StrCat("select round((", measured, ")::numeric, 6) from t", condition, " order by ", measured, " limit 10");
  Do(session, "begin isolation level repeatable read");
  Do(session, "set hnsw.exact_rows = 1000000");
  auto exact = session.Query(query);
  Do(session, "set hnsw.exact_rows = 0");
  auto by_index = session.Query(query);
  Do(session, "commit");
  ASSERT_TRUE(exact.ok() && by_index.ok()) << query;
  ASSERT_EQ(exact->size(), by_index->size()) << query;
  std::sort(exact->begin(), exact->end());
  std::sort(by_index->begin(), by_index->end());
  std::vector<std::string> both;
  std::set_intersection(exact->begin(), exact->end(), by_index->begin(), by_index->end(), std::back_inserter(both));
  ++agreement.queries;
  agreement.wanted += static_cast<int64_t>(exact->size());
  agreement.found += static_cast<int64_t>(both.size());
}

void Change(SqlSession& session, std::mt19937_64& random) {
  EXPECT_TRUE(MayFail(session.Exec("begin")));
  bool failed = false;
  const auto change = [&](const std::string& sql) {
    if (failed) return;
    const base::Status status = session.Exec(sql);
    EXPECT_TRUE(MayFail(status)) << sql << ": " << base::Describe(status);
    failed = !status.ok();
  };
  for (int i = 0; i < 4; ++i) {
    const auto id = random() % (kRows + 300);
    switch (random() % 6) {
      case 0:
        change(absl::StrCat("delete from t where id = '", id, "'"));
        break;
      case 1:
        change(absl::StrCat("insert into t values ('", id, "', '", Vector(random),
                            "', 1) on conflict (id) do update set v = excluded.v"));
        break;
      case 2:
        change(absl::StrCat("update t set v = null where id = '", id, "'"));
        break;
      case 3:
        change("savepoint s");
        change(absl::StrCat("update t set v = '", Vector(random), "' where id = '", id, "'"));
        change("rollback to s");
        break;
      default:
        change(absl::StrCat("update t set v = '", Vector(random), "' where id = '", id, "'"));
        break;
    }
  }
  const base::Status status = session.Exec(failed || random() % 4 == 0 ? "rollback" : "commit");
  EXPECT_TRUE(MayFail(status)) << base::Describe(status);
}

struct Case {
  const char* key_type;
  const char* operators;
  const char* distance;
};

class VectorIndex : public testing::TestWithParam<Case> {};

TEST_P(VectorIndex, FindsWhatItsSnapshotHoldsBesideChanges) {
  const auto database = OpenWithRows(":memory:", GetParam().key_type, GetParam().operators);
  Agreement agreement;
  std::vector<std::thread> threads;
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    threads.emplace_back([&, seed] {
      SqlSession session(*database->Connect());
      std::mt19937_64 random(seed);
      for (int i = 0; i < 60; ++i) {
        if (seed == 1) {
          Compare(session, random, GetParam().distance, agreement);
        } else {
          Change(session, random);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(agreement.queries, 60);
  EXPECT_GE(static_cast<double>(agreement.found), 0.95 * static_cast<double>(agreement.wanted));
  EXPECT_EQ(*database->Check([](std::string_view problem) { ADD_FAILURE() << problem; }), 0);
  EXPECT_TRUE(database->Close().ok());
}

INSTANTIATE_TEST_SUITE_P(Kinds, VectorIndex,
                         testing::Values(Case{"int", "vector_l2_ops", "<->"}, Case{"text", "vector_l2_ops", "<->"},
                                         Case{"bigint", "vector_cosine_ops", "<=>"}, Case{"text", "vector_ip_ops", "<#>"}));

// A snapshot that was taken before most rows went still finds them, and nobody else does.
TEST(VectorIndexSnapshots, AnOldOneFindsWhatIsGone) {
  const auto database = OpenWithRows(":memory:", "int", "vector_l2_ops");
  SqlSession old(*database->Connect()), now(*database->Connect());
  std::mt19937_64 random(3);
  Do(old, "set hnsw.exact_rows = 0");
  Do(old, "begin isolation level repeatable read");
  ASSERT_TRUE(old.Query("select count(*) from t").ok());
  Do(now, "delete from t where id % 10 <> 0");
  for (int i = 0; i < 10; ++i) {
    const std::string query = absl::StrCat("select id from t order by v <-> '", Vector(random), "' limit 40");
    EXPECT_EQ(old.Query(query)->size(), 40U);
    Do(now, "set hnsw.exact_rows = 0");
    const auto found = now.Query(query);
    ASSERT_TRUE(found.ok()) << base::Describe(found.status());
    for (const std::string& id : *found) EXPECT_TRUE(id.ends_with("0")) << id;
  }
  Do(old, "commit");
  EXPECT_EQ(*database->Check([](std::string_view problem) { ADD_FAILURE() << problem; }), 0);
  EXPECT_EQ(now.Query("select id from t where tag >= 0 order by v <-> '[1,2,3,4,5,6,7,8]' limit 1000")->size(), 150U);
  EXPECT_TRUE(database->Close().ok());
}

// An index that is made anew holds what is there now: a snapshot from before goes on with the one that it knew.
TEST(VectorIndexSnapshots, AnOldOneFindsWhatIsGoneAlsoWhenTheIndexIsMadeAnew) {
  for (const std::string_view anew : {"reindex index t_v", "vacuum"}) {
    const auto database = OpenWithRows(":memory:", "int", "vector_l2_ops");
    SqlSession old(*database->Connect()), now(*database->Connect());
    std::mt19937_64 random(3);
    for (SqlSession* session : {&old, &now}) {
      Do(*session, "set hnsw.exact_rows = 0");
      Do(*session, "set busy_timeout = 100");
    }
    Do(old, "begin isolation level repeatable read");
    ASSERT_TRUE(old.Query("select count(*) from t").ok());
    Do(now, "delete from t where id % 10 <> 0");
    Do(now, anew);
    size_t gone = 0;
    for (int i = 0; i < 10; ++i) {
      const std::string query = absl::StrCat("select id from t order by v <-> '", Vector(random), "' limit 40");
      const auto before = old.Query(query);
      ASSERT_TRUE(before.ok()) << base::Describe(before.status());
      EXPECT_EQ(before->size(), 40U);
      gone += static_cast<size_t>(
          std::count_if(before->begin(), before->end(), [](const std::string& id) { return !id.ends_with("0"); }));
      const auto after = now.Query(query);
      ASSERT_TRUE(after.ok());
      for (const std::string& id : *after) EXPECT_TRUE(id.ends_with("0")) << id;
    }
    EXPECT_GE(gone, 300U);  // of 400: nine rows of ten
    Do(old, "commit");
    EXPECT_EQ(*database->Check([](std::string_view problem) { ADD_FAILURE() << problem; }), 0);
    EXPECT_TRUE(database->Close().ok());
  }
}

// VACUUM leaves an index whose table others are changing to the next one, and does all else.
TEST(VectorIndexSnapshots, VacuumDoesNotFailBesideAWriter) {
  const auto database = OpenWithRows(":memory:", "int", "vector_l2_ops");
  SqlSession writer(*database->Connect()), other(*database->Connect());
  Do(other, "delete from t where id % 10 <> 0");
  Do(other, "set busy_timeout = 50");
  Do(writer, "begin");
  Do(writer, "update t set tag = 5 where id = 10");
  const std::string nodes = "select nodes from turdb_catalog.vector_indexes";
  Do(other, "vacuum");
  EXPECT_EQ(other.Query(nodes)->at(0), "1500");
  Do(writer, "commit");
  Do(other, "vacuum");
  EXPECT_EQ(other.Query(nodes)->at(0), "150");
  EXPECT_EQ(*database->Check([](std::string_view problem) { ADD_FAILURE() << problem; }), 0);
  EXPECT_TRUE(database->Close().ok());
}

// A condition that an index bounds: few entries are all measured, among many the vector index is searched.
TEST(VectorIndexSnapshots, EntriesOfAnotherIndexAreCounted) {
  const auto database = OpenWithRows(":memory:", "int", "vector_l2_ops");
  SqlSession session(*database->Connect());
  Do(session, "set hnsw.exact_rows = 0");
  Do(session, "set hnsw.ef_search = 16");
  const auto way = [&](std::string_view condition) {
    const auto plan = session.Query(
        absl::StrCat("explain analyze select id from t where ", condition, " order by v <-> '[1,2,3,4,5,6,7,8]' limit 1"));
    EXPECT_TRUE(plan.ok());
    std::string text;
    for (const auto& line : *plan) absl::StrAppend(&text, line, "\n");
    return text;
  };
  EXPECT_NE(way("tag = 3").find("few rows in the key's range"), std::string::npos);
  EXPECT_NE(way("tag < 90").find("by the index"), std::string::npos);
  EXPECT_NE(way("tag = 1000").find("few rows in the key's range"), std::string::npos);
  EXPECT_NE(way("id < 5").find("few rows in the key's range"), std::string::npos);
  EXPECT_NE(way("id > 5").find("by the index"), std::string::npos);
  // So is a join, where each row that is found finds its partners by an index; not where few have any.
  Do(session, "create table owners (id int primary key, name text)");
  Do(session, "insert into owners select i, 'o' || i from generate_series(0, 99) i");
  Do(session, "analyze");
  const auto joined = [&](std::string_view join) {
    const auto plan =
        session.Query(absl::StrCat("explain select t.id from t ", join, " order by t.v <-> '[1,2,3,4,5,6,7,8]' limit 3"));
    EXPECT_TRUE(plan.ok());
    std::string text;
    for (const auto& line : *plan) absl::StrAppend(&text, line, "\n");
    return text;
  };
  for (const std::string_view join : {"join owners o on o.id = t.tag", "left join owners o on o.id = t.tag",
                                      "where exists (select 1 from owners o where o.id = t.tag)"}) {
    EXPECT_NE(joined(join).find("IndexJoin"), std::string::npos) << joined(join);
    EXPECT_NE(joined(join).find("NearestScan"), std::string::npos) << joined(join);
  }
  EXPECT_EQ(joined("left join owners o on o.id = t.tag where o.id is null").find("NearestScan"), std::string::npos);
  const auto json = session.Query("explain (analyze, format json) select id from t order by v <-> '[1,2,3,4,5,6,7,8]' limit 1");
  ASSERT_TRUE(json.ok());
  EXPECT_NE((*json)[0].find(R"("Strategy": "by the index", "Ef": 16, "Candidates": )"), std::string::npos) << (*json)[0];
  EXPECT_TRUE(database->Close().ok());
}

// Serializable: who looked for the nearest conflicts with whom makes another the nearest.
TEST(VectorIndexSnapshots, WhatIsNearestIsReadAsAWhole) {
  const auto database = OpenWithRows(":memory:", "int", "vector_l2_ops");
  SqlSession reader(*database->Connect()), writer(*database->Connect());
  Do(reader, "create table log (id int)");
  Do(reader, "set hnsw.exact_rows = 0");
  Do(reader, "begin isolation level serializable");
  ASSERT_TRUE(reader.Query("select id from t order by v <-> '[900,900,900,900,900,900,900,900]' limit 1").ok());
  Do(reader, "insert into log values (1)");
  Do(writer, "insert into t values (5000, '[900,900,900,900,900,900,900,900]', 0)");
  EXPECT_EQ(base::GetSqlState(reader.Exec("commit")).view(), "40001");
  EXPECT_TRUE(database->Close().ok());
}

// The index is what it was when the database is opened again.
TEST(VectorIndexSnapshots, StaysAcrossOpenings) {
  std::string folder = testing::TempDir() + "/turdb_vectors_XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/vector_index.turdb";
  ASSERT_TRUE(OpenWithRows(path, "int", "vector_cosine_ops")->Close().ok());
  auto opened = engine::Database::Open(path, engine::Settings());
  ASSERT_TRUE(opened.ok()) << base::Describe(opened.status());
  {
    SqlSession session(*(*opened)->Connect());
    std::mt19937_64 random(11);
    Agreement agreement;
    for (int i = 0; i < 20; ++i) Compare(session, random, "<=>", agreement);
    EXPECT_GE(static_cast<double>(agreement.found), 0.95 * static_cast<double>(agreement.wanted));
    Do(session, "insert into t values (9000, '[1,2,3,4,5,6,7,8]', 0)");
  }
  EXPECT_EQ(*(*opened)->Check([](std::string_view problem) { ADD_FAILURE() << problem; }), 0);
  EXPECT_TRUE((*opened)->Close().ok());
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace turdb::isolation
