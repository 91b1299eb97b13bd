// Builds with TURDB_LATCH_DELAYS=1 (the preset `race`) dawdle now and then before and after a page's latch is taken, between
// the edits of a change and its end, and inside the log's reservation: what else may happen in between then does. Other builds
// have nothing of it.
#ifndef TURDB_STORAGE_LATCH_DELAY_H_
#define TURDB_STORAGE_LATCH_DELAY_H_

namespace turdb::storage {

#ifdef TURDB_LATCH_DELAYS
void LatchDelay() noexcept;
#else
inline void LatchDelay() noexcept {}
#endif

}  // namespace turdb::storage

#endif  // TURDB_STORAGE_LATCH_DELAY_H_
