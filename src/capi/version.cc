#include "turdb.h"

#ifndef TURDB_SOURCE_ID
#define TURDB_SOURCE_ID "unknown"
#endif

extern "C" {

const char* turdb_version(void) { return TURDB_VERSION; }
int64_t turdb_version_number(void) { return TURDB_VERSION_NUMBER; }
const char* turdb_source_id(void) { return TURDB_SOURCE_ID; }

}  // extern "C"
