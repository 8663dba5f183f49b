#pragma once

/// The reference target in the same process, as a transport. This is the one place where the judge
/// meets the accused, and it is no part of the judge's library: only `main` and tests link it.

#include <map>
#include <memory>
#include <vector>

#include "conformance/play/settings.hpp"
#include "conformance/play/transport.hpp"
#include "conformance/recording/run.hpp"
#include "server/assemble.hpp"
#include "server/recorded_target.hpp"

namespace conformance {

/// Time is a number here: it moves on when nothing is left to happen, straight to what the judge
/// waits for.
class InProcess {
 public:
  /// Errors: as the server's.
  [[nodiscard]] static std::expected<InProcess, std::string> with(
      const iscsi::server::Configuration& configuration);

  /// The disks of a rebuilt world, with its identities and blocks. Errors: as the server's.
  [[nodiscard]] static std::expected<InProcess, std::string> with(
      const iscsi::server::Configuration& configuration, const World& world);

  /// Records everything from now on, as `iscsi-target --record` does; before the first connection,
  /// and only for a target that was made of a configuration alone.
  void record(iscsi::server::RecordSink sink) { target_.record(std::move(sink), told_); }

  [[nodiscard]] std::uint64_t now_us() const { return now_us_; }
  [[nodiscard]] std::optional<std::string> open(ConnectionNumber connection);
  void send(ConnectionNumber connection, iscsi::wire::ByteView bytes, std::size_t piece);
  void leave(ConnectionNumber connection, bool reset);
  [[nodiscard]] std::vector<TransportEvent> receive(std::uint64_t until_us);

 private:
  /// By the number of the logical unit.
  using Devices = std::map<std::uint16_t, std::unique_ptr<iscsi::server::BlockDevice>>;

  /// A connection, and what the target has not taken in yet: a network would hold it back.
  struct Line {
    iscsi::session::ConnectionId id{};
    iscsi::wire::Bytes waiting{};
    std::size_t piece = SIZE_MAX;  ///< bytes that arrive at once
  };

  InProcess(iscsi::Configuration configuration, Devices devices)
      : target_{std::move(configuration)}, devices_{std::move(devices)} {}

  [[nodiscard]] iscsi::session::Moment now_ms() const { return now_us_ / 1000; }
  void deliver(Line& line);
  void serve_media();
  void collect(std::vector<TransportEvent>& events);

  iscsi::server::RecordedTarget target_;
  iscsi::server::Configuration told_{};
  Devices devices_;
  std::map<ConnectionNumber, Line> connections_;
  std::uint64_t now_us_ = 1;
  std::uint64_t elapsed_us_ = 0;  ///< when the target was last told the time
  std::uint64_t logins_ = 0;
};

/// A small target for one case, and what the judge has to be told about it.
struct Bench {
  InProcess target;
  Settings settings;
};

/// A target with one disk that may be written to; `with_secret`: both sides have to prove
/// themselves.
[[nodiscard]] Bench fresh_bench(bool with_secret);

/// A target as the recording shows one: its name, its disks, what it agreed to. CHAP is asked for
/// where the recorded target did and the recording has the secrets. Errors: in words.
[[nodiscard]] std::expected<Bench, std::string> bench_of(const Recording& recording,
                                                         const World& world);

/// A recording acted out against such a target; of `settings`, seed and patience count.
[[nodiscard]] CaseResult replay_in_process(const RecordedStory& one, const Settings& settings,
                                           bool keep_timing);

}  // namespace conformance
