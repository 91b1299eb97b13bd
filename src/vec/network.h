// inet, cidr and macaddr, as bytes that compare as the values do.
//
// inet and cidr:
//   offset size
//   0      1     4 or 6, the version of the protocol
//   1      4|16  the network: the address, with zeros behind the mask
//   then   1     the length of the mask, in bits
//   then   4|16  the address
//
// That is PostgreSQL's order: by the network, then by the mask, then by the address. macaddr: its six bytes. On disk: do not
// change (FORMAT.md of the table room, "Network addresses").
#ifndef TURDB_VEC_NETWORK_H_
#define TURDB_VEC_NETWORK_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/numeric/int128.h"
#include "base/status.h"
#include "vec/type.h"

namespace turdb::vec {

struct NetworkAddress {
  bool v6 = false;
  int mask = 0;
  std::array<uint8_t, 16> bytes{};  // of an IPv4 address the first four

  int bits() const { return v6 ? 128 : 32; }
  size_t size() const { return v6 ? 16 : 4; }
  absl::uint128 number() const;  // the address
  void SetNumber(absl::uint128 number);
  // Ones where the mask is.
  absl::uint128 mask_number() const { return PrefixMask(mask); }
  absl::uint128 PrefixMask(int length) const;
};

NetworkAddress ReadNetwork(std::string_view bytes);
std::string NetworkBytes(const NetworkAddress& address);

// As PostgreSQL prints inet (a mask of all bits is left out) and cidr (it is not).
void AppendNetwork(const NetworkAddress& address, bool always_mask, std::string* out);
// Of a cidr as short as it can be, 10.1/16.
void AppendAbbreviatedCidr(const NetworkAddress& address, std::string* out);
// `type`: kInet or kCidr, which may leave out zeros at the end of an IPv4 address and the mask, and must have no bits behind
// it. Error 22P02.
base::StatusOr<std::string> ParseNetwork(std::string_view text, TypeId type);

void AppendMacaddr(std::string_view bytes, std::string* out);
// Error 22P02.
base::StatusOr<std::string> ParseMacaddr(std::string_view text);

}  // namespace turdb::vec

#endif  // TURDB_VEC_NETWORK_H_
