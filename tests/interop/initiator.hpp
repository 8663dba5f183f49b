#pragma once

/// libiscsi as our own clients use it: log in by URL, keep commands in flight, wait in one place.

#include <poll.h>

extern "C" {
#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>
}

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>

namespace interop {

struct TaskDeleter {
  void operator()(scsi_task* task) const { scsi_free_scsi_task(task); }
};
using Task = std::unique_ptr<scsi_task, TaskDeleter>;

/// A session with one logical unit. A lost connection is an end, not something to repair.
class Initiator {
 public:
  explicit Initiator(const char* url, const char* name = "iqn.2004-04.com.example:interop-client")
      : context_(iscsi_create_context(name)) {
    if (context_ == nullptr) throw std::runtime_error("no memory");
    iscsi_set_session_type(context_, ISCSI_SESSION_NORMAL);
    iscsi_set_noautoreconnect(context_, 1);
    iscsi_url* const parsed = iscsi_parse_full_url(context_, url);
    if (parsed == nullptr) fail("URL");
    lun_ = parsed->lun;
    iscsi_set_targetname(context_, parsed->target);
    const int status = iscsi_full_connect_sync(context_, parsed->portal, lun_);
    iscsi_destroy_url(parsed);
    if (status != 0) fail("login");
    read_capacity();
  }
  Initiator(const Initiator&) = delete;
  Initiator& operator=(const Initiator&) = delete;
  ~Initiator() { iscsi_destroy_context(context_); }

  [[nodiscard]] iscsi_context* context() const { return context_; }
  [[nodiscard]] int lun() const { return lun_; }
  [[nodiscard]] std::uint64_t blocks() const { return blocks_; }
  [[nodiscard]] std::uint32_t block_bytes() const { return block_bytes_; }

  /// Waits for the socket and lets libiscsi work, which calls back for what has ended. False: the
  /// connection is lost.
  [[nodiscard]] bool serve(int milliseconds = 1000) const {
    pollfd waiting{.fd = iscsi_get_fd(context_),
                   .events = static_cast<short>(iscsi_which_events(context_)),
                   .revents = 0};
    if (::poll(&waiting, 1, milliseconds) < 0) return true;
    return iscsi_service(context_, waiting.revents) == 0;
  }

  void logout() const { iscsi_logout_sync(context_); }

  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error(what + ": " + iscsi_get_error(context_));
  }

 private:
  void read_capacity() {
    const Task task(iscsi_readcapacity16_sync(context_, lun_));
    if (!task || task->status != SCSI_STATUS_GOOD) fail("READ CAPACITY (16)");
    const auto* const answer =
        static_cast<const scsi_readcapacity16*>(scsi_datain_unmarshall(task.get()));
    if (answer == nullptr) fail("READ CAPACITY (16) data");
    blocks_ = answer->returned_lba + 1;
    block_bytes_ = answer->block_length;
  }

  iscsi_context* context_;
  int lun_ = 0;
  std::uint64_t blocks_ = 0;
  std::uint32_t block_bytes_ = 0;
};

}  // namespace interop
