// Statistics of tables, for the rooms above, to which the catalog hands them out: Snapshot::StatisticsOf,
// Catalog::SetStatistics.
#ifndef TURDB_CATALOG_STATISTICS_H_
#define TURDB_CATALOG_STATISTICS_H_

#include "table/statistics.h"  // IWYU pragma: export

#endif  // TURDB_CATALOG_STATISTICS_H_
