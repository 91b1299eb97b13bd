// What is known about the values of a table's columns: for estimates, never for results.
//
// A sample of rows from all over the table is read in key order of its pieces; of each column it gives the part that is NULL,
// how many different values there are (Haas and Stokes' estimator, as PostgreSQL has it), the values that are so common that
// they count alone, and bounds that cut the others into parts of equal size. Values are sort keys (key_codec.h), cut to
// kStatisticsKeyBytes, so that one comparison serves every type. The other room's word for it: catalog rows of kind kStatistics
// hold EncodeStatistics.
//
//   all numbers little-endian; text: u16 length, bytes; real: f64
//   u8 1 (version), real rows, u32 columns, then for each: text name, u8 type id, u8 precision, u8 scale, i32 length, real
//   nulls, real distinct, u16 common values, each text key and real part, u16 bounds, each text key
#ifndef TURDB_TABLE_STATISTICS_H_
#define TURDB_TABLE_STATISTICS_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "txn/view.h"
#include "vec/type.h"
#include "vec/value.h"

namespace turdb::table {

class Table;

inline constexpr size_t kStatisticsKeyBytes = 48;

struct ColumnStatistics {
  std::string name;
  vec::Type type;
  double nulls = 0;                                    // part of the rows
  double distinct = 0;                                 // values, NULL not among them; 0: not known
  std::vector<std::pair<std::string, double>> common;  // keys and the parts of the rows that have them
  std::vector<std::string> bounds;                     // ascending: least, ..., greatest of the values that are not common

  // Parts of the rows.
  double Equal(std::string_view key) const;
  double Below(std::string_view key, bool inclusive) const;
};

struct TableStatistics {
  double rows = 0;  // when it was looked at
  std::vector<ColumnStatistics> columns;
  const ColumnStatistics* Find(std::string_view name, const vec::Type& type) const;
};

// The key of a value in statistics of a column of that type; nothing for NULL and for types that are not kept.
std::optional<std::string> StatisticsKey(const vec::Type& type, const vec::Value& value);

// What the keys of texts begin with that begin with `text`.
std::optional<std::string> StatisticsPrefix(const vec::Type& type, std::string_view text);

// Reads about `sample_rows` rows.
base::StatusOr<TableStatistics> SampleTable(const Table& table, const txn::View& view, size_t sample_rows,
                                            const std::atomic<bool>* cancelled);

std::string EncodeStatistics(const TableStatistics& statistics);
base::StatusOr<TableStatistics> DecodeStatistics(std::string_view bytes);

}  // namespace turdb::table

#endif  // TURDB_TABLE_STATISTICS_H_
