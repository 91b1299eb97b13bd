// Runs the cases of this folder through turdb.h and prints what happened, as README.md describes: what every binding's
// runner must print, byte for byte. A client of the header: no other file of TurDB's is included.
#include <yyjson.h>
#include <zlib.h>

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

#include "turdb.h"

namespace {

[[noreturn]] void Die(const std::string& message) {
  std::fprintf(stderr, "conformance: %s\n", message.c_str());
  std::exit(2);
}

// ---- canonical text

std::string Escape(std::string_view text) {
  std::string out;
  char hex[8];
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (byte < 0x20 || byte == 0x7f) {
      std::snprintf(hex, sizeof hex, "\\x%02x", byte);
      out += hex;
    } else {
      out += c;
    }
  }
  return out;
}

std::string Hex(std::string_view bytes) {
  std::string out;
  char hex[4];
  for (const char c : bytes) {
    std::snprintf(hex, sizeof hex, "%02x", static_cast<unsigned char>(c));
    out += hex;
  }
  return out;
}

// What is long is shown as its size and CRC-32.
std::string Long(std::string_view bytes) {
  char text[64];
  std::snprintf(text, sizeof text, "*%zu:%08lx", bytes.size(),
                crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
  return text;
}
constexpr size_t kLongBytes = 256;

const char* TypeName(int type) {
  static const char* const names[] = {"null",     "bool",   "int8",   "int16",  "int32", "int64",     "int128",
                                      "uint8",    "uint16", "uint32", "uint64", "",      "float",     "double",
                                      "decimal",  "text",   "blob",   "date",   "time",  "timestamp", "timestamptz",
                                      "interval", "uuid",   "any",    "enum",   "json",  "jsonb",     "array"};
  return type >= 0 && type < static_cast<int>(sizeof names / sizeof names[0]) ? names[type] : "text";
}

// What a type is called inside of arrays and columns of type any, where not every language keeps widths.
const char* LooseName(int type) {
  if (type >= TURDB_TYPE_INT8 && type <= TURDB_TYPE_UINT64) return "int";
  if (type == TURDB_TYPE_FLOAT) return "double";
  if (type == TURDB_TYPE_ENUM) return "text";
  return TypeName(type);
}

std::string DecimalOf(__int128 value) {
  const bool negative = value < 0;
  auto magnitude = negative ? -static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
  std::string digits;
  do {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(magnitude % 10)));
    magnitude /= 10;
  } while (magnitude != 0);
  if (negative) digits.insert(digits.begin(), '-');
  return digits;
}

// ---- packed values (turdb.h, "Packed rows")

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  template <typename T>
  T Take() {
    if (bytes_.size() < sizeof(T)) Die("a packed row ends too early");
    T value;
    std::memcpy(&value, bytes_.data(), sizeof value);
    bytes_.remove_prefix(sizeof value);
    return value;
  }
  std::string_view TakeBytes(size_t size) {
    if (bytes_.size() < size) Die("a packed row ends too early");
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  std::string_view TakeSized() { return TakeBytes(Take<uint32_t>()); }
  bool empty() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

std::string ShowInterval(int64_t months, int64_t days, int64_t micros) {
  constexpr int64_t kDay = 86'400'000'000;
  int64_t whole = micros / kDay, rest = micros % kDay;
  if (rest < 0) {
    rest += kDay;
    --whole;
  }
  return std::to_string(months) + " " + std::to_string(days + whole) + " " + std::to_string(rest);
}

std::string ShowBits(int type, Reader* in) {
  char text[24];
  if (type == TURDB_TYPE_FLOAT) {
    std::snprintf(text, sizeof text, "%08x", in->Take<uint32_t>());
  } else {
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(in->Take<uint64_t>()));
  }
  return text;
}

std::string ShowUuid(std::string_view bytes) {
  std::string hex = Hex(bytes);
  for (const size_t at : {8, 13, 18, 23}) hex.insert(at, 1, '-');
  return hex;
}

std::string ShowValue(Reader* in, bool loose);

std::string ShowBlock(Reader* in, const std::vector<uint32_t>& lengths, size_t dimension) {
  std::string out = "[";
  for (uint32_t i = 0; i < lengths[dimension]; ++i) {
    if (i > 0) out += ",";
    out += dimension + 1 < lengths.size() ? ShowBlock(in, lengths, dimension + 1) : ShowValue(in, true);
  }
  return out + "]";
}

std::string ShowArray(Reader* in) {
  in->Take<uint32_t>();
  in->Take<uint8_t>();
  std::vector<uint32_t> lengths(in->Take<uint8_t>());
  for (uint32_t& length : lengths) {
    in->Take<int32_t>();
    length = in->Take<uint32_t>();
  }
  return lengths.empty() ? "[]" : ShowBlock(in, lengths, 0);
}

std::string ShowSized(int type, std::string_view bytes) {
  if (bytes.size() > kLongBytes) return Long(bytes);
  return ":" + (type == TURDB_TYPE_BLOB ? Hex(bytes) : Escape(bytes));
}

std::string ShowInt(int type, Reader* in) {
  switch (type) {
    case TURDB_TYPE_INT8:
      return std::to_string(in->Take<int8_t>());
    case TURDB_TYPE_INT16:
      return std::to_string(in->Take<int16_t>());
    case TURDB_TYPE_INT32:
    case TURDB_TYPE_DATE:
      return std::to_string(in->Take<int32_t>());
    case TURDB_TYPE_INT128:
      return DecimalOf(in->Take<__int128>());
    case TURDB_TYPE_UINT8:
      return std::to_string(in->Take<uint8_t>());
    case TURDB_TYPE_UINT16:
      return std::to_string(in->Take<uint16_t>());
    case TURDB_TYPE_UINT32:
      return std::to_string(in->Take<uint32_t>());
    case TURDB_TYPE_UINT64:
      return std::to_string(in->Take<uint64_t>());
    default:
      return std::to_string(in->Take<int64_t>());
  }
}

std::string ShowValue(Reader* in, bool loose) {
  const int type = in->Take<uint8_t>();
  if (type == TURDB_TYPE_NULL) return "null";
  const std::string name = loose ? LooseName(type) : TypeName(type);
  switch (type) {
    case TURDB_TYPE_BOOL:
      return name + (in->Take<uint8_t>() != 0 ? ":true" : ":false");
    case TURDB_TYPE_FLOAT:
      if (loose) {
        const double wide = static_cast<double>(in->Take<float>());
        uint64_t bits;
        std::memcpy(&bits, &wide, sizeof bits);
        char text[24];
        std::snprintf(text, sizeof text, ":%016llx", static_cast<unsigned long long>(bits));
        return name + text;
      }
      return name + ":" + ShowBits(type, in);
    case TURDB_TYPE_DOUBLE:
      return name + ":" + ShowBits(type, in);
    case TURDB_TYPE_INTERVAL: {
      const auto months = in->Take<int32_t>();
      const auto days = in->Take<int32_t>();
      return name + ":" + ShowInterval(months, days, in->Take<int64_t>());
    }
    case TURDB_TYPE_UUID:
      return name + ":" + ShowUuid(in->TakeBytes(16));
    case TURDB_TYPE_ARRAY:
      return name + ":" + ShowArray(in);
    case TURDB_TYPE_DECIMAL:
    case TURDB_TYPE_TEXT:
    case TURDB_TYPE_BLOB:
    case TURDB_TYPE_ENUM:
    case TURDB_TYPE_JSON:
    case TURDB_TYPE_JSONB:
      return name + ShowSized(type, in->TakeSized());
    default:
      if (type > TURDB_TYPE_ARRAY) return "text" + ShowSized(TURDB_TYPE_TEXT, in->TakeSized());
      return name + ":" + ShowInt(type, in);
  }
}

// ---- parameters: "int64:5" as a packed value

template <typename T>
void Put(T value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof value);
}

void PutSized(int type, std::string_view bytes, std::string* out) {
  Put(static_cast<uint8_t>(type), out);
  Put(static_cast<uint32_t>(bytes.size()), out);
  out->append(bytes);
}

std::string Unhex(std::string_view hex) {
  std::string out;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(std::strtoul(std::string(hex.substr(i, 2)).c_str(), nullptr, 16));
  }
  return out;
}

__int128 ParseInt(std::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  unsigned __int128 magnitude = 0;
  for (const char c : text.substr(negative ? 1 : 0)) magnitude = magnitude * 10 + static_cast<unsigned>(c - '0');
  return static_cast<__int128>(negative ? -magnitude : magnitude);
}

void PackTagged(std::string_view tagged, std::string* out);

// "[int64:1,null,[...]]" has no nesting here: parameters are arrays of one dimension.
void PackArray(std::string_view text, std::string* out) {
  std::string elements;
  uint32_t count = 0;
  uint8_t type = TURDB_TYPE_TEXT;
  text = text.substr(1, text.size() - 2);
  while (!text.empty()) {
    const size_t end = std::min(text.find(','), text.size());
    const size_t at = elements.size();
    PackTagged(text.substr(0, end), &elements);
    if (elements[at] != TURDB_TYPE_NULL) type = static_cast<uint8_t>(elements[at]);
    ++count;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  std::string body;
  Put(type, &body);
  Put(static_cast<uint8_t>(count == 0 ? 0 : 1), &body);
  if (count != 0) {
    Put(int32_t{1}, &body);
    Put(count, &body);
  }
  PutSized(TURDB_TYPE_ARRAY, body + elements, out);
}

void PackTagged(std::string_view tagged, std::string* out) {
  if (tagged == "null") return Put(static_cast<uint8_t>(TURDB_TYPE_NULL), out);
  const size_t colon = tagged.find(':');
  if (colon == std::string_view::npos) Die("a value without a tag: " + std::string(tagged));
  const std::string_view tag = tagged.substr(0, colon), text = tagged.substr(colon + 1);
  // Repeated: "text*1000:ab" is "ab" a thousand times.
  const size_t star = tag.find('*');
  if (star != std::string_view::npos) {
    std::string all;
    const bool blob = tag.substr(0, star) == "blob";
    const std::string piece = blob ? Unhex(text) : std::string(text);
    for (long i = std::strtol(std::string(tag.substr(star + 1)).c_str(), nullptr, 10); i > 0; --i) all += piece;
    return PutSized(blob ? TURDB_TYPE_BLOB : TURDB_TYPE_TEXT, all, out);
  }
  int type = -1;
  for (int i = 0; i <= TURDB_TYPE_ARRAY; ++i) {
    if (tag == TypeName(i)) type = i;
  }
  const auto begin = [&] { Put(static_cast<uint8_t>(type), out); };
  switch (type) {
    case TURDB_TYPE_BOOL:
      begin();
      return Put(static_cast<uint8_t>(text == "true"), out);
    case TURDB_TYPE_INT64:
    case TURDB_TYPE_TIME:
    case TURDB_TYPE_TIMESTAMP:
    case TURDB_TYPE_TIMESTAMPTZ:
      begin();
      return Put(static_cast<int64_t>(ParseInt(text)), out);
    case TURDB_TYPE_INT128:
      begin();
      return Put(ParseInt(text), out);
    case TURDB_TYPE_DATE:
      begin();
      return Put(static_cast<int32_t>(ParseInt(text)), out);
    case TURDB_TYPE_DOUBLE:
      begin();
      return Put(static_cast<uint64_t>(std::strtoull(std::string(text).c_str(), nullptr, 16)), out);
    case TURDB_TYPE_INTERVAL: {
      begin();
      std::istringstream parts{std::string(text)};
      int32_t months = 0, days = 0;
      int64_t micros = 0;
      parts >> months >> days >> micros;
      Put(months, out);
      Put(days, out);
      return Put(micros, out);
    }
    case TURDB_TYPE_UUID: {
      begin();
      std::string hex(text);
      std::erase(hex, '-');
      out->append(Unhex(hex));
      return;
    }
    case TURDB_TYPE_BLOB:
      return PutSized(type, Unhex(text), out);
    case TURDB_TYPE_TEXT:
    case TURDB_TYPE_DECIMAL:
    case TURDB_TYPE_JSON:
      return PutSized(type, text, out);
    case TURDB_TYPE_ARRAY:
      return PackArray(text, out);
    default:
      Die("a parameter of type " + std::string(tag));
  }
}

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
      std::istringstream lines(RunStep(On(on), step));
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

  static std::string RunStep(Session& session, yyjson_val* step) {
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
