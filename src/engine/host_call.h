// Marks a thread as being in a function of the host that a database calls. Functions that run on worker threads are found so:
// no connection knows those threads.
#ifndef TURDB_ENGINE_HOST_CALL_H_
#define TURDB_ENGINE_HOST_CALL_H_

namespace turdb::engine {

class Database;

// On the stack, around the call.
class HostCall {
 public:
  explicit HostCall(const Database* of);
  HostCall(const HostCall&) = delete;
  HostCall& operator=(const HostCall&) = delete;
  ~HostCall();
  // Whether this thread is in a call of that database.
  static bool IsFrom(const Database& database);

 private:
  const Database* const of_;
  const HostCall* const outer_;
};

}  // namespace turdb::engine

#endif  // TURDB_ENGINE_HOST_CALL_H_
