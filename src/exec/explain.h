// A plan as text or JSON, with what each node did where that was measured.
#ifndef TURDB_EXEC_EXPLAIN_H_
#define TURDB_EXEC_EXPLAIN_H_

#include <string>
#include <vector>

#include "exec/lanes.h"
#include "exec/plan.h"

namespace turdb::exec {

// A line a node, indented by depth. `verbose`: with the planner's reasons.
std::vector<std::string> ExplainLines(const Node& root, const NodeProfiles& profiles, bool verbose);
// [{"Plan": ...}]
std::string ExplainJson(const Node& root, const NodeProfiles& profiles, bool verbose);

}  // namespace turdb::exec

#endif  // TURDB_EXEC_EXPLAIN_H_
