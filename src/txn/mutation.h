// A rule to break, for tests that show that a broken rule is noticed: tests/isolation builds files of this room with
// TURDB_MUTATE = 1, 2, 3. The library is built without, and then there is nothing of it in the code.
#ifndef TURDB_TXN_MUTATION_H_
#define TURDB_TXN_MUTATION_H_

namespace turdb::txn {

enum class Mutation {
  kNone,
  kIgnoreNewerCommits,  // the first updater does not win: a row is changed over a commit that the snapshot does not see
  kSeeUncommitted,      // other transactions' changes are seen before they commit
  kSkipValidation,      // a serializable transaction commits whatever became of what it read
};

#ifdef TURDB_MUTATE
inline constexpr Mutation kMutation{TURDB_MUTATE};
#else
inline constexpr Mutation kMutation = Mutation::kNone;
#endif

}  // namespace turdb::txn

#endif  // TURDB_TXN_MUTATION_H_
