// Which expressions may be evaluated by the threads of lanes.
#ifndef TURDB_EXEC_LANE_SAFETY_H_
#define TURDB_EXEC_LANE_SAFETY_H_

#include "exec/plan.h"

namespace turdb::exec {

// Whether all expressions of the node itself may: what drains lanes evaluates its own on their threads. None may that is
// volatile, asks the session or is to be called by the statement's own thread, or holds a subquery.
bool RunsOnAnyThread(const Node& node);

}  // namespace turdb::exec

#endif  // TURDB_EXEC_LANE_SAFETY_H_
