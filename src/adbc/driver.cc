// The one exported symbol: fills a driver's table for the version of ADBC that its caller speaks.
#include <cstring>

#include "adbc/handles.h"

namespace turdb::adbc {
namespace {

AdbcStatusCode ReleaseDriver(AdbcDriver* driver, AdbcError*) {
  driver->private_data = nullptr;
  return kOk;
}

}  // namespace
}  // namespace turdb::adbc

extern "C" __attribute__((visibility("default"))) AdbcStatusCode AdbcDriverInit(int version, void* raw_driver,
                                                                                AdbcError* error);

extern "C" AdbcStatusCode AdbcDriverInit(int version, void* raw_driver, AdbcError* error) {
  using namespace turdb::adbc;
  if (version != kVersion100 && version != kVersion110) {
    return Fail(error, kNotImplemented, "TurDB's driver speaks ADBC 1.0 and 1.1");
  }
  if (raw_driver == nullptr) return Fail(error, kInvalidArgument, "driver is NULL");
  const bool with_110 = version >= kVersion110;
  auto* const driver = static_cast<AdbcDriver*>(raw_driver);
  std::memset(driver, 0, with_110 ? sizeof *driver : kDriver100Bytes);
  driver->release = ReleaseDriver;
  FillDatabaseEntries(driver, with_110);
  FillConnectionEntries(driver, with_110);
  FillMetadataEntries(driver, with_110);
  FillStatementEntries(driver, with_110);
  if (with_110) {
    driver->ErrorGetDetailCount = ErrorDetailCount;
    driver->ErrorGetDetail = ErrorDetail;
    driver->ErrorFromArrayStream = StreamErrorOf;
  }
  return kOk;
}
