#pragma once

/// Which task a PDU belongs to, in words.

#include <map>
#include <string>
#include <string_view>

#include "conformance/model/transcript.hpp"

namespace conformance {

/// Follows a conversation. Names of tasks are per connection, as long as sessions have one each.
class TaskNames {
 public:
  /// `READ(10) LBA 2048, 8 blocks` for the command, its data and its response; `ABORT TASK` for a
  /// function and its response; empty where there is no task, or its command was not seen. It is
  /// there until the next call.
  [[nodiscard]] std::string_view about(const Record& record);

 private:
  using Tag = std::pair<ConnectionNumber, std::uint32_t>;  // and an Initiator Task Tag
  void forget(ConnectionNumber connection);

  std::map<Tag, std::string> tasks_;
  std::string last_;  // of a task that is no longer among them
};

}  // namespace conformance
