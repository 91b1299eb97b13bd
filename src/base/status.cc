#include "base/status.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace turdb::base {
namespace {

constexpr std::string_view kSqlStateUrl = "turdb/sqlstate";
constexpr std::string_view kFramesUrl = "turdb/frames";  // innermost first, one NUL after each
constexpr std::string_view kHintUrl = "turdb/hint";
constexpr std::string_view kPositionUrl = "turdb/position";

std::string PayloadText(const Status& status, std::string_view url) {
  std::optional<absl::Cord> payload = status.GetPayload(url);
  return payload.has_value() ? std::string(*payload) : std::string();
}

}  // namespace

Status MakeError(absl::StatusCode code, SqlState state, std::string_view message) {
  Status status(code, message);
  status.SetPayload(kSqlStateUrl, absl::Cord(state.view()));
  return status;
}

Status IoError(std::string_view message) { return MakeError(absl::StatusCode::kUnavailable, sqlstate::kIoError, message); }
Status CorruptionError(std::string_view message) {
  return MakeError(absl::StatusCode::kDataLoss, sqlstate::kDataCorrupted, message);
}
Status InternalError(std::string_view message) { return MakeError(absl::StatusCode::kInternal, sqlstate::kInternal, message); }
Status MisuseError(std::string_view message) {
  return MakeError(absl::StatusCode::kFailedPrecondition, sqlstate::kMisuse, message);
}
Status UnsupportedError(std::string_view message) {
  return MakeError(absl::StatusCode::kUnimplemented, sqlstate::kFeatureNotSupported, message);
}
Status OutOfMemoryError(std::string_view message) {
  return MakeError(absl::StatusCode::kResourceExhausted, sqlstate::kOutOfMemory, message);
}

namespace {
// Made when the library is loaded, and never destroyed: whoever asks has no memory for it.
const Status& MadeNoMemory() {
  static const Status* const kMade = new Status(OutOfMemoryError("the statement needs more memory than there is"));
  return *kMade;
}
[[maybe_unused]] const Status& kMadeAtLoad = MadeNoMemory();
}  // namespace

Status NoMemory() noexcept { return MadeNoMemory(); }

Status LimitError(std::string_view message) {
  return MakeError(absl::StatusCode::kInvalidArgument, sqlstate::kProgramLimit, message);
}
Status SerializationFailure(std::string_view message) {
  return MakeError(absl::StatusCode::kAborted, sqlstate::kSerializationFailure, message);
}
Status CanceledError(std::string_view message) {
  return MakeError(absl::StatusCode::kCancelled, sqlstate::kQueryCanceled, message);
}

Status WithFrame(Status status, std::string_view frame) {
  if (status.ok()) return status;
  absl::Cord frames = status.GetPayload(kFramesUrl).value_or(absl::Cord());
  frames.Append(frame);
  frames.Append(std::string_view("\0", 1));
  status.SetPayload(kFramesUrl, std::move(frames));
  return status;
}

Status WithHint(Status status, std::string_view hint) {
  if (!status.ok() && !status.GetPayload(kHintUrl).has_value()) status.SetPayload(kHintUrl, absl::Cord(hint));
  return status;
}

Status WithPosition(Status status, int64_t offset_bytes) {
  if (!status.ok() && !status.GetPayload(kPositionUrl).has_value()) {
    status.SetPayload(kPositionUrl, absl::Cord(absl::StrCat(offset_bytes)));
  }
  return status;
}

Status MovePosition(Status status, int64_t offset_bytes) {
  if (!status.ok()) status.SetPayload(kPositionUrl, absl::Cord(absl::StrCat(offset_bytes)));
  return status;
}

SqlState GetSqlState(const Status& status) {
  SqlState state{"XX000"};
  if (status.ok()) return SqlState{"00000"};
  const std::string text = PayloadText(status, kSqlStateUrl);
  if (text.size() == 5) std::memcpy(state.code, text.data(), 5);
  return state;
}

std::vector<std::string> GetFrames(const Status& status) {
  std::vector<std::string> frames = absl::StrSplit(PayloadText(status, kFramesUrl), '\0', absl::SkipEmpty());
  std::reverse(frames.begin(), frames.end());
  return frames;
}

std::string GetHint(const Status& status) { return PayloadText(status, kHintUrl); }

std::optional<int64_t> GetPosition(const Status& status) {
  int64_t offset = 0;
  if (!absl::SimpleAtoi(PayloadText(status, kPositionUrl), &offset)) return std::nullopt;
  return offset;
}

bool CanRetry(const Status& status) {
  const SqlState state = GetSqlState(status);
  return state == sqlstate::kSerializationFailure || state == sqlstate::kDeadlock || state == sqlstate::kLockNotAvailable;
}

std::string Describe(const Status& status) {
  if (status.ok()) return "OK";
  std::string text = absl::StrCat("[", GetSqlState(status).view(), "] ");
  for (const std::string& frame : GetFrames(status)) absl::StrAppend(&text, frame, ": ");
  absl::StrAppend(&text, status.message());
  return text;
}

}  // namespace turdb::base
