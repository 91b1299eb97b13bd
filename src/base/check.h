// Invariant checks. A user's fault is a Status; a broken invariant stops the process and prints both
// operands, because going on would write a wrong page. TURDB_DCHECK is for checks too dear to ship.
#ifndef TURDB_BASE_CHECK_H_
#define TURDB_BASE_CHECK_H_

#include "absl/log/absl_check.h"

#define TURDB_CHECK(condition) ABSL_CHECK(condition)
#define TURDB_CHECK_EQ(a, b) ABSL_CHECK_EQ(a, b)
#define TURDB_CHECK_NE(a, b) ABSL_CHECK_NE(a, b)
#define TURDB_CHECK_LT(a, b) ABSL_CHECK_LT(a, b)
#define TURDB_CHECK_LE(a, b) ABSL_CHECK_LE(a, b)
#define TURDB_CHECK_GT(a, b) ABSL_CHECK_GT(a, b)
#define TURDB_CHECK_GE(a, b) ABSL_CHECK_GE(a, b)
#define TURDB_DCHECK(condition) ABSL_DCHECK(condition)
#define TURDB_DCHECK_EQ(a, b) ABSL_DCHECK_EQ(a, b)
#define TURDB_DCHECK_LT(a, b) ABSL_DCHECK_LT(a, b)
#define TURDB_DCHECK_LE(a, b) ABSL_DCHECK_LE(a, b)
#define TURDB_DCHECK_GE(a, b) ABSL_DCHECK_GE(a, b)

#endif  // TURDB_BASE_CHECK_H_
