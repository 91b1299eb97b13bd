#include "tests/isolation/script.h"

#include <gtest/gtest.h>

#include <future>
#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/engine/sql_session.h"

namespace turdb::isolation {
namespace {

class Session {
 public:
  explicit Session(std::shared_ptr<engine::Connection> connection) : session_(std::move(connection)) {}

  void Start(std::string sql) {
    pending_ = std::async(std::launch::async, [this, sql = std::move(sql)] { return Outcome(sql); });
  }
  bool pending() const { return pending_.valid(); }
  bool ended() const { return pending_.wait_for(std::chrono::milliseconds(1)) == std::future_status::ready; }
  std::string Take() { return pending_.get(); }

 private:
  std::string Outcome(const std::string& sql) {
    const auto rows = session_.Query(sql);
    if (!rows.ok()) return absl::StrCat("error ", base::GetSqlState(rows.status()).view());
    return rows->empty() ? "none" : absl::StrJoin(*rows, "; ");
  }

  engine::SqlSession session_;
  std::future<std::string> pending_;
};

class Runner {
 public:
  Runner(std::string_view level, std::string_view setup) : level_(level) {
    engine::Settings settings;
    settings.threads = 1;
    auto database = engine::Database::Open(":memory:", settings);
    EXPECT_TRUE(database.ok()) << base::Describe(database.status());
    database_ = *database;
    EXPECT_TRUE(engine::SqlSession(*database_->Connect()).Exec(setup).ok());
  }
  ~Runner() {
    for (auto& [number, session] : sessions_) {
      if (session->pending()) ADD_FAILURE() << "session " << number << " is still waiting: " << session->Take();
    }
    EXPECT_EQ(*database_->Check([](std::string_view problem) { ADD_FAILURE() << problem; }), 0);
    sessions_.clear();
    EXPECT_TRUE(database_->Close().ok());
  }

  void Step(std::string_view line) {
    const auto arrow = line.rfind("->");
    ASSERT_NE(arrow, std::string_view::npos) << line;
    const std::string_view action = absl::StripAsciiWhitespace(line.substr(0, arrow));
    std::pair<std::string_view, std::string_view> outcomes = absl::StrSplit(line.substr(arrow + 2), absl::MaxSplits(" / ", 1));
    if (outcomes.second.empty()) outcomes.second = outcomes.first;
    const std::string_view wanted = absl::StripAsciiWhitespace(level_ == "serializable" ? outcomes.second : outcomes.first);
    Session& session = SessionOf(action.front());
    if (action[1] == ':') {
      std::string sql(absl::StripAsciiWhitespace(action.substr(2)));
      if (sql == "begin") sql = absl::StrCat("begin isolation level ", level_);
      session.Start(std::move(sql));
    }
    ASSERT_TRUE(session.pending()) << line;
    bool waits = false;
    while (!session.ended() && !waits) waits = wanted == "waits" && Waiting();
    if (waits) return;
    const std::string outcome = session.Take();
    EXPECT_EQ(wanted == "ok" && !absl::StartsWith(outcome, "error") ? "ok" : outcome, wanted) << line << " at " << level_;
  }

 private:
  Session& SessionOf(char number) {
    std::unique_ptr<Session>& session = sessions_[number];
    if (session == nullptr) session = std::make_unique<Session>(*database_->Connect());
    return *session;
  }
  // Each session that has not ended waits for somebody.
  bool Waiting() {
    size_t pending = 0, waiting = 0;
    for (const auto& [number, session] : sessions_) pending += session->pending() ? 1 : 0;
    for (const txn::TransactionInfo& info : database_->transactions().ListTransactions()) {
      waiting += info.waits_for != 0 || info.waits_for_table != base::kNoFile ? 1 : 0;
    }
    return waiting == pending;
  }

  const std::string level_;
  std::shared_ptr<engine::Database> database_;
  std::map<char, std::unique_ptr<Session>> sessions_;
};

}  // namespace

void RunScript(std::string_view level, std::string_view setup, std::string_view script) {
  Runner runner(level, setup);
  for (std::string_view line : absl::StrSplit(script, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (!line.empty()) runner.Step(line);
  }
}

}  // namespace turdb::isolation
