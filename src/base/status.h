// Errors that carry their context.
//
// Inside TurDB every fallible call returns absl::Status or absl::StatusOr. The status code says what
// kind of failure it is; payloads, written and read only through this file, carry what a user needs to
// act on it: the SQLSTATE, frames that say what was being done (added by callers on the way up), a hint,
// and the byte offset into the SQL text.
#ifndef TURDB_BASE_STATUS_H_
#define TURDB_BASE_STATUS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace turdb::base {

using absl::Status;
using absl::StatusOr;

// A SQLSTATE: five characters as the SQL standard and PostgreSQL's appendix A name them.
struct SqlState {
  char code[6];
  constexpr std::string_view view() const { return std::string_view(code, 5); }
  friend constexpr bool operator==(const SqlState& a, const SqlState& b) { return a.view() == b.view(); }
};

namespace sqlstate {
inline constexpr SqlState kFeatureNotSupported{"0A000"};
inline constexpr SqlState kInvalidTransactionState{"25000"};
inline constexpr SqlState kActiveTransaction{"25001"};
inline constexpr SqlState kReadOnlyTransaction{"25006"};
inline constexpr SqlState kNoActiveTransaction{"25P01"};
inline constexpr SqlState kFailedTransaction{"25P02"};
inline constexpr SqlState kCardinalityViolation{"21000"};
inline constexpr SqlState kStringTooLong{"22001"};
inline constexpr SqlState kNumericOutOfRange{"22003"};
inline constexpr SqlState kInvalidDatetime{"22007"};
inline constexpr SqlState kDatetimeOverflow{"22008"};
inline constexpr SqlState kDivisionByZero{"22012"};
inline constexpr SqlState kInvalidEscape{"22025"};
inline constexpr SqlState kInvalidText{"22P02"};
inline constexpr SqlState kInvalidEncoding{"22021"};
inline constexpr SqlState kInvalidParameter{"22023"};
inline constexpr SqlState kBadCopyFormat{"22P04"};
inline constexpr SqlState kNotNullViolation{"23502"};
inline constexpr SqlState kForeignKeyViolation{"23503"};
inline constexpr SqlState kUniqueViolation{"23505"};
inline constexpr SqlState kCheckViolation{"23514"};
inline constexpr SqlState kInvalidSavepoint{"3B001"};
inline constexpr SqlState kSerializationFailure{"40001"};
inline constexpr SqlState kDeadlock{"40P01"};
inline constexpr SqlState kSyntaxError{"42601"};
inline constexpr SqlState kUndefinedColumn{"42703"};
inline constexpr SqlState kUndefinedFunction{"42883"};
inline constexpr SqlState kUndefinedTable{"42P01"};
inline constexpr SqlState kUndefinedObject{"42704"};
inline constexpr SqlState kUndefinedParameter{"42P02"};
inline constexpr SqlState kUndefinedSchema{"3F000"};
inline constexpr SqlState kDuplicateColumn{"42701"};
inline constexpr SqlState kDuplicateTable{"42P07"};
inline constexpr SqlState kDuplicateSchema{"42P06"};
inline constexpr SqlState kDuplicateObject{"42710"};
inline constexpr SqlState kDuplicateAlias{"42712"};
inline constexpr SqlState kAmbiguousColumn{"42702"};
inline constexpr SqlState kAmbiguousFunction{"42725"};
inline constexpr SqlState kGroupingError{"42803"};
inline constexpr SqlState kDatatypeMismatch{"42804"};
inline constexpr SqlState kCannotCoerce{"42846"};
inline constexpr SqlState kInvalidColumnReference{"42P10"};
inline constexpr SqlState kInvalidTableDefinition{"42P16"};
inline constexpr SqlState kInvalidName{"42602"};
inline constexpr SqlState kDependentObjects{"2BP01"};
inline constexpr SqlState kInsufficientResources{"53000"};
inline constexpr SqlState kDiskFull{"53100"};
inline constexpr SqlState kOutOfMemory{"53200"};
inline constexpr SqlState kProgramLimit{"54000"};
inline constexpr SqlState kStatementTooComplex{"54001"};
inline constexpr SqlState kTooManyColumns{"54011"};
inline constexpr SqlState kObjectInUse{"55006"};
inline constexpr SqlState kLockNotAvailable{"55P03"};
inline constexpr SqlState kQueryCanceled{"57014"};
inline constexpr SqlState kIoError{"58030"};
inline constexpr SqlState kUndefinedFile{"58P01"};
inline constexpr SqlState kDuplicateFile{"58P02"};
inline constexpr SqlState kInternal{"XX000"};
inline constexpr SqlState kDataCorrupted{"XX001"};
inline constexpr SqlState kIndexCorrupted{"XX002"};
inline constexpr SqlState kDatabaseLocked{"55000"};
inline constexpr SqlState kMisuse{"HY010"};
}  // namespace sqlstate

// A new error. `message` says what failed, on which resource, and why.
Status MakeError(absl::StatusCode code, SqlState state, std::string_view message);

// The common kinds, by the room's vocabulary.
Status IoError(std::string_view message);           // kUnavailable, 58030
Status CorruptionError(std::string_view message);   // kDataLoss, XX001
Status InternalError(std::string_view message);     // kInternal, XX000
Status MisuseError(std::string_view message);       // kFailedPrecondition, HY010
Status UnsupportedError(std::string_view message);  // kUnimplemented, 0A000
Status OutOfMemoryError(std::string_view message);  // kResourceExhausted, 53200
// The one for std::bad_alloc: needs no memory. "out of memory", 53200.
Status NoMemory() noexcept;
Status LimitError(std::string_view message);            // kInvalidArgument, 54000
Status SerializationFailure(std::string_view message);  // kAborted, 40001
Status CanceledError(std::string_view message);         // kCancelled, 57014

// Adds one line of context outside those already there ("inserting into root.users"). OK stays OK.
Status WithFrame(Status status, std::string_view frame);
// Adds a hint on what to do. A hint that is already there stays.
Status WithHint(Status status, std::string_view hint);
// Adds the byte offset into the SQL text. An offset that is already there stays.
Status WithPosition(Status status, int64_t offset_bytes);
// Replaces the offset, for a text that is part of a longer one.
Status MovePosition(Status status, int64_t offset_bytes);

SqlState GetSqlState(const Status& status);                // "XX000" when the status carries none, "00000" when OK
std::vector<std::string> GetFrames(const Status& status);  // outermost first
std::string GetHint(const Status& status);                 // empty when there is none
std::optional<int64_t> GetPosition(const Status& status);
// Whether running the whole transaction again may succeed (serialization failure, deadlock, lock timeout).
bool CanRetry(const Status& status);
// Message and frames on one line, for logs and tests.
std::string Describe(const Status& status);

}  // namespace turdb::base

#define TURDB_CONCAT_INNER(a, b) a##b
#define TURDB_CONCAT(a, b) TURDB_CONCAT_INNER(a, b)

// Returns from the calling function when `expr` is not OK.
#define TURDB_RETURN_IF_ERROR(expr)                                   \
  do {                                                                \
    if (::absl::Status turdb_status_ = (expr); !turdb_status_.ok()) { \
      return turdb_status_;                                           \
    }                                                                 \
  } while (false)

// TURDB_ASSIGN_OR_RETURN(auto x, F()): x is F()'s value, or the calling function returns F()'s error.
#define TURDB_ASSIGN_OR_RETURN(lhs, expr) TURDB_ASSIGN_OR_RETURN_INNER(TURDB_CONCAT(turdb_or_, __LINE__), lhs, expr)
#define TURDB_ASSIGN_OR_RETURN_INNER(tmp, lhs, expr) \
  auto tmp = (expr);                                 \
  if (!tmp.ok()) return std::move(tmp).status();     \
  lhs = *std::move(tmp)

#endif  // TURDB_BASE_STATUS_H_
