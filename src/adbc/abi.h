// The binary interface of ADBC 1.1 (https://arrow.apache.org/adbc/current/format/specification.html), written down from its
// specification: structs, status codes and the names of options. Layouts are checked below against those that it fixes.
#ifndef TURDB_ADBC_ABI_H_
#define TURDB_ADBC_ABI_H_

#include <cstddef>
#include <cstdint>

#include "arrow/abi.h"

extern "C" {

typedef uint8_t AdbcStatusCode;

struct AdbcDriver;

struct AdbcError {
  char* message;
  int32_t vendor_code;
  char sqlstate[5];
  void (*release)(struct AdbcError* error);
  // Since 1.1; only there when vendor_code is kVendorCodePrivateData.
  void* private_data;
  struct AdbcDriver* private_driver;
};

struct AdbcErrorDetail {
  const char* key;
  const uint8_t* value;
  size_t value_length;
};

struct AdbcDatabase {
  void* private_data;
  struct AdbcDriver* private_driver;
};
struct AdbcConnection {
  void* private_data;
  struct AdbcDriver* private_driver;
};
struct AdbcStatement {
  void* private_data;
  struct AdbcDriver* private_driver;
};

struct AdbcPartitions {
  size_t num_partitions;
  const uint8_t** partitions;
  const size_t* partition_lengths;
  void* private_data;
  void (*release)(struct AdbcPartitions* partitions);
};

struct AdbcDriver {
  void* private_data;
  void* private_manager;
  AdbcStatusCode (*release)(AdbcDriver*, AdbcError*);

  AdbcStatusCode (*DatabaseInit)(AdbcDatabase*, AdbcError*);
  AdbcStatusCode (*DatabaseNew)(AdbcDatabase*, AdbcError*);
  AdbcStatusCode (*DatabaseSetOption)(AdbcDatabase*, const char*, const char*, AdbcError*);
  AdbcStatusCode (*DatabaseRelease)(AdbcDatabase*, AdbcError*);

  AdbcStatusCode (*ConnectionCommit)(AdbcConnection*, AdbcError*);
  AdbcStatusCode (*ConnectionGetInfo)(AdbcConnection*, const uint32_t*, size_t, ArrowArrayStream*, AdbcError*);
  AdbcStatusCode (*ConnectionGetObjects)(AdbcConnection*, int, const char*, const char*, const char*, const char**, const char*,
                                         ArrowArrayStream*, AdbcError*);
  AdbcStatusCode (*ConnectionGetTableSchema)(AdbcConnection*, const char*, const char*, const char*, ArrowSchema*, AdbcError*);
  AdbcStatusCode (*ConnectionGetTableTypes)(AdbcConnection*, ArrowArrayStream*, AdbcError*);
  AdbcStatusCode (*ConnectionInit)(AdbcConnection*, AdbcDatabase*, AdbcError*);
  AdbcStatusCode (*ConnectionNew)(AdbcConnection*, AdbcError*);
  AdbcStatusCode (*ConnectionSetOption)(AdbcConnection*, const char*, const char*, AdbcError*);
  AdbcStatusCode (*ConnectionReadPartition)(AdbcConnection*, const uint8_t*, size_t, ArrowArrayStream*, AdbcError*);
  AdbcStatusCode (*ConnectionRelease)(AdbcConnection*, AdbcError*);
  AdbcStatusCode (*ConnectionRollback)(AdbcConnection*, AdbcError*);

  AdbcStatusCode (*StatementBind)(AdbcStatement*, ArrowArray*, ArrowSchema*, AdbcError*);
  AdbcStatusCode (*StatementBindStream)(AdbcStatement*, ArrowArrayStream*, AdbcError*);
  AdbcStatusCode (*StatementExecuteQuery)(AdbcStatement*, ArrowArrayStream*, int64_t*, AdbcError*);
  AdbcStatusCode (*StatementExecutePartitions)(AdbcStatement*, ArrowSchema*, AdbcPartitions*, int64_t*, AdbcError*);
  AdbcStatusCode (*StatementGetParameterSchema)(AdbcStatement*, ArrowSchema*, AdbcError*);
  AdbcStatusCode (*StatementNew)(AdbcConnection*, AdbcStatement*, AdbcError*);
  AdbcStatusCode (*StatementPrepare)(AdbcStatement*, AdbcError*);
  AdbcStatusCode (*StatementRelease)(AdbcStatement*, AdbcError*);
  AdbcStatusCode (*StatementSetOption)(AdbcStatement*, const char*, const char*, AdbcError*);
  AdbcStatusCode (*StatementSetSqlQuery)(AdbcStatement*, const char*, AdbcError*);
  AdbcStatusCode (*StatementSetSubstraitPlan)(AdbcStatement*, const uint8_t*, size_t, AdbcError*);

  // Since 1.1: not to be touched for a caller of 1.0.
  int (*ErrorGetDetailCount)(const AdbcError* error);
  AdbcErrorDetail (*ErrorGetDetail)(const AdbcError* error, int index);
  const AdbcError* (*ErrorFromArrayStream)(ArrowArrayStream* stream, AdbcStatusCode* status);

  AdbcStatusCode (*DatabaseGetOption)(AdbcDatabase*, const char*, char*, size_t*, AdbcError*);
  AdbcStatusCode (*DatabaseGetOptionBytes)(AdbcDatabase*, const char*, uint8_t*, size_t*, AdbcError*);
  AdbcStatusCode (*DatabaseGetOptionDouble)(AdbcDatabase*, const char*, double*, AdbcError*);
  AdbcStatusCode (*DatabaseGetOptionInt)(AdbcDatabase*, const char*, int64_t*, AdbcError*);
  AdbcStatusCode (*DatabaseSetOptionBytes)(AdbcDatabase*, const char*, const uint8_t*, size_t, AdbcError*);
  AdbcStatusCode (*DatabaseSetOptionDouble)(AdbcDatabase*, const char*, double, AdbcError*);
  AdbcStatusCode (*DatabaseSetOptionInt)(AdbcDatabase*, const char*, int64_t, AdbcError*);

  AdbcStatusCode (*ConnectionCancel)(AdbcConnection*, AdbcError*);
  AdbcStatusCode (*ConnectionGetOption)(AdbcConnection*, const char*, char*, size_t*, AdbcError*);
  AdbcStatusCode (*ConnectionGetOptionBytes)(AdbcConnection*, const char*, uint8_t*, size_t*, AdbcError*);
  AdbcStatusCode (*ConnectionGetOptionDouble)(AdbcConnection*, const char*, double*, AdbcError*);
  AdbcStatusCode (*ConnectionGetOptionInt)(AdbcConnection*, const char*, int64_t*, AdbcError*);
  AdbcStatusCode (*ConnectionGetStatistics)(AdbcConnection*, const char*, const char*, const char*, char, ArrowArrayStream*,
                                            AdbcError*);
  AdbcStatusCode (*ConnectionGetStatisticNames)(AdbcConnection*, ArrowArrayStream*, AdbcError*);
  AdbcStatusCode (*ConnectionSetOptionBytes)(AdbcConnection*, const char*, const uint8_t*, size_t, AdbcError*);
  AdbcStatusCode (*ConnectionSetOptionDouble)(AdbcConnection*, const char*, double, AdbcError*);
  AdbcStatusCode (*ConnectionSetOptionInt)(AdbcConnection*, const char*, int64_t, AdbcError*);

  AdbcStatusCode (*StatementCancel)(AdbcStatement*, AdbcError*);
  AdbcStatusCode (*StatementExecuteSchema)(AdbcStatement*, ArrowSchema*, AdbcError*);
  AdbcStatusCode (*StatementGetOption)(AdbcStatement*, const char*, char*, size_t*, AdbcError*);
  AdbcStatusCode (*StatementGetOptionBytes)(AdbcStatement*, const char*, uint8_t*, size_t*, AdbcError*);
  AdbcStatusCode (*StatementGetOptionDouble)(AdbcStatement*, const char*, double*, AdbcError*);
  AdbcStatusCode (*StatementGetOptionInt)(AdbcStatement*, const char*, int64_t*, AdbcError*);
  AdbcStatusCode (*StatementSetOptionBytes)(AdbcStatement*, const char*, const uint8_t*, size_t, AdbcError*);
  AdbcStatusCode (*StatementSetOptionDouble)(AdbcStatement*, const char*, double, AdbcError*);
  AdbcStatusCode (*StatementSetOptionInt)(AdbcStatement*, const char*, int64_t, AdbcError*);
};
}

namespace turdb::adbc {

inline constexpr AdbcStatusCode kOk = 0, kUnknown = 1, kNotImplemented = 2, kNotFound = 3, kAlreadyExists = 4,
                                kInvalidArgument = 5, kInvalidState = 6, kInvalidData = 7, kIntegrity = 8, kInternal = 9,
                                kIo = 10, kCancelled = 11, kTimeout = 12;

inline constexpr int kVersion100 = 1'000'000, kVersion110 = 1'001'000;
inline constexpr int32_t kVendorCodePrivateData = INT32_MIN;

inline constexpr size_t kError100Bytes = offsetof(AdbcError, private_data);
inline constexpr size_t kDriver100Bytes = offsetof(AdbcDriver, ErrorGetDetailCount);
static_assert(sizeof(AdbcError) == 48 && kError100Bytes == 32 && offsetof(AdbcError, release) == 24);
static_assert(sizeof(AdbcErrorDetail) == 24 && sizeof(AdbcDatabase) == 16 && sizeof(AdbcPartitions) == 40);
// A driver is pointers and nothing else: 29 of 1.0, then 29 of 1.1.
static_assert(kDriver100Bytes == 29 * sizeof(void*));
static_assert(sizeof(AdbcDriver) == 58 * sizeof(void*));
static_assert(offsetof(AdbcDriver, DatabaseInit) == 3 * sizeof(void*));
static_assert(offsetof(AdbcDriver, ConnectionCommit) == 7 * sizeof(void*));
static_assert(offsetof(AdbcDriver, StatementBind) == 18 * sizeof(void*));
static_assert(offsetof(AdbcDriver, DatabaseGetOption) == 32 * sizeof(void*));
static_assert(offsetof(AdbcDriver, ConnectionCancel) == 39 * sizeof(void*));
static_assert(offsetof(AdbcDriver, StatementCancel) == 49 * sizeof(void*));

inline constexpr char kEnabled[] = "true", kDisabled[] = "false";
inline constexpr char kUri[] = "uri";
inline constexpr char kAutocommit[] = "adbc.connection.autocommit";
inline constexpr char kReadOnly[] = "adbc.connection.readonly";
inline constexpr char kCurrentCatalog[] = "adbc.connection.catalog";
inline constexpr char kCurrentSchema[] = "adbc.connection.db_schema";
inline constexpr char kIsolationLevel[] = "adbc.connection.transaction.isolation_level";
inline constexpr char kIsolationPrefix[] = "adbc.connection.transaction.isolation.";
inline constexpr char kIngestTable[] = "adbc.ingest.target_table";
inline constexpr char kIngestMode[] = "adbc.ingest.mode";
inline constexpr char kIngestCreate[] = "adbc.ingest.mode.create";
inline constexpr char kIngestAppend[] = "adbc.ingest.mode.append";
inline constexpr char kIngestReplace[] = "adbc.ingest.mode.replace";
inline constexpr char kIngestCreateAppend[] = "adbc.ingest.mode.create_append";
inline constexpr char kIngestCatalog[] = "adbc.ingest.target_catalog";
inline constexpr char kIngestSchema[] = "adbc.ingest.target_db_schema";
inline constexpr char kIngestTemporary[] = "adbc.ingest.temporary";
inline constexpr char kIncremental[] = "adbc.statement.exec.incremental";
inline constexpr char kProgress[] = "adbc.statement.exec.progress";
inline constexpr char kMaxProgress[] = "adbc.statement.exec.max_progress";

// What AdbcConnectionGetObjects is asked for.
enum ObjectDepth : int { kDepthAll = 0, kDepthCatalogs = 1, kDepthSchemas = 2, kDepthTables = 3 };

}  // namespace turdb::adbc

#endif  // TURDB_ADBC_ABI_H_
