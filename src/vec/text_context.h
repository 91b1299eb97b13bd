// What the text form of a value depends on besides the value.
#ifndef TURDB_VEC_TEXT_CONTEXT_H_
#define TURDB_VEC_TEXT_CONTEXT_H_

#include <cstdint>
#include <optional>

#include "absl/time/time.h"

namespace turdb::vec {

class TypeSource;

struct TextContext {
  absl::TimeZone zone = absl::UTCTimeZone();  // the session's TimeZone setting
  std::optional<int64_t> now_us;              // when the transaction began: what 'now' and 'today' mean
  const TypeSource* types = nullptr;          // knows users' types and the fields of structs (type_source.h)
};

}  // namespace turdb::vec

#endif  // TURDB_VEC_TEXT_CONTEXT_H_
