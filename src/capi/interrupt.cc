// Interrupt handles: counted, and valid whatever becomes of the connection.
#include <atomic>
#include <memory>
#include <new>

#include "capi/handles.h"
#include "engine/interrupt.h"

struct turdb_interrupt {
  std::shared_ptr<turdb::engine::InterruptHandle> handle;
  std::atomic<int64_t> references{1};
};

extern "C" {

turdb_status turdb_interrupt_open(turdb_conn* conn, turdb_interrupt** out, turdb_error** error) {
  if (out == nullptr) return turdb::capi::ReportMisuse("turdb_interrupt_open: out is NULL", error);
  *out = nullptr;
  if (conn == nullptr) return turdb::capi::ReportMisuse("turdb_interrupt_open: conn is NULL", error);
  return turdb::capi::Guarded(error, [&] {
    *out = new turdb_interrupt{conn->connection->interrupt_handle()};
    return absl::OkStatus();
  });
}

turdb_interrupt* turdb_interrupt_retain(turdb_interrupt* interrupt) {
  if (interrupt != nullptr) interrupt->references.fetch_add(1, std::memory_order_relaxed);
  return interrupt;
}

int64_t turdb_interrupt_execution(const turdb_interrupt* interrupt) {
  return interrupt == nullptr ? 0 : static_cast<int64_t>(interrupt->handle->last_execution());
}

void turdb_interrupt_stop_execution(turdb_interrupt* interrupt, int64_t execution) {
  if (interrupt == nullptr || execution <= 0) return;
  try {
    interrupt->handle->Interrupt(static_cast<uint64_t>(execution));
  } catch (const std::bad_alloc&) {
    // Without the memory to remember it, the interrupt does not come.
  }
}

void turdb_interrupt_stop(turdb_interrupt* interrupt) {
  if (interrupt != nullptr) interrupt->handle->Interrupt();
}

void turdb_interrupt_free(turdb_interrupt* interrupt) {
  if (interrupt != nullptr && interrupt->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete interrupt;
}

}  // extern "C"
