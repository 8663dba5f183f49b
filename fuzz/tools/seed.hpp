#pragma once

/// What the seeds are made of: each is a file of the corpus, written by this program and by nothing
/// else, so that it can be read here.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pdu/codec.hpp"
#include "rules/rule.hpp"

namespace iscsi::fuzz {

struct Seed {
  std::string folder;  ///< of corpus/
  std::string name;
  wire::Bytes bytes;
};

/// A defect of somebody's, or of ours, as the bytes that showed it.
struct Regression {
  std::string name;
  std::string about;  ///< the line in the README: who, what
  wire::Bytes bytes;
  /// The rule that our target names when it is sent these bytes; none: nothing is wrong with them,
  /// or what is wrong is told by SCSI.
  std::optional<Rule> rule{};
};

[[nodiscard]] std::vector<Seed> harness_seeds();  ///< all of them
[[nodiscard]] std::vector<Seed> target_seeds();   ///< of harnesses with a device or a target
[[nodiscard]] std::vector<Seed> corner_seeds();   ///< of ways that the others do not go
[[nodiscard]] std::vector<Seed> corner_seeds_of_parts();
[[nodiscard]] std::vector<Seed> capture_seeds();  ///< files for the reader of captures
/// Of real initiators; `traces`: the folder of that name.
[[nodiscard]] std::vector<Seed> recorded_seeds(const std::filesystem::path& traces);
[[nodiscard]] std::vector<Regression> foreign_regressions();  ///< of published defects
[[nodiscard]] std::vector<Regression> crate_regressions();    ///< of this project's predecessor
[[nodiscard]] std::vector<Regression> own_regressions();      ///< of defects found here

[[nodiscard]] wire::Bytes bytes_of_text(std::string_view text);
/// `text` with every ';' a null byte: texts of key=value pairs are easier to read so.
[[nodiscard]] std::string pairs(std::string_view text);

/// A connection's bytes, as an initiator sends them.
class Stream {
 public:
  /// `cmd_sn`: of the first request; after a login the harnesses' sessions go on from this default.
  explicit Stream(std::uint32_t cmd_sn = 0xffff'fff8) : cmd_sn_(cmd_sn) {}

  /// From the first byte: one Login Request, straight to full feature phase.
  [[nodiscard]] static Stream logged_in(std::string_view more_pairs = "");
  [[nodiscard]] static Stream in_discovery();

  template <class P>
  Stream& send(P pdu, wire::ByteView data = {}, wire::ByteView additional_headers = {}) {
    if constexpr (requires { pdu.cmd_sn; }) {
      pdu.cmd_sn = wire::CmdSN{cmd_sn_};
      if constexpr (requires { pdu.immediate; })
        if (!pdu.immediate) ++cmd_sn_;
    }
    last_pdu_ = bytes_.size();
    return append(pdu::encode(pdu, data, {}, additional_headers));
  }
  Stream& append(wire::ByteView bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }

  struct Login {
    int from = 1, to = 3;  ///< CSG and NSG; T if they differ
    bool continued = false;
  };
  Stream& login(std::string_view pairs_with_semicolons);
  Stream& login(const Login& stages, std::string_view pairs_with_semicolons);
  Stream& text(std::string_view pairs_with_semicolons, bool final = true);

  struct Data {
    std::uint32_t in = 0, out = 0;  ///< expected bytes
    wire::ByteView immediate{};
    bool more = false;  ///< unsolicited Data-Out follows
    std::uint16_t unit = 0;
    wire::ByteView additional_headers{};
  };
  /// A SCSI Command; task tags count from 1.
  Stream& command(std::initializer_list<int> cdb, const Data& data);
  Stream& command(std::initializer_list<int> cdb) { return command(cdb, Data{}); }
  Stream& log_out();

  /// For the steering of several connections: sets bytes 2 and 3 of the last PDU sent by `send`.
  Stream& steer(int steering, int event = 0);

  [[nodiscard]] std::uint32_t last_task_tag() const { return task_tag_; }
  [[nodiscard]] const wire::Bytes& bytes() const { return bytes_; }
  operator wire::Bytes() const { return bytes_; }  // NOLINT(google-explicit-constructor)

 private:
  wire::Bytes bytes_;
  std::size_t last_pdu_ = 0;
  std::uint32_t cmd_sn_;
  std::uint32_t task_tag_ = 0;
};

}  // namespace iscsi::fuzz
