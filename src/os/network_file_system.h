// File systems that other machines may change behind our back.
#ifndef TURDB_OS_NETWORK_FILE_SYSTEM_H_
#define TURDB_OS_NETWORK_FILE_SYSTEM_H_

#include <cstdint>
#include <string_view>

namespace turdb::os {

// The name of the network file system with this statfs(2) magic; empty for all others. 9P is not among them:
// what virtual machines and containers mount through it is a directory of one host, locked by that host.
constexpr std::string_view NetworkFileSystemName(uint64_t magic) {
  switch (magic & 0xffffffffu) {
    case 0x6969:
      return "NFS";
    case 0x517b:
      return "SMB";
    case 0xff534d42:
      return "CIFS";
    case 0xfe534d42:
      return "SMB2";
    case 0x564c:
      return "NCP";
    case 0x5346414f:
      return "AFS";
    case 0x73757245:
      return "Coda";
    default:
      return {};
  }
}

}  // namespace turdb::os

#endif  // TURDB_OS_NETWORK_FILE_SYSTEM_H_
