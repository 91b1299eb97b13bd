#include "table/sequence.h"

#include <algorithm>

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"
#include "btree/tree.h"
#include "btree/tree_file.h"

namespace turdb::table {

using base::Status;
using base::StatusOr;

bool Sequence::Advance(const SequenceSchema& schema, int64_t* number) {
  const absl::int128 next = absl::int128(*number) + schema.increment;
  if (next > schema.max_value || next < schema.min_value) return false;
  *number = static_cast<int64_t>(next);
  return true;
}

Status Sequence::Load(const SequenceSchema& schema) {
  if (loaded_) return absl::OkStatus();
  TURDB_ASSIGN_OR_RETURN(const uint64_t value, btree::ReadHeaderField(storage_, file_, btree::kAutoIncrementField));
  TURDB_ASSIGN_OR_RETURN(const uint64_t state, btree::ReadHeaderField(storage_, file_, btree::kRowCountField));
  position_ = state == static_cast<uint64_t>(CounterState::kUntouched)
                  ? Position{schema.start, false}
                  : Position{static_cast<int64_t>(value), state == static_cast<uint64_t>(CounterState::kGiven)};
  loaded_ = true;
  return absl::OkStatus();
}

Status Sequence::Log(Position position) {
  const CounterState state = position.given ? CounterState::kGiven : CounterState::kNextToGive;
  const btree::HeaderField fields[] = {{btree::kAutoIncrementField, static_cast<uint64_t>(position.value)},
                                       {btree::kRowCountField, static_cast<uint64_t>(state)}};
  TURDB_RETURN_IF_ERROR(btree::SetHeaderFields(storage_, file_, fields));
  logged_ = storage_.next_lsn();
  return absl::OkStatus();
}

StatusOr<int64_t> Sequence::Next(const SequenceSchema& schema, std::string_view name, base::Lsn* logged) {
  const std::lock_guard lock(mutex_);
  TURDB_RETURN_IF_ERROR(Load(schema));
  int64_t number = position_.value;
  const bool up = schema.increment > 0;
  bool wrapped = false;
  if (position_.given && !Advance(schema, &number)) {
    if (!schema.cycle) {
      return base::MakeError(absl::StatusCode::kOutOfRange, base::SqlState{"2200H"},
                             absl::StrCat("nextval: reached ", up ? "maximum" : "minimum", " value of sequence \"", name,
                                          "\" (", up ? schema.max_value : schema.min_value, ")"));
    }
    number = up ? schema.min_value : schema.max_value;
    wrapped = true;
  }
  if (left_ > 0 && block_increment_ == schema.increment && !wrapped) {
    --left_;
  } else {
    // As if the whole block had been given.
    int64_t last = number, more = 0;
    for (const int64_t most = std::clamp<int64_t>(schema.cache, kBlock, 1 << 20); more < most - 1; ++more) {
      if (!Advance(schema, &last)) break;
    }
    TURDB_RETURN_IF_ERROR(Log({last, true}));
    left_ = more;
    block_increment_ = schema.increment;
  }
  *logged = logged_;
  position_ = {number, true};
  return number;
}

Status Sequence::Set(Position position, base::Lsn* logged) {
  const std::lock_guard lock(mutex_);
  TURDB_RETURN_IF_ERROR(Log(position));
  position_ = position;
  loaded_ = true;
  left_ = 0;
  *logged = logged_;
  return absl::OkStatus();
}

StatusOr<Sequence::Position> Sequence::Read(const SequenceSchema& schema) {
  const std::lock_guard lock(mutex_);
  TURDB_RETURN_IF_ERROR(Load(schema));
  return position_;
}

Status Sequence::Settle() {
  const std::lock_guard lock(mutex_);
  if (!loaded_ || left_ == 0) return absl::OkStatus();
  left_ = 0;
  return Log(position_);
}

}  // namespace turdb::table
