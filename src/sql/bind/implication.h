// Whether conditions that hold make another one hold: for partial indexes, in queries and in ON CONFLICT.
#ifndef TURDB_SQL_BIND_IMPLICATION_H_
#define TURDB_SQL_BIND_IMPLICATION_H_

#include <vector>

#include "exec/expression.h"

namespace turdb::sql {

// Every row for which all of `facts` are true has `predicate` true. False also where that cannot be told. Known: the same
// condition; AND, OR and IN of conditions that follow; comparisons of one expression with constants; IS NOT NULL from what is
// not true of NULL.
bool Implies(const std::vector<const exec::Expression*>& facts, const exec::Expression& predicate);

}  // namespace turdb::sql

#endif  // TURDB_SQL_BIND_IMPLICATION_H_
