// One seed: clients over a simulated world, faults, crashes, and a model that knows what may be read.
#ifndef TURDB_TESTS_SIM_SIMULATION_H_
#define TURDB_TESTS_SIM_SIMULATION_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace turdb::sim {

struct Report {
  std::vector<std::string> violations;  // empty: all was as it must be
  int64_t operations = 0;
  int64_t commits = 0;
  int64_t conflicts = 0;  // 40001, 40P01, 55P03
  int64_t crashes = 0;
  uint64_t switches = 0;
  std::map<std::string, int64_t> faults;  // how often each kind was in play and struck
  std::map<std::string, int64_t> did;     // how often what is not every client's business went through
};

// All that `faults` and `did` may count: what a long run must have met.
std::vector<std::string> FaultKinds();
std::vector<std::string> Doings();

struct Options {
  bool verbose = false;     // print every operation
  bool lying_disk = false;  // syncs do nothing, which must not go unnoticed
};
Report Simulate(uint64_t seed, const Options& options);

}  // namespace turdb::sim

#endif  // TURDB_TESTS_SIM_SIMULATION_H_
