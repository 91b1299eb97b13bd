// Runs the cases of this folder through turdb.h and prints what happened, as README.md describes: what every binding's
// runner must print, byte for byte. A client of the header: no other file of TurDB's is included.
#include <yyjson.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "canonical.h"
#include "turdb.h"

namespace {

using turdb::conformance::Die;
using turdb::conformance::Escape;
using turdb::conformance::PackTagged;
using turdb::conformance::Reader;
using turdb::conformance::ShowValue;
using turdb::conformance::TypeName;

// ---- steps

std::string_view TextOf(yyjson_val* value) { return {yyjson_get_str(value), yyjson_get_len(value)}; }

// Code points before byte `offset` of the SQL.
int64_t Characters(std::string_view sql, int64_t offset) {
  int64_t count = 0;
  for (int64_t i = 0; i < offset && i < static_cast<int64_t>(sql.size()); ++i) {
    count += (static_cast<unsigned char>(sql[static_cast<size_t>(i)]) & 0xc0) != 0x80;
  }
  return count;
}

std::string ShowError(turdb_error* error, std::string_view sql) {
  const int64_t position = turdb_error_position(error);
  std::string out = std::string("error\t") + turdb_status_name(turdb_error_status(error)) + "\t" + turdb_error_sqlstate(error) +
                    "\t" + (position < 0 ? std::string("-") : std::to_string(Characters(sql, position))) + "\t" +
                    (turdb_error_can_retry(error) ? "retry" : "-") + "\n";
  turdb_error_free(error);
  return out;
}

struct Session {
  turdb_conn* conn = nullptr;
  std::thread thread;
  std::string output;  // of what `start` began
  std::atomic<bool> done{true};
};

std::string ShowColumns(turdb_stmt* stmt) {
  std::string out = "columns";
  for (int64_t i = 0; i < turdb_stmt_column_count(stmt); ++i) {
    out += "\t" + Escape(turdb_stmt_column_name(stmt, i)) + ":" + TypeName(turdb_stmt_column_type(stmt, i));
  }
  return out + "\n";
}

std::string ShowRow(turdb_stmt* stmt, Reader* in) {
  std::string out = "row";
  for (int64_t i = 0; i < turdb_stmt_column_count(stmt); ++i) {
    out += "\t" + ShowValue(in, turdb_stmt_column_type(stmt, i) == TURDB_TYPE_ANY);
  }
  return out + "\n";
}

bool IsChange(std::string_view sql) {
  for (const std::string_view word : {"insert", "update", "delete", "merge", "copy", "replace"}) {
    if (sql.substr(0, word.size()) == word) return true;
  }
  return false;
}

// Rows come 1,000 at a time at most, so that a statement may fail behind rows that were shown.
std::string Fetch(turdb_conn* conn, turdb_stmt* stmt, std::string_view sql) {
  std::string memory(1 << 16, '\0'), rows_shown;
  int64_t total = 0;
  for (;;) {
    int64_t rows = 0, size = 0;
    turdb_error* error = nullptr;
    const turdb_status status = turdb_stmt_fetch_packed(stmt, INT64_MAX, reinterpret_cast<uint8_t*>(memory.data()),
                                                        static_cast<int64_t>(memory.size()), &rows, &size, &error);
    if (status < 0) return ShowError(error, sql);
    if (status == TURDB_ROW && rows == 0) {
      memory.resize(static_cast<size_t>(size));
      continue;
    }
    Reader in(std::string_view(memory).substr(0, static_cast<size_t>(size)));
    for (int64_t i = 0; i < rows; ++i) rows_shown += ShowRow(stmt, &in);
    total += rows;
    if (status == TURDB_DONE) break;
  }
  std::string out;
  if (turdb_stmt_column_count(stmt) > 0) out = ShowColumns(stmt) + rows_shown;
  out += "done";
  if (turdb_stmt_column_count(stmt) > 0) out += "\trows=" + std::to_string(total);
  if (IsChange(sql)) out += "\tchanges=" + std::to_string(turdb_conn_changes(conn));
  return out + "\n";
}

std::string PackParameters(turdb_stmt* stmt, yyjson_val* step) {
  std::string packed;
  yyjson_val* named = yyjson_obj_get(step, "named");
  for (int64_t i = 1; named != nullptr && i <= turdb_stmt_parameter_count(stmt); ++i) {
    const char* name = turdb_stmt_parameter_name(stmt, i);
    yyjson_val* value = name == nullptr ? nullptr : yyjson_obj_get(named, name + 1);
    if (value == nullptr) Die("there is no value for a named parameter");
    PackTagged(TextOf(value), &packed);
  }
  size_t i, count;
  yyjson_val* value;
  yyjson_arr_foreach(yyjson_obj_get(step, "with"), i, count, value) PackTagged(TextOf(value), &packed);
  return packed;
}

std::string Run(turdb_conn* conn, yyjson_val* step, std::string_view sql) {
  turdb_stmt* stmt = nullptr;
  turdb_error* error = nullptr;
  if (turdb_stmt_prepare(conn, sql.data(), static_cast<int64_t>(sql.size()), nullptr, &stmt, &error) != TURDB_OK) {
    return ShowError(error, sql);
  }
  const std::string packed = PackParameters(stmt, step);
  const turdb_status status = turdb_stmt_bind_packed(stmt, reinterpret_cast<const uint8_t*>(packed.data()),
                                                     static_cast<int64_t>(packed.size()), &error);
  const std::string out = status == TURDB_OK ? Fetch(conn, stmt, sql) : ShowError(error, sql);
  turdb_stmt_free(stmt);
  return out;
}

// Every row or none, as executemany of Python and batches of others do it.
std::string RunMany(turdb_conn* conn, yyjson_val* step, std::string_view sql) {
  turdb_stmt* stmt = nullptr;
  turdb_error* error = nullptr;
  if (turdb_stmt_prepare(conn, sql.data(), static_cast<int64_t>(sql.size()), nullptr, &stmt, &error) != TURDB_OK) {
    return ShowError(error, sql);
  }
  std::string packed;
  size_t i, count, j, columns;
  yyjson_val *row, *value;
  yyjson_arr_foreach(yyjson_obj_get(step, "rows"), i, count, row) {
    yyjson_arr_foreach(row, j, columns, value) PackTagged(TextOf(value), &packed);
  }
  const int64_t before = turdb_conn_total_changes(conn);
  const bool own = turdb_conn_in_autocommit(conn);
  turdb_status status = own ? turdb_conn_begin(conn, &error) : turdb_conn_savepoint(conn, "many", &error);
  if (status == TURDB_OK) {
    status = turdb_stmt_run_packed(stmt, reinterpret_cast<const uint8_t*>(packed.data()), static_cast<int64_t>(packed.size()),
                                   static_cast<int64_t>(yyjson_arr_size(yyjson_obj_get(step, "rows"))), nullptr, &error);
    const bool keep = status == TURDB_OK;
    if (own) {
      const turdb_status ended = keep ? turdb_conn_commit(conn, &error) : turdb_conn_rollback(conn, nullptr);
      if (keep) status = ended;
    } else {
      if (!keep) turdb_conn_rollback_to(conn, "many", nullptr);
      turdb_conn_release(conn, "many", nullptr);
    }
  }
  turdb_stmt_free(stmt);
  if (status != TURDB_OK) return ShowError(error, sql);
  return "done\tchanges=" + std::to_string(turdb_conn_total_changes(conn) - before) + "\n";
}

// The rows of a query of one connection, as an Arrow stream, become a table of another.
std::string RunArrow(turdb_conn* from, turdb_conn* to, std::string_view sql, const char* name) {
  turdb_stmt* stmt = nullptr;
  turdb_result* result = nullptr;
  turdb_error* error = nullptr;
  struct ArrowArrayStream stream;
  turdb_status status = turdb_stmt_prepare(from, sql.data(), static_cast<int64_t>(sql.size()), nullptr, &stmt, &error);
  if (status == TURDB_OK) status = turdb_stmt_execute(stmt, TURDB_ARROW_DEFAULT, &result, &error);
  if (status == TURDB_OK) status = turdb_result_stream(result, &stream, &error);
  if (status == TURDB_OK) status = turdb_conn_register_stream(to, name, &stream, &error);
  turdb_result_free(result);
  turdb_stmt_free(stmt);
  return status == TURDB_OK ? "registered\n" : ShowError(error, sql);
}

// ---- cases

class Case {
 public:
  Case(yyjson_val* root, const std::string& directory) : root_(root) {
    turdb_options* options = nullptr;
    turdb_options_new(&options, nullptr);
    size_t i, count;
    yyjson_val *key, *value;
    yyjson_obj_foreach(yyjson_obj_get(root, "options"), i, count, key, value) {
      if (turdb_options_set(options, yyjson_get_str(key), yyjson_get_str(value), nullptr) != TURDB_OK)
        Die("an option is refused");
    }
    const std::string path = yyjson_get_bool(yyjson_obj_get(root, "file")) ? directory + "/database" : ":memory:";
    turdb_error* error = nullptr;
    if (turdb_db_open(path.c_str(), options, &db_, &error) != TURDB_OK) Die(turdb_error_message(error));
    turdb_options_free(options);
  }
  ~Case() {
    for (auto& [name, session] : sessions_) {
      if (session->thread.joinable()) Die("a case ends while something runs: it lacks an await");
      turdb_conn_free(session->conn);
    }
    turdb_db_free(db_);
  }

  std::string Run() {
    std::string out;
    size_t i, count;
    yyjson_val* step;
    yyjson_arr_foreach(yyjson_obj_get(root_, "steps"), i, count, step) {
      const std::string on(TextOf(yyjson_obj_get(step, "on")));
      std::istringstream lines(RunStep(on, step));
      for (std::string line; std::getline(lines, line);) out += std::to_string(i + 1) + "\t" + on + "\t" + line + "\n";
    }
    return out;
  }

 private:
  Session& On(const std::string& name) {
    std::unique_ptr<Session>& session = sessions_[name];
    if (session == nullptr) {
      session = std::make_unique<Session>();
      if (turdb_conn_open(db_, &session->conn, nullptr) != TURDB_OK) Die("no connection");
    }
    return *session;
  }

  std::string RunStep(const std::string& on, yyjson_val* step) {
    Session& session = On(on);
    if (yyjson_val* sql = yyjson_obj_get(step, "arrow")) {
      Session& to = On(std::string(TextOf(yyjson_obj_get(step, "to"))));
      return RunArrow(session.conn, to.conn, TextOf(sql), yyjson_get_str(yyjson_obj_get(step, "as")));
    }
    if (yyjson_val* sql = yyjson_obj_get(step, "do")) return ::Run(session.conn, step, TextOf(sql));
    if (yyjson_val* sql = yyjson_obj_get(step, "many")) return RunMany(session.conn, step, TextOf(sql));
    if (yyjson_val* sql = yyjson_obj_get(step, "start")) {
      session.done = false;
      session.thread = std::thread([&session, step, sql] {
        session.output = ::Run(session.conn, step, TextOf(sql));
        session.done = true;
      });
      return "started\n";
    }
    if (yyjson_val* wait = yyjson_obj_get(step, "blocked")) {
      std::this_thread::sleep_for(std::chrono::milliseconds(yyjson_get_int(wait)));
      return session.done ? "it is done\n" : "blocked\n";
    }
    if (yyjson_obj_get(step, "cancel") != nullptr) {
      // It may not have begun: again until it has ended.
      while (!session.done) {
        turdb_conn_interrupt(session.conn);
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
      return "cancelled\n";
    }
    if (yyjson_obj_get(step, "await") != nullptr) {
      session.thread.join();
      return session.output;
    }
    if (yyjson_obj_get(step, "close") != nullptr) {
      turdb_error* error = nullptr;
      return turdb_conn_close(session.conn, &error) == TURDB_OK ? "closed\n" : ShowError(error, "");
    }
    Die("a step that does nothing");
  }

  yyjson_val* root_;
  turdb_db* db_ = nullptr;
  std::map<std::string, std::unique_ptr<Session>> sessions_;
};

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

// runner FOLDER [--write] [CASE...]: runs the cases of FOLDER/cases and compares with FOLDER/expected, or writes it.
int main(int argc, char** argv) {
  if (argc < 2) Die("usage: conformance FOLDER [--write] [CASE...]");
  const std::filesystem::path folder = argv[1];
  bool write = false;
  std::vector<std::string> wanted;
  for (int i = 2; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--write") {
      write = true;
    } else {
      wanted.emplace_back(argv[i]);
    }
  }
  std::vector<std::filesystem::path> cases;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "cases")) cases.push_back(entry.path());
  std::sort(cases.begin(), cases.end());
  std::string scratch = (std::filesystem::temp_directory_path() / "turdb-conformance-XXXXXX").string();
  if (mkdtemp(scratch.data()) == nullptr) Die("no temporary directory");
  int failed = 0, ran = 0;
  for (const std::filesystem::path& path : cases) {
    const std::string name = path.stem().string();
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), name) == wanted.end()) continue;
    const std::string text = ReadFile(path);
    yyjson_doc* document = yyjson_read(text.data(), text.size(), 0);
    if (document == nullptr) Die(path.string() + " is no JSON");
    const std::string directory = scratch + "/" + name;
    std::filesystem::create_directory(directory);
    const std::string output = Case(yyjson_doc_get_root(document), directory).Run();
    yyjson_doc_free(document);
    ++ran;
    const std::filesystem::path expected = folder / "expected" / (name + ".txt");
    if (write) {
      std::ofstream(expected, std::ios::binary) << output;
    } else if (ReadFile(expected) != output) {
      ++failed;
      std::printf("%s differs from %s; it gave:\n%s", name.c_str(), expected.c_str(), output.c_str());
    }
  }
  std::filesystem::remove_all(scratch);
  std::printf("%d cases, %d failed\n", ran, failed);
  return failed == 0 && ran > 0 ? 0 : 1;
}
