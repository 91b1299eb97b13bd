#include "table/statistics.h"

#include <algorithm>
#include <cmath>

#include "base/bytes.h"
#include "btree/tree.h"
#include "table/key_codec.h"
#include "table/scan.h"
#include "table/table.h"

namespace turdb::table {

using base::Status;
using base::StatusOr;
using vec::Type;
using vec::TypeId;

namespace {

constexpr size_t kBounds = 100;
constexpr size_t kCommon = 60;
constexpr uint8_t kVersion = 1;

// Types whose keys are in the order of SQL's comparison.
bool IsKept(const Type& type) {
  switch (type.id) {
    case TypeId::kBoolean:
    case TypeId::kInt16:
    case TypeId::kInt32:
    case TypeId::kInt64:
    case TypeId::kFloat:
    case TypeId::kDouble:
    case TypeId::kDecimal:
    case TypeId::kNumeric:
    case TypeId::kText:
    case TypeId::kVarchar:
    case TypeId::kBlob:
    case TypeId::kDate:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
    case TypeId::kUuid:
      return true;
    default:
      return false;
  }
}

std::string Cut(base::Bytes key) {
  const size_t size = std::min(key.size(), kStatisticsKeyBytes);
  return {reinterpret_cast<const char*>(key.data()), size};
}

// One column of the sample: `keys` of what is not NULL, in any order.
void Summarise(std::vector<std::string> keys, size_t sampled, double rows, ColumnStatistics* out) {
  out->nulls = sampled == 0 ? 0 : 1 - static_cast<double>(keys.size()) / static_cast<double>(sampled);
  if (keys.empty()) return;
  std::sort(keys.begin(), keys.end());
  struct Run {
    size_t begin, count;
  };
  std::vector<Run> runs;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i > 0 && keys[i] == keys[i - 1]) {
      ++runs.back().count;
    } else {
      runs.push_back({i, 1});
    }
  }
  const auto n = static_cast<double>(keys.size());
  const auto d = static_cast<double>(runs.size());
  const auto once = static_cast<double>(std::count_if(runs.begin(), runs.end(), [](const Run& r) { return r.count == 1; }));
  const double total = std::max(n, rows * (1 - out->nulls));
  // Duj1 of Haas and Stokes, "Estimating the number of classes in a finite population".
  out->distinct = std::clamp(n * d / (n - once + once * n / total), d, total);
  // Common: more than a quarter above the average, and seen more than once.
  std::vector<Run> common;
  const double average = n / d;
  for (const Run& run : runs) {
    if (run.count > 1 && static_cast<double>(run.count) > average * 1.25) common.push_back(run);
  }
  if (runs.size() <= kCommon && once == 0) common = runs;  // all that there are
  std::sort(common.begin(), common.end(), [](const Run& a, const Run& b) { return a.count > b.count; });
  if (common.size() > kCommon) common.resize(kCommon);
  std::vector<bool> alone(keys.size());
  for (const Run& run : common) {
    out->common.emplace_back(keys[run.begin], static_cast<double>(run.count) / static_cast<double>(sampled));
    for (size_t i = 0; i < run.count; ++i) alone[run.begin + i] = true;
  }
  std::vector<const std::string*> others;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (!alone[i]) others.push_back(&keys[i]);
  }
  if (others.size() < 2) return;
  const size_t count = std::min(kBounds + 1, others.size());
  for (size_t i = 0; i < count; ++i) out->bounds.push_back(*others[i * (others.size() - 1) / (count - 1)]);
}

// ---- the codec

void PutText(std::string_view text, std::string* out) {
  const auto size = static_cast<uint16_t>(std::min<size_t>(text.size(), UINT16_MAX));
  out->append({static_cast<char>(size & 0xff), static_cast<char>(size >> 8)});
  out->append(text.substr(0, size));
}
template <typename T>
void Put(T value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(T));
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : left_(bytes) {}
  template <typename T>
  T Get() {
    T value{};
    if (left_.size() < sizeof(T)) {
      ok_ = false;
      return value;
    }
    std::memcpy(&value, left_.data(), sizeof(T));
    left_.remove_prefix(sizeof(T));
    return value;
  }
  double GetPart() {
    const auto value = Get<double>();
    if (!std::isfinite(value) || value < 0) ok_ = false;
    return value;
  }
  std::string GetText() {
    const auto size = Get<uint16_t>();
    if (left_.size() < size) {
      ok_ = false;
      return {};
    }
    std::string text(left_.substr(0, size));
    left_.remove_prefix(size);
    return text;
  }
  bool ok() const { return ok_; }
  bool done() const { return left_.empty(); }

 private:
  std::string_view left_;
  bool ok_ = true;
};

}  // namespace

// ---- what it says

double ColumnStatistics::Equal(std::string_view key) const {
  key = key.substr(0, kStatisticsKeyBytes);
  double rest = 1 - nulls;
  for (const auto& [value, part] : common) {
    if (value == key) return part;
    rest -= part;
  }
  const double others = distinct - static_cast<double>(common.size());
  if (others < 1 || bounds.empty() || key < bounds.front() || key > bounds.back()) return 0;
  return std::max(0.0, rest) / others;
}

double ColumnStatistics::Below(std::string_view key, bool inclusive) const {
  key = key.substr(0, kStatisticsKeyBytes);
  double below = 0;
  double rest = 1 - nulls;
  for (const auto& [value, part] : common) {
    rest -= part;
    if (value < key || (inclusive && value == key)) below += part;
  }
  rest = std::max(0.0, rest);
  if (bounds.size() < 2 || key < bounds.front()) return below;
  if (key >= bounds.back()) return below + rest;
  const auto above = std::upper_bound(bounds.begin(), bounds.end(), key);
  const double place = static_cast<double>(above - bounds.begin()) - 0.5;
  return below + rest * place / static_cast<double>(bounds.size() - 1);
}

const ColumnStatistics* TableStatistics::Find(std::string_view name, const Type& type) const {
  for (const ColumnStatistics& column : columns) {
    if (column.name == name) return column.type == type ? &column : nullptr;
  }
  return nullptr;
}

std::optional<std::string> StatisticsKey(const Type& type, const vec::Value& value) {
  if (!IsKept(type) || value.is_null()) return std::nullopt;
  KeyBuffer key;
  if (!AppendKeyPart(KeyPart{type}, value, &key).ok()) return std::nullopt;
  return Cut(key.bytes());
}

std::optional<std::string> StatisticsPrefix(const Type& type, std::string_view text) {
  KeyBuffer key;
  if (!IsKept(type) || !AppendTextPrefix(KeyPart{type}, text, &key).ok()) return std::nullopt;
  return Cut(key.bytes());
}

// ---- making it

StatusOr<TableStatistics> SampleTable(const Table& table, const txn::View& view, size_t sample_rows,
                                      const std::atomic<bool>* cancelled) {
  TableStatistics statistics;
  statistics.rows = static_cast<double>(table.row_estimate());
  const TableSchema& schema = table.schema();
  std::vector<int32_t> columns;
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    if (!IsKept(schema.columns[i].type)) continue;
    columns.push_back(static_cast<int32_t>(i));
    statistics.columns.emplace_back();
    statistics.columns.back().name = schema.columns[i].name;
    statistics.columns.back().type = schema.columns[i].type;
  }
  if (columns.empty()) return statistics;
  const Projection projection = table.MakeProjection(columns);
  vec::Chunk chunk(projection.types());
  TableScan scan(table, projection);
  std::vector<std::vector<std::string>> keys(columns.size());
  size_t sampled = 0;
  KeyBuffer key;
  // The next rows of the scan, `count` at most. False: there was none.
  const auto read = [&](size_t count) -> StatusOr<bool> {
    TURDB_ASSIGN_OR_RETURN(const bool some, scan.Next(view, static_cast<uint32_t>(count), &chunk));
    if (!some) return false;
    sampled += chunk.size();
    for (size_t c = 0; c < columns.size(); ++c) {
      const vec::Vector& column = chunk.column(c);
      for (size_t r = 0; r < chunk.size(); ++r) {
        if (column.IsNull(r)) continue;
        key.Clear();
        const Status status = AppendKeyPart(KeyPart{column.type()}, column, r, &key);
        keys[c].push_back(status.ok() ? Cut(key.bytes()) : std::string("\xff"));  // longer than a key may be
      }
    }
    return true;
  };
  // A few rows from each of many places; rows that lie together are too much alike. A small table is read whole.
  if (statistics.rows <= static_cast<double>(sample_rows) * 2) {
    while (true) {
      if (cancelled != nullptr && cancelled->load(std::memory_order_relaxed)) {
        return base::CanceledError("canceling statement due to user request");
      }
      TURDB_ASSIGN_OR_RETURN(const bool more, read(chunk.capacity()));
      if (!more) break;
    }
  } else {
    TURDB_ASSIGN_OR_RETURN(std::vector<std::string> places, btree::Separators(table.primary(), sample_rows));
    places.insert(places.begin(), std::string());
    const size_t each = std::max<size_t>(1, std::min<size_t>(chunk.capacity(), sample_rows / places.size()));
    for (size_t i = 0; i < places.size(); ++i) {
      if (cancelled != nullptr && cancelled->load(std::memory_order_relaxed)) {
        return base::CanceledError("canceling statement due to user request");
      }
      // Each place ends where the next begins: rows that nobody sees yet are passed over once.
      const base::Bytes end = i + 1 < places.size() ? base::AsBytes(places[i + 1]) : base::Bytes();
      scan.Reset(base::AsBytes(places[i]), end);
      TURDB_RETURN_IF_ERROR(read(each).status());
    }
  }
  for (size_t c = 0; c < columns.size(); ++c) Summarise(std::move(keys[c]), sampled, statistics.rows, &statistics.columns[c]);
  return statistics;
}

std::string EncodeStatistics(const TableStatistics& statistics) {
  std::string out;
  Put(kVersion, &out);
  Put(statistics.rows, &out);
  Put(static_cast<uint32_t>(statistics.columns.size()), &out);
  for (const ColumnStatistics& column : statistics.columns) {
    PutText(column.name, &out);
    Put(static_cast<uint8_t>(column.type.id), &out);
    Put(static_cast<uint8_t>(column.type.precision), &out);
    Put(static_cast<uint8_t>(column.type.scale), &out);
    Put(static_cast<int32_t>(column.type.length), &out);
    Put(column.nulls, &out);
    Put(column.distinct, &out);
    Put(static_cast<uint16_t>(column.common.size()), &out);
    for (const auto& [key, part] : column.common) {
      PutText(key, &out);
      Put(part, &out);
    }
    Put(static_cast<uint16_t>(column.bounds.size()), &out);
    for (const std::string& bound : column.bounds) PutText(bound, &out);
  }
  return out;
}

StatusOr<TableStatistics> DecodeStatistics(std::string_view bytes) {
  Reader reader(bytes);
  TableStatistics statistics;
  const bool known = reader.Get<uint8_t>() == kVersion;
  statistics.rows = reader.GetPart();
  const auto columns = reader.Get<uint32_t>();
  for (uint32_t c = 0; known && c < columns && reader.ok(); ++c) {
    ColumnStatistics column;
    column.name = reader.GetText();
    column.type = Type(static_cast<TypeId>(reader.Get<uint8_t>()));
    column.type.precision = reader.Get<uint8_t>();
    column.type.scale = reader.Get<uint8_t>();
    column.type.length = reader.Get<int32_t>();
    column.nulls = reader.GetPart();
    column.distinct = reader.GetPart();
    const auto common = reader.Get<uint16_t>();
    for (uint16_t i = 0; i < common && reader.ok(); ++i) {
      std::string key = reader.GetText();
      column.common.emplace_back(std::move(key), reader.GetPart());
    }
    const auto bounds = reader.Get<uint16_t>();
    for (uint16_t i = 0; i < bounds && reader.ok(); ++i) column.bounds.push_back(reader.GetText());
    statistics.columns.push_back(std::move(column));
  }
  if (!known || !reader.ok() || !reader.done()) return base::CorruptionError("statistics that cannot be read");
  return statistics;
}

}  // namespace turdb::table
