// Scripts of several sessions, one step a line:
//
//   1: begin                                           -> ok
//   1: select id, value from test order by id          -> 1|10; 2|20
//   2: update test set value = 12 where id = 1         -> waits
//   1: commit                                          -> ok
//   2>                                                 -> error 40001
//
// `N: SQL -> outcome` runs a statement in session N; `waits` says that it is held up by another session, and `N>` gives
// the outcome it has in the end. An outcome is `ok` (rows are not looked at), `none` (no rows), rows (columns divided by
// `|`, rows by `;`) or `error` and an SQLSTATE. `A / B` is A at every level but SERIALIZABLE and B there. `begin` begins
// at the level that the script runs at. Nothing depends on time: a statement waits when turdb_catalog.transactions says so.
#ifndef TURDB_TESTS_ISOLATION_SCRIPT_H_
#define TURDB_TESTS_ISOLATION_SCRIPT_H_

#include <string>
#include <string_view>

namespace turdb::isolation {

// Runs the script on a new database after `setup` (statements); what is not as it says becomes a test failure.
void RunScript(std::string_view level, std::string_view setup, std::string_view script);

}  // namespace turdb::isolation

#endif  // TURDB_TESTS_ISOLATION_SCRIPT_H_
