// The handles of turdb.h as values that free themselves.
#ifndef TURDB_TOOLS_SHELL_HANDLES_H_
#define TURDB_TOOLS_SHELL_HANDLES_H_

#include <cstddef>
#include <utility>

#include "turdb.h"

namespace turdb::shell {

template <typename T, void (*Free)(T*)>
class Handle {
 public:
  Handle() = default;
  Handle(Handle&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~Handle() { Free(raw_); }

  T* get() const { return raw_; }
  // For an out-parameter; what was held is freed first.
  T** out() {
    reset();
    return &raw_;
  }
  void reset() { Free(std::exchange(raw_, nullptr)); }
  friend bool operator==(const Handle& handle, std::nullptr_t) { return handle.raw_ == nullptr; }

 private:
  T* raw_ = nullptr;
};

using DbHandle = Handle<turdb_db, turdb_db_free>;
using ConnHandle = Handle<turdb_conn, turdb_conn_free>;
using StmtHandle = Handle<turdb_stmt, turdb_stmt_free>;
using OptionsHandle = Handle<turdb_options, turdb_options_free>;
using ErrorHandle = Handle<turdb_error, turdb_error_free>;

}  // namespace turdb::shell

#endif  // TURDB_TOOLS_SHELL_HANDLES_H_
