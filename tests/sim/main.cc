// The simulator: seeds, one after the other.
//
//   simulator [--seeds FIRST:LAST] [--verbose] [--lying-disk] [--expect-violations]
//
// Each seed is one history, and the same one every time. One that goes wrong is printed with the command that repeats it.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "tests/sim/simulation.h"

// From so many on every kind of fault has to be among them.
constexpr uint64_t kManySeeds = 150;

int main(int count, char** arguments) {
  using turdb::sim::Report;
  uint64_t first = 1, last = 200;
  turdb::sim::Options options;
  bool expect_violations = false;
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    if (argument == "--verbose") {
      options.verbose = true;
    } else if (argument == "--lying-disk") {
      options.lying_disk = true;
    } else if (argument == "--expect-violations") {
      expect_violations = true;
    } else if (argument == "--seeds" && i + 1 < count) {
      const std::pair<std::string, std::string> range = absl::StrSplit(arguments[++i], absl::MaxSplits(':', 1));
      if (!absl::SimpleAtoi(range.first, &first) ||
          !absl::SimpleAtoi(range.second.empty() ? range.first : range.second, &last)) {
        std::fprintf(stderr, "--seeds wants FIRST:LAST\n");
        return 2;
      }
    } else {
      std::fprintf(stderr, "usage: simulator [--seeds FIRST:LAST] [--verbose] [--lying-disk] [--expect-violations]\n");
      return 2;
    }
  }
  Report all;
  uint64_t wrong = 0, least = UINT64_MAX;
  for (uint64_t seed = first; seed <= last; ++seed) {
    const Report report = turdb::sim::Simulate(seed, options);
    for (const std::string& violation : report.violations) std::printf("seed %lu: %s\n", seed, violation.c_str());
    if (!report.violations.empty()) {
      ++wrong;
      if (expect_violations) {
        std::printf("as expected\n");
        return 0;
      }
      std::printf("  again: ./dev sim --seeds %lu:%lu --verbose\n", seed, seed);
    }
    all.operations += report.operations;
    all.commits += report.commits;
    all.conflicts += report.conflicts;
    all.crashes += report.crashes;
    all.switches += report.switches;
    least = std::min<uint64_t>(least, static_cast<uint64_t>(report.operations));
    for (const auto& [name, times] : report.faults) all.faults[name] += times;
    for (const auto& [name, times] : report.did) all.did[name] += times;
  }
  std::printf(
      "%lu seeds, %lu wrong: %ld operations (at least %lu a seed), %ld commits, %ld conflicts, %ld crashes, %lu switches\n",
      last - first + 1, wrong, all.operations, least, all.commits, all.conflicts, all.crashes, all.switches);
  // Whoever runs many seeds relies on all of it being met.
  const bool many = last - first + 1 >= kManySeeds;
  bool missed = false;
  const auto tell = [&](const std::vector<std::string>& kinds, std::map<std::string, int64_t>& times) {
    for (const std::string& kind : kinds) {
      std::printf("  %-20s %ld\n", kind.c_str(), times[kind]);
      missed |= many && times[kind] == 0;
    }
  };
  tell(turdb::sim::FaultKinds(), all.faults);
  tell(turdb::sim::Doings(), all.did);
  if (missed && !expect_violations) {
    std::printf("something was never met\n");
    return 1;
  }
  return (wrong == 0) != expect_violations ? 0 : 1;
}
