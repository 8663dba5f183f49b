#pragma once

/// Captured conversations, read PDU by PDU: whatever file they come in, in memory that does not
/// grow with it.
///
///     auto capture = Capture::open("session.pcapng");
///     while (const auto record = capture->next(); record && *record) use(**record);
///
/// Connections are numbered from 0 in the order in which they turn out to be iSCSI. Who is the
/// initiator is told by what is said, never by ports. What a file does not hold is told too:
/// `lost` and `lost_sent` stand where PDUs are missing, `Hole`s where a PDU was cut, `midway`
/// where a beginning or an end is missing; nothing of that is anybody's breach of a rule.

#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conformance/model/transcript.hpp"

namespace conformance {

/// What is to be said about the file, not about the conversation.
struct CaptureNote {
  std::uint64_t packet = 0;  ///< from 1; 0: the file as a whole
  std::optional<ConnectionNumber> connection{};
  std::string text;

  /// In one line, with the place.
  [[nodiscard]] std::string print() const;
};

/// Where several connections wait for missing packets at the same time, records may come in
/// another order than their packets across connections; within one they never do.
class RecordSource {
 public:
  RecordSource() = default;
  RecordSource(const RecordSource&) = delete;
  RecordSource& operator=(const RecordSource&) = delete;
  RecordSource(RecordSource&&) = delete;
  RecordSource& operator=(RecordSource&&) = delete;
  virtual ~RecordSource() = default;

  /// The next record, or nothing at the end. Errors name the packet; after one there is nothing
  /// more to read.
  [[nodiscard]] virtual std::expected<std::optional<Record>, std::string> next() = 0;

  /// Takes back the bytes of a record that is not needed any more: their memory serves again.
  // NOLINTNEXTLINE(performance-unnecessary-value-param): who overrides it moves from it.
  virtual void reuse(iscsi::wire::Bytes /*bytes*/) {}

  /// Who talks to whom; of connections that have had a record.
  [[nodiscard]] virtual Endpoints endpoints(ConnectionNumber connection) const = 0;

  /// The notes since the last call.
  [[nodiscard]] virtual std::vector<CaptureNote> take_notes() = 0;
};

class Capture {
 public:
  /// pcap and pcapng; Wireshark's JSON (`tshark -T json -x`); recordings in our own
  /// (`recording/recording.hpp`), which are held as a whole and believed as they are; each also
  /// compressed (gzip, xz, zstd, bzip2 …). Errors name the file.
  [[nodiscard]] static std::expected<Capture, std::string> open(const std::filesystem::path& file);

  /// The same of a file in memory, which outlives it.
  [[nodiscard]] static std::expected<Capture, std::string> open(iscsi::wire::ByteView file);

  enum class Origin : std::uint8_t { packets, recording };
  explicit Capture(std::unique_ptr<RecordSource> source, Origin origin = Origin::packets)
      : source_{std::move(source)}, origin_{origin} {}

  /// Records of a recording are what somebody wrote, in whatever order.
  [[nodiscard]] Origin origin() const { return origin_; }

  [[nodiscard]] std::expected<std::optional<Record>, std::string> next() { return source_->next(); }
  void reuse(iscsi::wire::Bytes bytes) { source_->reuse(std::move(bytes)); }
  [[nodiscard]] Endpoints endpoints(ConnectionNumber connection) const {
    return source_->endpoints(connection);
  }
  [[nodiscard]] std::vector<CaptureNote> take_notes() { return source_->take_notes(); }

 private:
  std::unique_ptr<RecordSource> source_;
  Origin origin_;
};

/// A whole capture; for those that are small.
[[nodiscard]] std::expected<Transcript, std::string> read_all(const std::filesystem::path& file);

}  // namespace conformance
