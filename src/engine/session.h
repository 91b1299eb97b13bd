// What functions ask of a connection: its sequences, its catalog.
#ifndef TURDB_ENGINE_SESSION_H_
#define TURDB_ENGINE_SESSION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash_map.h"
#include "base/ids.h"
#include "base/status.h"
#include "catalog/catalog.h"
#include "function/call.h"
#include "table/sequence.h"
#include "vec/type_source.h"

namespace turdb::engine {

class Connection;

// For the thread that is inside the connection, which it belongs to.
class Session : public function::SessionAccess, public vec::TypeSource {
 public:
  base::StatusOr<std::string> Parse(uint32_t type, std::string_view label) const override;
  std::shared_ptr<const vec::StructFields> FieldsOf(const vec::Type& type) const override;
  std::string NameOf(const vec::Type& type) const override;

  explicit Session(Connection& connection) : connection_(connection) {}

  base::StatusOr<int64_t> FindRelation(std::string_view name) override;
  base::StatusOr<int64_t> NextValue(int64_t sequence) override;
  base::StatusOr<int64_t> CurrentValue(int64_t sequence) override;
  base::StatusOr<int64_t> LastValue() override;
  base::Status SetValue(int64_t sequence, int64_t value, bool given) override;
  base::StatusOr<std::string> SequenceOfColumn(std::string_view table, std::string_view column) override;
  base::StatusOr<std::optional<std::string>> Ask(function::CatalogQuestion question, int64_t object, int64_t part) override;
  base::Status Sleep(int64_t microseconds) override;

  // At the end of the session.
  void Forget() { sequences_.clear(); }
  // Values that were drawn count once the log is durable as far as a commit's: no other process shall get them again.
  // Call before they leave the database, but for those of a transaction, which wait for its end.
  base::Status SettleDraws() { return draws_lsn_ == base::kNoLsn ? absl::OkStatus() : WaitForDraws(); }

 private:
  struct Entry {
    std::shared_ptr<const catalog::Relation> relation;
    std::shared_ptr<table::Sequence> counter;
    std::optional<int64_t> last;  // drawn by this session
  };
  base::Status WaitForDraws();
  // The sequence as the statement that runs sees it.
  base::StatusOr<Entry*> Find(int64_t sequence);
  base::Status RequireWriting(std::string_view function, int64_t sequence) const;
  // `logged` by a sequence. Nobody else draws from a temporary one, now or later.
  void NoteDraw(int64_t sequence, base::Lsn logged);
  base::StatusOr<std::shared_ptr<const catalog::Relation>> RelationNamed(std::string_view name) const;

  Connection& connection_;
  base::HashMap<int64_t, Entry> sequences_;
  uint64_t catalog_epoch_ = 0;  // that the entries are of
  int64_t last_sequence_ = 0;
  base::Lsn draws_lsn_ = base::kNoLsn;
};

}  // namespace turdb::engine

#endif  // TURDB_ENGINE_SESSION_H_
