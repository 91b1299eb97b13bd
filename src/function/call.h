// One call of a kernel: what a kernel reads, where it writes, how it raises.
//
// A kernel is a plain loop over one batch of rows. It never sees expressions, plans or encodings it did
// not ask for: Evaluate (registry.h) has already dealt with constants and NULLs.
#ifndef TURDB_FUNCTION_CALL_H_
#define TURDB_FUNCTION_CALL_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/numeric/int128.h"
#include "base/memory_budget.h"
#include "base/status.h"
#include "vec/text_context.h"
#include "vec/vector.h"

namespace turdb::function {

using base::SqlState;
using base::Status;
using base::StatusOr;
using vec::Rows;
using vec::SelIndex;
using vec::StringView;
using vec::Type;
using vec::TypeId;
using vec::Value;
using vec::Vector;
using vec::VectorView;

// xoshiro256**; seeded by the session from the environment's entropy, so a simulator repeats it.
class RandomState {
 public:
  explicit RandomState(uint64_t seed = 0) { Seed(seed); }
  void Seed(uint64_t seed);
  uint64_t Next();

 private:
  std::array<uint64_t, 4> state_;
};

class RegexCache;  // regex.h

// The regular expressions that a statement compiled; made when the first one is. Every copy of a context starts with
// none, so that workers share nothing.
class RegexCacheSlot {
 public:
  RegexCacheSlot() = default;
  RegexCacheSlot(const RegexCacheSlot&) {}
  RegexCacheSlot& operator=(const RegexCacheSlot& other) {
    if (this != &other) cache_.reset();
    return *this;
  }
  RegexCache& Get(const base::MemoryBudget* budget);

 private:
  std::shared_ptr<RegexCache> cache_;
};

// What PostgreSQL's functions ask about an object of the catalog.
enum class CatalogQuestion : uint8_t {
  kCurrentSchema,         // of no object
  kIsVisible,             // anything, when the relation is found without its schema
  kName,                  // of a relation, with its schema where it is needed
  kIndexDefinition,       // of an index; of one of its columns
  kConstraintDefinition,  // ids as pg_constraint has them
  kViewDefinition,
  kComment,  // of an object; of a column of a relation
  kNumber,   // of no object: `part` is a catalog::DatabaseNumber
};

// What functions may ask of the session: its sequences and its catalog. Relations are named by their ids. Used by the thread
// that runs the statement.
class SessionAccess {
 public:
  virtual ~SessionAccess() = default;
  // By a name as SQL writes it, looked up as the session's statements would. Errors: 42P01, 3F000, 42602.
  virtual StatusOr<int64_t> FindRelation(std::string_view name) = 0;
  // Errors: 42P01, 42809 it is no sequence; NextValue 2200H, NextValue and SetValue 25006; SetValue 22003 out of the bounds;
  // CurrentValue and LastValue 55000.
  virtual StatusOr<int64_t> NextValue(int64_t sequence) = 0;
  virtual StatusOr<int64_t> CurrentValue(int64_t sequence) = 0;
  virtual StatusOr<int64_t> LastValue() = 0;
  // `given`: the next value is the one after it.
  virtual Status SetValue(int64_t sequence, int64_t value, bool given) = 0;
  // The sequence of a serial or identity column, as a name that can be looked up; empty: none. Errors: 42P01, 42703.
  virtual StatusOr<std::string> SequenceOfColumn(std::string_view table, std::string_view column) = 0;
  // `part` counts from 1; 0: the object as a whole. Nothing: there is no such object, or no answer.
  virtual StatusOr<std::optional<std::string>> Ask(CatalogQuestion question, int64_t object, int64_t part) = 0;
  // Waits so long, unless the statement is cancelled or its time is up before. Error: 57014.
  virtual Status Sleep(int64_t microseconds) = 0;
};

// What functions may know about the statement they run in. One a worker thread: not thread-safe.
struct CallContext {
  // text.now_us is when the transaction began: now(), current_date, 'now'::timestamp.
  vec::TextContext text;
  int64_t statement_now_us = 0;                    // statement_timestamp()
  int64_t (*clock_now_us)(void* clock) = nullptr;  // clock_timestamp(); now() when null
  void* clock = nullptr;
  RandomState random;
  int64_t max_string_bytes = int64_t{1} << 30;
  base::MemoryBudget* budget = nullptr;
  RegexCacheSlot regexes;
  SessionAccess* session = nullptr;  // null where no session is: functions that need one raise 0A000
  // Set by Evaluate on error: the row whose value raised.
  SelIndex error_row = 0;
};

// The errors that loops meet; Evaluate makes PostgreSQL's message and SQLSTATE of them.
enum class ErrorCode : uint8_t {
  kOutOfRange,      // 22003 "integer out of range", by the result's type; 22008 for dates and times
  kUnderflow,       // 22003 "value out of range: underflow"
  kDivisionByZero,  // 22012
  kInvalidText,     // 22P02 and kin: the text argument 0 is parsed again for the full message
  kNegativeRoot,    // 2201F "cannot take square root of a negative number"
  kLogOfZero,       // 2201E
  kLogOfNegative,   // 2201E
  kStringTooLong,   // 22001
  kResultTooLarge,  // 54000 "requested length too large"
  kInvalidEscape,   // 22025
};

struct BoundCall;  // registry.h

// Constant during the call except through result and Raise. One thread.
class Call {
 public:
  Call(const BoundCall* bound_in, Rows rows_in, std::span<const VectorView> args_in, std::span<const Vector* const> sources,
       std::span<const Type> argument_types_in, Vector* result_in, CallContext* context_in)
      : bound(bound_in),
        rows(rows_in),
        args(args_in),
        argument_types(argument_types_in),
        result(result_in),
        context(*context_in),
        sources_(sources) {}

  const BoundCall* const bound;
  // The rows to compute. Row r of each argument makes row r of the result.
  const Rows rows;
  const std::span<const VectorView> args;
  const std::span<const Type> argument_types;
  // Flat. For strict functions its validity is already set: a row with a NULL argument is NULL.
  Vector* const result;
  CallContext& context;

  const Type& result_type() const { return result->type(); }
  // Strict functions: which rows have no NULL argument; null when all.
  const uint64_t* valid = nullptr;
  bool IsValid(SelIndex row) const { return valid == nullptr || vec::TestBit(valid, row); }

  // The result may hold views that point into the strings of argument `i` (substr, trim, coalesce).
  void ShareHeap(size_t i) { result->KeepAlive(*sources_[i]); }

  // The error of the lowest row wins; a kernel may go on or return.
  void Raise(SelIndex row, ErrorCode code);
  void RaiseStatus(SelIndex row, Status status);
  bool raised() const { return raised_; }
  SelIndex raised_row() const { return raised_row_; }
  Status error() const;

  // f(row) for every selected row without a NULL argument.
  template <typename F>
  void ForEach(F&& f) const {
    if (valid == nullptr) {
      for (uint32_t i = 0; i < rows.count; ++i) f(rows[i]);
    } else {
      for (uint32_t i = 0; i < rows.count; ++i) {
        const SelIndex row = rows[i];
        if (vec::TestBit(valid, row)) f(row);
      }
    }
  }

 private:
  std::span<const Vector* const> sources_;
  bool raised_ = false;
  bool has_status_ = false;
  SelIndex raised_row_ = 0;
  ErrorCode code_ = ErrorCode::kOutOfRange;
  Status status_;
};

using Kernel = void (*)(Call&);

}  // namespace turdb::function

#endif  // TURDB_FUNCTION_CALL_H_
