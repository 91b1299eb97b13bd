// What RAISE in a trigger gives. Its errors are ordinary ones but for two, which those who run triggers understand.
#ifndef TURDB_FUNCTION_RAISE_H_
#define TURDB_FUNCTION_RAISE_H_

#include "base/status.h"

namespace turdb::function {

// RAISE's own error, which says all there is to say.
bool IsRaised(const base::Status& status);
// RAISE(IGNORE): the row is left as it is, and what else its triggers would do is left out.
bool IsRowIgnored(const base::Status& status);
// RAISE(ROLLBACK, ...): the whole transaction is to be rolled back.
bool IsRollbackRaised(const base::Status& status);

}  // namespace turdb::function

#endif  // TURDB_FUNCTION_RAISE_H_
